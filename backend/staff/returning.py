"""A conversation goes back to the queue without its owner: one who was silent, or who is no longer in the team."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, transcript
from backend.conversations.agenda import Agenda
from backend.conversations.ownership import Owner
from backend.conversations.replies import Button, Reply
from backend.conversations.turns import Turns, conversation
from backend.errors import Conflict
from backend.store.base import Store
from backend.store.console_models import HandoffRow
from backend.store.desk_models import MessageRow, OwnershipRow, StaffRow
from backend.wording import Wording

log = structlog.get_logger()
LEFT = "agent_left"
# Since when the learner waits in a conversation of this owner; None while it is not lost.
LostSince = Callable[[AsyncSession, str, Owner], Awaitable[datetime | None]]


class Returning:
    """Returns what nobody goes on with. Several backends may at once: one of them returns each conversation."""

    def __init__(self, store: Store, clock: Clock, turns: Turns, wording: Wording) -> None:
        self._store = store
        self._clock = clock
        self._turns = turns
        self._wording = wording

    async def of_those_who_left(self) -> int:
        """Return what is owned by members who may not sign in any more; how many."""
        owned = select(OwnershipRow.conversation_id).join(StaffRow, StaffRow.id == OwnershipRow.staff_id)
        async with self._store.read() as session:
            left = list(
                (await session.scalars(owned.where(OwnershipRow.state == "agent", StaffRow.active.is_(False)))).all()
            )
        return sum([await self.requeue(conversation_id, LEFT, self._left_since) for conversation_id in left])

    async def _left_since(self, session: AsyncSession, conversation_id: str, seen: Owner) -> datetime | None:
        owner = await session.get(StaffRow, seen.staff_id, populate_existing=True)
        if owner is None or owner.active:
            return None
        return await waits_since(session, conversation_id) or self._clock.now()

    async def requeue(self, conversation_id: str, why: str, lost_since: LostSince) -> bool:
        """Put it back, as urgent as it was and by how long the learner has waited, and tell them. Whether it was lost:
        that is asked with the conversation held, as something may have happened in this moment."""
        with suppress(Conflict):  # somebody was faster
            async with self._store.write() as session:
                row = await conversation(session, conversation_id)
                seen = await ownership.read(session, conversation_id)
                since = await lost_since(session, conversation_id, seen) if seen.state == "agent" else None
                if since is None:
                    return False
                row.agenda = Agenda.from_json(row.agenda).with_(asked=None).to_json()
                owner = await self._return(session, conversation_id, seen, why, since)
                messages = await self._tell(session, conversation_id, seen, owner)
            await self._turns.publish(conversation_id, messages, owner)
            log.info("conversation.claim_lost", conversation=conversation_id, staff=seen.staff_id, why=why)
            return True
        return False

    async def _return(
        self, session: AsyncSession, conversation_id: str, seen: Owner, why: str, since: datetime
    ) -> Owner:
        urgency = await session.scalar(
            select(HandoffRow.urgency)
            .where(HandoffRow.conversation_id == conversation_id)
            .order_by(HandoffRow.id.desc())
            .limit(1)
        )
        return await ownership.change(
            session,
            conversation_id,
            seen,
            "queued",
            self._clock.now(),
            why=why,
            urgency=urgency or 0,
            waits_since=since,
        )

    async def _tell(
        self, session: AsyncSession, conversation_id: str, seen: Owner, owner: Owner
    ) -> list[dict[str, Any]]:
        text = self._wording.say("agent_silent", name=seen.agent_name, position=owner.position)
        leave = Button(self._wording.say("button_leave_queue"), {"do": "leave_queue"})
        reply = Reply(text, "handoff", (leave,), author="system")
        rows = await transcript.append_replies(session, conversation_id, self._clock.now(), [reply])
        return transcript.to_json_all(rows)


async def waits_since(session: AsyncSession, conversation_id: str) -> datetime | None:
    """Since when the learner waits for the present owner; None when it is the learner's turn."""
    owned = await session.get_one(OwnershipRow, conversation_id, populate_existing=True)
    of_conversation = MessageRow.conversation_id == conversation_id
    answers = select(func.max(MessageRow.seq)).where(
        of_conversation, MessageRow.author == "agent", MessageRow.at >= owned.since
    )
    answered = await session.scalar(answers)
    if not answered:  # claimed and never heard of again
        return owned.since
    return await session.scalar(
        select(func.min(MessageRow.at)).where(
            of_conversation, MessageRow.author == "learner", MessageRow.seq > answered
        )
    )
