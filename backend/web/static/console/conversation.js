import { Composer } from "./composer.js";
import "./learner.js";
import { api, desk, isMine, nameOf, ownerOf, stream } from "./desk.js";
import { onKeys } from "./keys.js";
import { titled } from "./news.js";
import { outbox } from "./outbox.js";
import { ownerActions, ownership } from "./owner.js";
import { place } from "./route.js";
import { summaryView } from "./summary.js";
import { Transcript } from "./transcript.js";
import { action, announce, attr, badge, empty, h, icon, problem, say } from "./ui.js";
import { learnerName, stateName, whyName } from "./words.js";

const AGAIN_MS = 900;
const VIEWING_MS = 15000;

/** One conversation: its state, summary, transcript, what is written into it, and the learner beside it. */
class Conversation extends HTMLElement {
  connectedCallback() {
    this.does = ownership(this);
    this.outbox = outbox(this.conversation, () => this.transcript.pending(this.outbox.items), (message) => this.#take(message));
    this.transcript = new Transcript({ retry: (id) => this.outbox.retry(id), discard: (id) => this.#takeBack(id) });
    this.composer = new Composer(this);
    this.#build();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    stream.addEventListener("event", ({ detail }) => this.#heard(detail), { signal });
    stream.addEventListener("status", ({ detail }) => detail === "live" && this.outbox.flush(), { signal });
    document.addEventListener("visibilitychange", () => this.#here(), { signal });
    window.addEventListener("beforeunload", () => this.composer.keep(), { signal });
    this.being = setInterval(() => this.#here(), VIEWING_MS);
    this.keys = onKeys({
      c: this.does.claim, l: this.does.release, t: this.does.transfer, x: this.does.close, p: this.does.reopen,
      r: () => this.composer.focus("reply"), n: () => this.composer.focus("note"), e: () => this.composer.saved(),
      s: () => this.composer.suggest(), o: () => this.#toLearner(),
    });
    this.load();
  }

  disconnectedCallback() {
    this.leaving.abort();
    clearInterval(this.being);
    clearTimeout(this.again);
    this.composer.leave();
    this.keys();
    if (!document.querySelector("desk-conversation")) stream.send({ type: "viewing", conversation: null, typing: false });
  }

  async load() {
    try {
      this.#show(await api.get(api.of(this.conversation)));
    } catch (error) {
      if (error.status === 404) return this.#gone(error);
      if (error.status !== 401) this.failed(error);
    }
    return undefined;
  }

  /** After a button of our own: the answer says the new state; the rest is read again. */
  changed(owner) {
    Object.assign(this.data, { position: undefined, agent: undefined, assignee: owner.state === "agent" && owner.agent?.name === desk.me.name ? desk.me.id : null }, owner);
    say(this.wrong, "");
    this.#showState();
    announce(`${learnerName(this.data)}: ${this.stateText()}`);
    this.load();
    if (isMine(this.data)) this.composer.focus("reply");
    else this.heading.focus();
  }

  failed(error) {
    say(this.wrong, error.message);
    if (error.status === 409 || error.status === 403) this.load();
  }

  stateText() {
    const { state, position, agent } = this.data;
    if (state === "queued") return position ? `Waiting, number ${position} in the queue` : "Waiting";
    if (state === "agent") return isMine(this.data) ? "Yours" : `With ${agent?.name ?? nameOf(ownerOf(this.data))}`;
    return stateName(state);
  }

  #build() {
    this.heading = h("h2", { tabindex: "-1", dir: "auto" }, "…");
    this.state = h("div", { class: "state-line" });
    this.actions = h("div", { class: "row actions", role: "group", "aria-label": "This conversation" });
    this.seen = h("p", { class: "presence", role: "status", hidden: true });
    this.wrong = problem();
    this.summary = h("div", { class: "summary-place" });
    this.learner = document.createElement("desk-learner");
    this.more = action("Learner", () => this.#toLearner(), { style: "quiet only-narrow", key: "o", icon: "person", "aria-expanded": "false" });
    const back = h("a", { class: "button small quiet back", href: place() }, icon("back"), h("span", {}, "Queue"));
    const head = h("header", { class: "head" }, h("div", { class: "head-row" }, back, h("div", { class: "head-name" }, this.heading, this.state), this.more, this.actions), this.seen, this.wrong);
    this.talk = h("section", { class: "talk", "aria-label": "Conversation" }, head, this.summary, this.transcript.el, this.transcript.newer, this.composer.el);
    this.replaceChildren(this.talk, this.learner);
    this.transcript.el.addEventListener("scroll", () => this.#read(), { passive: true });
  }

  #show(data) {
    const first = !this.data;
    this.data = data;
    this.heading.textContent = learnerName(data);
    titled(learnerName(data));
    this.#showState();
    this.#showPresence(data.viewers);
    this.#showSummary(data.summary);
    this.outbox.settle(data.messages);
    this.transcript.show(data, this.outbox.items);
    this.learner.show(data, this);
    this.composer.show(data, first);
    if (first && !this.quiet) this.heading.focus({ preventScroll: true });
    if (first) this.#here();
    this.#read();
  }

  #showState() {
    const { state, why, urgent, urgency, channel, rating, topic } = this.data;
    const marks = [badge(this.stateText(), isMine(this.data) ? "own" : state), (urgent || urgency > 0) && badge("Urgent", "bad"), rating && badge(`Rated ${rating.score ?? rating} of 5`, "new")];
    const text = [topic, state === "queued" && why && whyName(why), channel === "mobile" && "in the app"].filter(Boolean).join(" · ");
    this.state.replaceChildren(...marks.filter(Boolean), h("span", { class: "hint" }, text));
    const focused = this.actions.contains(document.activeElement);
    this.actions.replaceChildren(...ownerActions(this.data, this.does));
    if (focused) (this.actions.querySelector("button") ?? this.heading).focus();
  }

  #showPresence(viewers = []) {
    const others = viewers.filter(({ id }) => id !== desk.me.id);
    say(this.seen, others.map(({ name, typing }) => (typing ? `${name} is writing here` : `${name} is looking at this, too`)).join(". "));
  }

  #showSummary(summary) {
    const open = this.summary.querySelector("details")?.open ?? (["queued", "agent"].includes(this.data.state) && window.innerHeight > 700);
    const text = JSON.stringify(summary);
    if (text === this.summarized) return;
    this.summarized = text;
    this.summary.replaceChildren(summaryView(summary, open) ?? "");
  }

  #gone(error) {
    this.replaceChildren(empty("This conversation is not here", error.message), h("div", { class: "row center" }, h("a", { class: "button", href: place() }, "To the queue")));
  }

  #heard(event) {
    if (event.type === "resync") {
      this.#here();
      this.load();
    }
    const id = event.type === "conversation" ? event.conversation.id : event.conversation;
    if (id !== this.conversation || !this.data) return;
    const hears = {
      conversation: () => this.#line(event.conversation),
      message: () => this.#take(event.message),
      note: () => this.transcript.add(event.note),
      presence: () => this.#showPresence(event.viewers),
      typing: () => event.author === "learner" && this.transcript.learnerTyping(learnerName(this.data)),
      read: () => event.by === "learner" && this.transcript.readBy(event.seq),
    };
    hears[event.type]?.();
  }

