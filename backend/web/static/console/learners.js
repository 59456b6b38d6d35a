import "./learner.js";
import { query } from "./api.js";
import { api, stream } from "./desk.js";
import { onKeys } from "./keys.js";
import { titled } from "./news.js";
import { go, here, learnerPlace } from "./route.js";
import { action, announce, attr, badge, count, day, empty, h, icon, problem, say } from "./ui.js";
import { stateName } from "./words.js";

const ON_RECORD = "By a part of the name or the e-mail address, or by the learner's id. Who searched and who was found is on record.";
/** States of a conversation somebody should know of. */
const GOING_ON = { queued: "queued", agent: "own" };

/** Learners found by name, address or id; the one that is open beside the list, without any conversation. */
class Learners extends HTMLElement {
  connectedCallback() {
    this.#build();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    stream.addEventListener("event", ({ detail }) => detail.type === "resync" && this.panel?.showAlone(here().id), { signal });
    window.addEventListener("lectern:route", () => this.#route(), { signal });
    this.list.addEventListener("keydown", (event) => this.#arrows(event), { signal });
    this.keys = onKeys({
      j: () => this.#step(1), k: () => this.#step(-1), u: () => this.#back(), o: () => this.panel?.focusName(),
      "/": () => this.search.select() ?? this.search.focus(),
    });
    titled("Learners");
    this.#route();
  }

  disconnectedCallback() {
    this.leaving.abort();
    this.keys();
  }

  #build() {
    this.wrong = problem();
    this.again = h("div", { class: "row center", hidden: true }, action("Try again", () => this.#find()));
    this.list = h("ul", { class: "lines", "aria-label": "Learners" });
    this.told = h("div", {});
    this.search = h("input", { type: "search", placeholder: "Name, e-mail or id", "aria-label": "Search learners", maxlength: 200, dir: "auto" });
    const form = h("form", { role: "search", class: "find with-button", onsubmit: (event) => this.#searched(event) }, icon("search"), this.search, h("button", { class: "button small" }, "Search"));
    this.finder = h("section", { class: "finder", "aria-label": "Search" }, form, this.wrong, this.again, this.told, this.list);
    this.stage = h("div", { class: "stage" });
    this.replaceChildren(h("h1", { tabindex: "-1", class: "hidden" }, "Learners"), this.finder, this.stage);
  }

  #route() {
    const { view, id, q } = here();
    if (view !== "learners") return;
    if (document.activeElement !== this.search) this.search.value = q;
    this.classList.toggle("open", Boolean(id));
    this.#open(id);
    if (this.asked !== q) this.#find();
    else this.#mark();
  }

  // --- searching ---

  /** Only when it was asked for, not with every letter: each search is kept. */
  #searched(event) {
    event.preventDefault();
    const q = this.search.value.trim();
    this.asked = null;
    if (q === here().q && !here().id) this.#find();
    else go(learnerPlace("", q));
  }

  async #find() {
    const { q } = here();
    this.asked = q;
    this.list.replaceChildren();
    this.again.hidden = true;
    say(this.wrong, "");
    if (!q) return this.told.replaceChildren(empty("Find a learner", ON_RECORD));
    this.told.replaceChildren(h("p", { class: "loading" }, "Searching …"));
    try {
      const { learners, more } = await api.get(`/learners${query({ q })}`);
      if (q === this.asked) this.#draw(learners, more);
    } catch (error) {
      if (q === this.asked && error.status !== 401) this.#failed(error);
    }
    return undefined;
  }

  #failed(error) {
    this.told.replaceChildren();
    this.again.hidden = !error.passing;
    say(this.wrong, error.message);
  }

  #draw(learners, more) {
    const found = learners.length ? `${count(learners.length, "learner")} found` : "Nobody is found";
    announce(found);
    const all = more ? `Only the first ${learners.length} are shown: more words find fewer.` : found;
    this.told.replaceChildren(learners.length ? h("p", { class: "hint found" }, all) : empty(found, `No name and no e-mail address has “${here().q}” in it, and nobody has this id.`));
    this.list.replaceChildren(...learners.map((one) => h("li", { "data-id": one.id }, line(one))));
    this.#mark();
  }

  // --- the one that is open ---

  #open(id) {
    if (this.panel && this.panel.dataset.id === id) return;
    this.panel = null;
    if (!id) return this.stage.replaceChildren(empty("Nobody is open", "Choose one from the list: j and k move, Enter opens, o goes to what is open, u comes back."));
    const back = h("a", { class: "button small quiet back", href: learnerPlace("") }, icon("back"), h("span", {}, "Learners"));
    this.panel = document.createElement("desk-learner");
    this.panel.dataset.id = id;
    this.stage.replaceChildren(back, this.panel);
    return this.#fill(this.panel, id);
  }

  async #fill(panel, id) {
    const first = !this.everOpened && !this.contains(document.activeElement);
    this.everOpened = true;
    await panel.showAlone(id);
    if (panel === this.panel && !first) panel.focusName();
  }

  #mark() {
    const { id, q } = here();
    for (const item of this.list.children) {
      item.firstChild.href = learnerPlace(item.dataset.id, q);
      attr(item.firstChild, "aria-current", item.dataset.id === id ? "true" : null);
    }
  }

  // --- the keyboard ---

  #back() {
    const { id } = here();
    if (id) go(learnerPlace(""));
    (this.list.querySelector(`[data-id="${CSS.escape(id ?? "")}"] a`) ?? this.list.querySelector("a") ?? this.search).focus();
  }

  #arrows(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    this.#step(step);
    event.preventDefault();
  }

  #step(by) {
    const links = [...this.list.querySelectorAll("a")];
    const now = links.indexOf(document.activeElement);
    const from = now < 0 ? links.findIndex((link) => link.ariaCurrent) : now;
    links[Math.max(0, Math.min(links.length - 1, from < 0 ? 0 : from + by))]?.focus();
  }
}

/** Who it is, and whether somebody of the desk talks with them. */
function line({ id, name, email, country, conversations, conversation_count: all }) {
  const open = conversations.filter(({ state }) => state in GOING_ON);
  const talked = all ? `${count(all, "conversation")}, last ${day(conversations[0].at)}` : "No conversation yet";
  return h("a", { href: learnerPlace(id) },
    h("span", { class: "line-top" }, h("span", { class: "line-name", dir: "auto" }, name), country && h("span", { class: "hint" }, country)),
    h("span", { class: "last", dir: "auto" }, email),
    h("span", { class: "hint" }, talked),
    open.length > 0 && h("span", { class: "marks" }, ...open.map(({ state, topic }) => badge([stateName(state), topic].filter(Boolean).join(" · "), GOING_ON[state]))));
}

customElements.define("desk-learners", Learners);
