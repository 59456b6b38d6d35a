/** Small parts every view is made of. Text only ever becomes text nodes. */

import { attr, h, newId, say } from "../chat/dom.js";

export { attr, h, newId, say };

const ICONS = {
  sound: "M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  silent: "M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM16 9.5l5 5M21 9.5l-5 5",
  keys: "M3 6.5h18v11H3zM6.5 10h.01M10 10h.01M14 10h.01M17.5 10h.01M8 14h8",
  back: "M19 12H5.5M11 6.5L5.5 12l5.5 5.5",
  send: "M5 12h13M12.5 5.5L19 12l-6.5 6.5",
  page: "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6",
  alert: "M12 4l9 16H3zM12 10v4.5M12 17.2v.01",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c.600-4 3.6-6 7.5-6s6.9 2 7.5 6",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  rule: "M12 3.5l7.5 3v5c0 4.6-3.1 7.6-7.5 9-4.4-1.4-7.5-4.4-7.5-9v-5zM8.7 12l2.4 2.4 4.3-4.6",
  note: "M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 9h7M8.5 12.5h4",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20.5 20.5",
};

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const svg = svgNode("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
  svg.append(svgNode("path", { d: ICONS[name] }));
  return svg;
}

export function svgNode(tag, props = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A button that never submits. `key` is shown, and told to screen readers, as its shortcut. */
export function action(label, onclick, { style = "", key, icon: name, ...props } = {}) {
  const shown = key && h("kbd", { "aria-hidden": "true" }, key);
  return h("button", { type: "button", class: `button small ${style}`.trim(), onclick, "aria-keyshortcuts": key, ...props },
    name && icon(name), h("span", {}, label), shown);
}

/** Tells a screen reader, without moving anything. */
export function announce(text, region = "polite") {
  const node = document.getElementById(region);
  node.textContent = "";
  // Two tellings of the same words are two tellings.
  setTimeout(() => { node.textContent = text; }, 60);
}

/** What went wrong, where it went wrong. */
export function problem(text = "") {
  const node = h("p", { class: "problem", role: "alert" }, text);
  node.hidden = !text;
  return node;
}

export function empty(title, text) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), text && h("p", {}, text));
}

export function badge(text, kind = "") {
  return h("span", { class: `badge ${kind}`.trim() }, text);
}

/** A part that folds. `key` remembers whether it was open. */
export function fold(title, content, { open = false, extra, name = "fold" } = {}) {
  return h("details", { class: name, open }, h("summary", {}, h("span", {}, title), extra), h("div", { class: "fold-body" }, ...[content].flat()));
}

/** A table from rows; columns are `[key, title, format?]`. Scrolls by itself, with the keyboard too. */
export function table(caption, columns, rows) {
  const head = columns.map(([key, title]) => h("th", { scope: "col", class: typeof rows[0]?.[key] === "number" && "number" }, title));
  const line = (row) => columns.map(([key, , format], index) =>
    h(index ? "td" : "th", { scope: index ? null : "row", class: typeof row[key] === "number" && "number" }, cell(row[key], format)));
  const body = rows.map((row) => h("tr", {}, ...line(row)));
  return h("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "hidden" }, caption), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body)));
}

function cell(value, format) {
  if (value === null || value === undefined || value === "") return "–";
  return String(format ? format(value) : value);
}

// --- how things are written -------------------------------------------------------------------------------------

/** `refund_window_closed` as words. */
export function human(code) {
  const words = String(code ?? "").replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function clock(at) {
  const then = new Date(at);
  return Number.isNaN(then.getTime()) ? "" : then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function day(at) {
  const then = new Date(at);
  return Number.isNaN(then.getTime()) ? "" : then.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
}

export function instant(at) {
  return at ? `${day(at)}, ${clock(at)}` : "";
}

/** `4:05`, or `1 h 12 min`, of seconds. */
export function lasting(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** A value of a record as text: money, instants, lists. */
export function plain(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(plain).join(", ") || "–";
  if (typeof value === "object") {
    if ("amount" in value) return `${value.amount} ${value.currency}`;
    return Object.entries(value).map(([name, item]) => `${human(name)}: ${plain(item)}`).join(", ");
  }
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return instant(value);
  return String(value);
}
