/**
 * What the widget knows, in memory and across reloads. No requests and no elements here.
 *
 * Kept in localStorage, under the desk's origin: the conversation's id and token, whose it is (`sub`, for signed-in
 * learners), what has been read. Kept in sessionStorage: messages not sent yet, forms begun. Messages themselves are never kept;
 * after a reload they come from the desk.
 *
 * @typedef {{id: string, seq: number, at: string, author: string, text: string, client_id?: string}} Message
 * @typedef {{client_id: string, body: object, text: string, status: "sending"|"waiting"|"failed"|"sent",
 *            order: number, error?: string, final?: boolean}} Echo   a message of ours that the desk has not given back
 */
export class Store {
  constructor(key) {
    this.key = key;
    this.forget();
  }

  /** Nothing in memory. */
  forget() {
    this.conv = null;
    /** @type {Map<string, Message>} */
    this.messages = new Map();
    /** @type {Echo[]} */
    this.echoes = [];
    this.pressed = new Set();
    this.state = { state: "bot", position: null, agent: null };
    this.learner = null;
    this.lastSeq = 0;
    this.seenSeq = 0;
    this.typing = null;
    this.rated = false;
  }

  /** Nothing anywhere. */
  wipe() {
    this.forget();
    storage("localStorage")?.removeItem(this.key);
    for (const key of [this.key, `${this.key}:forms`]) storage("sessionStorage")?.removeItem(key);
  }

  /** The conversation kept from before, or null. */
  load() {
    const kept = read("localStorage", this.key);
    return kept && kept.id && kept.token ? kept : null;
  }

  /** Takes over a kept or new conversation. */
  adopt(conv) {
    this.conv = { read: 0, skew: 0, ...conv };
    this.rated = Boolean(conv.rated);
    this.echoes = read("sessionStorage", this.key)?.filter((echo) => echo.conv === conv.id) ?? [];
    for (const echo of this.echoes) echo.status = "waiting";
    this.save();
  }

  save() {
    if (this.conv) write("localStorage", this.key, this.conv);
  }

  saveEchoes() {
    const unsent = this.echoes.filter((echo) => echo.status !== "sent").map((echo) => ({ ...echo, conv: this.conv?.id }));
    write("sessionStorage", this.key, unsent);
  }

  /** What stands in a form that is not sent: read, or kept, or, with null, forgotten. */
  draft(form, values) {
    const key = `${this.key}:forms`;
    const id = `${this.conv?.id} ${form}`;
    const kept = read("sessionStorage", key) ?? {};
    if (values !== undefined) write("sessionStorage", key, { ...kept, [id]: values ?? undefined });
    return kept[id];
  }

  /** @param {Message[]} messages @param {boolean} live written just now, so that their time is the desk's time now */
  merge(messages, live) {
    for (const message of messages ?? []) {
      const known = this.messages.get(message.id);
      const client_id = known?.client_id ?? message.client_id ?? this.#matching(message)?.client_id;
      this.messages.set(message.id, { ...message, client_id });
      this.#settle();
      if (known) continue;
      if (message.seq === this.lastSeq + 1) this.lastSeq = message.seq;
      if (this.typing?.author === message.author) this.typing = null;
      if (live && this.conv) this.conv.skew = Date.parse(message.at) - Date.now() || 0;
    }
  }

  /** Everything up to here has been asked for, even if some numbers are not ours to see. */
  caughtUp() {
    for (const { seq } of this.messages.values()) this.lastSeq = Math.max(this.lastSeq, seq);
  }

  setState({ state, position, agent }) {
    if (state) this.state = { state, position: position ?? null, agent: agent?.name ?? agent ?? null };
  }

  echo(client_id) {
    return this.echoes.find((echo) => echo.client_id === client_id);
  }

  /** A message of ours is answered: from here on it stands just before what came back. */
  answered(echo, replies) {
    const first = Math.min(...replies.map((message) => message.seq));
    echo.status = "sent";
    echo.order = Number.isFinite(first) ? first - 0.5 : this.lastSeq + 0.5;
    if (this.typing?.author === "bot") this.typing = null;
    for (const message of this.messages.values()) {
      if (this.#matching(message) === echo) message.client_id = echo.client_id;
    }
    this.#settle();
  }

  /** Messages and echoes in the order they are shown. `key` stays the same when an echo becomes a message. */
  items() {
    const items = new Map();
    for (const echo of this.echoes) items.set(echo.client_id, { key: echo.client_id, order: echo.order, echo });
    for (const message of this.messages.values()) {
      const key = message.client_id ?? message.id;
      items.set(key, { key, order: message.seq, message, echo: items.get(key)?.echo });
    }
    return [...items.values()].sort((a, b) => a.order - b.order);
  }

  unread() {
    let count = 0;
    for (const { seq, author } of this.messages.values()) count += author !== "learner" && seq > (this.conv?.read ?? 0);
    return count;
  }

  /** The desk's time now. Its clock, not this machine's, says when an offer runs out. */
  now() {
    return Date.now() + (this.conv?.skew ?? 0);
  }

  /** The echo of a message that came without its client_id. The text may come back masked, so its place counts, too. */
  #matching({ author, client_id, text, seq }) {
    if (author !== "learner" || client_id) return undefined;
    const taken = new Set([...this.messages.values()].map((message) => message.client_id));
    const free = this.echoes.filter((echo) => !taken.has(echo.client_id));
    return free.find((echo) => echo.text === text || Math.abs(echo.order - seq) < 1);
  }

  /** An echo has done its work when it is answered and the desk has given the message back. */
  #settle() {
    const given = new Set([...this.messages.values()].map((message) => message.client_id));
    this.echoes = this.echoes.filter((echo) => echo.status !== "sent" || !given.has(echo.client_id));
    this.saveEchoes();
  }
}

/** Storage may be forbidden by the browser; then a reload starts anew, and everything else works. */
function storage(kind) {
  try {
    return window[kind];
  } catch {
    return null;
  }
}

function read(kind, key) {
  try {
    return JSON.parse(storage(kind)?.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(kind, key, value) {
  try {
    storage(kind)?.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: as if there were none.
  }
}
