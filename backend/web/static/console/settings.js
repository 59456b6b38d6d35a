import { api, desk, loadMembers } from "./desk.js";
import { ask } from "./dialog.js";
import { titled } from "./news.js";
import { editReply } from "./replies.js";
import { action, announce, badge, empty, h, human, instant, problem, say } from "./ui.js";
import { place } from "./route.js";

const ROLES = ["agent", "supervisor", "admin"].map((id) => ({ id, title: human(id) }));
const CODE = { name: "code", label: "Code from the app", required: true, inputmode: "numeric", autocomplete: "one-time-code", maxlength: 8 };

/** One's own sign-in, mentions, saved replies; for admins the members of staff. */
class Settings extends HTMLElement {
  connectedCallback() {
    this.wrong = problem();
    this.own = h("section", { class: "card" });
    this.mentions = h("section", { class: "card" });
    this.replies = h("section", { class: "card" });
    this.members = h("section", { class: "card" });
    this.replaceChildren(h("div", { class: "page" }, h("h1", { tabindex: "-1" }, "Settings"), this.wrong, this.own, this.mentions, this.replies, this.members));
    titled("Settings");
    this.#showOwn();
    this.#guard(this.#showMentions());
    this.#guard(this.#showReplies());
    this.#guard(this.#showMembers());
  }

