/** What the records' codes are called on the page. */

import { human } from "./ui.js";

const STATES = { bot: "With the bot", queued: "Waiting", agent: "With an agent", closed: "Closed" };
const WHY = {
  asked: "Asked for a person",
  distress: "In distress",
  account_taken_over: "Account taken over",
  not_understood: "The bot did not understand",
  unsure: "The bot was not sure",
  not_helpful: "The answer did not help",
  transferred: "Passed on by a colleague",
  reopened: "Reopened",
  agent_silent: "The agent was silent",
  agent_left: "The agent is no longer in the team",
};
const WHY_NOT = {
  learners_own: "This cannot be offered: the learner has to do it themself in the chat, after signing in again.",
  supervisors_only: "A supervisor may overrule this.",
  cannot_overrule: "This is not a matter of goodwill: it cannot be overruled.",
};
const OUTCOMES = { granted: "Granted", refused: "Refused", needs_facts: "Not everything is known", refer_to_agent: "A person decides" };
const AUTHORS = { learner: "Learner", bot: "Bot", agent: "Agent", system: "Desk" };

export const stateName = (code) => STATES[code] ?? human(code);
export const whyName = (code) => WHY[code] ?? human(code);
export const whyNotText = (code) => WHY_NOT[code] ?? human(code);
export const outcomeName = (code) => OUTCOMES[code] ?? human(code);
export const authorName = (code) => AUTHORS[code] ?? human(code);

/** How an outcome is coloured. */
export function outcomeKind(code) {
  return { granted: "good", refused: "bad", confirmed: "good", declined: "", done: "good", approved: "good" }[code] ?? "warn";
}

/** Who a conversation is with. */
export function learnerName(conversation) {
  return conversation?.learner?.name ?? "Guest";
}
