"""A claim is lost by silence: a learner who waits for an agent that does nothing returns to the queue."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
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
from backend.errors import Conflict, ServiceError
from backend.store.base import Store
from backend.store.console_models import HandoffRow
from backend.store.desk_models import ConversationRow, MessageRow, OwnershipRow
from backend.store.live_models import ActivityRow
from backend.tasks import ended
from backend.wording import Wording

log = structlog.get_logger()
LOST = "agent_silent"


class Silence:
    """Looks for silent claims in the background. Several backends may: one of them returns each conversation."""

    def __init__(
        self, store: Store, clock: Clock, turns: Turns, wording: Wording, minutes: int, *, every: float = 10.0
    ) -> None:
        """`minutes`: how long an owner may do nothing while the learner waits; 0: for ever."""
        self._store = store
        self._clock = clock
        self._turns = turns
        self._wording = wording
        self._patience = timedelta(minutes=minutes)
        self._every = every
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._stopping.clear()
        if self._patience:
            self._task = asyncio.create_task(self._run(), name="silence")

    async def stop(self) -> None:
        self._stopping.set()
        if self._task:
            await ended(self._task)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.round()
            except ServiceError as error:
                log.warning("silence.unavailable", code=error.code)
            except Exception as error:  # one odd row must not leave all other learners waiting
                log.exception("silence.failed", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._every)

    async def round(self) -> int:
        """Return what was lost to the queue; how many."""
        if not self._patience:
            return 0
        lost = 0
        for conversation_id in await self._silent():
            with suppress(Conflict):  # something happened in this moment: it is not silent any more
                lost += await self._requeue(conversation_id)
        return lost

    async def _silent(self) -> list[str]:
        """Conversations whose owner has done nothing for too long; whether somebody waits is seen one by one."""
        active = func.coalesce(ActivityRow.at, OwnershipRow.since)
        query = (
            select(OwnershipRow.conversation_id)
            .join(ConversationRow, ConversationRow.id == OwnershipRow.conversation_id)
            .outerjoin(ActivityRow, ActivityRow.conversation_id == OwnershipRow.conversation_id)
            .where(OwnershipRow.state == "agent", active <= self._clock.now() - self._patience)
            .where(ConversationRow.channel != "slack")
        )
        async with self._store.read() as session:
            return list((await session.scalars(query)).all())

    async def _requeue(self, conversation_id: str) -> bool:
        async with self._store.write() as session:
            row = await conversation(session, conversation_id)
            now, seen = self._clock.now(), await ownership.read(session, conversation_id)
            since = await self._waits_since(session, conversation_id, now) if seen.state == "agent" else None
            if since is None:
                return False
            row.agenda = Agenda.from_json(row.agenda).with_(asked=None).to_json()
            owner = await self._return(session, conversation_id, seen, since, now)
            messages = await self._tell(session, conversation_id, seen, owner, now)
        await self._turns.publish(conversation_id, messages, owner)
        log.info("conversation.claim_lost", conversation=conversation_id, staff=seen.staff_id)
        return True

    async def _waits_since(self, session: AsyncSession, conversation_id: str, now: datetime) -> datetime | None:
        """Since when the learner waits for this owner; None when it is the learner's turn, or they are not silent."""
        owned = await session.get(OwnershipRow, conversation_id, populate_existing=True)
        noted = await session.get(ActivityRow, conversation_id, populate_existing=True)
        if owned is None or max(owned.since, noted.at if noted else owned.since) > now - self._patience:
            return None
        query = select(func.max(MessageRow.seq)).where(
            MessageRow.conversation_id == conversation_id, MessageRow.author == "agent", MessageRow.at >= owned.since
        )
        answered = int(await session.scalar(query) or 0)
        said = select(func.min(MessageRow.at)).where(
            MessageRow.conversation_id == conversation_id, MessageRow.author == "learner", MessageRow.seq > answered
        )
        if not answered:  # claimed and never heard of again
            return owned.since
        return await session.scalar(said)

    async def _return(
        self, session: AsyncSession, conversation_id: str, seen: Owner, since: datetime, now: datetime
    ) -> Owner:
        """Back to the queue, as urgent as it was and by how long the learner has waited."""
        urgency = await session.scalar(
            select(HandoffRow.urgency)
            .where(HandoffRow.conversation_id == conversation_id)
            .order_by(HandoffRow.id.desc())
            .limit(1)
        )
        return await ownership.change(
            session, conversation_id, seen, "queued", now, why=LOST, urgency=urgency or 0, waits_since=since
        )

    async def _tell(
        self, session: AsyncSession, conversation_id: str, seen: Owner, owner: Owner, now: datetime
    ) -> list[dict[str, Any]]:
        text = self._wording.say("agent_silent", name=seen.agent_name, position=owner.position)
        leave = Button(self._wording.say("button_leave_queue"), {"do": "leave_queue"})
        reply = Reply(text, "handoff", (leave,), author="system")
        return transcript.to_json_all(await transcript.append_replies(session, conversation_id, now, [reply]))
