import { query } from "./api.js";
import { bars, daily, figuresTable } from "./charts.js";
import { api } from "./desk.js";
import { ask, fieldOf } from "./dialog.js";
import { titled } from "./news.js";
import { go, here, place } from "./route.js";
import { action, announce, badge, count, empty, fold, h, human, instant, problem, say } from "./ui.js";
import { whyName } from "./words.js";

const DAY_MS = 86400000;
const RANGES = [[7, "7 days"], [30, "30 days"], [90, "90 days"]];
const MOST_GROUPS = 30;

/** What happened between two days: figures with what they mean, charts with their tables, and what nobody could answer. */
class Insight extends HTMLElement {
  connectedCallback() {
    this.wrong = problem();
    this.range = h("form", { class: "range", "aria-label": "Days" });
    this.figures = h("div", { class: "figures" });
    this.charts = h("div", { class: "charts" });
    this.unanswered = h("section", { class: "card" });
    this.replaceChildren(h("div", { class: "page wide-page" }, h("h1", { tabindex: "-1" }, "Insight"), this.range, this.wrong, this.figures, this.charts, this.unanswered));
    this.onRoute = () => here().view === "insight" && this.load();
    window.addEventListener("lectern:route", this.onRoute);
    titled("Insight");
    this.load();
    this.#showUnanswered();
  }

  disconnectedCallback() {
    window.removeEventListener("lectern:route", this.onRoute);
  }

  /** The days of the address; the last 30 where it says nothing. `to` is the last day, counted whole. */
  get days() {
    const { params } = here();
    const today = new Date().toISOString().slice(0, 10);
    return { from: params.get("from") || back(today, 29), to: params.get("to") || today };
  }

  async load() {
    const days = this.days;
    this.#showRange(days);
    const asked = { from: `${days.from}T00:00:00Z`, to: `${back(days.to, -1)}T00:00:00Z` };
    try {
      const insight = await api.get(`/insight${query(asked)}`);
      this.#draw(insight, asked);
      this.#showPages(await api.get(`/pages-feedback${query(asked)}`));
      say(this.wrong, "");
    } catch (error) {
      if (error.status !== 401) say(this.wrong, error.message);
    }
  }

