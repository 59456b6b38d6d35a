import { api } from "./desk.js";
import { fieldOf } from "./dialog.js";
import { h, problem, say } from "./ui.js";

/** The sign-in form: address and password, then the code of the authenticator where one is set up. */
class SignIn extends HTMLElement {
  connectedCallback() {
    this.wrong = problem();
    this.go = h("button", { class: "button primary" }, "Sign in");
    this.form = h("form", { class: "card sign-in", novalidate: true, onsubmit: (event) => this.#send(event) });
    this.replaceChildren(h("div", { class: "page narrow-page" }, h("h1", { tabindex: "-1" }, "Sign in"),
      h("p", { class: "lead" }, this.again ? "Your session is over. Sign in to go on where you were." : "The console is for the support team."), this.form));
    this.#askPassword();
  }

  #askPassword() {
    this.code = null;
    this.email ??= fieldOf({ name: "email", label: "E-mail address", kind: "email", autocomplete: "username", required: true });
    this.password = fieldOf({ name: "password", label: "Password", kind: "password", autocomplete: "current-password", required: true });
    this.form.replaceChildren(this.email.row, this.password.row, this.wrong, h("div", { class: "row" }, this.go));
    (this.email.value() ? this.password : this.email).input.focus();
  }

  #askCode() {
    this.code = fieldOf({ name: "code", label: "Code from your authenticator app", help: "Six digits; a new one every 30 seconds.", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 8, required: true });
    const back = h("button", { type: "button", class: "button quiet", onclick: () => { say(this.wrong, ""); this.#askPassword(); } }, "Back");
    this.form.replaceChildren(this.code.row, this.wrong, h("div", { class: "row" }, this.go, back));
    this.code.input.focus();
  }

  async #send(event) {
    event.preventDefault();
    const missing = this.#missing();
    say(this.wrong, missing ? "Please fill this in." : "");
    if (missing) return missing.input.focus();
    const body = { email: this.email.value(), password: this.password.value() };
    if (this.code) body.code = this.code.value().replace(/\s/g, "");
    this.go.disabled = true;
    try {
      const { csrf } = await api.post("/session", body);
      api.csrf = csrf;
      // Asked anew: the answer has the settings, too.
      this.dispatchEvent(new CustomEvent("signed-in", { detail: await api.get("/session") }));
    } catch (error) {
      this.#refused(error);
    }
    this.go.disabled = false;
    return undefined;
  }

  #missing() {
    const asked = this.code ? [this.code] : [this.email, this.password];
    return asked.find((field) => !field.value());
  }

  #refused(error) {
    if (error.code === "code_needed") return this.#askCode();
    say(this.wrong, error.message);
    const { input } = this.code ?? this.password;
    input.value = "";
    return input.focus();
  }
}

customElements.define("desk-sign-in", SignIn);
