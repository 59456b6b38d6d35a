/** The transcript: messages, private notes and what is on its way, in order; a log for screen readers. */

import { renderMarkdown } from "../chat/markdown.js";
import { recordsOf } from "./record.js";
import { action, attr, badge, clock, day, h, icon, say } from "./ui.js";
import { authorName, learnerName } from "./words.js";
import { desk, nameOf } from "./desk.js";

const NEAR_BOTTOM = 80;

export class Transcript {
  entries = new Map();
  readByLearner = 0;

  /** @param {{retry: function, discard: function}} does what can be done with a message that was not sent */
  constructor(does) {
    this.does = does;
    this.log = h("div", { class: "log", role: "log", "aria-label": "Conversation", "aria-live": "polite" });
    this.typing = h("p", { class: "typing", hidden: true });
    this.newer = action("New messages", () => this.toBottom(), { style: "newer", hidden: true });
    this.el = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Transcript" }, this.log, this.typing);
    this.el.addEventListener("scroll", () => this.#where());
    this.log.addEventListener("toggle", () => this.#where(), true);
    // What grows above or below takes room from it: whoever was at the end stays there.
    new ResizeObserver(() => this.stick && this.toBottom()).observe(this.el);
  }

  get atBottom() {
    return this.el.scrollHeight - this.el.scrollTop - this.el.clientHeight < NEAR_BOTTOM;
  }

  #where() {
    this.stick = this.atBottom;
    if (this.stick) this.newer.hidden = true;
  }

  get lastSeq() {
    return Math.max(0, ...[...this.entries.values()].map(({ seq }) => seq ?? 0));
  }

  /** Everything as the desk has it now. */
  show(conversation, pending) {
    const stay = !this.filled || this.atBottom;
    this.filled = true;
    this.conversation = conversation;
    for (const message of conversation.messages) this.#put(message.id, message.at, message.seq, message);
    for (const note of conversation.notes) this.#put(note.id, note.at, null, note);
    this.readBy(conversation.read_by_learner ?? 0);
    this.pending(pending);
    if (stay) this.toBottom();
  }

  add(message) {
    const stay = this.atBottom;
    this.#put(message.id, message.at, message.seq ?? null, message);
    this.readBy(this.readByLearner);
    if (stay) this.toBottom();
    else this.newer.hidden = false;
  }

  /** What is being sent, or was not: always last. */
  pending(list) {
    this.log.querySelectorAll(".pending").forEach((node) => node.remove());
    for (const item of list) this.log.append(this.#waiting(item));
    if (list.length) this.toBottom();
  }

  readBy(seq) {
    this.readByLearner = Math.max(this.readByLearner, seq);
    for (const { message, state } of this.entries.values()) {
      if (message.author === "agent" && message.seq) say(state, message.seq <= this.readByLearner ? "Read" : "Sent");
    }
  }

  learnerTyping(name) {
    say(this.typing, `${name} is writing …`);
    clearTimeout(this.typed);
    this.typed = setTimeout(() => say(this.typing, ""), 6000);
    if (this.atBottom) this.toBottom();
  }

  toBottom() {
    this.el.scrollTop = this.el.scrollHeight;
    this.stick = true;
    this.newer.hidden = true;
  }

  #put(id, at, seq, message) {
    const known = this.entries.get(id);
    const text = JSON.stringify(message);
    if (known?.text === text) return;
    if (message.author === "learner") say(this.typing, "");
    const state = h("span", { class: "state", hidden: true });
    const el = this.#entry(message, state);
    this.entries.set(id, { el, at, seq, message, state, text });
    if (known) known.el.replaceWith(el);
    else this.#place(el, at, seq);
  }

  /** Behind the last one that is not later. */
  #place(el, at, seq) {
    attr(el, "data-at", at);
    if (seq) attr(el, "data-seq", String(seq));
    let before = null;
    for (const other of [...this.log.children].reverse()) {
      if (other.matches(".pending") || isLater(other, at, seq)) before = other;
      else break;
    }
    this.log.insertBefore(el, before);
  }

  #entry(message, state) {
    const author = message.author ?? "note";
    const body = h("div", { class: "bubble" });
    if (author === "learner" || author === "note") body.append(h("p", { dir: "auto", class: "typed" }, message.text));
    else body.append(renderMarkdown(message.text ?? "", location.origin, author === "agent"));
    const who = [h("span", { class: "author", dir: "auto" }, this.#name(message)), author === "note" && badge("Private note", "note")];
    return h("div", { class: `entry ${author}`, "data-id": message.id },
      h("p", { class: "meta" }, author === "note" && icon("note"), ...who, h("time", { datetime: message.at }, when(message.at)), state), body, ...recordsOf(message));
  }

  #name(message) {
    if (!message.author) return message.name ?? nameOf(message.staff);
    if (message.author === "learner") return learnerName(this.conversation);
    return message.agent?.name ?? authorName(message.author);
  }

  #waiting(item) {
    const failed = item.status === "failed";
    const state = h("span", { class: "state" }, failed ? `Not sent. ${item.error}` : "Sending …");
    const tools = failed && h("span", { class: "row" },
      !item.final && action("Try again", () => this.does.retry(item.client_id), { style: "quiet" }), action("Take back", () => this.does.discard(item.client_id), { style: "quiet" }));
    return h("div", { class: `entry agent pending ${item.status}` },
      h("p", { class: "meta" }, h("span", { class: "author" }, desk.me.name), state), h("div", { class: "bubble" }, h("p", { dir: "auto", class: "typed" }, item.text)), tools);
  }
}

function isLater(node, at, seq) {
  const { seq: otherSeq, at: otherAt } = node.dataset;
  return seq && otherSeq ? Number(otherSeq) > seq : otherAt > at;
}

function when(at) {
  return day(at) === day(new Date()) ? clock(at) : `${day(at)}, ${clock(at)}`;
}
