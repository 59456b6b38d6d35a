/** Demo: visitors try the desk as one of the made-up learners. The choice is kept, so that it holds from page to page. */

const KEPT = "lectern:demo-learner";
const SHOWN_FIRST = 8;

/**
 * @param {import("../chat/element.js").LecternChat} chat
 * @param {HTMLElement|null} chooser only on the front page
 */
export async function demo(chat, chooser) {
  const takeKept = async () => {
    const learner = localStorage.getItem(KEPT);
    if (learner) await take(chat, learner).catch(() => localStorage.removeItem(KEPT));
  };
  chat.addEventListener("lectern:identity", takeKept);
  await takeKept();
  if (!chooser) return;
  const status = chooser.querySelector("[data-demo-status]");
  const guest = chooser.querySelector("[data-demo-guest]");
  const mails = chooser.querySelector("[data-demo-mails]");
  const learners = await load();
  const cards = learners.map(card);
  const items = cards.map(item);
  chooser.querySelector("[data-demo-learners]").replaceChildren(...items);
  chooser.hidden = !cards.length;
  fold(chooser.querySelector("[data-demo-more]"), items, cards);

  const mark = () => {
    const now = localStorage.getItem(KEPT);
    for (const button of cards) button.setAttribute("aria-pressed", String(button.dataset.learner === now));
    guest.setAttribute("aria-pressed", String(!now));
    const chosen = cards.find((button) => button.dataset.learner === now);
    mails.hidden = !chosen;
    if (chosen) {
      mails.href = `/demo/mails/${encodeURIComponent(now)}`;
      mails.textContent = `See the mails the desk has sent to ${chosen.dataset.name}`;
    }
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

/** The first few are enough to begin with; whoever was chosen stays in sight. */
function fold(more, items, cards) {
  const rest = items.slice(SHOWN_FIRST);
  const show = (open) => {
    for (const node of rest) node.hidden = !open;
    more.hidden = open || !rest.length;
  };
  more.textContent = `Show all ${items.length} learners`;
  more.addEventListener("click", () => {
    show(true);
    cards[SHOWN_FIRST].focus();
  });
  show(cards.slice(SHOWN_FIRST).some((button) => button.dataset.learner === localStorage.getItem(KEPT)));
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
