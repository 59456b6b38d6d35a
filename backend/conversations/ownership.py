"""One owner at a time: bot → queued → agent → closed → (reopened) bot|queued, by compare-and-set.

Every change names the version it saw; if somebody was faster nothing happens and the caller is told who owns it now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import handoffs
from backend.errors import Conflict, Forbidden, NotFound
from backend.store.desk_models import OwnershipRow, StaffRow

# From which states each state may be reached.
ALLOWED = {
    "queued": ("bot", "agent", "closed"),
    "agent": ("queued", "bot", "agent"),
    "bot": ("queued", "agent", "closed"),
    "closed": ("bot", "queued", "agent"),
}


# Made once: it is read three times a turn.
_OWNER = (
    select(OwnershipRow, StaffRow.name)
    .outerjoin(StaffRow, StaffRow.id == OwnershipRow.staff_id)
    .where(OwnershipRow.conversation_id == bindparam("conversation"))
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Owner:
    """Who answers: `state` bot, queued (with its place, from 1), agent (with the display name) or closed."""

    state: str
    version: int
    staff_id: str | None = None
    agent_name: str | None = None
    position: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The contract's shape: `{"state", "position"?, "agent"?: {"name"}}`."""
        plain: dict[str, Any] = {"state": self.state}
        if self.state == "queued":
            plain["position"] = self.position
        if self.state == "agent":
            plain["agent"] = {"name": self.agent_name}
        return plain


async def create(session: AsyncSession, conversation_id: str, now: datetime) -> None:
    """A new conversation belongs to the bot."""
    session.add(OwnershipRow(conversation_id=conversation_id, state="bot", since=now))


async def read(session: AsyncSession, conversation_id: str) -> Owner:
    """Who owns it now. Raises NotFound."""
    found = (await session.execute(_OWNER, {"conversation": conversation_id})).first()
    if found is None:
        raise NotFound("There is no such conversation.")
    row, name = found
    position = await _position(session, row) if row.state == "queued" else None
    return Owner(row.state, row.version, row.staff_id, name, position)


async def held_by(session: AsyncSession, conversation_id: str, staff_id: str) -> Owner:
    """The present owner, if it is this member of staff. Raises Forbidden naming who has it."""
    owner = await read(session, conversation_id)
    if owner.state != "agent" or owner.staff_id != staff_id:
        has = f"{owner.agent_name} has" if owner.agent_name else "You have not claimed"
        raise Forbidden(f"Only its owner may do that. {has} this conversation.", code="not_the_owner")
    return owner


async def _position(session: AsyncSession, row: OwnershipRow) -> int:
    """Its place in the queue, from 1: the urgent first, then who waits longest."""
    waits_longer = or_(
        OwnershipRow.queued_at < row.queued_at,
        and_(OwnershipRow.queued_at == row.queued_at, OwnershipRow.conversation_id < row.conversation_id),
    )
    before = or_(OwnershipRow.urgency > row.urgency, and_(OwnershipRow.urgency == row.urgency, waits_longer))
    query = select(func.count()).select_from(OwnershipRow).where(OwnershipRow.state == "queued", before)
    return int(await session.scalar(query) or 0) + 1


async def waiting(session: AsyncSession) -> dict[str, int]:
    """The place of everybody who waits, from 1, in order."""
    query = (
        select(OwnershipRow.conversation_id)
        .where(OwnershipRow.state == "queued")
        .order_by(OwnershipRow.urgency.desc(), OwnershipRow.queued_at, OwnershipRow.conversation_id)
    )
    return {conversation_id: place for place, conversation_id in enumerate((await session.scalars(query)).all(), 1)}


async def change(
    session: AsyncSession,
    conversation_id: str,
    seen: Owner,
    state: str,
    now: datetime,
    *,
    staff_id: str | None = None,
    why: str | None = None,
    urgency: int = 0,
    waits_since: datetime | None = None,
) -> Owner:
    """Move to `state` if nobody moved it since `seen`. Raises Conflict naming the present owner.

    `waits_since`: what counts as having joined the queue, for who waits already.
    """
    if seen.state not in ALLOWED[state]:
        raise Conflict(f"A conversation that is {seen.state} cannot become {state}.", code="wrong_state")
    changed = await session.execute(
        update(OwnershipRow)
        .where(OwnershipRow.conversation_id == conversation_id, OwnershipRow.version == seen.version)
        .values(
            state=state,
            staff_id=staff_id if state == "agent" else None,
            queued_at=(waits_since or now) if state == "queued" else None,
            urgency=urgency if state == "queued" else 0,
            why=why,
            since=now,
            version=seen.version + 1,
        )
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        present = await read(session, conversation_id)
        owner = present.agent_name or present.state
        raise Conflict(f"Somebody was faster: this conversation is with {owner} now.", code="owner_changed")
    await handoffs.owner_changed(
        session, conversation_id, seen.state, state, now, staff_id=staff_id, why=why, urgency=urgency
    )
    return await read(session, conversation_id)
