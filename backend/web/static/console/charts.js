/** Charts drawn as SVG. Each stands beside its table: the drawing is never the only way to the numbers. */

import { h, human, svgNode, table } from "./ui.js";

const WIDTH = 640;
const HEIGHT = 200;
const BASE = 170;
const LEFT = 36;
const MOST_BARS = 8;

/** The numbers of a row: which keys are counted. */
function numbersOf(rows, label) {
  const keys = new Set(rows.flatMap((row) => Object.keys(row)));
  return [...keys].filter((key) => key !== label && rows.some((row) => typeof row[key] === "number"));
}

/** Figures per day, side by side, with their table. @param {Array<object>} rows with `day` and numbers */
export function daily(title, rows) {
  const keys = numbersOf(rows, "day");
  const most = Math.max(1, ...rows.flatMap((row) => keys.map((key) => row[key] ?? 0)));
  const step = (WIDTH - LEFT) / Math.max(1, rows.length);
  const width = (step * 0.76) / Math.max(1, keys.length);
  const svg = frame(`${title}: ${rows.length} days, at most ${most} a day`);
  svg.append(line(BASE), text(LEFT - 6, BASE + 4, "0", "end"), line(20), text(LEFT - 6, 24, String(most), "end"));
  const every = Math.ceil(rows.length / 8);
  rows.forEach((row, index) => {
    const start = LEFT + index * step + step * 0.12;
    keys.forEach((key, at) => {
      const height = ((row[key] ?? 0) / most) * (BASE - 20);
      if (height) svg.append(svgNode("rect", { x: start + at * width, y: BASE - height, width, height, class: `series-${at % 4}` }));
    });
    if (index % every === 0) svg.append(text(LEFT + (index + 0.5) * step, BASE + 18, String(row.day).slice(5), "middle"));
  });
  return beside(title, svg, keys, table(title, [["day", "Day"], ...keys.map((key) => [key, human(key)])], rows));
}

/** Rows compared by their first number, as bars, with their table. The first column is what they are called. */
export function bars(title, rows) {
  if (!rows.length) return null;
  const keys = Object.keys(rows[0]);
  const [name] = keys;
  const [value] = numbersOf(rows, name);
  const shown = table(title, keys.map((key) => [key, human(key), key === name ? (one) => named(key, one) : written]), rows);
  if (!value) return beside(title, null, [], shown);
  const most = Math.max(1, ...rows.map((row) => row[value] ?? 0));
  const drawn = rows.slice(0, MOST_BARS);
  const svg = frame(`${title}: ${human(value).toLowerCase()}, at most ${most}`, drawn.length * 36 + 4);
  drawn.forEach((row, index) => {
    const y = index * 36;
    const width = Math.max(2, ((row[value] ?? 0) / most) * (WIDTH - 60));
    svg.append(text(0, y + 13, named(name, row[name]), "start"), svgNode("rect", { x: 0, y: y + 18, width, height: 11, rx: 3, class: "series-0" }), text(width + 8, y + 28, String(row[value] ?? 0), "start"));
  });
  return beside(title, svg, [], shown);
}

/** Figures by name, as a table. */
export function figuresTable(title, figures) {
  const rows = Object.entries(figures).map(([name, value]) => ({ name: human(name), value }));
  return table(title, [["name", "Figure"], ["value", "Value", written]], rows);
}

/** Codes as words; what people wrote stays as it is. */
function named(key, value) {
  return key === "why" || /^[a-z0-9]+(_[a-z0-9]+)+$/.test(String(value)) ? human(value) : String(value ?? "–");
}

function written(value) {
  return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(1) : value;
}

function beside(title, svg, parts, shown) {
  const legend = parts.length > 1 && h("ul", { class: "legend" }, ...parts.map((key, at) => h("li", {}, h("span", { class: `swatch series-${at % 4}` }), human(key))));
  return h("div", { class: "chart" }, svg && h("figure", {}, svg, legend), shown);
}

function frame(label, height = HEIGHT) {
  return svgNode("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label, class: "drawing" });
}

function line(y) {
  return svgNode("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: "axis" });
}

function text(x, y, words, anchor) {
  return svgNode("text", { x, y, "text-anchor": anchor }, String(words));
}
