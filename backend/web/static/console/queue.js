import { api, desk, isMine, nameOf, ownerOf, stream } from "./desk.js";
import { query } from "./api.js";
import { onKeys } from "./keys.js";
import { loadCounts, titled } from "./news.js";
import { go, here, place } from "./route.js";
import { action, announce, attr, badge, clock, count, empty, h, icon, lasting, problem, say } from "./ui.js";
import { learnerName, stateName, whyName } from "./words.js";

/** What a tab asks for, whether a line belongs to it, and what its emptiness means. */
const TABS = {
  waiting: { title: "Waiting", ask: { state: "queued" }, has: ({ state }) => state === "queued", count: "queued", empty: ["Nobody is waiting", "New work rings and shows in the page's title."] },
  mine: { title: "Mine", ask: { state: "agent", assignee: "me" }, has: isMine, count: "mine", empty: ["You have no conversation", "Claim one from Waiting with c."] },
  all: { title: "All", ask: { state: "all" }, has: () => true, empty: ["No conversation yet", "Whoever writes on the help page appears here."] },
  closed: { title: "Closed", ask: { state: "closed" }, has: ({ state }) => state === "closed", count: "closed", empty: ["Nothing has been closed yet"] },
};
const SEARCH_PAUSE_MS = 300;

/** The list of conversations, live, with its tabs and search; the filters stand in the address. */
class Queue extends HTMLElement {
  connectedCallback() {
    this.items = new Map();
    this.ids = [];
    this.wrong = problem();
    this.list = h("ul", { class: "lines", "aria-label": "Conversations" });
    this.none = h("div", {});
    this.tabs = h("nav", { class: "tabs", "aria-label": "Queues" });
    this.search = h("input", { type: "search", id: "queue-search", placeholder: "Search names and words", "aria-label": "Search conversations", maxlength: 200, dir: "auto" });
    this.append(this.tabs,
      h("form", { role: "search", class: "find", onsubmit: (event) => event.preventDefault() }, icon("search"), this.search), this.wrong, this.none, this.list);
    this.search.addEventListener("input", () => this.#searched());
    this.search.addEventListener("keydown", (event) => this.#leaveSearch(event));
    this.list.addEventListener("keydown", (event) => this.#arrows(event));
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    stream.addEventListener("event", ({ detail }) => this.#heard(detail), { signal });
    window.addEventListener("lectern:route", () => this.#route(), { signal });
    window.addEventListener("lectern:counts", () => this.#showTabs(), { signal });
    this.ticking = setInterval(() => this.#tick(), 1000);
    this.keys = onKeys({ j: () => this.#step(1), k: () => this.#step(-1), "/": () => this.search.select() ?? this.search.focus(), c: () => this.#claim() });
    this.#route();
    loadCounts();
  }

  disconnectedCallback() {
    this.leaving.abort();
    clearInterval(this.ticking);
    clearTimeout(this.pause);
    this.keys();
  }

  /** Puts the focus on the list: on this conversation, or on the first. */
  focusList(id) {
    const item = this.items.get(id) ?? this.items.get(this.ids[0]);
    (item?.link ?? this.tabs.querySelector("[aria-current]") ?? this.search).focus();
  }

  get tab() {
    return TABS[here().tab] ?? TABS.waiting;
  }

  #route() {
    const { view, tab, q } = here();
    if (view !== "queue") return;
    const asked = `${tab}\n${q}`;
    if (document.activeElement !== this.search) this.search.value = q;
    this.#showTabs();
    if (this.asked === asked) return this.#draw();
    this.asked = asked;
    this.ids = [];
    return this.load();
  }

  async load() {
    const { asked } = this;
    try {
      const { conversations } = await api.get(`/conversations${query({ ...this.tab.ask, q: here().q })}`);
      if (asked !== this.asked) return;
      const now = Date.now();
      for (const line of conversations) desk.lines.set(line.id, { ...line, receivedAt: now });
      this.ids = conversations.map(({ id }) => id);
      this.loaded = asked;
      say(this.wrong, "");
    } catch (error) {
      if (error.status !== 401) say(this.wrong, error.message);
    }
    this.#draw();
  }

  #heard(event) {
    if (event.type === "resync") this.load();
    if (event.type === "presence") this.#presence(event);
    if (event.type !== "conversation") return;
    const { conversation } = event;
    conversation.receivedAt = Date.now();
    desk.lines.set(conversation.id, conversation);
    const known = this.ids.includes(conversation.id);
    const belongs = this.tab.has(conversation);
    // Only the desk can tell whether a new one has the words that are searched for.
    if (!known && belongs && here().q) this.#later();
    else if (!known && belongs) this.ids.push(conversation.id);
    else if (known && !belongs) this.ids = this.ids.filter((id) => id !== conversation.id);
    this.#draw();
  }

  #presence({ conversation, viewers }) {
    const line = desk.lines.get(conversation);
    if (line) Object.assign(line, { viewers });
    this.#draw();
  }

  #searched() {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => go(place({ id: here().id, q: this.search.value.trim() }), true), SEARCH_PAUSE_MS);
  }

  #later() {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.load(), SEARCH_PAUSE_MS);
  }

  #leaveSearch(event) {
    if (event.key === "Enter" || event.key === "ArrowDown") this.focusList();
    else if (event.key === "Escape" && this.search.value) this.search.value = "";
    else if (event.key === "Escape") this.focusList(here().id);
    else return;
    if (event.key === "Escape") this.#searched();
    event.preventDefault();
  }

  #arrows(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const end = { Home: 0, End: this.ids.length - 1 }[event.key];
    if (step) this.#step(step);
    else if (end !== undefined) this.items.get(this.ids[end])?.link.focus();
    else return;
    event.preventDefault();
  }

  #step(by) {
    if (!this.ids.length) return;
    const now = this.ids.indexOf(this.current);
    const next = document.activeElement?.closest("desk-queue li") || here().id ? now + by : now < 0 ? 0 : now;
    const item = this.items.get(this.ids[Math.max(0, Math.min(this.ids.length - 1, next))]);
    item?.link.focus();
  }

  /** From the list, without opening it first. An open conversation has a `c` of its own. */
  async #claim() {
    const id = this.current;
    if (!id || !["queued", "bot"].includes(desk.lines.get(id)?.state)) return;
    try {
      await api.post(api.of(id, "claim"));
      say(this.wrong, "");
      go(place({ id, tab: "mine", q: "" }));
    } catch (error) {
      say(this.wrong, error.message);
      this.load();
    }
  }

