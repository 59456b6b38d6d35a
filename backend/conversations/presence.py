"""Who of the staff is there and looks at what. Kept in the database, as their consoles hang on several backends.

A backend says every few seconds which consoles are open. What it has not said for a while is not true any more, so a
backend that is killed leaves nobody behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.store.desk_models import ConversationRow, OwnershipRow, StaffRow
from backend.store.live_models import PresenceRow, StaffSeenRow
from backend.store.slack_models import SlackMemberRow

BEAT_SECONDS = 15.0
# Two beats may be late before somebody does not look any more; a reload or a cut line is no absence.
VIEWING_LASTS = timedelta(seconds=45)
ONLINE_LASTS = timedelta(seconds=90)
TYPING_LASTS = timedelta(seconds=6)
FORGOTTEN = timedelta(hours=1)


async def arrived(session: AsyncSession, console: str, staff_id: str, now: datetime) -> None:
    """A console was opened. What backends that were killed left behind is cleared away."""
    await session.execute(delete(PresenceRow).where(PresenceRow.seen_at < now - FORGOTTEN))
    session.add(PresenceRow(id=console, staff_id=staff_id, seen_at=now))
    await _seen(session, [staff_id], now)


async def left(session: AsyncSession, console: str, staff_id: str, now: datetime) -> None:
    """A console was closed."""
    await session.execute(delete(PresenceRow).where(PresenceRow.id == console))
    await _seen(session, [staff_id], now)


async def looks_at(
    session: AsyncSession, console: str, conversation_id: str | None, now: datetime, *, typing: bool
) -> bool:
    """What a console shows now, and whether something is being typed there. False if there is no such conversation."""
    if conversation_id is not None and await session.get(ConversationRow, conversation_id) is None:
        return False
    until = now + TYPING_LASTS if typing and conversation_id else None
    await session.execute(
        update(PresenceRow)
        .where(PresenceRow.id == console)
        .values(conversation_id=conversation_id, typing_until=until, seen_at=now)
    )
    return True


async def beat(session: AsyncSession, consoles: Mapping[str, tuple[str, str | None]], now: datetime) -> None:
    """These are open still: `{console: (staff id, conversation it shows)}`."""
    known = set(
        (
            await session.scalars(
                update(PresenceRow).where(PresenceRow.id.in_(consoles)).values(seen_at=now).returning(PresenceRow.id)
            )
        ).all()
    )
    for console in set(consoles) - known:
        staff_id, conversation_id = consoles[console]
        session.add(PresenceRow(id=console, staff_id=staff_id, conversation_id=conversation_id, seen_at=now))
    await _seen(session, {staff_id for staff_id, _ in consoles.values()}, now)


async def _seen(session: AsyncSession, staff_ids: Iterable[str], now: datetime) -> None:
    for staff_id in sorted(staff_ids):
        row = await session.get(StaffSeenRow, staff_id, with_for_update=True)
        if row is None:
            session.add(StaffSeenRow(staff_id=staff_id, seen_at=now))
        else:
            row.seen_at = now
    await session.flush()


async def signed_off(session: AsyncSession, staff_id: str, now: datetime) -> None:
    """Who signs out is away at once, unless another console of theirs says otherwise at its next beat."""
    await session.execute(
        update(StaffSeenRow).where(StaffSeenRow.staff_id == staff_id).values(seen_at=now - ONLINE_LASTS)
    )


async def viewers(
    session: AsyncSession, conversation_ids: Iterable[str], now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Who looks at each of these conversations: `[{"id", "name", "typing"}]`, by name, each member once."""
    query = (
        select(PresenceRow, StaffRow.name)
        .join(StaffRow, StaffRow.id == PresenceRow.staff_id)
        .where(PresenceRow.conversation_id.in_(list(conversation_ids)), PresenceRow.seen_at > now - VIEWING_LASTS)
        .order_by(StaffRow.name, PresenceRow.staff_id)
        .execution_options(populate_existing=True)
    )
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row, name in (await session.execute(query)).all():
        viewer = found[row.conversation_id].setdefault(
            row.staff_id, {"id": row.staff_id, "name": name, "typing": False}
        )
        viewer["typing"] = viewer["typing"] or (row.typing_until is not None and row.typing_until > now)
    return {conversation_id: list(by_member.values()) for conversation_id, by_member in found.items()}


async def online_ids(session: AsyncSession, now: datetime) -> set[str]:
    """The members who are there: with an open console, or owning a conversation through Slack."""
    seen = select(StaffSeenRow.staff_id).where(StaffSeenRow.seen_at > now - ONLINE_LASTS)
    through_slack = (
        select(OwnershipRow.staff_id)
        .join(SlackMemberRow, SlackMemberRow.staff_id == OwnershipRow.staff_id)
        .where(OwnershipRow.state == "agent")
    )
    active = select(StaffRow.id).where(StaffRow.active, StaffRow.id.in_(seen.union(through_slack)))
    return set((await session.scalars(active)).all())


async def anybody_ever(session: AsyncSession) -> bool:
    """Whether a console was ever open here: before that, an absence says nothing."""
    return (await session.scalar(select(StaffSeenRow.staff_id).limit(1))) is not None
