/** Dialogs with a form: modal, closed with Escape, the focus goes back where it came from. */

import { h, newId, problem, say } from "./ui.js";

/**
 * @param {object} what `title`, `intro`, `fields`, `submit` (the button's words), `danger`, `send` (async; its error is
 *   shown in the dialog, which stays open), `content` (more nodes), `cancel` (words of the other button)
 *   A field: `{name, label, kind: "text"|"password"|"textarea"|"choice"|"check"|"date", options, value, help, required}`.
 * @returns {Promise<object|null>} the values, or null when it was closed
 */
export function ask({ title, intro, fields = [], submit, danger, send, content, cancel = "Cancel", wide }) {
  const heading = newId();
  const wrong = problem();
  const inputs = fields.map((field) => [field, fieldOf(field)]);
  const go = submit && h("button", { class: `button ${danger ? "danger" : "primary"}` }, submit);
  const dialog = h("dialog", { "aria-labelledby": heading, class: wide && "wide" });
  const close = h("button", { type: "button", class: "button", onclick: () => dialog.close() }, cancel);
  const form = h("form", { novalidate: true },
    h("h2", { id: heading }, title), intro && h("p", { class: "hint" }, intro), ...[content ?? []].flat(),
    ...inputs.map(([, input]) => input.row), wrong, h("div", { class: "row end" }, close, go));
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((done) => {
    let answer = null;
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(answer);
    });
    // A click beside it closes it, as Escape does.
    dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!go || go.disabled) return;
      const values = read(inputs, wrong);
      if (!values) return;
      go.disabled = true;
      try {
        if (send) await send(values);
        answer = values;
        dialog.close();
      } catch (error) {
        say(wrong, error.message);
        inputs.find(([{ name }]) => name === error.field)?.[1].input.focus();
      }
      go.disabled = false;
    });
    // In a list Enter would only open it; the space bar does that, too.
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "SELECT") return;
      event.preventDefault();
      form.requestSubmit();
    });
    dialog.showModal();
    (inputs[0]?.[1].input ?? go ?? close).focus();
  });
}

/** The values, or null after having said what is missing. */
function read(inputs, wrong) {
  const values = {};
  for (const [{ name, label, required, least = 0 }, { input, value }] of inputs) {
    values[name] = value();
    input.removeAttribute("aria-invalid");
    const short = typeof values[name] === "string" && values[name].length < least;
    if ((required && !values[name]) || short) {
      say(wrong, short && values[name] ? `${label}: at least ${least} characters.` : `${label}: please fill this in.`);
      input.setAttribute("aria-invalid", "true");
      input.focus();
      return null;
    }
  }
  say(wrong, "");
  return values;
}

/** A labelled input. @returns {{row: HTMLElement, input: HTMLElement, value: () => any}} */
export function fieldOf({ name, label, kind = "text", options = [], value = "", help, required, autocomplete, maxlength, inputmode }) {
  const id = newId();
  const props = { id, name, required, autocomplete, maxlength, inputmode, "aria-describedby": help && `${id}-help`, dir: "auto" };
  const hint = help && h("p", { class: "hint", id: `${id}-help` }, help);
  if (kind === "check") {
    const input = h("input", { ...props, type: "checkbox", checked: Boolean(value) });
    return { row: h("div", { class: "field" }, h("label", { class: "check", for: id }, input, h("span", {}, label)), hint), input, value: () => input.checked };
  }
  const input = build(kind, props, options, value);
  return { row: h("div", { class: "field" }, h("label", { for: id }, label), hint, input), input, value: () => (kind === "password" ? input.value : input.value.trim()) };
}

function build(kind, props, options, value) {
  if (kind === "choice") {
    const items = options.map((option) => h("option", { value: option.id, selected: option.id === value }, option.title));
    return h("select", props, ...items);
  }
  const input = kind === "textarea" ? h("textarea", { rows: 4, ...props }) : h("input", { type: kind, ...props });
  input.value = value;
  return input;
}
