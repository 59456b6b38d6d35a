/** Who has a conversation, and the buttons that change it. */

import { api, desk, isMine, loadMembers } from "./desk.js";
import { ask } from "./dialog.js";
import { action, human } from "./ui.js";

/** The buttons that fit the conversation's state. `done` is told after each; `failed` gets what went wrong. */
export function ownerActions(conversation, does) {
  const { state } = conversation;
  if (state === "closed") return [action("Reopen", does.reopen, { key: "p", style: "primary" })];
  if (!isMine(conversation)) return state === "agent" ? [] : [action("Claim", does.claim, { key: "c", style: "primary" })];
  return [
    action("Release to the bot", does.release, { key: "l" }),
    action("Transfer", does.transfer, { key: "t" }),
    action("Close", does.close, { key: "x", style: "primary" }),
  ];
}

/** What can be done, by name, each only where it fits. */
export function ownership(view) {
  const act = async (what, body) => view.changed(await api.post(api.of(view.conversation, what), body));
  const guarded = (fits, does) => () => (view.data && fits(view.data) ? does().catch((error) => view.failed(error)) : undefined);
  return {
    claim: guarded(({ state }) => state === "queued" || state === "bot", () => act("claim")),
    release: guarded(isMine, () => act("release")),
    reopen: guarded(({ state }) => state === "closed", () => act("reopen")),
    transfer: guarded(isMine, () => transfer(act)),
    close: guarded(isMine, () => close(act, view.data.outcomes)),
  };
}

async function transfer(act) {
  const members = await loadMembers();
  const others = members.filter(({ id, active }) => id !== desk.me.id && active !== false);
  const options = [{ id: "", title: "Back to the queue" }, ...others.map(({ id, name, online }) => ({ id, title: online ? `${name} (here)` : name }))];
  await ask({
    title: "Transfer",
    intro: "The learner is told who joins. Leave a note first if there is something to know.",
    fields: [{ name: "to", label: "To", kind: "choice", options }],
    submit: "Transfer",
    send: ({ to }) => act("transfer", to ? { to } : {}),
  });
}

async function close(act, outcomes = ["solved", "answered", "passed_on", "no_reply"]) {
  const options = outcomes.map((outcome) => (typeof outcome === "string" ? { id: outcome, title: human(outcome) } : outcome));
  await ask({
    title: "Close the conversation",
    intro: "The learner is asked for a rating and can open it again by writing.",
    fields: [{ name: "outcome", label: "Outcome", kind: "choice", options }],
    submit: "Close it",
    send: ({ outcome }) => act("close", { outcome }),
  });
}
