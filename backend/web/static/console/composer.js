/** Where an agent writes: to the learner, or a private note; with drafts, saved replies, suggestions and mentions. */

import { api, isMine, stream } from "./desk.js";
import { Mentions } from "./mentions.js";
import { pickReply } from "./replies.js";
import { action, announce, attr, h, icon, newId, problem, say } from "./ui.js";

const DRAFT_PAUSE_MS = 700;
const TYPING_EVERY_MS = 3000;
const MOST_SUGGESTIONS = 3;

export class Composer {
  mode = "reply";
  texts = { reply: "", note: "" };
  suggestions = [];

  constructor(view) {
    this.view = view;
    const id = newId();
    this.label = h("label", { for: id, class: "hidden" }, "Reply");
    this.input = h("textarea", { id, rows: 2, dir: "auto", maxlength: 4000 });
    this.modes = ["reply", "note"].map((mode) => action(mode === "reply" ? "Reply" : "Note", () => this.focus(mode), { key: mode[0], style: "mode", "data-mode": mode }));
    this.closed = h("p", { class: "why-not" });
    this.wrong = problem();
    this.offers = h("ul", { class: "suggestions", "aria-label": "Suggested answers" });
    this.pick = action("Saved replies", () => this.saved(), { style: "quiet", key: "e" });
    this.go = h("button", { class: "button small primary" }, icon("send"), h("span", {}, "Send"));
    this.mentions = new Mentions(this.input);
    this.form = h("form", { class: "composer-form", onsubmit: (event) => this.#send(event) }, this.mentions.list, h("div", { class: "writing" }, this.label, this.input, this.go), this.wrong);
    this.el = h("div", { class: "composer" }, this.offers, h("div", { class: "row modes", role: "group", "aria-label": "What to write" }, ...this.modes, this.pick, this.closed), this.form);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => this.keep());
  }

  get canReply() {
    return isMine(this.view.data);
  }

  /** Whether something was typed a moment ago. */
  get isTyping() {
    return Date.now() - (this.typedAt ?? 0) < TYPING_EVERY_MS * 2 && this.canReply;
  }

  show(data, first) {
    if (first) this.texts.reply = this.#kept() || data.draft || "";
    const allowed = isMine(data);
    if (!allowed && this.mode === "reply") this.#switch("note");
    else if (allowed && (first || this.wasAllowed === false) && !this.texts.note) this.#switch("reply");
    else this.#switch(this.mode);
    this.wasAllowed = allowed;
    const owner = data.agent?.name;
    const why = { queued: "Claim it to answer.", bot: "The bot answers. Claim it to take over.", closed: "It is closed.", agent: owner && `Only ${owner} can answer. You can read along and leave a note.` };
    say(this.closed, allowed ? "" : why[data.state]);
    if (allowed && (first || this.suggestedFor === undefined)) this.askedAgain();
    if (!allowed) this.#offer([]);
  }

  /** Goes there with the focus; a reply only where one may be written. */
  focus(mode) {
    if (mode === "reply" && !this.canReply) {
      announce(this.closed.textContent, "urgent");
      return;
    }
    this.#switch(mode);
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** The learner wrote something: other articles may fit now. */
  async askedAgain() {
    if (!this.canReply) return;
    const asked = (this.suggestedFor = {});
    const { suggestions } = await api.get(api.of(this.view.conversation, "suggestions")).catch(() => ({ suggestions: [] }));
    if (asked === this.suggestedFor) this.#offer(suggestions.slice(0, MOST_SUGGESTIONS));
  }

  /** Inserts the best suggested answer, or the one that was pressed. */
  suggest(suggestion = this.suggestions[0]) {
    if (!suggestion) {
      announce("There is no suggested answer");
      return;
    }
    this.focus("reply");
    this.#insert(`${suggestion.short}\n\n[${suggestion.title}](${suggestion.url})`);
  }

  async saved() {
    if (!this.canReply) return this.focus("reply");
    const text = await pickReply(this.view.conversation, this.input.value.trim());
    this.focus("reply");
    if (text) this.#insert(text);
    return undefined;
  }

  restore(text) {
    this.focus("reply");
    if (!this.input.value.includes(text)) this.#insert(text);
  }

  /** The draft goes to the desk, so that it is there at another machine, too. */
  keep() {
    clearTimeout(this.drafting);
    this.texts[this.mode] = this.input.value;
    const { reply } = this.texts;
    if (!this.dirty || !this.canReply) return;
    this.dirty = false;
    api.put(api.of(this.view.conversation, "draft"), { text: reply }).catch(() => { this.dirty = true; });
  }

  leave() {
    if (this.view.data) this.keep();
    clearTimeout(this.resting);
  }

  #switch(mode) {
    if (mode !== this.mode) this.texts[this.mode] = this.input.value;
    const same = mode === this.mode && this.shown;
    this.mode = mode;
    this.shown = true;
    if (!same) this.input.value = this.texts[mode];
    const note = mode === "note";
    this.el.classList.toggle("noting", note);
    this.label.textContent = note ? "Private note" : "Reply to the learner";
    attr(this.input, "placeholder", note ? "Only colleagues see this. @ mentions one." : "Write to the learner");
    this.go.lastChild.textContent = note ? "Keep note" : "Send";
    this.mentions.on = note;
    this.pick.hidden = note;
    for (const button of this.modes) {
      const own = button.dataset.mode;
      attr(button, "aria-pressed", String(own === mode));
      button.disabled = own === "reply" && !this.canReply;
    }
  }

  #typed() {
    this.texts[this.mode] = this.input.value;
    say(this.wrong, "");
    this.mentions.look();
    if (this.mode === "note") return;
    this.dirty = true;
    sessionStorage.setItem(this.#place, this.input.value);
    clearTimeout(this.drafting);
    this.drafting = setTimeout(() => this.keep(), DRAFT_PAUSE_MS);
    this.#tellTyping();
  }

  #tellTyping() {
    const before = this.typedAt ?? 0;
    const now = Date.now();
    if (now - before < TYPING_EVERY_MS) return;
    this.typedAt = now;
    stream.send({ type: "typing", conversation: this.view.conversation });
    this.view.tell(true);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.view.tell(false), TYPING_EVERY_MS * 2);
  }

  #key(event) {
    if (this.mentions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.form.requestSubmit();
    } else if (event.key === "Escape") {
      this.keep();
      this.view.heading.focus();
    }
  }

  async #send(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    if (this.mode === "note") {
      await this.#note(text);
      return;
    }
    this.#empty();
    this.dirty = true;
    this.keep();
    this.typedAt = 0;
    this.view.tell(false);
    await this.view.outbox.send(text);
  }

  async #note(text) {
    try {
      const { note } = await api.post(api.of(this.view.conversation, "notes"), { text });
      this.#empty();
      this.view.transcript.add(note);
      announce("Note kept");
      if (this.canReply) this.focus("reply");
    } catch (error) {
      say(this.wrong, error.message);
    }
  }

  #empty() {
    this.input.value = this.texts[this.mode] = "";
    if (this.mode === "reply") sessionStorage.removeItem(this.#place);
  }

  #insert(text) {
    const { input } = this;
    const before = input.value && input.selectionStart > 0 && !/\s$/.test(input.value.slice(0, input.selectionStart)) ? "\n" : "";
    input.setRangeText(before + text, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input"));
  }

  #offer(list) {
    this.suggestions = list;
    this.offers.hidden = !list.length;
    this.offers.replaceChildren(...list.map((one, index) => h("li", {},
      action(one.title, () => this.suggest(one), { style: "suggestion", icon: "page", key: index ? null : "s", title: one.short.replace(/[*`]/g, ""), "aria-label": `Insert the answer: ${one.title}` }))));
  }

  get #place() {
    return `lectern-console:draft:${this.view.conversation}`;
  }

  #kept() {
    return sessionStorage.getItem(this.#place);
  }
}
