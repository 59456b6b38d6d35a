"""A claim is lost by silence: a learner who waits for an agent that does nothing returns to the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations.ownership import Owner
from backend.staff.returning import Returning, waits_since
from backend.store.base import Store
from backend.store.desk_models import ConversationRow, OwnershipRow
from backend.store.live_models import ActivityRow
from backend.tasks import Repeated

LOST = "agent_silent"


class Silence:
    """Looks in the background for claims nobody goes on with: silent ones, and those of members who left and whose
    conversations could not be returned at once. Several backends may."""

    def __init__(self, store: Store, clock: Clock, returning: Returning, minutes: int, *, every: float = 10.0) -> None:
        """`minutes`: how long an owner may do nothing while the learner waits; 0: for ever."""
        self._store = store
        self._clock = clock
        self._returning = returning
        self._patience = timedelta(minutes=minutes)
        self._task = Repeated("silence", lambda: self.round(), every)

    def start(self) -> None:
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    async def round(self) -> int:
        """Return what was lost to the queue; how many."""
        requeue, silent = self._returning.requeue, await self._silent() if self._patience else []
        lost = [await requeue(conversation_id, LOST, self._silent_since) for conversation_id in silent]
        return sum(lost) + await self._returning.of_those_who_left()

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

    async def _silent_since(self, session: AsyncSession, conversation_id: str, _: Owner) -> datetime | None:
        owned = await session.get(OwnershipRow, conversation_id, populate_existing=True)
        noted = await session.get(ActivityRow, conversation_id, populate_existing=True)
        if owned is None or max(owned.since, noted.at if noted else owned.since) > self._clock.now() - self._patience:
            return None
        return await waits_since(session, conversation_id)
