/** The summary on top: what is wanted, decided, tried and known; every line from a record. */

import { decisionBody, decisionTitle } from "./record.js";
import { badge, clock, fold, h, human, plain } from "./ui.js";
import { outcomeKind, whyName } from "./words.js";

/** @returns {HTMLElement|null} */
export function summaryView(summary, open) {
  if (!summary) return null;
  const { wants, why, decided = [], tried = summary.proposals ?? [], facts = [], asked = [] } = summary;
  const parts = [
    part("Wants", wants && h("p", { dir: "auto" }, plain(wants))),
    part("Facts", facts.length > 0 && h("dl", { class: "facts" }, ...facts.flatMap(({ label, value }) => [h("dt", {}, label), h("dd", { dir: "auto" }, plain(value))]))),
    part("Decided", decided.length > 0 && h("ul", { class: "points" }, ...decided.map(decision))),
    part("Tried", tried.length > 0 && h("ul", { class: "points" }, ...tried.map(attempt))),
    part("Asked", asked.length > 0 && h("ul", { class: "asked" }, ...asked.map((text) => h("li", { dir: "auto" }, text)))),
  ].filter(Boolean);
  if (!parts.length) return null;
  const shown = h("div", { class: "summary-scroll", tabindex: "0", role: "group", "aria-label": "Summary" }, h("div", { class: "summary-parts" }, ...parts));
  return fold("Summary", shown, { open, name: "fold summary", extra: why && badge(whyName(why)) });
}

function part(title, content) {
  return content && h("section", {}, h("h3", { class: "part" }, title), content);
}

function decision(one) {
  const reasons = (one.reasons ?? []).map((reason) => (typeof reason === "string" ? { code: reason } : reason));
  return h("li", {}, fold(h("span", {}, ...decisionTitle(one)), decisionBody({ ...one, reasons }), { name: "fold inner", extra: one.at && h("span", { class: "hint" }, clock(one.at)) }));
}

function attempt({ operation, title, target, state, at }) {
  return h("li", {}, [human(operation), title ?? target].filter(Boolean).join(" · "), " ", badge(human(state), outcomeKind(state)), " ", at && h("span", { class: "hint" }, clock(at)));
}
