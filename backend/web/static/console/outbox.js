/** What was written and is not in the transcript yet. It outlives a reload, and is sent again under the same id. */

import { api } from "./desk.js";
import { newId } from "./ui.js";

const all = new Map();

/**
 * @param {string} conversation
 * @param {function} changed the list is another one
 * @param {function} sent gets the message as the desk keeps it
 */
export function outbox(conversation, changed, sent) {
  const mine = all.get(conversation) ?? new Outbox(conversation);
  all.set(conversation, mine);
  Object.assign(mine, { changed, sent });
  return mine;
}

class Outbox {
  constructor(conversation) {
    this.conversation = conversation;
    this.key = `lectern-console:outbox:${conversation}`;
    this.items = JSON.parse(sessionStorage.getItem(this.key) ?? "[]").map((item) => ({ ...item, status: "failed", error: item.error || "The page was loaded anew." }));
  }

  send(text) {
    this.items.push({ client_id: newId(), text, status: "waiting" });
    this.#keep();
    return this.flush();
  }

  retry(id) {
    const item = this.items.find(({ client_id }) => client_id === id);
    if (item) item.status = "waiting";
    this.#keep();
    return this.flush();
  }

  /** Takes back what was not sent. */
  discard(id) {
    const item = this.items.find(({ client_id }) => client_id === id);
    this.items = this.items.filter((other) => other !== item);
    this.#keep();
    return item;
  }

  /** One after the other, in the order they were written. */
  async flush() {
    if (this.flushing) return;
    this.flushing = true;
    for (let item = this.#next(); item; item = this.#next()) await this.#sendOne(item);
    this.flushing = false;
  }

  /** What has come back over the stream needs no sending any more. */
  settle(messages) {
    const known = new Set(messages.map(({ id }) => id));
    this.items = this.items.filter(({ id }) => !id || !known.has(id));
  }

  #next() {
    return this.items.find(({ status }) => status === "waiting");
  }

  async #sendOne(item) {
    item.status = "sending";
    this.#keep();
    try {
      const { message } = await api.post(api.of(this.conversation, "messages"), { client_id: item.client_id, text: item.text });
      this.items = this.items.filter((other) => other !== item);
      this.#keep();
      this.sent(message);
    } catch (error) {
      Object.assign(item, { status: "failed", error: error.message, final: !error.passing });
      this.#keep();
    }
  }

  #keep() {
    sessionStorage.setItem(this.key, JSON.stringify(this.items));
    this.changed();
  }
}
