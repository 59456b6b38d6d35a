/** Deciding for a learner: the rule's answer with its trace, and doing it the way the chat would. */

import { api, isMine } from "./desk.js";
import { ask, fieldOf } from "./dialog.js";
import { decisionBody, decisionTitle } from "./record.js";
import { action, announce, h, human, newId, problem, say } from "./ui.js";
import { whyNotText } from "./words.js";

/** @param {object|null} view the conversation's element; without one nothing is done @returns {{el: HTMLElement, offer: function}} `offer` gives it the operations the learner has targets for */
export function decideForm(learner, view) {
  const id = newId();
  const operation = h("select", { id: `${id}-o` });
  const target = h("select", { id: `${id}-t` });
  const about = h("div", { class: "field" }, h("label", { for: target.id }, "About"), target);
  const details = h("div", {});
  const result = h("div", { class: "decided", tabindex: "-1", role: "group", "aria-label": "The rule's answer" });
  const wrong = problem();
  const go = h("button", { class: "button small" }, "Decide");
  const form = h("form", { class: "decide" }, h("div", { class: "field" }, h("label", { for: operation.id }, "Operation"), operation), about, details,
    h("div", { class: "row" }, go, h("span", { class: "hint" }, "Changes nothing.")), wrong);
  const el = h("details", { class: "fold decide-fold", open: true, hidden: true }, h("summary", {}, h("span", {}, view ? "Decide and do" : "Decide")), h("div", { class: "fold-body" }, form, result));
  let operations = [];
  let inputs = [];
  const chosen = () => operations.find((one) => one.operation === operation.value);
  const asked = () => {
    const body = { operation: operation.value };
    if (!about.hidden) body.target = target.value;
    const told = inputs.map(([name, field]) => [name, field.value()]).filter(([, value]) => value !== "");
    if (told.length) body.details = Object.fromEntries(told);
    return body;
  };
  const choose = () => {
    const { targets = [], fields = [] } = chosen() ?? {};
    target.replaceChildren(...targets.map((one) => h("option", { value: one.target }, one.label)));
    about.hidden = !targets.length;
    inputs = fields.map((field) => [field.name, fieldOf({ ...field, kind: { text: "textarea", pledge: "check" }[field.kind] ?? field.kind, label: field.label ?? human(field.name) })]);
    details.replaceChildren(...inputs.map(([, { row }]) => row));
    result.replaceChildren();
  };
  operation.addEventListener("change", choose);
  target.addEventListener("change", () => result.replaceChildren());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(wrong, "");
    const body = asked();
    try {
      const decision = await api.post(`/learners/${encodeURIComponent(learner)}/decide`, body);
      const title = about.hidden ? null : target.selectedOptions[0]?.label;
      showResult(result, { ...decision, name: decision.title, title }, body, view);
      result.focus();
    } catch (error) {
      say(wrong, error.message);
    }
  });
  return {
    el,
    offer(given) {
      if (JSON.stringify(given) === JSON.stringify(operations)) return;
      const before = operation.value;
      operations = given;
      operation.replaceChildren(...given.map((one) => h("option", { value: one.operation, selected: one.operation === before }, one.title ?? human(one.operation))));
      el.hidden = !given.length;
      choose();
    },
  };
}

function showResult(place, decision, body, view) {
  place.replaceChildren(h("p", { class: "decided-title" }, ...decisionTitle(decision)), ...doing(decision, body, view), ...decisionBody(decision));
}

/** What the desk says this member may do with its answer, where they have the conversation. */
function doing({ may, why_not: whyNot, ...decision }, body, view) {
  if (whyNot) return [h("p", { class: "hint" }, whyNotText(whyNot))];
  if (!may.length) return [];
  if (!view) return [h("p", { class: "hint" }, "To offer it or to carry it out, claim a conversation with the learner.")];
  if (!isMine(view.data)) return [h("p", { class: "hint" }, "Only the conversation's owner can offer or carry it out.")];
  const wrong = problem();
  const buttons = {
    offer: () => action("Offer in the chat", () => offer(view, body, wrong), { style: "primary" }),
    carry_out: () => action("Carry out …", () => carryOut(view, body, decision)),
    overrule: () => action("Overrule …", () => overrule(view, body, decision), { style: "danger" }),
  };
  return [h("div", { class: "row" }, ...may.map((what) => buttons[what]?.()).filter(Boolean)), wrong];
}

/** The learner gets the same card as from the bot, and presses yes. */
async function offer(view, body, wrong) {
  say(wrong, "");
  try {
    await api.post(api.of(view.conversation, "offer"), body);
    announce("The offer is in the chat; the learner has to say yes");
    view.load();
  } catch (error) {
    say(wrong, error.message);
  }
}

const YES = { name: "yes", label: "How and when the learner said yes", kind: "textarea", required: true, least: 10, help: "Kept with the audit, for example: “Wrote ‘yes, refund it’ in this chat at 14:05.”", maxlength: 500 };

async function carryOut(view, body, decision) {
  const done = await ask({
    title: "Carry out in your name",
    content: h("div", { class: "decided" }, h("p", {}, ...decisionTitle(decision)), ...decisionBody({ consequences: decision.consequences })),
    fields: [YES],
    submit: "Carry it out",
    danger: true,
    send: ({ yes }) => api.post(api.of(view.conversation, "carry-out"), { ...body, yes }),
  });
  if (done) finished(view, "Carried out");
}

async function overrule(view, body, decision) {
  const done = await ask({
    title: "Overrule the rule",
    intro: "Both the refusal and your reason are kept with the audit.",
    content: h("div", { class: "decided" }, h("p", {}, ...decisionTitle(decision)), ...decisionBody({ reasons: decision.reasons })),
    fields: [{ name: "reason", label: "Why it is done anyway", kind: "textarea", required: true, least: 10, maxlength: 2000 }, YES],
    submit: "Overrule and carry out",
    danger: true,
    send: ({ reason, yes }) => api.post(api.of(view.conversation, "overrule"), { ...body, reason, yes }),
  });
  if (done) finished(view, "Overruled and carried out");
}

function finished(view, text) {
  announce(text);
  view.load();
}
