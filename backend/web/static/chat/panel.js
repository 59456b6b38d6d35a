import { attr, button, h, icon, iconButton, say } from "./dom.js";
import { Log } from "./log.js";
import { Sheet } from "./sheet.js";
import { strings } from "./strings.js";

export const MOST_CHARACTERS = 4000;
const COUNT_FROM = 3500;

/** The panel: header with who is there, the log, and the place to write. */
export class Panel {
  /** @param {object} desk see `Log`, and `close`, `send`, `title` */
  constructor(desk) {
    this.desk = desk;
    const focusInput = () => this.input.focus();
    const focusStep = (field) => this.el.getRootNode().activeElement === this.input && !this.input.value && field.focus();
    this.log = new Log({ ...desk, focusInput, focusStep });
    this.title = h("h2", {}, desk.title);
    this.status = h("p", { class: "status", role: "status" });
    this.identity = h("p", { class: "identity" });
    this.sheet = new Sheet({ ...desk, focusInput });
    const close = iconButton("round", "close", strings.close, () => desk.close());
    this.banner = h("p", { class: "banner", role: "status", hidden: true });
    this.problem = h("div", { class: "problem", role: "alert", hidden: true }, h("p"), button("reply primary", () => this.#solve()));
    this.#composer();
    this.el = h("section", { class: "panel", id: "panel", role: "region", "aria-label": strings.panel(desk.title), hidden: true, lang: "en" },
      h("header", {}, h("span", { class: "mark", "aria-hidden": "true" }, icon("chat")), h("div", { class: "head" }, this.title, this.status), this.sheet.menu, close),
      this.identity, this.banner, this.sheet.el, this.log.el, this.problem, this.form);
    this.el.addEventListener("keydown", (event) => this.#key(event));
  }

  render() {
    const { session } = this.desk;
    const { store } = session;
    this.log.render();
    say(this.status, session.starting ? strings.starting : statusText(store.state));
    attr(this.el, "data-state", store.state.state);
    say(this.identity, store.conv && (store.learner ? strings.signedInAs(store.learner) : store.conv.sub ? "" : strings.guest));
    const queued = store.state.state === "queued" ? strings.queuedNote : "";
    const lost = session.connection === "down" && store.conv ? strings.reconnecting : queued;
    say(this.banner, navigator.onLine ? lost : strings.offline);
    this.#showProblem(session.problem);
    this.sheet.earlier.hidden = !store.conv?.sub;
    this.person.hidden = store.state.state !== "bot";
    this.anew.hidden = store.state.state !== "closed";
    const agent = store.state.state === "agent" && store.state.agent;
    this.input.placeholder = agent ? strings.placeholderAgent(agent) : strings.placeholder;
  }

  /** Puts words into the place to write, for the learner to send or change. */
  prefill(text) {
    this.input.value = text;
    this.#grow();
  }

  #composer() {
    this.input = h("textarea", { id: "input", rows: 1, dir: "auto", enterkeyhint: "send", "aria-describedby": "count" });
    this.count = h("p", { class: "count", id: "count", role: "status", hidden: true });
    this.person = button("text", () => this.desk.send(strings.personText), strings.person);
    this.anew = button("text", () => this.desk.session.startNew(), strings.startNew);
    this.form = h("form", { class: "composer", onsubmit: (event) => this.#submit(event) },
      h("label", { class: "sr", for: "input" }, strings.messageLabel),
      h("div", { class: "write" }, this.input, iconButton("round send", "send", strings.send)),
      this.count, h("div", { class: "tools" }, this.person, this.anew));
    this.input.addEventListener("input", () => this.#grow());
    this.input.addEventListener("keydown", (event) => {
      // While an input method is composing, Enter picks a candidate and must not send.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
  }

  #submit(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text || text.length > MOST_CHARACTERS) return;
    this.prefill("");
    this.desk.send(text);
  }

  #grow() {
    const { length } = this.input.value.trim();
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 2}px`;
    const over = length - MOST_CHARACTERS;
    say(this.count, over > 0 ? strings.tooLong(over) : length >= COUNT_FROM ? strings.left(-over) : "");
    this.count.classList.toggle("error", over > 0);
    attr(this.input, "aria-invalid", over > 0 ? "true" : null);
    if (length) this.desk.session.typing();
  }

  #showProblem(problem) {
    const [text, button] = this.problem.children;
    this.problem.hidden = !problem;
    say(text, problem?.text);
    say(button, problem?.startNew ? strings.startNew : strings.tryAgain);
  }

  #solve() {
    const { session } = this.desk;
    if (session.problem?.startNew) session.startNew();
    else session.flush();
    this.input.focus();
  }

  #key(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      if (!this.sheet.fold()) this.desk.close();
    }
    // Over the whole screen the page behind can't be seen, so the focus must not get lost in it.
    if (event.key === "Tab" && matchMedia("(max-width: 479px)").matches) this.#cycle(event);
  }

  #cycle(event) {
    const all = [...this.el.querySelectorAll("button, a, input, textarea, select, summary, .scroller")];
    const reachable = all.filter((node) => !node.disabled && node.checkVisibility?.() !== false);
    const edge = event.shiftKey ? reachable[0] : reachable.at(-1);
    if (this.el.getRootNode().activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? reachable.at(-1) : reachable[0]).focus();
  }
}

function statusText({ state, position, agent }) {
  if (state === "queued") return strings.statusQueued(position);
  if (state === "agent") return strings.statusAgent(agent || strings.agentFallback);
  return state === "closed" ? strings.statusClosed : strings.statusBot;
}
