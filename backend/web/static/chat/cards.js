import { attr, button, h, newId, say } from "./dom.js";
import { strings } from "./strings.js";

/** Minutes and seconds that are left, or the end. */
export function proposalCard(parent, message, desk) {
  const state = h("span", {});
  const card = h("p", { class: "proposal" }, state);
  parent.append(card);
  return ({ proposal }, { stateOf }) => {
    const left = Math.ceil((Date.parse(proposal.expires_at) - desk.now()) / 1000);
    const now = stateOf(proposal);
    const open = now === "open" && left > 0;
    card.classList.toggle("open", open);
    const over = strings.proposalStates[now] ?? strings.proposalExpired;
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
  const { submit, check, body = form, focus = true } = build(form, message, desk, error);
  const go = h("button", { class: "reply primary" }, submit);
  body.append(error, h("div", { class: "row" }, go));
  parent.append(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    say(error, "");
    for (const wrong of form.querySelectorAll("[aria-invalid]")) attr(wrong, "aria-invalid", null);
    go.disabled = true;
    go.textContent = strings.checking;
    try {
      await check();
    } catch (problem) {
      const wrong = problem.input ?? form.querySelector("input, textarea");
      (wrong.closest("label") ?? wrong).after(error);
      say(error, problem.message || strings.networkError);
      wrong.setAttribute("aria-invalid", "true");
      wrong.focus();
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
    if (active && focus) desk.focusStep(form.querySelector("input"));
    else if (!active && focused) desk.focusInput();
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
  const [label, help] = code ? [strings.codeLabel, strings.codeHelp] : [strings.passwordLabel, strings.passwordHelp];
  const input = field(form, label, help, error, {
    type: code ? "text" : "password",
    inputmode: code && "numeric",
    autocomplete: code ? "one-time-code" : "current-password",
  });
  const check = async () => {
    const { value } = input;
    if (!value.trim()) throw new Missing(input, strings.missing);
    input.value = "";
    await desk.reauthenticate(code ? { code: value.trim() } : { password: value });
  };
  return { submit: strings.confirm, check };
}

function typeToConfirm(form, { step }, desk, error) {
  const input = field(form, strings.typeToConfirm(step.word), "", error, { autocomplete: "off", spellcheck: "false" });
  const check = async () => {
    if (input.value.trim() !== step.word) throw new Missing(input, strings.typeMismatch(step.word));
    desk.send(step.word);
  };
  return { submit: strings.confirm, check };
}

/** A labelled field with its help; what is wrong is said under it. */
function field(form, label, help, error, props, tag = "input") {
  const id = newId();
  const hint = h("p", { class: "help", id: `${id}-help` }, help);
  const input = h(tag, { id, "aria-describedby": `${id}-help ${error.id}`, dir: "auto", ...props });
  if (props.type === "checkbox") form.append(h("label", { class: "check" }, input, label));
  else form.append(h("label", { for: id }, label), input, hint);
  return input;
}

/** Everything the desk would ask one by one, at once. Whoever rather writes in the chat may: the focus stays there. */
function longForm(form, { id, step }, desk, error) {
  const { fields, min_words: least = 0, submit } = step;
  const { store } = desk.session;
  const draft = store.draft(step.form) ?? {};
  const told = fields.some(({ kind, value }) => kind === "text" && value);
  // What was told in the chat since is newer than what stood in the form before.
  const begun = draft.id === id;
  const body = h("details", { open: begun || !told }, h("summary", {}, step.title));
  const inputs = fields.map((wanted) => formField(body, wanted, begun ? draft[wanted.name] : wanted.value || draft[wanted.name], error));
  const value = (input) => (input.type === "checkbox" ? input.checked : input.value.trim());
  const values = () => Object.fromEntries(fields.map(({ name }, index) => [name, value(inputs[index])]));
  const texts = inputs.filter(({ localName }) => localName === "textarea");
  const total = () => texts.reduce((sum, input) => sum + count(input.value), 0);
  const sum = h("p", { class: "help", "aria-live": "polite" });
  const show = () => least && say(sum, strings.words(total(), least));
  if (least) body.append(sum);
  show();
  form.append(body);
  form.addEventListener("input", () => {
    show();
    store.draft(step.form, { ...values(), id });
  });
  const check = async () => {
    const said = [];
    fields.forEach(({ label, kind, required, options, min_words = 0 }, index) => {
      const input = inputs[index];
      const now = value(input);
      if (!now && required) throw new Missing(input, strings.missing);
      const short = min_words - count(input.value);
      if (short > 0) throw new Missing(input, strings.wordsMissing(short));
      if (now) said.push(kind === "pledge" ? label : `${label}: ${options?.find((option) => option.value === now).label ?? now}`);
    });
    const short = least - total();
    if (short > 0) throw new Missing(texts[0], strings.wordsMissing(short));
    const form = values();
    store.draft(step.form, null);
    desk.form(submit.id, form, said.join("\n\n"));
  };
  return { submit: submit.title, check, body, focus: false };
}

function formField(form, { label, kind, options, required, min_words: least }, now, error) {
  if (kind === "pledge") return Object.assign(field(form, label, "", error, { type: "checkbox" }), { checked: now });
  if (kind === "choice") {
    const select = field(form, label, "", error, {}, "select");
    for (const option of options) select.append(h("option", { value: option.value, selected: option.value === now }, option.label));
    return select;
  }
  const input = field(form, label, "", error, { rows: required ? 3 : 1, maxlength: 4000 }, "textarea");
  const show = () => required && say(input.nextSibling, strings.words(count(input.value), least));
  input.value = now ?? "";
  input.addEventListener("input", show);
  show();
  return input;
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
    h("label", { class: "star" }, h("input", { type: "radio", name: "score", value: n }), "★", h("span", { class: "sr" }, strings.stars(n))),
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
      button("reply", () => { form.remove(); skip(); }, strings.rateSkip)));
  return form;
}