  #showTabs() {
    const { tab: now } = here();
    const numbers = desk.counts;
    if (!this.tabs.childElementCount) {
      this.tabs.append(...Object.entries(TABS).map(([id, { title }]) => h("a", { "data-tab": id }, title, h("span", { class: "number" }))));
    }
    for (const link of this.tabs.children) {
      const { tab } = link.dataset;
      link.href = place({ tab, id: here().id });
      attr(link, "aria-current", tab === now ? "page" : null);
      const number = numbers[TABS[tab].count];
      say(link.lastChild, number === undefined ? "" : String(number));
    }
    titled(here().id ? document.querySelector("desk-conversation h2")?.textContent || "Queue" : `${this.tab.title}`);
  }

  #draw() {
    const waiting = this.tab === TABS.waiting;
    const lines = this.ids.map((id) => desk.lines.get(id)).filter((line) => line && this.tab.has(line));
    lines.sort(waiting ? urgentFirst : newestFirst);
    this.ids = lines.map(({ id }) => id);
    for (const [id, item] of this.items) {
      if (this.ids.includes(id)) continue;
      const focused = item.el.contains(document.activeElement);
      item.el.remove();
      this.items.delete(id);
      if (focused) this.focusList();
    }
    if (!this.ids.includes(this.current)) this.current = this.ids.includes(here().id) ? here().id : this.ids[0];
    lines.forEach((line, index) => {
      let item = this.items.get(line.id);
      if (!item) this.items.set(line.id, (item = lineView(line.id, (id) => this.#focused(id))));
      item.update(line, line.id === this.current);
      if (this.list.children[index] !== item.el) moved(this.list, item.el, index);
    });
    this.#drawEmpty();
  }

  #drawEmpty() {
    const nothing = this.loaded === this.asked && !this.ids.length;
    const [title, text] = here().q ? ["Nothing found", `No conversation in “${this.tab.title}” has these words.`] : this.tab.empty;
    this.none.replaceChildren(nothing ? empty(title, text) : "");
    if (nothing && here().q) this.none.append(h("div", { class: "row center" }, action("Search in all", () => go(place({ tab: "all" })), { style: "quiet" })));
    if (here().q && this.said !== `${this.asked}${this.ids.length}` && this.loaded === this.asked) {
      this.said = `${this.asked}${this.ids.length}`;
      announce(`${count(this.ids.length, "conversation")} found`);
    }
  }

  #focused(id) {
    this.current = id;
    for (const [other, { link }] of this.items) attr(link, "tabindex", other === id ? "0" : "-1");
  }

  #tick() {
    for (const { tick } of this.items.values()) tick();
  }
}

