"""The record of each time people had a conversation, written where its owner changes.

What a rule or a learner brought to the queue has `why`; what somebody took unasked is `taken`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.store.console_models import HandoffRow

TAKEN = "taken"


async def owner_changed(
    session: AsyncSession,
    conversation_id: str,
    before: str,
    after: str,
    now: datetime,
    *,
    staff_id: str | None = None,
    why: str | None = None,
    urgency: int = 0,
) -> None:
    """Keep the record of a change of owner from the state `before` to `after`, in the caller's transaction."""
    if after == "agent" and before in ("queued", "agent"):
        await _of(session, conversation_id, HandoffRow.claimed_at.is_(None), claimed_at=now, claimed_by=staff_id)
        return
    if before in ("queued", "agent"):
        outcome = {"queued": "requeued", "closed": "closed"}.get(after)
        outcome = outcome or ("left_queue" if before == "queued" else "released")
        closed_as = why if after == "closed" else None
        await _of(session, conversation_id, left_at=now, outcome=outcome, closed_as=closed_as)
    if after in ("queued", "agent"):
        is_taken = after == "agent"
        session.add(
            HandoffRow(
                conversation_id=conversation_id,
                began_at=now,
                queued_at=None if is_taken else now,
                why=why or (TAKEN if is_taken else "asked"),
                urgency=0 if is_taken else urgency,
                claimed_at=now if is_taken else None,
                claimed_by=staff_id if is_taken else None,
            )
        )
        await session.flush()


async def agent_replied(session: AsyncSession, conversation_id: str, now: datetime) -> None:
    """The first words of a person to the learner end the wait for them."""
    await _of(session, conversation_id, HandoffRow.first_reply_at.is_(None), first_reply_at=now)


async def _of(session: AsyncSession, conversation_id: str, *where: Any, **values: Any) -> None:
    """Change the record that is open, if it is as `where` says."""
    await session.execute(
        update(HandoffRow)
        .where(HandoffRow.conversation_id == conversation_id, HandoffRow.left_at.is_(None), *where)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
