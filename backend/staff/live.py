"""What an agent does in a conversation besides writing: reading, typing, looking."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, presence
from backend.conversations.fanout import STAFF, Fanout, tell_both
from backend.conversations.turns import conversation
from backend.staff.accounts import Member
from backend.staff.hub import Hub, Listener
from backend.store.base import Store
from backend.store.live_models import ActivityRow

# Typing is told many times; that the owner is there is written down this often.
NOTED_EVERY = timedelta(seconds=20)


class Live:
    """Marks of reading and typing. What changes something for the learner only the owner can do; of others it is
    ignored, as a console does these by itself."""

    def __init__(self, store: Store, clock: Clock, fanout: Fanout, hub: Hub) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._hub = hub

    async def read_up_to(self, member: Member, conversation_id: str, seq: int) -> None:
        """The owner has seen everything up to `seq`; the learner is told. Raises NotFound."""
        async with self._store.write() as session:
            row = await conversation(session, conversation_id)
            owner = await ownership.read(session, conversation_id)
            if owner.staff_id != member.id or not row.read_by_agent < seq <= row.last_seq:
                return
            row.read_by_agent = seq
        await tell_both(self._fanout, conversation_id, {"type": "read", "seq": seq, "by": "agent"})
        await self._fanout.publish(STAFF, {"type": "conversation", "conversation": conversation_id})

    async def typing(self, member: Member, conversation_id: str) -> None:
        """The owner types; the learner sees it. Raises NotFound."""
        async with self._store.read() as session:
            owner = await ownership.read(session, conversation_id)
            known = await session.get(ActivityRow, conversation_id)
        if owner.staff_id != member.id:
            return
        now = self._clock.now()
        if known is None or known.staff_id != member.id or now - known.at >= NOTED_EVERY:
            async with self._store.write() as session:
                await active(session, conversation_id, member.id, now)
        until = int(presence.TYPING_LASTS.total_seconds() * 1000)
        event = {"type": "typing", "author": "agent", "agent": {"name": member.name}, "until_ms": until}
        await self._fanout.publish(conversation_id, event)

    async def view(self, listener: Listener, conversation_id: str | None, *, typing: bool, after: int | None) -> None:
        """What a console shows; typing there is told the learner too."""
        known = await self._hub.view(listener, conversation_id, typing=typing, after=after)
        if known and conversation_id and typing:
            await self.typing(listener.member, conversation_id)


async def active(session: AsyncSession, conversation_id: str, staff_id: str, now: datetime) -> None:
    """The owner did something: silence counts from now."""
    row = await session.get(ActivityRow, conversation_id, with_for_update=True)
    if row is None:
        session.add(ActivityRow(conversation_id=conversation_id, staff_id=staff_id, at=now))
    else:
        row.staff_id, row.at = staff_id, now
    await session.flush()
