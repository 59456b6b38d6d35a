import "./conversation.js";
import "./queue.js";
import { onKeys } from "./keys.js";
import { go, here, place } from "./route.js";
import { empty, h } from "./ui.js";

/** The queue beside the conversation that is open; on a small screen one at a time. */
class Workspace extends HTMLElement {
  connectedCallback() {
    this.queue = document.createElement("desk-queue");
    this.stage = h("div", { class: "stage" });
    this.heading = h("h1", { tabindex: "-1", class: "hidden" }, "Queue");
    this.replaceChildren(this.heading, this.queue, this.stage);
    this.onRoute = () => this.#show();
    window.addEventListener("lectern:route", this.onRoute);
    this.keys = onKeys({ u: () => this.#back() });
    this.#show();
  }

  disconnectedCallback() {
    window.removeEventListener("lectern:route", this.onRoute);
    this.keys();
  }

  #show() {
    const { view, id } = here();
    if (view !== "queue") return;
    this.classList.toggle("open", Boolean(id));
    if (this.stage.firstChild?.conversation === id && id) return;
    const first = !this.everShown;
    this.everShown = true;
    if (!id) {
      this.stage.replaceChildren(empty("No conversation is open", "Choose one from the list: j and k move, Enter opens, c claims. ? shows all keys."));
      return;
    }
    const opened = document.createElement("desk-conversation");
    opened.conversation = id;
    opened.quiet = first;
    this.stage.replaceChildren(opened);
  }

  #back() {
    const { id } = here();
    if (id) go(place());
    this.queue.focusList(id);
  }
}

customElements.define("desk-workspace", Workspace);
