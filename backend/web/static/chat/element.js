import { Api } from "./api.js";
import { attr, button, h, icon, say } from "./dom.js";
import { Panel } from "./panel.js";
import { Session } from "./session.js";
import { Store } from "./store.js";
import { strings } from "./strings.js";
import { styles } from "./styles.js";

/**
 * The chat, for any page:
 *
 *     <script type="module" src="https://help.example/static/chat/element.js"></script>
 *     <lectern-chat></lectern-chat>
 *
 * Attributes: `api` (the desk's address; where this script came from unless given), `channel` (web or mobile), `title`,
 * `open`. Methods: `open()`, `close()`, `ask(text)`, `identify(jwt)` for a signed-in learner, `signOut()`.
 * Events: `lectern:open`, `lectern:close`, `lectern:unread` with `detail.count`, `lectern:identity` when the identity
 * has run out and the page should call `identify` with a new one.
 */
export class LecternChat extends HTMLElement {
  static observedAttributes = ["open"];

  #session = null;
  #queue = [];

  connectedCallback() {
    if (this.#session) {
      this.#listen();
      return this.#session.resume();
    }
    const origin = new URL(this.getAttribute("api") || "/", this.hasAttribute("api") ? location.href : import.meta.url).origin;
    const channel = this.getAttribute("channel") === "mobile" ? "mobile" : "web";
    this.openKey = `lectern:${origin}:open`;
    this.#session = new Session({
      api: new Api(origin),
      store: new Store(`lectern:${origin}:${channel}`),
      channel,
      onChange: () => this.#draw(),
      onExpired: () => this.dispatchEvent(new CustomEvent("lectern:identity")),
    });
    this.#build(origin);
    this.#listen();
    this.#draw();
    this.#session.restore();
    this.#queue.splice(0).forEach((call) => call());
    if (this.hasAttribute("open") || this.#remembered()) this.#show(false);
    return undefined;
  }

  disconnectedCallback() {
    this.listening?.abort();
    this.#session?.stop();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#session) return;
    if (now !== null && this.panel.el.hidden) this.#show(true);
    if (now === null && !this.panel.el.hidden) this.#hide();
  }

  open() {
    this.toggleAttribute("open", true);
  }

  close() {
    this.toggleAttribute("open", false);
  }

  /** Opens with these words ready to be sent. */
  ask(text) {
    this.open();
    this.panel.prefill(text);
    this.panel.input.focus();
  }

  /** @param {string} jwt identity signed by the platform; see the learner API */
  identify(jwt) {
    if (!this.#session) return new Promise((done) => this.#queue.push(() => done(this.identify(jwt))));
    return this.#session.identify(jwt).then(() => this.#begin(), (error) => this.#fail(error));
  }

  /** Forgets the learner and the conversation on this device. */
  signOut() {
    if (!this.#session) return;
    this.#session.signOut();
    this.panel.prefill("");
    this.#begin();
  }

  #build(origin) {
    const session = this.#session;
    const desk = {
      session,
      base: `${origin}/`,
      title: this.getAttribute("title") || strings.title,
      now: () => session.store.now(),
      send: (text) => this.#send({ text }, text),
      press: (id, title) => this.#send({ press: id }, title),
      form: (press, form, text) => this.#send({ press, form }, text),
      reauthenticate: (body) => session.reauthenticate(body),
      feedback: (id, helpful) => session.feedback(id, helpful),
      retry: (id) => session.retry(id),
      edit: (id) => this.#edit(id),
      close: () => this.close(),
      // On a phone the panel covers the page that the link has just opened.
      follow: () => matchMedia("(max-width: 479px)").matches && this.close(),
    };
    this.panel = new Panel(desk);
    this.badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
    this.launcher = button("launcher", () => this.open(), icon("chat"), h("span", { class: "label" }, strings.open), this.badge);
    attr(this.launcher, "aria-expanded", "false");
    // The title attribute would be a tooltip over the whole panel.
    this.removeAttribute("title");
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    root.append(this.panel.el, this.launcher);
  }

  #listen() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const session = this.#session;
    addEventListener("online", () => session.store.conv || this.#isOpen() ? session.flush() : this.#draw(), { signal });
    addEventListener("offline", () => this.#draw(), { signal });
    document.addEventListener("visibilitychange", () => this.#draw(), { signal });
    // Another tab has signed out, or begun for somebody else: what is shown here is no longer this visitor's.
    addEventListener("storage", ({ key, newValue }) => {
      if (key !== session.store.key && key !== null) return;
      const id = newValue && JSON.parse(newValue).id;
      if (session.store.conv && id !== session.store.conv.id) {
        session.stop();
        session.store.forget();
        Object.assign(session, { identity: null, sub: null });
        this.panel.log.clear();
        this.close();
        this.#draw();
      }
    }, { signal });
    this.clock = setInterval(() => this.#isOpen() && this.panel.log.tick(), 1000);
    signal.addEventListener("abort", () => clearInterval(this.clock));
  }

  #isOpen() {
    return !this.panel.el.hidden;
  }

  #show(focus) {
    this.panel.el.hidden = false;
    this.launcher.hidden = true;
    this.toggleAttribute("open", true);
    this.#remember(true);
    attr(this.launcher, "aria-expanded", "true");
    this.#begin();
    this.panel.log.toEnd();
    if (focus) this.panel.input.focus();
    this.dispatchEvent(new CustomEvent("lectern:open"));
  }

  #hide() {
    const focused = this.shadowRoot.activeElement;
    this.panel.el.hidden = true;
    this.launcher.hidden = false;
    this.#remember(false);
    attr(this.launcher, "aria-expanded", "false");
    if (focused) this.launcher.focus();
    this.#draw();
    this.dispatchEvent(new CustomEvent("lectern:close"));
  }

  /** A conversation is begun when somebody wants one: while the panel is open. */
  #begin() {
    if (this.#isOpen()) this.#session.ensure();
    this.#draw();
  }

  #fail(error) {
    this.#session.problem = { text: error.message || strings.cannotStart };
    this.#draw();
  }

  #send(body, text) {
    this.panel.input.focus();
    return this.#session.send(body, text);
  }

  #edit(id) {
    const echo = this.#session.store.echo(id);
    this.#session.discard(id);
    this.panel.prefill(echo.body.text);
    this.panel.input.focus();
  }

  #draw() {
    const session = this.#session;
    const { store } = session;
    if (this.shown !== store.conv?.id) {
      this.panel.log.clear();
      this.shown = store.conv?.id;
    }
    this.panel.render();
    if (this.#isOpen() && !document.hidden) session.read();
    const count = this.#isOpen() ? 0 : store.unread();
    say(this.badge, count ? String(count) : "");
    attr(this.launcher, "aria-label", count ? strings.openUnread(count) : strings.open);
    if (count !== this.count) this.dispatchEvent(new CustomEvent("lectern:unread", { detail: { count } }));
    this.count = count;
  }

  /** Open stays open from page to page, in this tab. */
  #remember(open) {
    try {
      sessionStorage.setItem(this.openKey, open ? "1" : "");
    } catch {
      // Storage is forbidden: each page then begins closed.
    }
  }

  #remembered() {
    try {
      return Boolean(sessionStorage.getItem(this.openKey)) && !matchMedia("(max-width: 479px)").matches;
    } catch {
      return false;
    }
  }
}

if (!customElements.get("lectern-chat")) customElements.define("lectern-chat", LecternChat);
