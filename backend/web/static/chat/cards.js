import { attr, h, icon, newId, say } from "./dom.js";
import { strings } from "./strings.js";

/** Minutes and seconds that are left, or the end. */
export function proposalCard(parent, message, desk) {
  const state = h("span", {});
  const card = h("p", { class: "proposal" }, icon("check"), state);
  parent.append(card);
  return ({ proposal }) => {
    const left = Math.ceil((Date.parse(proposal.expires_at) - desk.now()) / 1000);
    const open = proposal.state === "open" && left > 0;
    card.classList.toggle("open", open);
    const over = strings.proposalStates[proposal.state] ?? strings.proposalExpired;
    const text = open ? strings.proposalLeft(minutes(left)) : over;
    if (state.textContent !== text) state.textContent = text;
    // A clock that is read out every second would drown everything else.
    attr(state, "aria-hidden", open ? "true" : null);
  };
}

function minutes(seconds) {
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}

const STEPS = { reauthenticate, type_to_confirm: typeToConfirm, form: longForm };

/** What the desk needs before it goes on. Only the newest one can be used; older ones stay to be read. */
export function stepCard(parent, message, desk) {
  const build = STEPS[message.step.kind];
  if (!build) return () => {};
  const error = h("p", { class: "error", id: newId(), role: "alert", hidden: true });
  const form = h("form", { class: "step", novalidate: true });
  const { submit, check } = build(form, message, desk, error);
  const go = h("button", { class: "reply primary" }, submit);
  const others = message.step.kind === "form" ? (message.buttons ?? []).filter((button) => button !== submitButton(message)) : [];
  const row = h("div", { class: "row" }, go);
  for (const { id, title } of others) {
    row.append(h("button", { type: "button", class: "reply", onclick: () => desk.press(id, title) }, title));
  }
  form.append(error, row);
  parent.append(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    say(error, "");
    form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
    go.disabled = true;
    go.textContent = strings.checking;
    try {
      await check();
    } catch (problem) {
      const field = problem.input ?? form.querySelector("input, textarea");
      (field.closest("label") ?? field).after(error);
      say(error, problem.message || strings.networkError);
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
    go.disabled = false;
    go.textContent = submit;
  });
  form.hidden = true;
  return (now, { activeStep }) => {
    const active = activeStep === message.id;
    if (active !== form.hidden) return;
    // The focus goes along, so that nobody types a password into the chat, and is not lost when the form goes.
    const focused = form.contains(form.getRootNode().activeElement);
    form.hidden = !active;
    if (active) desk.focusStep(form.querySelector("input, textarea"));
    else if (focused) desk.focusInput();
  };
}

/** Something is missing: said at the field, before anything is sent. */
class Missing extends Error {
  constructor(input, message) {
    super(message);
    this.input = input;
  }
}

function reauthenticate(form, { step }, desk, error) {
  const code = step.method === "code";
  const input = h("input", {
    id: newId(),
    type: code ? "text" : "password",
    inputmode: code && "numeric",
    autocomplete: code ? "one-time-code" : "current-password",
    "aria-describedby": error.id,
    required: true,
  });
  const label = h("label", { for: input.id }, icon("lock"), code ? strings.codeLabel : strings.passwordLabel);
  form.append(label, input, h("p", { class: "help" }, code ? strings.codeHelp : strings.passwordHelp));
  if (!code) {
    const show = h("input", { type: "checkbox", onchange: () => (input.type = show.checked ? "text" : "password") });
    form.append(h("label", { class: "check" }, show, strings.showPassword));
  }
  const check = async () => {
    const { value } = input;
    if (!value.trim()) throw new Missing(input, strings.missing);
    input.value = "";
    await desk.reauthenticate(code ? { code: value.trim() } : { password: value });
  };
  return { submit: strings.confirmIdentity, check };
}

