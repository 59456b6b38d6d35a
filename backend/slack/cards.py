"""How a conversation and a case look in the support channel; people's own words stand there as quotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backend.slack import blocks
from backend.slack.blocks import Json
from backend.slack.parts import Parts
from backend.slack.text import LONGEST_SECTION, escape, mrkdwn, pieces, quoted
from backend.store.desk_models import CaseRow, ConversationRow, OwnershipRow
from backend.wording import spoken

# The quotation's signs come on top of the text.
_PIECE = LONGEST_SECTION - 400


class Cards:
    """Words and blocks for the mirror."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    # --- conversations ---------------------------------------------------------------------------------------------

    def conversation(self, seen: Mapping[str, Any], owner: OwnershipRow, agent: str | None) -> Json:
        """A conversation's card: who it is with, why it waits, what it is about, and what can be pressed."""
        parts = self._parts
        state = parts.say(f"state_{owner.state}", name=agent or parts.say("nobody"))
        name = self._learner(seen)
        title = parts.say("card_title", state=state, name=name)
        facts = {"why": self._why(owner), "since": owner.queued_at or owner.since, "channel": seen["channel"]}
        shown = [blocks.section(f"*{escape(title)}*"), blocks.context(escape(parts.say("card_facts", facts)))]
        if owner.state in ("queued", "agent"):
            shown += self._summary(seen["summary"])
        return blocks.message(title, [*shown, *self._buttons(seen["id"], owner, seen.get("learner"))])

    def _learner(self, seen: Mapping[str, Any]) -> str:
        learner = seen.get("learner")
        if not learner:
            return self._parts.say("guest")
        return learner["name"] if self._parts.shows_personal_data else learner["id"]

    def _why(self, owner: OwnershipRow) -> str:
        why = owner.why or "asked"
        key = f"why_{why}"
        words = self._parts.say(key) if self._parts.services.wording.has(f"slack_{key}") else why.replace("_", " ")
        return self._parts.say("urgent_mark", why=words) if owner.urgency else words

    def _summary(self, summary: Mapping[str, Any]) -> list[Json]:
        """What was asked, decided and done: from records, not from anybody's imagination."""
        parts, shown = self._parts, []
        if parts.shows_personal_data and summary["asked"]:
            asked = "\n".join(quoted(text[:500]) for text in summary["asked"])
            shown.append(blocks.section(f"{escape(parts.say('summary_asked'))}\n{asked}"))
        decided = [
            parts.say("summary_decision", {**one, **_told(one), "outcome": self._outcome(one)})
            for one in summary["decided"][-3:]
        ]
        decided += [
            parts.say("summary_proposal", {**one, "target": one["target"] or None}) for one in summary["proposals"]
        ]
        if decided:
            shown.append(blocks.context(escape("\n".join(decided))))
        return shown

    def _outcome(self, decision: Mapping[str, Any]) -> str:
        return self._parts.say(f"outcome_{decision['outcome']}")

    def _buttons(self, conversation_id: str, owner: OwnershipRow, learner: Mapping[str, Any] | None) -> list[Json]:
        say = self._parts.say
        console = blocks.address(say("button_console"), self._parts.console_url(conversation_id))
        if owner.state == "queued":
            claim = blocks.button("lectern_claim", say("button_claim"), conversation_id, "primary")
            return [blocks.actions(claim, console)]
        if owner.state != "agent":
            return []
        reply = blocks.button("lectern_reply", say("button_reply"), conversation_id, "primary")
        look = [blocks.button("lectern_look", say("button_look"), conversation_id)] if learner else []
        release = blocks.button("lectern_release", say("button_release"), conversation_id)
        close = blocks.button("lectern_close", say("button_close"), conversation_id)
        return [blocks.actions(reply, *look, release, close, console)]

    def owner(self, owner: OwnershipRow, agent: str | None, before: str | None) -> Json:
        """A line in the thread: who has it now."""
        values = {"name": agent or before or self._parts.say("nobody")}
        lines = [self._parts.say(f"thread_{owner.state}", values)]
        if owner.state == "agent":
            lines.append(self._parts.say("thread_how"))
        text = mrkdwn("\n".join(lines))
        return blocks.message(lines[0], [blocks.context(text)])

    def so_far(self, messages: Iterable[Mapping[str, Any]]) -> list[Json]:
        """What was said before somebody took over."""
        messages = [message for message in messages if message["author"] != "system"]
        if not messages or not self._parts.shows_personal_data:
            return []
        lines = [f"*{escape(self._author(message, None))}*\n{quoted(message['text'])}" for message in messages]
        title = self._parts.say("so_far")
        texts = pieces("\n".join([f"_{escape(title)}_", *lines]), LONGEST_SECTION)
        return [blocks.message(title, [blocks.section(text)]) for text in texts]

    def message(self, message: Mapping[str, Any], learner: str | None) -> list[Json]:
        """One message of the conversation, as it stands in the thread; none for what the thread says by itself."""
        if message["author"] == "system":
            return []
        author = self._author(message, learner)
        if not self._parts.shows_personal_data:
            text = self._parts.say("message_hidden", author=self._parts.say(f"author_{message['author']}"))
            return [blocks.message(text, [blocks.context(mrkdwn(text))])]
        told = [
            blocks.message(f"{author}: {piece}", [blocks.context(f"*{escape(author)}*"), blocks.section(quoted(piece))])
            for piece in pieces(message["text"], _PIECE)
        ]
        if message["author"] == "agent":
            told[-1]["blocks"].append(blocks.context(escape(self._parts.say("sent_to_learner"))))
        return told

    def _author(self, message: Mapping[str, Any], learner: str | None) -> str:
        if message["author"] == "learner" and learner:
            return learner
        if message["author"] == "agent" and message.get("agent"):
            return self._parts.say("agent_to_learner", name=message["agent"]["name"])
        return self._parts.say(f"author_{message['author']}")

    def urgent(self, row: ConversationRow, owner: OwnershipRow) -> Json:
        """Calls whoever is at their desk."""
        text = self._parts.say("alert_urgent", why=self._why(owner))
        console = blocks.address(self._parts.say("button_console"), self._parts.console_url(row.id))
        claim = blocks.button("lectern_claim", self._parts.say("button_claim"), row.id, "danger")
        return blocks.message(text, [blocks.section(f"<!here> {mrkdwn(text)}"), blocks.actions(claim, console)])

    # --- cases -----------------------------------------------------------------------------------------------------

    def case(self, case: CaseRow, learner: str | None, names: Mapping[str, str], reasons: Iterable[str]) -> Json:
        """A case: what is asked for, by whom, and the two buttons; decided, by whom and with which reason."""
        parts, shows = self._parts, self._parts.shows_personal_data
        values = {"kind": case.kind.replace("_", " "), "id": case.id, "opened_at": case.opened_at}
        values |= {"about": case.about, "name": (learner if shows else case.learner_id) or parts.say("guest")}
        title = parts.say("case_urgent_title" if case.urgent else "case_title", values)
        shown = [blocks.section(f"*{escape(title)}*"), blocks.context(escape(parts.say("case_facts", values)))]
        if shows:
            lines = [f"{key.replace('_', ' ')}: {spoken(value)}" for key, value in _plain_details(case.details)]
            lines += list(reasons)
            shown += [blocks.section(quoted(piece)) for piece in pieces("\n".join(lines), _PIECE) if piece]
        asked_by = names.get(str(case.details.get("requested_by", "")).removeprefix("staff:"))
        if asked_by:
            shown.append(blocks.context(escape(parts.say("case_asked_by", name=asked_by))))
        if case.status != "open":
            done = {"name": names.get(case.decided_by or "", parts.say("nobody")), "at": case.decided_at}
            shown.append(blocks.context(escape(parts.say(f"case_{case.status}", done, reason=case.reason or None))))
            return blocks.message(title, shown)
        approve = blocks.button("lectern_approve", parts.say("button_approve"), case.id, "primary")
        decline = blocks.button("lectern_decline", parts.say("button_decline"), case.id, "danger")
        return blocks.message(title, [*shown, blocks.actions(approve, decline)])


def _told(decision: Mapping[str, Any]) -> Json:
    """The target, if there is one, and the codes of the reasons."""
    return {"target": decision["target"] or None, "reasons": [reason["code"] for reason in decision["reasons"]]}


def _plain_details(details: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """What a case holds, one level deep; who asked for it is told apart."""
    for key, value in details.items():
        if key == "request" and isinstance(value, Mapping):
            yield from value.items()
        elif key != "requested_by" and value not in (None, "", [], {}):
            yield key, value