function urgentFirst(one, other) {
  return (other.urgency ?? Number(other.urgent)) - (one.urgency ?? Number(one.urgent)) || String(one.queued_at).localeCompare(String(other.queued_at));
}

function newestFirst(one, other) {
  return String(other.updated_at).localeCompare(String(one.updated_at));
}

/** Moves without losing the focus, which taking a node out would. */
function moved(list, node, index) {
  const focused = node.contains(document.activeElement) && document.activeElement;
  list.insertBefore(node, list.children[index] ?? null);
  if (focused) focused.focus();
}

/** One line: who, why, since when, the last words. Built once, changed in place. */
function lineView(id, onfocus) {
  const name = h("span", { class: "line-name", dir: "auto" });
  const waited = h("span", { class: "waited" });
  const marks = h("span", { class: "marks" });
  const about = h("span", { class: "about" });
  const last = h("span", { class: "last", dir: "auto" });
  const link = h("a", { onfocus: () => onfocus(id) }, h("span", { class: "line-top" }, name, waited), marks, about, last);
  const el = h("li", {}, link);
  let line;
  const tick = () => {
    const seconds = waitedFor(line);
    const text = seconds === null ? clock(line.updated_at) : lasting(seconds);
    if (waited.textContent !== text) waited.textContent = text;
    waited.classList.toggle("long", seconds !== null && seconds > 300);
  };
  return {
    el,
    link,
    tick,
    update(now, current) {
      line = now;
      link.href = place({ id });
      attr(link, "tabindex", current ? "0" : "-1");
      attr(link, "aria-current", here().id === id ? "true" : null);
      name.textContent = learnerName(now);
      say(about, [now.topic, now.state === "queued" && now.why ? whyName(now.why) : null].filter(Boolean).join(" · "));
      say(last, now.last_message?.text ?? "");
      marks.replaceChildren(...marksOf(now));
      tick();
    },
  };
}

function marksOf(line) {
  const others = (line.viewers ?? []).filter(({ id }) => id !== desk.me.id);
  const owner = line.state === "agent" && (isMine(line) ? "Yours" : (line.agent?.name ?? nameOf(ownerOf(line))));
  return [
    (line.urgency > 0 || line.urgent) && badge("Urgent", "bad"),
    badge(owner || stateName(line.state), isMine(line) ? "own" : line.state),
    line.unread > 0 && line.state !== "closed" && badge(`${line.unread} new`, "new"),
    others.length > 0 && h("span", { class: "viewers" }, icon("eye"), h("span", {}, others.map(({ name, typing }) => (typing ? `${name} writes` : name)).join(", "))),
  ].filter(Boolean);
}

/** Seconds in the queue, by the desk's own clock where it told. */
function waitedFor(line) {
  if (line.state !== "queued") return null;
  if (typeof line.waiting_seconds === "number") return line.waiting_seconds + (Date.now() - line.receivedAt) / 1000;
  return line.queued_at ? (Date.now() - Date.parse(line.queued_at)) / 1000 : null;
}

customElements.define("desk-queue", Queue);
