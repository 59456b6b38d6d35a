import { newId } from "./dom.js";
import { Stream } from "./stream.js";
import { strings } from "./strings.js";

const IDENTITY_GRACE_MS = 3000;
const TYPING_EVERY_MS = 3000;
const TYPING_MOST_MS = 15000;

/** One visitor's conversation: begins or takes it up again, sends in order, listens. Calls `onChange` after each change. */
export class Session {
  constructor({ api, store, channel, onChange, onExpired }) {
    Object.assign(this, { api, store, channel, onChange, onExpired });
    this.identity = null;
    this.sub = null;
    this.connection = "live";
    this.problem = null;
    this.born = Date.now();
    this.work = new AbortController();
  }

  /** Takes up a kept conversation, if there is one that this visitor may see. */
  restore() {
    const kept = this.store.load();
    return kept && (!kept.sub || kept.sub === this.sub) ? this.ensure() : Promise.resolve();
  }

  /** There is a conversation after this, or `problem` says why not. */
  ensure() {
    if (this.store.conv) return Promise.resolve();
    this.starting ??= this.#begin().finally(() => {
      this.starting = null;
      this.onChange();
    });
    this.onChange();
    return this.starting;
  }

  /** @param {object} body `{text}`, `{press}` or `{press, form}` @param {string} text what is shown meanwhile */
  send(body, text) {
    const echo = { client_id: newId(), body, text, status: "waiting", order: Infinity };
    this.store.echoes.push(echo);
    if (body.press) this.store.pressed.add(body.press);
    this.store.saveEchoes();
    this.onChange();
    return this.flush();
  }

  retry(client_id) {
    const echo = this.store.echo(client_id);
    if (echo) Object.assign(echo, { status: "waiting", error: undefined });
    return this.flush();
  }

  /** Takes back a message that was not sent. */
  discard(client_id) {
    const echo = this.store.echo(client_id);
    this.store.echoes = this.store.echoes.filter((other) => other !== echo);
    this.store.pressed.delete(echo?.body.press);
    this.store.saveEchoes();
    this.onChange();
  }

  /** Sends what waits, one after the other: the desk sees turns in the order they were written. */
  async flush() {
    if (this.flushing) return;
    this.flushing = true;
    const { signal } = this.work;
    try {
      await this.ensure();
      while (this.store.conv && navigator.onLine && !signal.aborted) {
        const echo = this.store.echoes.find(({ status }) => status === "waiting");
        if (!echo) break;
        await this.#sendOne(echo, signal);
      }
    } finally {
      if (!signal.aborted) this.flushing = false;
      this.onChange();
    }
  }

  /** Password or code: goes to its own route and leaves no trace here. Throws ApiError. */
  async reauthenticate(body) {
    const { signal } = this.work;
    const answer = await this.api.post(this.store.conv, "/reauthenticate", body, signal);
    if (!signal.aborted) this.#take(answer);
  }

  async rate(score, comment) {
    await this.api.post(this.store.conv, "/rating", comment ? { score, comment } : { score }, this.work.signal);
    this.rated();
  }

  /** The transcript by e-mail; a guest says where to. */
  mail(email) {
    return this.api.post(this.store.conv, "/email", email ? { email } : {}, this.work.signal);
  }

  /** Earlier conversations, or one of them. */
  past(tail = "") {
    return this.api.get(this.store.conv, `/history${tail}`, this.work.signal);
  }

  rated() {
    this.store.rated = this.store.conv.rated = true;
    this.store.save();
  }

  feedback(message, helpful) {
    return this.api.post(this.store.conv, `/messages/${message}/feedback`, { helpful }, this.work.signal);
  }

  /** The platform vouches for a learner. Whatever belongs to somebody else is gone before anything is shown. */
  async identify(identity) {
    const sub = subject(identity);
    const kept = this.store.conv ?? this.store.load();
    if ((kept?.sub && kept.sub !== sub) || (this.sub && this.sub !== sub)) this.signOut();
    Object.assign(this, { identity, sub });
    await this.starting;
    if (this.store.conv) await this.#vouch(this.work.signal);
    else await this.restore();
  }

  /** Nothing of the visitor is left, here or in what is still on its way. */
  signOut() {
    this.stop();
    this.store.wipe();
    Object.assign(this, { identity: null, sub: null, problem: null });
    this.onChange();
  }

  stop() {
    this.work.abort();
    this.work = new AbortController();
    this.stream?.stop();
    Object.assign(this, { stream: null, starting: null, flushing: false, connection: "live" });
  }

  /** Goes on after `stop`, with what was on its way then. */
  resume() {
    for (const echo of this.store.echoes) if (echo.status === "sending") echo.status = "waiting";
    return this.store.conv ? this.#open(this.work.signal) : this.restore();
  }

  /** A new conversation for the same visitor. */
  async startNew() {
    const { identity, sub } = this;
    this.signOut();
    Object.assign(this, { identity, sub });
    await this.ensure();
  }

  typing() {
    if (this.store.state.state === "bot" || Date.now() - (this.typed ?? 0) < TYPING_EVERY_MS) return;
    this.typed = Date.now();
    this.stream?.send({ type: "typing" });
  }

  /** Everything that is here has been seen. */
  read() {
    const { conv, messages } = this.store;
    if (!conv) return;
    const last = Math.max(0, ...[...messages.values()].map(({ seq }) => seq));
    if (last <= conv.read) return;
    conv.read = last;
    this.store.save();
    this.stream?.send({ type: "read", seq: last });
  }

  async #begin() {
    const { signal } = this.work;
    this.problem = null;
    let kept = this.store.load();
    if (kept?.sub && kept.sub !== this.sub) {
      // Somebody was signed in here. Give the page a moment to say who it is now; nobody means a guest.
      while (!this.sub && Date.now() - this.born < IDENTITY_GRACE_MS) await new Promise((done) => setTimeout(done, 50));
      if (signal.aborted) return;
      if (kept.sub !== this.sub) {
        this.store.wipe();
        kept = null;
      }
    }
    try {
      const taken = kept && (await this.#takeUp(kept, signal));
      if (!taken && !signal.aborted) await this.#create(signal);
      if (!signal.aborted) await this.#vouch(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.problem = { text: error.message || strings.cannotStart };
      // An identity is good for an hour at most; the page can be open for longer.
      if (error.status === 401 && this.identity) this.onExpired();
    }
  }

  async #takeUp(kept, signal) {
    let answer;
    try {
      answer = await this.api.get(kept, "/messages?after=0", signal);
    } catch (error) {
      if (!error.gone) throw error;
      this.store.wipe();
      return false;
    }
    if (signal.aborted) return true;
    this.store.adopt(kept);
    this.#take(answer, false);
    this.store.caughtUp();
    await this.#open(signal);
    return true;
  }

  async #create(signal) {
    const { sub, identity } = this;
    const body = { channel: this.channel, page: location.pathname };
    if (identity) body.identity = identity;
    const answer = await this.api.create(body, signal);
    if (signal.aborted) return;
    this.store.adopt({ id: answer.id, token: answer.token, sub });
    this.#take(answer);
    this.store.caughtUp();
    await this.#open(signal);
  }

  /** A guest's conversation becomes the learner's who has signed in. */
  async #vouch(signal) {
    const { conv } = this.store;
    const { sub, identity } = this;
    if (!sub || !conv || conv.sub === sub) return;
    const answer = await this.api.post(conv, "/identity", { identity }, signal);
    if (signal.aborted) return;
    conv.sub = sub;
    this.store.save();
    this.#take(answer);
    await this.#about(signal);
  }

  async #open(signal) {
    const { conv } = this.store;
    this.stream = new Stream({
      url: () => this.api.streamUrl(conv, this.store.lastSeq),
      token: conv.token,
      onEvent: (event) => !signal.aborted && this.#event(event),
      onStatus: (status) => {
        if (signal.aborted) return;
        this.connection = status;
        if (status === "down") this.store.typing = null;
        if (status !== "down") this.flush();
        this.onChange();
      },
      poll: () => this.#catchUp(signal),
    });
    await this.#about(signal);
    this.flush();
  }

  /** State and name; nice to have, so a failure is none. */
  async #about(signal) {
    const about = await this.api.get(this.store.conv, "", signal).catch(() => null);
    if (!about || signal.aborted) return;
    this.store.setState(about);
    this.store.learner = about.learner?.name ?? null;
    this.onChange();
  }

  async #catchUp(signal) {
    try {
      const answer = await this.api.get(this.store.conv, `/messages?after=${this.store.lastSeq}`, signal);
      if (signal.aborted) return;
      this.#take(answer);
      this.store.caughtUp();
    } catch (error) {
      this.#ended(error, signal);
      throw error;
    }
  }

  async #sendOne(echo, signal) {
    echo.status = "sending";
    this.onChange();
    const before = this.store.lastSeq;
    try {
      const answer = await this.api.post(this.store.conv, "/messages", { client_id: echo.client_id, ...echo.body }, signal);
      if (signal.aborted) return;
      this.store.answered(echo, answer.messages ?? []);
      this.#take(answer);
      // Our own message is not part of the answer; without a stream nobody else brings it.
      if (this.connection !== "live" || this.store.lastSeq === before) await this.#catchUp(signal).catch(() => {});
    } catch (error) {
      if (!signal.aborted) this.#notSent(echo, error, signal);
    }
  }

  #notSent(echo, error, signal) {
    this.store.typing = null;
    if (!navigator.onLine) {
      echo.status = "waiting";
    } else {
      const silent = error.status === 0 ? strings.networkError : strings.serverError;
      Object.assign(echo, { status: "failed", error: error.message || silent, final: !error.passing });
      this.#ended(error, signal);
    }
    this.store.saveEchoes();
  }

  /** The desk does not know this conversation any more. */
  #ended(error, signal) {
    if (!error.gone || signal.aborted) return;
    this.stream?.stop();
    this.problem = { text: strings.sessionEnded, startNew: true };
    this.onChange();
  }

  #take(answer, live = true) {
    const messages = Array.isArray(answer) ? answer : answer.messages;
    this.store.merge(messages, live);
    this.store.setState(answer);
    this.onChange();
  }

  #event(event) {
    const { store } = this;
    if (event.type === "message") return this.#take({ messages: [event.message] });
    if (event.type === "state") store.setState(event);
    if (event.type === "read" && event.by !== "learner") store.seenSeq = Math.max(store.seenSeq, event.seq);
    if (event.type === "typing" && event.author !== "learner") this.#typing(event);
    return this.onChange();
  }

  /** Somebody writes, until a moment that is never far: an indicator cannot get stuck. */
  #typing({ author, until_ms }) {
    const left = Math.min(TYPING_MOST_MS, (until_ms > 1e11 ? until_ms - this.store.now() : until_ms) || 0);
    const time = left > 0 ? left : 5000;
    this.store.typing = { author };
    clearTimeout(this.typingEnds);
    this.typingEnds = setTimeout(() => {
      this.store.typing = null;
      this.onChange();
    }, time);
  }
}

/** Whose identity it is. Only to know whether it changed; the desk alone checks the signature. */
function subject(jwt) {
  try {
    const [, payload] = jwt.split(".");
    return String(JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))).sub);
  } catch {
    return jwt;
  }
}