function typeToConfirm(form, { step }, desk, error) {
  const input = h("input", {
    id: newId(),
    type: "text",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    "aria-describedby": error.id,
  });
  form.append(h("label", { for: input.id }, strings.typeToConfirm(step.word)), input);
  const check = async () => {
    if (input.value.trim() !== step.word) throw new Missing(input, strings.typeMismatch(step.word));
    desk.say(step.word);
  };
  return { submit: strings.confirm, check };
}

function submitButton({ buttons }) {
  return buttons?.find(({ style }) => style === "primary") ?? buttons?.[0];
}

function longForm(form, message, desk, error) {
  const { step } = message;
  const inputs = new Map();
  for (const field of step.fields ?? []) form.append(...formField(field, error, inputs));
  const texts = () => [...inputs.values()].filter(({ localName }) => localName === "textarea");
  const total = () => texts().reduce((sum, { value }) => sum + count(value), 0);
  if (step.min_words) {
    const sum = h("p", { class: "help", "aria-live": "polite" }, strings.words(0, step.min_words));
    form.addEventListener("input", () => say(sum, strings.words(total(), step.min_words)));
    form.append(sum);
  }
  const button = submitButton(message);
  const check = async () => {
    const values = {};
    for (const field of step.fields ?? []) {
      const input = inputs.get(field.name);
      values[field.name] = input.type === "checkbox" ? input.checked : input.value.trim();
      if (!values[field.name] && field.required !== false) throw new Missing(input, strings.missing);
      const short = (field.min_words ?? 0) - count(input.value);
      if (input.type !== "checkbox" && short > 0) throw new Missing(input, strings.wordsMissing(short));
    }
    const short = (step.min_words ?? 0) - total();
    if (short > 0) throw new Missing(texts()[0], strings.wordsMissing(short));
    desk.form(button?.id, values, button?.title ?? strings.formSend);
  };
  return { submit: button?.title ?? strings.formSend, check };
}

function formField({ name, label, kind, min_words: least, help }, error, inputs) {
  const id = newId();
  const tag = kind === "textarea" ? "textarea" : "input";
  const type = tag === "input" && (kind === "checkbox" ? "checkbox" : "text");
  const input = h(tag, { id, name, type, rows: tag === "textarea" && 4, dir: "auto", "aria-describedby": `${id}-help ${error.id}` });
  inputs.set(name, input);
  if (type === "checkbox") return [h("label", { class: "check", for: id }, input, label)];
  const hint = h("p", { class: "help", id: `${id}-help` }, help ?? "");
  if (tag === "textarea") {
    const show = () => say(hint, [help, strings.words(count(input.value), least)].filter(Boolean).join(" · "));
    input.addEventListener("input", show);
    show();
  }
  return [h("label", { for: id }, label), input, hint];
}

/** Words as the desk counts them: runs without white space. */
function count(text) {
  return text.trim() ? text.trim().split(/\s+/).length : 0;
}

/** Stars and a few words, once the conversation is closed. */
export function ratingCard({ rate, skip }) {
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const comment = h("textarea", { id: newId(), rows: 2, maxlength: 1000, dir: "auto" });
  const stars = [1, 2, 3, 4, 5].map((n) =>
    h("label", { class: "star" }, h("input", { type: "radio", name: "score", value: n }), icon("star"), h("span", { class: "sr" }, strings.stars(n))),
  );
  const send = async (event) => {
    event.preventDefault();
    const score = Number(new FormData(form).get("score"));
    if (!score) return say(error, strings.rateFirst);
    try {
      await rate(score, comment.value.trim());
      form.replaceChildren(h("p", { role: "status" }, strings.rateThanks));
    } catch (problem) {
      say(error, problem.message || strings.networkError);
    }
    return undefined;
  };
  const form = h("form", { class: "rating", onsubmit: send },
    h("fieldset", {}, h("legend", {}, strings.rateTitle), h("div", { class: "stars" }, ...stars)),
    h("label", { for: comment.id }, strings.rateComment), comment, error,
    h("div", { class: "row" },
      h("button", { class: "reply primary" }, strings.rateSend),
      h("button", { type: "button", class: "reply", onclick: () => { form.remove(); skip(); } }, strings.rateSkip)));
  return form;
}
