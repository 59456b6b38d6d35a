import { attr, button, h, icon, iconButton, say } from "./dom.js";
import { link, renderMarkdown, safeUrl } from "./markdown.js";
import { proposalCard, stepCard } from "./cards.js";
import { strings } from "./strings.js";

const RATED_KINDS = new Set(["article", "diagnosis", "decision"]);

/**
 * One entry of the log. Built once and then changed in place: a screen reader is to hear a message a single time.
 * @param {object} item from `Store.items()`
 * @param {object} desk what an entry may do: `press`, `form`, `send`, `reauthenticate`, `retry`, `edit`, `feedback`, `base`, `now`
 * @returns {{el: HTMLElement, update: (item: object, context: object) => void}}
 */
export function messageView(item, desk) {
  const author = item.message?.author ?? "learner";
  const el = h("div", { class: `entry ${author}` });
  const who = h("span", { class: author === "agent" ? "who" : "sr" });
  const body = h("div", { class: "body" });
  const meta = h("p", { class: "meta" });
  el.append(who, h("div", { class: "bubble" }, body), meta);
  const live = author === "learner" ? mine(el, body, meta, desk) : theirs(el, body, meta, item.message, desk);
  return {
    el,
    update(now, context) {
      say(who, speaker(author, now.message?.agent?.name ?? context.agent));
      live(now, context);
    },
  };
}

function speaker(author, agent) {
  if (author === "agent") return strings.agentSays(agent || strings.agentFallback);
  return { learner: strings.you, bot: strings.desk }[author] ?? strings.system;
}

/** Our own words: text as typed, and what became of them. */
function mine(el, body, meta, desk) {
  const status = h("span", {});
  const again = button("text", () => desk.retry(key), strings.tryAgain);
  const edit = button("text", () => desk.edit(key), strings.edit);
  const time = h("span", {});
  meta.append(time, status, again, edit);
  let key;
  return ({ message, echo, key: current }, { seenSeq, lastMine }) => {
    key = current;
    const text = message?.text ?? echo.text;
    if (body.textContent !== text) body.replaceChildren(h("p", { dir: "auto" }, text));
    const failed = echo?.status === "failed";
    el.classList.toggle("failed", failed);
    el.classList.toggle("pending", !message && !failed);
    say(time, message ? clock(message.at) : "");
    const seen = lastMine === key && message?.seq <= seenSeq;
    say(status, echo && !(message && echo.status === "sending") ? echoStatus(echo) : seen ? strings.seen : "");
    again.hidden = !failed || echo.final;
    edit.hidden = !failed || Boolean(message) || !echo.body.text;
  };
}

function echoStatus(echo) {
  return { sending: strings.sending, waiting: strings.waiting, sent: strings.sent }[echo.status] ?? echo.error ?? strings.notSent;
}

/** The desk's words, with all that hangs on them. */
function theirs(el, body, meta, message, desk) {
  if (message.text) body.append(renderMarkdown(message.text, desk.base, message.author !== "bot"));
  const parts = [];
  const bubble = body.parentNode;
  if (message.citations?.length) bubble.append(citations(message.citations, desk));
  if (message.proposal && message.buttons) parts.push(proposalCard(bubble, message, desk));
  if (message.step) parts.push(stepCard(bubble, message, desk));
  if (message.buttons?.length) parts.push(buttons(el, message, desk));
  if (RATED_KINDS.has(message.answer?.kind)) el.append(feedback(message, desk));
  if (message.author === "agent") meta.append(clock(message.at));
  meta.hidden = !meta.textContent;
  return (item, context) => parts.forEach((part) => part(item.message, context));
}

function citations(list, { base, follow }) {
  const items = list.map(({ title, url }) => {
    const target = safeUrl(url, base);
    const anchor = target ? link(target, icon("page"), h("span", { dir: "auto" }, title)) : h("span", {}, title);
    anchor.addEventListener("click", () => follow());
    return h("li", {}, anchor);
  });
  return h("ul", { class: "citations", "aria-label": strings.sources }, ...items);
}

/** Quick replies. One press is enough for all of them: the desk gave them as one question. */
function buttons(el, message, desk) {
  const nodes = message.buttons.map(({ id, title, style }) => {
    const press = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") || desk.press(id, title);
    return button(`reply ${style}`, press, title);
  });
  el.append(h("div", { class: "replies" }, ...nodes));
  return (now, { pressed, expired }) => {
    const chosen = now.buttons.find(({ id, used }) => used || pressed.has(id));
    const dead = chosen || expired(now);
    now.buttons.forEach(({ id }, index) => {
      // Not `disabled`: that would take the focus away from whoever has just pressed it.
      attr(nodes[index], "aria-disabled", dead ? "true" : null);
      nodes[index].classList.toggle("chosen", chosen?.id === id);
    });
  };
}

function feedback(message, desk) {
  const thanks = h("span", { role: "status" });
  const row = h("div", { class: "feedback" }, h("span", {}, strings.helpful));
  const thumb = (helpful) =>
    iconButton(helpful ? "thumb" : "thumb down", "up", helpful ? strings.yes : strings.no, async ({ currentTarget }) => {
      for (const other of row.querySelectorAll("button")) attr(other, "aria-pressed", String(other === currentTarget));
      await desk.feedback(message.id, helpful).then(
        () => say(thanks, strings.thanks),
        (error) => say(thanks, error.message || strings.networkError),
      );
    });
  row.append(thumb(true), thumb(false), thanks);
  return row;
}

/** Hour and minute in the reader's own way; the day as well when it is not today. */
export function clock(at) {
  const then = new Date(at);
  if (Number.isNaN(then.getTime())) return "";
  const today = then.toDateString() === new Date().toDateString();
  return then.toLocaleString([], { ...(today ? {} : { day: "numeric", month: "short" }), hour: "numeric", minute: "2-digit" });
}
