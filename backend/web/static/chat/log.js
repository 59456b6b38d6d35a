import { button, h, say } from "./dom.js";
import { messageView } from "./message.js";
import { ratingCard } from "./cards.js";
import { strings } from "./strings.js";

const NEAR_END_PX = 80;

/** The conversation on the screen: entries, the writing indicator, and staying at the end while new ones come. */
export class Log {
  /** @param {object} desk see `messageView`, and `session`, `focusInput` */
  constructor(desk) {
    this.desk = desk;
    this.views = new Map();
    this.list = h("div", { role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": strings.log, class: "list" });
    this.typing = h("div", { class: "typing", hidden: true }, h("span", {}), h("i"), h("i"), h("i"));
    this.more = button("more", () => this.toEnd(), "↓ ", strings.more);
    this.more.hidden = true;
    this.scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": strings.log }, this.list, this.typing);
    this.scroller.addEventListener("scroll", () => this.#nearEnd() && (this.more.hidden = true), { passive: true });
    this.el = h("div", { class: "log" }, this.scroller, this.more);
  }

  clear() {
    this.views.clear();
    this.list.replaceChildren();
    this.rating?.remove();
    this.rating = null;
  }

  render() {
    const { store } = this.desk.session;
    const items = store.items();
    const stay = this.#nearEnd();
    const context = this.#context(items, store);
    const filled = this.views.size > 0;
    let before = null;
    let first = null;
    for (const item of items) {
      let view = this.views.get(item.key);
      if (!view) {
        view = messageView(item, this.desk);
        this.views.set(item.key, view);
        first ??= view.el;
      }
      if (view.el.previousElementSibling !== before || !view.el.parentNode) this.#place(view.el, before);
      view.update(item, context);
      before = view.el;
    }
    this.#drop(new Set(items.map(({ key }) => key)));
    this.#rate(store);
    this.#typing(store);
    if (first && filled) this.#arrive(first, stay, items.at(-1));
    else if (stay || first) this.toEnd();
  }

  /** Once a second: offers that run out. */
  tick() {
    const { store } = this.desk.session;
    const items = store.items().filter(({ message }) => message?.proposal);
    if (!items.length) return;
    const context = this.#context(store.items(), store);
    for (const item of items) this.views.get(item.key)?.update(item, context);
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.more.hidden = true;
  }

  #context(items, store) {
    const messages = items.map(({ message }) => message).filter(Boolean);
    const lastMine = messages.filter(({ author }) => author === "learner").at(-1);
    const last = messages.filter(({ author }) => author !== "system").at(-1);
    const busy = store.echoes.some(({ status, order }) => status !== "failed" && order > last?.seq);
    // What became of an offer is told by a later message.
    const states = new Map(messages.filter(({ proposal }) => proposal).map(({ proposal }) => [proposal.id, proposal.state]));
    const stateOf = ({ id }) => states.get(id);
    return {
      stateOf,
      pressed: store.pressed,
      agent: store.state.agent,
      seenSeq: store.seenSeq,
      lastMine: lastMine?.client_id ?? lastMine?.id,
      activeStep: last?.step && !busy ? last.id : null,
      expired: ({ proposal }) => proposal && (stateOf(proposal) !== "open" || Date.parse(proposal.expires_at) <= store.now()),
    };
  }

  #place(el, before) {
    if (before) before.after(el);
    else this.list.prepend(el);
  }

  #drop(keys) {
    for (const [key, view] of this.views) {
      if (keys.has(key)) continue;
      view.el.remove();
      this.views.delete(key);
    }
  }

  #rate(store) {
    const wanted = store.state.state === "closed" && !store.rated;
    if (wanted && !this.rating) {
      const { session, focusInput } = this.desk;
      this.rating = ratingCard({ rate: (score, comment) => session.rate(score, comment), skip: () => { session.rated(); focusInput(); } });
      this.list.after(this.rating);
    } else if (this.rating && store.state.state !== "closed") {
      this.rating.remove();
      this.rating = null;
    }
  }

  #typing(store) {
    const asked = store.state.state === "bot" && store.echoes.some(({ status }) => status === "sending");
    const author = store.typing?.author ?? (asked ? "bot" : null);
    const text = author === "agent" ? strings.typingAgent(store.state.agent || strings.agentFallback) : strings.typingBot;
    this.typing.hidden = !author;
    say(this.typing.firstChild, author && text);
  }

  /**
   * New entries: our own always pulls the view along; others only if the reader is at the end, and never past their start.
   * The desk may answer in several messages, so its start is the question.
   */
  #arrive(first, stay, last) {
    const own = last.echo || last.message?.author === "learner";
    if (!stay && !own) {
      this.more.hidden = false;
      return;
    }
    this.toEnd();
    const question = last.message?.author === "bot" && [...this.list.querySelectorAll(".learner")].at(-1);
    const top = (question || first).offsetTop - 12;
    if (!own && this.scroller.scrollTop > top) this.scroller.scrollTop = top;
    this.more.hidden = this.#nearEnd();
  }

  #nearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }
}
