/** What all parts of the console share: who is signed in, the API, the stream, what is known about the queue. */

import { Api } from "./api.js";
import { Stream } from "./stream.js";

export const api = new Api();
export const stream = new Stream();

export const desk = {
  me: null,
  settings: {},
  /** Members of staff by id. */
  members: new Map(),
  /** Conversations as the queue shows them, by id. */
  lines: new Map(),
  counts: {},
};

/** Whether this conversation (or line of the queue) is the signed-in member's own. */
export function isMine(conversation) {
  if (conversation?.state !== "agent") return false;
  const owner = ownerOf(conversation);
  return owner ? owner === desk.me.id : conversation.agent?.name === desk.me.name;
}

/** The owner's id, as far as it is told. */
export function ownerOf({ assignee, agent }) {
  return assignee ?? agent?.id ?? null;
}

export function nameOf(staff) {
  return desk.members.get(staff)?.name ?? (staff === desk.me?.id ? desk.me.name : "A colleague");
}

export async function loadMembers() {
  const { members } = await api.get("/members").catch(() => ({ members: [] }));
  desk.members = new Map(members.map((member) => [member.id, member]));
  return members;
}

/** Keeps what was remembered about this browser: sound, keys. Private windows may refuse. */
export const kept = {
  get(key, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(`lectern-console:${key}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`lectern-console:${key}`, JSON.stringify(value));
    } catch {
      // Then it is as it was at the next visit.
    }
  },
};
