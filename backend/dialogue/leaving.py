"""Between the desk and people: what is said when a learner waits, when nobody can come, and when somebody has left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from backend.conversations.replies import Button
from backend.dialogue.turn import Turn, told
from backend.ids import new_id
from backend.store.desk_models import CaseRow, MessageRow
from backend.wording import Wording

MESSAGE = "message"
QUOTED = 3
LONGEST = 2000
_ADDRESS = re.compile(r"[^\s@<>\"',;:()]{1,64}@[^\s@<>\"',;:()]{1,180}\.[a-z]{2,24}", re.I)
# "And what now", "what happens next": after a person has left, this asks what they did and nothing else.
_WHAT_NOW = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|well|hello|hi)\W+)*(?:"
    r"what(?:'?s| is| happens| happened| comes| do i do| did (?:they|he|she) do)?"
    r"(?: (?:now|next|then|meanwhile|the (?:state|status)))+|"
    r"what happened|(?:is it|are we) done|now what)\W*$",
    re.I,
)
_NO_ADDRESS = re.compile(
    r"^\W*(?:no|nope|never ?mind|forget (?:it|about it)|rather not|i'?d rather not)\b.{0,30}$", re.I
)


@dataclass(frozen=True)
class Expected:
    """What a learner who wants a person can expect.

    comes: whether somebody can come. is_missed: whether nobody is there though somebody usually is. minutes: how long
    others have waited lately. opens: when there will be people again.
    """

    comes: bool = True
    is_missed: bool = False
    minutes: int | None = None
    opens: str | None = None


class Leaving:
    """Words and cases around a hand-over."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def queued(self, turn: Turn, position: int, expected: Expected, *, urgent: bool) -> None:
        """The conversation has joined the queue, at `position` from 1."""
        why = (turn.handed_over or {}).get("why", "asked")
        said = [self._wording.first(f"handoff_{why}", "handoff_asked", values={"position": position})]
        buttons = [Button(self._wording.say("button_leave_queue"), {"do": "leave_queue"})]
        if expected.is_missed:
            said.append(self._wording.say("handoff_nobody_urgent" if urgent else "handoff_nobody_here"))
            if not urgent:
                buttons.insert(0, Button(self._wording.say("button_leave_message"), {"do": "leave_message"}))
        elif expected.minutes is not None and not urgent:
            said.append(self._wording.say("handoff_estimate", minutes=expected.minutes))
        turn.say("\n\n".join(said), "handoff", buttons=tuple(buttons))

    # --- nobody can come ---------------------------------------------------------------------------------------------

    async def leave(self, turn: Turn, command: Mapping[str, Any], expected: Expected | None = None) -> None:
        """Leave it with the staff, who answer by e-mail: a case of kind `message`. A guest is asked for an address."""
        turn.agenda = turn.agenda.with_(asked=None)
        account = await turn.account()
        address = account.email if account else told(command, "email", optional=True)
        closed = self._wording.say("message_closed", opens=expected.opens if expected else None) if expected else ""
        if not address:
            turn.agenda = turn.agenda.with_(asked={"kind": "leave_address", "why": command.get("why")})
            turn.say(f"{closed} {self._wording.say('message_address')}".strip(), "handoff")
            return
        known = await self._open_case(turn)
        if known is None:
            turn.session.add(await self._case(turn, address, command))
        else:
            known.details = {**known.details, "text": await self._said(turn), "email": address}
        key = "message_left" if known is None else "message_left_already"
        turn.say(f"{closed} {self._wording.say(key, address=address)}".strip(), "handoff")
        turn.helped()

    async def _open_case(self, turn: Turn) -> CaseRow | None:
        query = select(CaseRow).where(
            CaseRow.conversation_id == turn.conversation.id, CaseRow.kind == MESSAGE, CaseRow.status == "open"
        )
        return await turn.session.scalar(query.limit(1))

    async def _case(self, turn: Turn, address: str, command: Mapping[str, Any]) -> CaseRow:
        return CaseRow(
            id=new_id("case"),
            learner_id=turn.learner_id,
            conversation_id=turn.conversation.id,
            kind=MESSAGE,
            details={"text": await self._said(turn), "email": address, "why": command.get("why") or "asked"},
            opened_at=turn.now,
        )

    async def _said(self, turn: Turn) -> str:
        """The learner's last words, the oldest first; the rest is in the conversation, which the case names."""
        query = (
            select(MessageRow.text)
            .where(MessageRow.conversation_id == turn.conversation.id, MessageRow.author == "learner")
            .order_by(MessageRow.seq.desc())
            .limit(QUOTED)
        )
        return "\n".join(reversed((await turn.session.scalars(query)).all()))[-LONGEST:]

    # --- somebody has left -------------------------------------------------------------------------------------------

    def heard(self, turn: Turn) -> dict[str, Any] | None:
        """What typed words mean here: an address that was asked for, or what happened while a person was there."""
        asked = turn.agenda.waits_on("leave_address")
        if asked:
            found = _ADDRESS.search(turn.text)
            if found:
                return {"do": "leave_message", "email": found[0].rstrip("."), "why": asked.get("why")}
            if _NO_ADDRESS.match(turn.text):
                return {"do": "stop"}
        if turn.agenda.extra.get("after_person") and _WHAT_NOW.match(turn.text):
            return {"do": "recount"}
        return None

    def recount(self, turn: Turn) -> None:
        """What happened while a person had the conversation, from records."""
        after = turn.agenda.extra.get("after_person") or {}
        if after:
            values = {"name": after["name"], "done": after["done"]}
            turn.say(self._wording.say("after_person", values), "smalltalk")
        else:
            turn.say(self._wording.say("nothing_to_repeat"), "smalltalk")
        turn.helped()
