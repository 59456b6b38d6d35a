import { query } from "./api.js";
import { api, stream } from "./desk.js";
import { ask } from "./dialog.js";
import { onKeys } from "./keys.js";
import { titled } from "./news.js";
import { here, place } from "./route.js";
import { action, announce, attr, badge, day, empty, h, human, instant, problem, say } from "./ui.js";

const STATUSES = { open: "Open", approved: "Approved", declined: "Declined", done: "Done", all: "All" };

/** Work that outlives a conversation: approved, or declined with a reason the learner is told. */
class CasesPage extends HTMLElement {
  connectedCallback() {
    this.wrong = problem();
    this.list = h("ul", { class: "cases" });
    this.none = h("div", {});
    this.tabs = h("nav", { class: "tabs", "aria-label": "Cases" });
    this.replaceChildren(h("div", { class: "page" }, h("h1", { tabindex: "-1" }, "Cases"), this.tabs, this.wrong, this.none, this.list));
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    stream.addEventListener("event", ({ detail }) => ["case", "resync"].includes(detail.type) && this.load(), { signal });
    window.addEventListener("lectern:route", () => here().view === "cases" && this.load(), { signal });
    this.keys = onKeys({ j: () => this.#step(1), k: () => this.#step(-1) });
    titled("Cases");
    this.load();
  }

  disconnectedCallback() {
    this.leaving.abort();
    this.keys();
  }

  get status() {
    const { params } = here();
    return params.get("status") in STATUSES ? params.get("status") : "open";
  }

  async load() {
    const { status } = this;
    this.tabs.replaceChildren(...Object.entries(STATUSES).map(([id, title]) => h("a", { href: `/console/cases${query({ status: id })}`, "aria-current": id === status && "page" }, title)));
    try {
      const { cases } = await api.get(`/cases${query({ status: status === "all" ? "" : status })}`);
      if (status === this.status) this.#draw(cases);
      say(this.wrong, "");
    } catch (error) {
      if (error.status !== 401) say(this.wrong, error.message);
    }
  }

  #draw(cases) {
    const focused = document.activeElement?.closest("desk-cases li")?.dataset.id;
    this.list.replaceChildren(...cases.map((one) => this.#line(one)));
    this.none.replaceChildren(cases.length ? "" : empty(this.status === "open" ? "No open case" : "Nothing here", "Refunds of Plus, corrected names, reports and applications for aid that need a person appear here."));
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  #line(one) {
    const heading = h("h2", { dir: "auto" }, one.title ?? human(one.kind), " ", badge(human(one.status), { open: "warn", approved: "good", declined: "bad" }[one.status]), one.urgent && " ", one.urgent && badge("Urgent", "bad"));
    const who = one.learner_name ?? "Guest";
    const line = h("p", { class: "hint" }, h("span", { dir: "auto" }, who), ` · opened ${instant(one.opened_at)}`, one.about && ` · ${one.about}`, one.asked_by && ` · asked for by ${one.asked_by}`,
      one.conversation && " · ", one.conversation && h("a", { href: place({ id: one.conversation }) }, "Conversation"));
    return h("li", { class: "card", tabindex: "-1", "data-id": one.id }, heading, line, one.text && h("p", { dir: "auto", class: "typed" }, one.text), ...this.#decision(one));
  }

  #decision(one) {
    if (one.status !== "open") {
      return [one.decided_at && h("p", { class: "hint" }, `${human(one.status)} ${day(one.decided_at)}${one.decided_by_name ? ` by ${one.decided_by_name}` : ""}`), one.reason && h("blockquote", { dir: "auto" }, one.reason)].filter(Boolean);
    }
    if (one.can_decide === false) return [h("p", { class: "hint" }, "A second person, or somebody with more rights, has to decide this one.")];
    return [h("div", { class: "row" }, action("Approve", () => this.#decide(one, "approve"), { style: "primary" }), action("Decline", () => this.#decide(one, "decline")))];
  }

  async #decide(one, what) {
    const declines = what === "decline";
    const done = await ask({
      title: `${declines ? "Decline" : "Approve"}: ${one.title ?? human(one.kind)}`,
      intro: declines ? "The learner is told the reason." : "It is carried out at once, in your name.",
      fields: [{ name: "reason", label: declines ? "Reason" : "Note (optional)", kind: "textarea", required: declines, maxlength: 2000 }],
      submit: declines ? "Decline" : "Approve",
      danger: declines,
      send: ({ reason }) => api.post(`/cases/${encodeURIComponent(one.id)}/${what}`, reason ? { reason } : {}),
    });
    if (!done) return;
    announce(declines ? "Declined" : "Approved");
    await this.load();
    this.querySelector("h1").focus();
  }

  #step(by) {
    const items = [...this.list.children];
    const now = items.indexOf(document.activeElement?.closest("li"));
    items[Math.max(0, Math.min(items.length - 1, now + by))]?.focus();
  }
}

customElements.define("desk-cases", CasesPage);
