/** Records made readable: decisions with reasons, sources and trace; diagnoses; offers. */

import { renderMarkdown } from "../chat/markdown.js";
import { badge, fold, h, human, icon, instant, plain, table } from "./ui.js";
import { outcomeKind, outcomeName } from "./words.js";

/** Sources as small marks, named for who only listens. */
function sourcesOf(list) {
  if (!list?.length) return null;
  return h("span", { class: "sources" }, h("span", { class: "hidden" }, "Sources: "), ...list.flatMap((source) => [h("span", { class: "source" }, source), " "]));
}

/** One reason, note, consequence or finding: its sentence where there is one, otherwise its code and values. */
export function pointOf(point, mark) {
  const values = Object.entries(point.values ?? {}).map(([name, value]) => `${human(name)}: ${plain(value)}`).join(" · ");
  // The sentence says what the values are.
  return h("li", {}, mark, point.text ? h("div", { class: "told" }, renderMarkdown(point.text, location.origin)) : human(point.code), " ", sourcesOf(point.sources),
    !point.text && values && h("span", { class: "values" }, values));
}

function points(title, list) {
  if (!list?.length) return [];
  return [h("p", { class: "part" }, title), h("ul", { class: "points" }, ...list.map((one) => pointOf(one)))];
}

/** A decision whole. `record` has the trace; what a message tells may have worded reasons. */
export function decisionBody(decision) {
  const { reasons, notes, consequences, remedies, trace, deadline, as_of: asOf } = decision;
  const times = [asOf && `As of ${instant(asOf)}`, deadline && `depends on ${instant(deadline)}`].filter(Boolean).join(", ");
  return [...points("Reasons", reasons), ...points("Also", notes), ...points("If it is done", consequences), ...points("Instead", remedies),
    times && h("p", { class: "hint" }, times), trace?.length ? traceOf(trace) : null].filter(Boolean);
}

function traceOf(trace) {
  const rows = trace.map((step) => ({
    test: human(step.test), holds: step.holds, compared: plain(step.compared), parameter: step.parameter, sources: (step.sources ?? []).join(" "),
  }));
  const columns = [["test", "Compared"], ["holds", "Holds", plain], ["compared", "With"], ["parameter", "Number"], ["sources", "Source"]];
  return fold(`Trace (${trace.length})`, table("Every comparison the rule made", columns, rows), { name: "fold inner" });
}

/** `Refund · Machine Learning Basics` and its outcome. */
export function decisionTitle({ operation, name, title, target, outcome }) {
  return [h("span", { dir: "auto" }, [name ?? human(operation), title ?? target].filter(Boolean).join(" · ")), " ", badge(outcomeName(outcome), outcomeKind(outcome))];
}

/** What hangs on a message, for staff. */
export function recordsOf(message) {
  const parts = [];
  const decision = message.record?.outcome ? { ...message.record, ...worded(message) } : message.decision;
  if (message.citations?.length) parts.push(citations(message.citations));
  if (decision) {
    parts.push(h("details", { class: "fold record" }, h("summary", {}, icon("rule"), h("span", {}, "Decision: ", ...decisionTitle(decision))),
      h("div", { class: "fold-body" }, ...decisionBody(decision))));
  }
  if (message.diagnosis) parts.push(diagnosis(message.diagnosis));
  if (message.buttons?.length) parts.push(buttons(message.buttons));
  if (message.proposal) parts.push(h("p", { class: "hint" }, `Offer: ${human(message.proposal.operation)}, ${proposalState(message.proposal)}`));
  if (message.step) parts.push(h("p", { class: "hint" }, `The learner is shown: ${human(message.step.kind)}`));
  return parts;
}

function worded({ decision }) {
  return decision?.reasons?.some(({ text }) => text) ? { reasons: decision.reasons } : {};
}

function proposalState({ state, expires_at: expires }) {
  if (state !== "open") return human(state).toLowerCase();
  return Date.parse(expires) > Date.now() ? `waits for a yes until ${instant(expires)}` : "has run out";
}

function diagnosis({ question, target, findings }) {
  const marks = { problem: ["bad", "Problem"], ok: ["good", "Fine"], info: ["", "Info"] };
  const items = findings.map((finding) => {
    const [kind, word] = marks[finding.status] ?? ["", human(finding.status)];
    return pointOf(finding, badge(word, kind));
  });
  return h("details", { class: "fold record" }, h("summary", {}, icon("search"), h("span", {}, `Looked into: ${[human(question), target].filter(Boolean).join(" · ")}`)),
    h("div", { class: "fold-body" }, h("ul", { class: "points" }, ...items)));
}

function citations(list) {
  const items = list.map(({ title, url, sources }) => h("li", {}, h("a", { href: ownUrl(url), target: "_blank", rel: "noopener" }, icon("page"), h("span", { dir: "auto" }, title)), " ", sourcesOf(sources)));
  return h("ul", { class: "citations", "aria-label": "Articles" }, ...items);
}

/** The desk's own pages only: anything else stays where it is. */
export function ownUrl(url) {
  try {
    const address = new URL(url, location.origin);
    return address.origin === location.origin ? address.href : null;
  } catch {
    return null;
  }
}

function buttons(list) {
  const items = list.map(({ title, used }) => h("li", { class: used && "used" }, title, used && h("span", { class: "hidden" }, " (pressed)")));
  return h("ul", { class: "offered", "aria-label": "Buttons shown to the learner" }, ...items);
}
