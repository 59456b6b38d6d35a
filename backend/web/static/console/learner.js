import { api, nameOf } from "./desk.js";
import { decideForm } from "./decide.js";
import { place } from "./route.js";
import { action, badge, day, empty, fold, h, human, instant, plain, problem, say } from "./ui.js";
import { outcomeKind, outcomeName, stateName } from "./words.js";

/** What the account holds, list by list: title of a line, its details, and a mark. */
const LISTS = [
  ["enrollments", "Enrolments", (one, called) => [called(one.course), [human(one.mode), `since ${day(one.since)}`, one.completed_at && `completed ${day(one.completed_at)}`], one.ended && badge("Ended")]],
  ["payments", "Payments", (one, called) => [`${plain(one.amount)} · ${called(one.item)}`, [human(one.kind), day(one.at), human(one.method), one.via !== "web" && human(one.via), one.refunded_at && `refunded ${day(one.refunded_at)}`], badge(human(one.status), { completed: "good", failed: "bad", pending: "warn" }[one.status])]],
  ["refunds", "Refunds", (one) => [plain(one.amount), [one.payment, `asked ${day(one.requested_at)}`, one.expected_by && `expected by ${day(one.expected_by)}`]]],
  ["subscriptions", "Subscriptions", (one, called) => [called(one.item), [human(one.plan), `since ${day(one.since)}`, one.trial_ends_at && `trial until ${day(one.trial_ends_at)}`, one.period_ends_at && `paid until ${day(one.period_ends_at)}`, one.cancel_reason && human(one.cancel_reason)], badge(human(one.status), { active: "good", trialing: "warn" }[one.status])]],
  ["certificates", "Certificates", (one, called) => [called(one.course), [`earned ${day(one.earned_at)}`]]],
  ["aid", "Financial Aid", (one, called) => [called(one.course), [`sent ${day(one.submitted_at)}`, `${one.words} words`, one.decided_at && `decided ${day(one.decided_at)}`, one.reason], badge(human(one.status), { approved: "good", denied: "bad", submitted: "warn" }[one.status])]],
  ["submissions", "Assignments", (one) => [one.assignment, [one.score !== null && `score ${one.score}`], badge(human(one.status))]],
];