  #showRange({ from, to }) {
    const start = fieldOf({ name: "from", label: "From", kind: "date", value: from });
    const end = fieldOf({ name: "to", label: "To", kind: "date", value: to });
    const today = new Date().toISOString().slice(0, 10);
    const presets = RANGES.map(([number, title]) => {
      const on = from === back(today, number - 1) && to === today;
      return action(title, () => go(`/console/insight${query({ from: back(today, number - 1), to: today })}`), { style: "quiet", "aria-pressed": String(on) });
    });
    this.range.replaceChildren(start.row, end.row, h("button", { class: "button small" }, "Show"), h("div", { class: "row" }, ...presets));
    this.range.onsubmit = (event) => {
      event.preventDefault();
      go(`/console/insight${query({ from: start.value(), to: end.value() })}`);
    };
  }

  #draw({ figures = [], series = {}, tables = {} }, asked) {
    this.figures.replaceChildren(...figures.map(figure));
    const parts = [
      ...Object.entries(series).map(([name, rows]) => [name, rows.length ? daily(human(name), rows) : null]),
      ...Object.entries(tables).map(([name, rows]) => [name, drawTable(human(name), rows)]),
    ];
    this.charts.replaceChildren(...parts.map(([name, content]) => h("section", { class: "card" },
      h("div", { class: "card-head" }, h("h2", {}, human(name)), h("a", { href: `/api/v1/staff/insight.csv${query({ ...asked, table: name })}`, download: `${name}.csv` }, "CSV", h("span", { class: "hidden" }, ` of ${human(name)}`))),
      content ?? h("p", { class: "hint" }, "Nothing in these days."))));
    announce("Figures are shown");
  }

  /** What readers said about the help pages, the worst first. */
  #showPages({ pages }) {
    const rows = pages.map(({ page, section, helpful, not_helpful: not }) => ({ page: [page, section].filter(Boolean).join("#"), not_helpful: not, helpful }));
    this.charts.append(h("section", { class: "card" }, h("h2", {}, "Help pages"), bars("Help pages", rows) ?? h("p", { class: "hint" }, "Nobody has rated a page in these days.")));
  }

  async #showUnanswered() {
    this.unanswered.replaceChildren(h("h2", {}, "Questions without an answer"));
    try {
      const { unanswered } = await api.get("/unanswered");
      const groups = unanswered.slice(0, MOST_GROUPS).map((group) => this.#group(group));
      this.unanswered.append(groups.length ? h("div", { class: "groups" }, ...groups) : empty("Every question found its answer"));
    } catch (error) {
      if (error.status !== 401) say(this.wrong, error.message);
    }
  }

  #group(group) {
    const questions = h("ul", { class: "records" }, ...group.questions.map(({ text, why, at, conversation }) => h("li", {}, h("span", { dir: "auto" }, text), h("span", { class: "hint" }, `${whyName(why)} · ${instant(at)}`, conversation && " · ", conversation && h("a", { href: place({ id: conversation, tab: "all" }) }, "Conversation")))));
    const near = group.nearest && h("p", { class: "hint" }, "Nearest section: ", h("a", { href: `/help/${group.nearest.replace("/", "#")}`, target: "_blank", rel: "noopener" }, group.nearest));
    const wrong = problem();
    const draft = action("Draft a section", () => this.#draft(group, wrong), { "aria-label": `Draft a section for “${group.question}”` });
    return fold(h("span", { dir: "auto" }, group.question), [questions, near, h("div", { class: "row" }, draft), wrong].filter(Boolean), { name: "fold inner", extra: badge(count(group.count, "time"), "new") });
  }

  async #draft(group, wrong) {
    say(wrong, "");
    try {
      const { markdown } = await api.post("/unanswered/draft", { group: group.id ?? group.questions[0].id });
      await showDraft(markdown);
    } catch (error) {
      say(wrong, error.message);
    }
  }
}

/** A number with its name and, to unfold, what it counts. */
function figure({ title, value, unit, definition }) {
  const shown = value === null || value === undefined ? "–" : Number.isInteger(value) ? value.toLocaleString() : typeof value === "number" ? value.toFixed(1) : String(value);
  return h("div", { class: "figure card" }, h("h2", {}, title), h("p", { class: "number" }, shown, unit && value !== null && h("small", {}, ` ${unit}`)), definition && h("details", {}, h("summary", {}, "What is counted", h("span", { class: "hidden" }, ` in ${title}`)), h("p", { class: "hint" }, definition)));
}

function drawTable(title, rows) {
  if (Array.isArray(rows)) return bars(title, rows);
  return Object.keys(rows ?? {}).length ? figuresTable(title, rows) : null;
}

function showDraft(markdown) {
  const field = h("textarea", { rows: 16, readonly: true, "aria-label": "Draft of the section, Markdown", class: "draft", spellcheck: "false" });
  field.value = markdown;
  field.setSelectionRange(0, 0);
  const told = h("span", { role: "status", class: "hint" });
  const copy = action("Copy", async () => {
    field.select();
    const done = await navigator.clipboard?.writeText(markdown).then(() => true, () => false);
    say(told, done ? "Copied." : "It is selected: copy it with the keyboard.");
  }, { style: "primary" });
  const download = h("a", { class: "button small", download: "section.md", href: URL.createObjectURL(new Blob([markdown], { type: "text/markdown" })) }, "Download");
  return ask({ title: "Draft of a section", intro: "Fill in what stands in angle brackets, then put it into the article.", content: [field, h("div", { class: "row" }, copy, download, told)], cancel: "Close", wide: true });
}

function back(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) - days * DAY_MS).toISOString().slice(0, 10);
}

customElements.define("desk-insight", Insight);