  #line(line) {
    const { state, position, agent } = this.data;
    if (line.viewers) this.#showPresence(line.viewers);
    if (state === line.state && agent?.name === line.agent?.name && position === line.position) return;
    const lost = isMine(this.data) && !isMine(line);
    Object.assign(this.data, { state: line.state, assignee: ownerOf(line), agent: line.agent, position: line.position, why: line.why });
    this.#showState();
    this.composer.show(this.data);
    if (lost) announce(`${learnerName(this.data)}: ${this.stateText()}`, "urgent");
    this.#soon();
  }

  #take(message) {
    const missed = message.seq > this.transcript.lastSeq + 1;
    this.outbox.settle([message]);
    this.transcript.add(message);
    this.transcript.pending(this.outbox.items);
    this.#read();
    if (message.author === "learner") this.composer.askedAgain();
    if (missed || message.author !== "learner") this.#soon();
  }

  /** What the desk said may have changed the summary and the learner, too. */
  #soon() {
    clearTimeout(this.again);
    this.again = setTimeout(() => this.load(), AGAIN_MS);
  }

  #takeBack(id) {
    const item = this.outbox.discard(id);
    if (item) this.composer.restore(item.text);
  }

  /** Somebody looks at it: others see that, and what is on the screen counts as read. */
  #here() {
    this.tell(this.data ? this.composer.isTyping : false);
    this.#read();
  }

  tell(typing) {
    stream.send({ type: "viewing", conversation: this.conversation, typing, after: this.transcript.lastSeq });
  }

  #read() {
    const { lastSeq } = this.transcript;
    if (!this.data || document.hidden || !isMine(this.data) || !this.transcript.atBottom) return;
    if (lastSeq <= Math.max(this.read ?? 0, this.data.read_by_agent ?? 0)) return;
    this.read = lastSeq;
    api.post(api.of(this.conversation, "read"), { seq: lastSeq }).catch(() => { this.read = 0; });
  }

  #toLearner() {
    const open = this.classList.toggle("with-learner");
    attr(this.more, "aria-expanded", String(open));
    const wide = getComputedStyle(this.more).display === "none";
    if (open || wide) this.learner.focusName();
    else this.heading.focus();
  }
}

customElements.define("desk-conversation", Conversation);