/** A learner as far as the desk knows: account, lists, cases, conversations, audit; and what can be done for whoever one talks with. */
class Learner extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "complementary");
    this.setAttribute("aria-label", "Learner");
    this.wrong = problem();
    this.tabIndex = 0;
  }

  /** Whoever the conversation is with. @param {object} data the conversation @param {object} view its element */
  async show(data, view) {
    this.view = view;
    if (!data.learner) return this.#guest(data);
    const { audit, cases } = data.learner;
    return this.#ask(data.learner.id, (error) => {
      this.#draw({ learner: data.learner, audit, cases, conversations: data.history, operations: [] });
      say(this.wrong, error.message);
    });
  }

  /** A learner outside of any conversation. */
  async showAlone(id) {
    if (!this.drawn) this.replaceChildren(h("p", { class: "loading" }, "Loading …"));
    await this.#ask(id, (error) => {
      say(this.wrong, error.message);
      this.replaceChildren(this.wrong, h("div", { class: "row" }, error.passing && action("Try again", () => this.showAlone(id))));
    });
  }

  focusName() {
    this.heading?.focus();
  }

  /** What is shown already stays when it cannot be read anew. */
  async #ask(id, failed) {
    if (this.asking) return;
    this.asking = true;
    try {
      this.#draw(await api.get(`/learners/${encodeURIComponent(id)}`));
    } catch (error) {
      if (!this.drawn && error.status !== 401) failed(error);
    } finally {
      this.asking = false;
    }
  }

  #guest(data) {
    if (this.drawn === "guest") return;
    this.drawn = "guest";
    this.heading = h("h3", { tabindex: "-1" }, "Guest");
    this.replaceChildren(this.heading, empty("Nobody is signed in", "A guest has no account here. When they sign in, this fills by itself."), data.page && h("p", { class: "hint" }, `On the page ${data.page}`));
  }

  #draw({ learner, audit = learner.audit ?? [], cases = learner.cases ?? [], conversations = [], operations = [], titles = {} }) {
    const text = JSON.stringify([learner, audit, cases, conversations, operations]);
    if (text === this.drawn) return;
    const active = document.activeElement;
    const focused = this.contains(active);
    const open = new Set([...this.querySelectorAll("details[open]")].map(({ dataset }) => dataset.name));
    const first = !this.drawn;
    this.drawn = text;
    this.decide ??= decideForm(learner.id, this.view);
    this.decide.offer(operations);
    const parts = [
      ["account", fold("Account", account(learner), { open: true })],
      ...LISTS.filter(([name]) => learner[name]?.length).map(([name, title, line]) => [name, list(title, learner[name], (one) => line(one, (id) => titles[id] ?? id), ["enrollments", "payments", "subscriptions"].includes(name))]),
      ["cases", cases.length && list("Cases", cases, caseLine)],
      ["conversations", conversations.length && fold(`${this.view ? "Earlier conversations" : "Conversations"} (${conversations.length})`, h("ul", { class: "records" }, ...conversations.map((one) => earlier(one))), { open: !this.view })],
      ["emails", learner.emails?.length && list("E-mails", [...learner.emails].reverse(), ({ subject, at }) => [subject, [instant(at)]])],
      ["audit", audit.length && list("Audit", [...audit].reverse(), auditLine)],
    ].filter(([, part]) => part);
    for (const [name, part] of parts) {
      part.dataset.name = name;
      if (!first) part.open = open.has(name);
    }
    say(this.wrong, "");
    this.heading = h(this.view ? "h3" : "h2", { tabindex: "-1", dir: "auto" }, learner.name);
    this.replaceChildren(this.heading, this.wrong, this.decide.el, ...parts.map(([, part]) => part));
    // Whoever reads or fills in something here goes on where they were.
    if (focused) (active.isConnected ? active : this.heading).focus({ preventScroll: true });
  }
}

function account(learner) {
  const { sso, status } = learner;
  const facts = [
    ["E-mail", `${learner.email}${learner.email_confirmed ? "" : " (not confirmed)"}`], ["Learner", learner.id], ["Country", learner.country],
    ["Signs in with", plain((learner.sign_ins ?? []).map(human))], ["Company", sso && `${sso.organisation}${sso.linked ? "" : " (not linked)"}`],
    ["Name verified", human(learner.name_verification)], ["ID verified", human(learner.id_verification)], ["Status", status !== "active" && human(status)],
  ];
  return h("dl", { class: "facts" }, ...facts.filter(([, value]) => value).flatMap(([label, value]) => [h("dt", {}, label), h("dd", { dir: "auto" }, value)]));
}

function list(title, rows, line, open = false) {
  return fold(`${title} (${rows.length})`, h("ul", { class: "records" }, ...rows.map((row) => {
    const [name, details, mark] = line(row);
    return h("li", {}, h("span", { class: "record-name", dir: "auto" }, name), mark && " ", mark, h("span", { class: "hint" }, details.filter(Boolean).join(" · ")));
  })), { open });
}

function caseLine({ title, kind, about, status, opened_at: at, text }) {
  return [title ?? human(kind), [text ?? about, `opened ${day(at)}`], badge(human(status), { open: "warn", approved: "good", declined: "bad" }[status])];
}

function auditLine({ operation, target, outcome, actor, at }) {
  const who = actor?.startsWith("staff:") ? nameOf(actor.slice(6)) : human(actor?.split(":")[0]);
  return [[human(operation), target].filter(Boolean).join(" · "), [who, instant(at)], badge(outcomeName(outcome), outcomeKind(outcome))];
}

function earlier({ id, at, state, topic }) {
  return h("li", {}, h("a", { href: place({ id }) }, topic ? human(topic) : `Conversation of ${day(at)}`), h("span", { class: "hint" }, `${instant(at)} · ${stateName(state)}`));
}

customElements.define("desk-learner", Learner);
