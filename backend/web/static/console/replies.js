/** Saved replies: a list to choose from by typing, and keeping what was just written as a new one. */

import { api } from "./desk.js";
import { query } from "./api.js";
import { ask } from "./dialog.js";
import { action, attr, h, newId, problem, say } from "./ui.js";

/** @param {string} written what stands in the field now @returns {Promise<string|null>} the filled text that was chosen */
export async function pickReply(conversation, written) {
  const wrong = problem();
  const { replies } = await api.get(`/saved-replies${query({ conversation })}`).catch((error) => {
    say(wrong, error.message);
    return { replies: [] };
  });
  let chosen = null;
  const list = h("ul", { role: "listbox", id: newId(), class: "picker", "aria-label": "Saved replies" });
  const input = h("input", { type: "search", role: "combobox", "aria-expanded": "true", "aria-controls": list.id, "aria-autocomplete": "list", "aria-label": "Find a saved reply", autocomplete: "off" });
  const preview = h("p", { class: "preview", dir: "auto" });
  const take = (reply) => {
    chosen = reply.filled ?? reply.text;
    input.closest("dialog").close();
  };
  const picker = choosing({ replies, input, list, preview, take });
  const keep = written && action("Keep what I wrote as a reply", async () => {
    input.closest("dialog").close();
    await editReply({ text: written });
  }, { style: "quiet" });
  const done = ask({ title: "Saved replies", content: [input, list, preview, wrong, keep].filter(Boolean), cancel: "Close", wide: true });
  input.focus();
  picker();
  await done;
  return chosen;
}

/** Typing narrows the list; the arrows move in it without leaving the field. */
function choosing({ replies, input, list, preview, take }) {
  let found = [];
  let at = 0;
  const choose = (index) => {
    at = Math.max(0, Math.min(found.length - 1, index));
    [...list.children].forEach((option, position) => attr(option, "aria-selected", String(position === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    attr(input, "aria-activedescendant", found.length ? `${list.id}-${at}` : null);
    say(preview, found[at]?.filled ?? found[at]?.text);
  };
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = replies.filter(({ title, shortcut, text }) => words.every((word) => `${title} ${shortcut ?? ""} ${text}`.toLowerCase().includes(word)));
    list.replaceChildren(...found.map((reply, index) => h("li", { role: "option", id: `${list.id}-${index}`, onclick: () => take(reply) },
      h("span", {}, reply.title), reply.shortcut && h("kbd", {}, reply.shortcut))));
    list.hidden = !found.length;
    choose(0);
    if (!found.length) say(preview, replies.length ? "Nothing has these words." : "There are no saved replies yet. Write one in the settings.");
  };
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choose(at + step);
    else if (event.key === "Enter" && found[at]) take(found[at]);
    else return;
    event.preventDefault();
  });
  return show;
}

/** A new one, or another wording of one there is. */
export function editReply({ id, title = "", shortcut = "", text = "" }) {
  const help = "{first_name}, {learner_name}, {agent_name} and {case} are filled in.";
  return ask({
    title: id ? "Change the reply" : "New saved reply",
    fields: [
      { name: "title", label: "Title", value: title, required: true, maxlength: 100 },
      { name: "shortcut", label: "Short name", value: shortcut ?? "", maxlength: 30 },
      { name: "text", label: "Text", kind: "textarea", value: text, required: true, help, maxlength: 4000 },
    ],
    submit: "Keep",
    send: (values) => {
      const body = { ...values };
      if (!body.shortcut) delete body.shortcut;
      return id ? api.put(`/saved-replies/${id}`, body) : api.post("/saved-replies", body);
    },
  });
}