  async #guard(work) {
    try {
      await work;
      return true;
    } catch (error) {
      if (error.status !== 401) say(this.wrong, error.message);
      return false;
    }
  }

  // --- one's own sign-in ---

  #showOwn() {
    const { me } = desk;
    const state = me.totp ? badge("On", "good") : badge("Off");
    const change = me.totp ? action("Switch off …", () => this.#switchOff()) : action("Set up …", () => this.#setUp(), { style: "primary" });
    this.own.replaceChildren(h("h2", {}, "Your sign-in"), h("p", {}, `${me.name} · ${me.email} · ${human(me.role)}`),
      h("h3", {}, "Second step ", state), h("p", { class: "hint" }, "A code from an authenticator app is asked for after the password."), h("div", { class: "row" }, change));
  }

  async #setUp() {
    let begun;
    if (!(await this.#guard(api.post("/session/totp").then((answer) => { begun = answer; })))) return;
    const done = await ask({
      title: "Set up the second step",
      intro: "Add this to your authenticator app, then type the code it shows.",
      content: h("dl", { class: "facts" }, h("dt", {}, "Secret"), h("dd", {}, h("code", { class: "secret" }, begun.secret)), h("dt", {}, "Link"), h("dd", {}, authenticatorLink(begun.uri))),
      fields: [CODE],
      submit: "Switch on",
      send: ({ code }) => api.post("/session/totp/confirm", { code: code.replace(/\s/g, "") }),
    });
    if (done) this.#switched(true);
  }

  async #switchOff() {
    const done = await ask({
      title: "Switch the second step off",
      fields: [{ name: "password", label: "Your password", kind: "password", required: true, autocomplete: "current-password" }],
      submit: "Switch off",
      danger: true,
      send: ({ password }) => api.delete("/session/totp", { password }),
    });
    if (done) this.#switched(false);
  }

  #switched(on) {
    desk.me.totp = on;
    this.#showOwn();
    announce(`The second step is ${on ? "on" : "off"}`);
    this.own.querySelector("button").focus();
  }

  // --- mentions ---

  async #showMentions() {
    this.mentions.hidden = true;
    const { mentions } = await api.get("/mentions");
    const items = mentions.map((one) => h("li", {}, h("a", { href: place({ id: one.conversation, q: "" }) }, one.by), !one.seen && " ", !one.seen && badge("New", "new"), h("span", { dir: "auto" }, one.text), h("span", { class: "hint" }, instant(one.at))));
    this.mentions.hidden = false;
    this.mentions.replaceChildren(h("h2", {}, "Notes that mention you"), items.length ? h("ul", { class: "records" }, ...items) : empty("Nobody has mentioned you yet"));
    if (mentions.every(({ seen }) => seen)) return;
    await api.post("/mentions/seen");
    window.dispatchEvent(new Event("lectern:mention"));
  }

  // --- saved replies ---

  async #showReplies() {
    this.replies.hidden = true;
    const { replies } = await api.get("/saved-replies");
    const items = replies.map((reply) => h("li", { class: "with-actions" }, h("div", {}, h("span", { class: "record-name", dir: "auto" }, reply.title), " ", reply.shortcut && h("kbd", {}, reply.shortcut), h("span", { class: "hint clamp", dir: "auto" }, reply.text)),
      reply.may_change && h("div", { class: "row" }, action("Change", () => this.#editReply(reply), { style: "quiet", "aria-label": `Change ${reply.title}` }), action("Delete", () => this.#deleteReply(reply), { style: "quiet", "aria-label": `Delete ${reply.title}` }))));
    this.replies.hidden = false;
    this.replies.replaceChildren(h("h2", {}, "Saved replies"), items.length ? h("ul", { class: "records" }, ...items) : empty("No saved reply yet"), h("div", { class: "row" }, action("New reply …", () => this.#editReply({}))));
  }

  async #editReply(reply) {
    if (await editReply(reply)) await this.#guard(this.#showReplies());
    this.replies.querySelector(".button").focus();
  }

  async #deleteReply({ id, title }) {
    const done = await ask({ title: `Delete “${title}”?`, submit: "Delete", danger: true, send: () => api.delete(`/saved-replies/${id}`) });
    if (done) await this.#guard(this.#showReplies());
    this.replies.querySelector(".button").focus();
  }

  // --- members ---

  async #showMembers() {
    this.members.hidden = true;
    const { role } = desk.me;
    const members = await loadMembers();
    if (role !== "admin") return;
    const items = members.map((member) => h("li", { class: "with-actions" },
      h("div", {}, h("span", { class: "record-name", dir: "auto" }, member.name), " ", badge(human(member.role)), " ", member.active === false && badge("Left", "bad"), member.online && badge("Here", "good"), h("span", { class: "hint" }, [member.email, member.totp ? "second step on" : "no second step"].filter(Boolean).join(" · "))),
      member.id !== desk.me.id && action("Change", () => this.#change(member), { style: "quiet", "aria-label": `Change ${member.name}` })));
    this.members.hidden = false;
    this.members.replaceChildren(h("h2", {}, "Members"), h("ul", { class: "records" }, ...items), h("div", { class: "row" }, action("New member …", () => this.#add(), { style: "primary" })));
  }

  async #add() {
    const done = await ask({
      title: "New member",
      fields: [
        { name: "name", label: "Name", required: true, maxlength: 100, help: "Learners see it." },
        { name: "email", label: "E-mail address", kind: "email", required: true, maxlength: 200 },
        { name: "role", label: "Role", kind: "choice", options: ROLES },
        { name: "password", label: "First password", kind: "password", required: true, least: 10, autocomplete: "new-password", help: "At least 10 characters." },
      ],
      submit: "Add",
      send: (values) => api.post("/members", values),
    });
    await this.#again(done);
  }

  async #change(member) {
    const done = await ask({
      title: `Change ${member.name}`,
      fields: [
        { name: "role", label: "Role", kind: "choice", options: ROLES, value: member.role },
        { name: "active", label: "May sign in", kind: "check", value: member.active !== false },
        { name: "password", label: "New password", kind: "password", least: 0, autocomplete: "new-password", help: "Empty: stays as it is." },
      ],
      submit: "Change",
      send: ({ password, ...values }) => api.patch(`/members/${encodeURIComponent(member.id)}`, password ? { ...values, password } : values),
    });
    await this.#again(done);
  }

  async #again(done) {
    if (done) await this.#guard(this.#showMembers());
    this.members.querySelector(".button")?.focus();
  }
}

/** Opens the app where there is one for such links; nothing but that kind is made into a link. */
function authenticatorLink(uri) {
  return String(uri).startsWith("otpauth:") ? h("a", { href: uri, class: "break" }, uri) : h("code", { class: "break" }, uri);
}

customElements.define("desk-settings", Settings);
