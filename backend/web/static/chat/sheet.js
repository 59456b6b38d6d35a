import { button, h, newId, say } from "./dom.js";
import { clock, messageView } from "./message.js";
import { strings } from "./strings.js";

/** What lies over the conversation for a while: its e-mail, and earlier conversations to read. */
export class Sheet {
  constructor(desk) {
    this.desk = desk;
    this.el = h("div", { class: "sheet", hidden: true });
    const item = (title, open) => button("text", () => this.fold() && open(), title);
    this.earlier = item(strings.past, () => this.past());
    const items = [item(strings.mail, () => this.mail()), this.earlier, item(strings.startNew, () => desk.session.startNew())];
    this.menu = h("details", { class: "menu" },
      h("summary", { class: "round", "aria-label": strings.menu }, "⋮"), h("div", {}, ...items));
  }

  /** Whether there was something to put away. */
  fold() {
    const open = this.menu.open || !this.el.hidden;
    this.menu.open = false;
    this.el.hidden = true;
    if (open) this.desk.focusInput();
    return open;
  }

  mail() {
    const { session } = this.desk;
    const id = newId();
    const input = h("input", { id, type: "email", autocomplete: "email", required: true });
    const told = h("p", { class: "help", role: "status" });
    const send = async (event) => {
      event.preventDefault();
      await session.mail(input.value.trim()).then(
        ({ sent_to }) => this.#show(strings.mail, h("p", { role: "status" }, strings.mailed(sent_to))),
        (error) => say(told, error.message || strings.networkError),
      );
    };
    const guest = !session.store.conv?.sub;
    const ask = guest ? [h("label", { for: id }, strings.mailTo), input] : [h("p", {}, strings.mailOwn)];
    const form = h("form", { class: "step", onsubmit: send }, ...ask, told, h("div", { class: "row" }, h("button", { class: "reply primary" }, strings.send)));
    this.#show(strings.mail, form);
  }

  async past() {
    const { session } = this.desk;
    this.#show(strings.past);
    await this.#fill(async () => {
      const { conversations } = await session.past();
      if (!conversations.length) return [h("p", {}, strings.noPast)];
      return conversations.map(({ id, at, about }) =>
        button("reply", () => this.#one(id, about), h("span", { dir: "auto" }, about), h("span", { class: "help" }, clock(at))));
    });
  }

  #one(id, about) {
    this.#show(about, button("text", () => this.past(), strings.past));
    return this.#fill(async () => {
      const { messages } = await this.desk.session.past(`/${id}`);
      return [h("div", { class: "list" }, ...messages.map((message) => {
        const view = messageView({ message, key: message.id }, this.desk);
        view.update({ message, key: message.id }, {});
        return view.el;
      }))];
    });
  }

  async #fill(get) {
    const shown = this.el.lastChild;
    const nodes = await get().catch((error) => [h("p", { role: "alert" }, error.message || strings.networkError)]);
    if (shown === this.el.lastChild) this.el.append(...nodes);
  }

  #show(title, ...nodes) {
    const head = h("h3", { tabindex: "-1", dir: "auto" }, title);
    this.el.replaceChildren(button("text", () => this.fold(), strings.back), head, ...nodes);
    this.el.hidden = false;
    (this.el.querySelector("input") ?? head).focus();
  }
}
