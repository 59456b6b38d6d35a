/** One-key shortcuts: never while somebody types, never with a modifier, and they can be switched off. */

import { kept } from "./desk.js";
import { ask } from "./dialog.js";
import { h } from "./ui.js";

const LEADER_MS = 1500;
/** What each key is for, in the order of the help. Views register what they do. */
const HELP = [
  ["Anywhere", [["?", "this help"], ["/", "search the queue, or the learners"], ["g q", "waiting"], ["g m", "mine"], ["g a", "all"], ["g d", "closed"],
    ["g c", "cases"], ["g l", "learners"], ["g i", "insight"], ["g s", "settings"], ["v", "sound on or off"]]],
  ["Queue and learners", [["j k", "next, previous"], ["Enter", "open"], ["u", "back to the list"], ["o", "more about the learner"]]],
  ["Conversation", [["c", "claim"], ["r", "reply"], ["n", "private note"], ["e", "saved replies"], ["s", "insert the suggested answer"],
    ["o", "more about the learner"], ["l", "release to the bot"], ["t", "transfer"], ["x", "close"], ["p", "reopen"]]],
  ["Writing", [["Enter", "send"], ["Shift+Enter", "new line"], ["Escape", "leave the field; the draft is kept"], ["@", "mention a colleague in a note"]]],
];

const handlers = new Map();
let leader = -Infinity;

/** Registers `{key: function}`; the newest of a key wins. @returns a function that takes them away again */
export function onKeys(keys) {
  const given = Object.entries(keys);
  for (const [key, act] of given) handlers.set(key, [act, ...(handlers.get(key) ?? [])]);
  return () => {
    for (const [key, act] of given) handlers.set(key, (handlers.get(key) ?? []).filter((other) => other !== act));
  };
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isText(event.target)) return;
    if (document.querySelector("dialog[open]") || !kept.get("keys", true)) return;
    const led = performance.now() - leader < LEADER_MS;
    leader = event.key === "g" && !led ? performance.now() : -Infinity;
    const act = handlers.get(led ? `g ${event.key}` : event.key)?.[0];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}

function isText(node) {
  return node.isContentEditable || /^(TEXTAREA|SELECT)$/.test(node.tagName) || (node.tagName === "INPUT" && !/^(checkbox|radio|button)$/.test(node.type));
}

export function showHelp() {
  const groups = HELP.map(([title, keys]) =>
    h("section", {}, h("h3", {}, title), h("dl", { class: "keys" }, ...keys.flatMap(([key, what]) => [
      h("dt", {}, ...key.split(" ").flatMap((one, index) => [index ? " " : "", h("kbd", {}, one)])), h("dd", {}, what)]))));
  const on = h("input", { type: "checkbox", id: "keys-on", checked: kept.get("keys", true) });
  on.addEventListener("change", () => kept.set("keys", on.checked));
  const content = [h("div", { class: "help-keys" }, ...groups), h("label", { class: "check", for: "keys-on" }, on, h("span", {}, "One-key shortcuts are on"))];
  return ask({ title: "Keys", content, cancel: "Close", wide: true });
}
