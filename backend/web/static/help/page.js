/** What the help pages gain from JavaScript: suggestions, the chat behind buttons, an answer without a reload, the demo. */
import { suggest } from "./search.js";
import { helpful } from "./helpful.js";
import { demo } from "./demo.js";

const chat = document.getElementById("chat");

for (const node of document.querySelectorAll(".needs-script")) node.hidden = false;
for (const form of document.querySelectorAll("form[data-search]")) suggest(form);
for (const node of document.querySelectorAll("[data-helpful]")) helpful(node);

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-chat], [data-chat-wish]");
  if (!button) return;
  if (button.dataset.chatWish) chat.ask(button.dataset.chatWish);
  else chat.open();
});

for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    chat.ask(form.elements.question.value.trim());
    form.reset();
  });
}

// "/" goes to the search, as readers of documentation expect; not while something is being typed.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, lectern-chat");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.querySelector("form[data-search] input")?.focus();
});

customElements.whenDefined("lectern-chat").then(() => {
  if (chat.hasAttribute("data-demo")) demo(chat, document.querySelector("[data-demo-chooser]"));
});
