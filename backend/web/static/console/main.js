/** The console: sign-in, the bar on top, and the view that belongs to the address. */

import "./cases.js";
import "./insight.js";
import "./learners.js";
import "./settings.js";
import "./signin.js";
import "./workspace.js";
import { api, desk, loadMembers, stream } from "./desk.js";
import { listenToKeys, onKeys, showHelp } from "./keys.js";
import { followLinks, go, here, place } from "./route.js";
import { setSound, soundIsOn } from "./sound.js";
import { action, announce, attr, h, icon, problem, say } from "./ui.js";
import { watch } from "./news.js";

const VIEWS = { queue: "desk-workspace", cases: "desk-cases", learners: "desk-learners", insight: "desk-insight", settings: "desk-settings" };
const PLACES = [
  ["queue", "/console", "Queue"], ["cases", "/console/cases", "Cases"], ["learners", "/console/learners", "Learners"],
  ["insight", "/console/insight", "Insight"], ["settings", "/console/settings", "Settings"],
];
const main = document.getElementById("main");
const bar = document.getElementById("bar");
const notices = document.getElementById("notices");
let shown = null;

async function begin() {
  try {
    signedIn(await api.get("/session"));
  } catch (error) {
    if (error.status === 401) return;
    const again = h("button", { type: "button", class: "button primary", onclick: () => begin() }, "Try again");
    main.replaceChildren(h("div", { class: "page" }, h("h1", {}, "The console can't start"), problem(error.message), h("div", { class: "row" }, again)));
  }
}

async function signedIn({ staff, csrf, settings = {} }) {
  if (csrf) api.csrf = csrf;
  Object.assign(desk, { me: staff, settings });
  await loadMembers();
  showBar();
  stream.start();
  shown = null;
  show();
}

function signedOut() {
  stream.stop();
  const again = Boolean(desk.me);
  desk.me = null;
  desk.lines.clear();
  bar.querySelectorAll("nav, .tools").forEach((node) => node.remove());
  notices.replaceChildren();
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  const form = document.createElement("desk-sign-in");
  form.again = again;
  form.addEventListener("signed-in", ({ detail }) => signedIn(detail));
  main.replaceChildren(form);
  document.title = "Sign in · Lectern";
  shown = "sign-in";
}

function show() {
  if (!desk.me) return;
  const { view } = here();
  for (const link of bar.querySelectorAll("nav a")) attr(link, "aria-current", link.dataset.view === view ? "page" : null);
  if (shown === view) return;
  const first = shown === null;
  shown = view;
  main.replaceChildren(document.createElement(VIEWS[view] ?? VIEWS.queue));
  if (!first) main.querySelector("h1")?.focus();
}

function showBar() {
  const links = PLACES.map(([view, href, title]) => h("a", { href, "data-view": view }, title, h("span", { class: "badge new", hidden: true })));
  const sound = action("Sound", () => toggleSound(), { style: "quiet", icon: "sound", key: "v", "aria-pressed": String(soundIsOn()) });
  const help = action("Keys", () => showHelp(), { style: "quiet", icon: "keys", key: "?" });
  const out = action("Sign out", leave, { style: "quiet" });
  const who = h("span", { class: "who" }, desk.me.name, h("small", {}, desk.me.role));
  const toggleSound = () => {
    setSound(!soundIsOn());
    attr(sound, "aria-pressed", String(soundIsOn()));
    announce(soundIsOn() ? "Sound is on" : "Sound is off");
  };
  bar.querySelectorAll("nav, .tools").forEach((node) => node.remove());
  bar.append(h("nav", { "aria-label": "Console" }, ...links), h("div", { class: "tools" }, sound, help, who, out));
  onKeys({ "?": showHelp, v: toggleSound });
  showNumbers();
}

/** What waits behind a link of the bar: open cases, notes that name one. */
async function showNumbers() {
  number("cases", desk.counts.cases);
  const { mentions } = await api.get("/mentions").catch(() => ({ mentions: [] }));
  if (desk.me) number("settings", mentions.filter(({ seen }) => !seen).length);
}

function number(view, count) {
  say(bar.querySelector(`nav [data-view="${view}"] span`), count ? String(count) : "");
}

/** Nothing that was written is left in the browser: somebody else may sit down here. */
async function leave() {
  await api.delete("/session").catch(() => {});
  sessionStorage.clear();
  signedOut();
}

/** While there is no connection everything stays readable, and says that it may be old. */
function showConnection(status) {
  if (status === "live") {
    if (notices.firstChild) announce("Connected again");
    notices.replaceChildren();
  } else if (!notices.firstChild) {
    const now = action("Try now", () => stream.hurry(), { style: "quiet" });
    const text = h("p", {}, icon("alert"), h("span", {}, "No connection to the desk. What you see may be old; what you write waits here."));
    notices.replaceChildren(h("div", { class: "offline", role: "region", "aria-label": "Connection" }, text, now));
    announce("No connection to the desk", "urgent");
  }
}

function registerKeys() {
  onKeys({
    "g q": () => go(place({ tab: "waiting", q: "" })),
    "g m": () => go(place({ tab: "mine", q: "" })),
    "g a": () => go(place({ tab: "all", q: "" })),
    "g d": () => go(place({ tab: "closed", q: "" })),
    "g c": () => go("/console/cases"),
    "g l": () => go("/console/learners"),
    "g i": () => go("/console/insight"),
    "g s": () => go("/console/settings"),
  });
}

api.addEventListener("signed-out", signedOut);
stream.addEventListener("status", ({ detail }) => desk.me && showConnection(detail));
window.addEventListener("lectern:route", show);
window.addEventListener("lectern:mention", () => desk.me && showNumbers());
window.addEventListener("lectern:counts", () => desk.me && number("cases", desk.counts.cases));
followLinks();
listenToKeys();
registerKeys();
watch();
begin();
