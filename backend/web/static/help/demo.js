/** Demo: visitors try the desk as one of the made-up learners. The choice is kept, so that it holds from page to page. */

const KEPT = "lectern:demo-learner";

/**
 * @param {import("../chat/element.js").LecternChat} chat
 * @param {HTMLElement|null} chooser only on the front page
 */
export async function demo(chat, chooser) {
  const kept = localStorage.getItem(KEPT);
  if (kept) await take(chat, kept).catch(() => localStorage.removeItem(KEPT));
  if (!chooser) return;
  const status = chooser.querySelector("[data-demo-status]");
  const guest = chooser.querySelector("[data-demo-guest]");
  const learners = await load();
  const cards = learners.map(card);
  chooser.querySelector("[data-demo-learners]").replaceChildren(...cards.map((button) => item(button)));
  chooser.hidden = !cards.length;

  const mark = () => {
    const now = localStorage.getItem(KEPT);
    for (const button of cards) button.setAttribute("aria-pressed", String(button.dataset.learner === now));
    guest.setAttribute("aria-pressed", String(!now));
  };

  async function choose(id, name) {
    chat.signOut();
    localStorage.removeItem(KEPT);
    mark();
    try {
      if (id) {
        await take(chat, id);
        localStorage.setItem(KEPT, id);
      }
      status.textContent = id ? `You are ${name} now.` : "You are a guest now.";
      chat.open();
    } catch {
      status.textContent = "That didn't work. Please try again.";
    }
    mark();
  }

  for (const button of cards) button.addEventListener("click", () => choose(button.dataset.learner, button.dataset.name));
  guest.addEventListener("click", () => choose(null));
  mark();
}

async function take(chat, learner) {
  const { identity } = await request("/api/v1/demo/identity", { method: "POST", body: JSON.stringify({ learner }), headers: { "Content-Type": "application/json" } });
  await chat.identify(identity);
}

async function load() {
  try {
    return (await request("/api/v1/demo/learners")).learners;
  } catch {
    return [];
  }
}

async function request(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function card({ id, name, about }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "learner";
  button.dataset.learner = id;
  button.dataset.name = name;
  const avatar = part("span", [...name][0] ?? "?");
  avatar.className = "avatar";
  avatar.setAttribute("aria-hidden", "true");
  const words = part("span", "");
  words.append(part("strong", name), part("span", about ?? ""));
  button.append(avatar, words);
  return button;
}

function part(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

function item(button) {
  const node = document.createElement("li");
  node.append(button);
  return node;
}
