/** What happens elsewhere: keeps lines and counts up to date, rings for new work and shows it in the page's title. */

import { api, desk, isMine, stream } from "./desk.js";
import { ring } from "./sound.js";
import { announce } from "./ui.js";
import { learnerName, whyName } from "./words.js";

let title = "Console";

/** The view's own title; new work stands in front of it. */
export function titled(text) {
  title = text;
  showTitle();
}

export function watch() {
  stream.addEventListener("event", ({ detail }) => heard(detail));
  stream.addEventListener("status", ({ detail }) => detail === "live" && loadCounts());
}

export async function loadCounts() {
  const counts = await api.get("/counts").catch(() => null);
  if (counts) count(counts);
}

function heard(event) {
  if (event.type === "conversation") news(event.conversation);
  else if (event.type === "counts") count(event);
  else if (event.type === "resync" || event.type === "case") loadCounts();
  else if (event.type === "mention") mentioned(event);
}

function count({ type, ...counts }) {
  desk.counts = { ...desk.counts, ...counts };
  window.dispatchEvent(new Event("lectern:counts"));
  showTitle();
}

function news(line) {
  const before = desk.lines.get(line.id);
  desk.lines.set(line.id, line);
  const who = learnerName(line);
  if (line.state === "queued" && before?.state !== "queued") {
    ring();
    const urgent = line.urgency > 0 || line.urgent;
    announce(`${urgent ? "Urgent: " : ""}${who} is waiting. ${line.why ? whyName(line.why) : ""}`, urgent ? "urgent" : "polite");
  } else if (isMine(line) && before && (line.unread ?? 0) > (before.unread ?? 0) && document.hidden) {
    ring();
  } else if (isMine(line) && before && !isMine(before) && before.state === "agent") {
    ring();
    announce(`${who} was passed on to you`);
  }
  showTitle();
}

function mentioned({ mention }) {
  ring();
  announce(`${mention?.by ?? "A colleague"} mentioned you in a note`);
  window.dispatchEvent(new Event("lectern:mention"));
}

function showTitle() {
  if (!desk.me) return;
  const lines = [...desk.lines.values()];
  const waiting = desk.counts.queued ?? lines.filter(({ state }) => state === "queued").length;
  const unread = lines.filter(isMine).reduce((sum, line) => sum + (line.unread ?? 0), 0);
  document.title = `${waiting + unread ? `(${waiting + unread}) ` : ""}${title} · Lectern`;
}
