/** Completes @names in a note: arrows choose, Enter or Tab takes, Escape leaves it as it is. */

import { desk } from "./desk.js";
import { attr, h, newId } from "./ui.js";

const TYPED = /(?:^|\s)@([\p{L}\p{M}.'-]*)$/u;
const MOST = 6;

export class Mentions {
  on = false;
  found = [];
  chosen = 0;

  constructor(input) {
    this.input = input;
    this.list = h("ul", { class: "mentions", role: "listbox", id: newId(), "aria-label": "Colleagues", hidden: true });
    input.addEventListener("blur", () => this.#close());
  }

  /** The text changed: is a name being typed? */
  look() {
    const match = this.on && TYPED.exec(this.input.value.slice(0, this.input.selectionStart));
    if (!match) return this.#close();
    const typed = match[1].toLowerCase();
    const members = [...desk.members.values()].filter(({ id, active }) => id !== desk.me.id && active !== false);
    this.found = members.filter(({ name }) => name.toLowerCase().split(/\s+/).some((part) => part.startsWith(typed))).slice(0, MOST);
    this.length = match[1].length;
    this.chosen = 0;
    return this.found.length ? this.#open() : this.#close();
  }

  /** @returns {boolean} whether the key was for this list */
  key(event) {
    if (this.list.hidden) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#choose((this.chosen + step + this.found.length) % this.found.length);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.found[this.chosen]);
    else if (event.key === "Escape") this.#close();
    else return false;
    event.preventDefault();
    return true;
  }

  #open() {
    this.list.replaceChildren(...this.found.map((member, index) =>
      h("li", { role: "option", id: `${this.list.id}-${index}`, onmousedown: (event) => { event.preventDefault(); this.#take(member); } }, member.name)));
    this.list.hidden = false;
    attr(this.input, "aria-controls", this.list.id);
    this.#choose(0);
  }

  #choose(index) {
    this.chosen = index;
    [...this.list.children].forEach((option, at) => attr(option, "aria-selected", String(at === index)));
    attr(this.input, "aria-activedescendant", `${this.list.id}-${index}`);
  }

  #take(member) {
    const end = this.input.selectionStart;
    this.input.setRangeText(`${member.name} `, end - this.length, end, "end");
    this.#close();
    this.input.dispatchEvent(new Event("input"));
  }

  #close() {
    this.list.hidden = true;
    attr(this.input, "aria-activedescendant", null);
    attr(this.input, "aria-controls", null);
  }
}
