"""What a learner who wants a person can expect: hours, who is there, and how long others have waited lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import presence
from backend.conversations.hours import Hours
from backend.dialogue.leaving import Expected
from backend.store.console_models import HandoffRow

# How many waits an estimate is made from, at least and at most, and how old they may be.
FEWEST, MOST = 3, 20
LATELY = timedelta(hours=24)


class Reception:
    """Looks who is there."""

    def __init__(self, hours: Hours) -> None:
        self._hours = hours

    async def expect(self, session: AsyncSession, now: datetime) -> Expected:
        """Without hours a person can come at any time, so one waits. With hours one waits only while somebody is there.

        Who was never there cannot be missed: before the first console was open, nothing is said of who is there.
        """
        is_open = self._hours.is_open(now)
        anybody = bool(await presence.online_ids(session, now))
        opens = self._hours.opens_next(now) if self._hours.are_set and not is_open else None
        return Expected(
            comes=is_open and (anybody or not self._hours.are_set),
            is_missed=not anybody and (self._hours.are_set or await presence.anybody_ever(session)),
            minutes=await waited_lately(session, now) if anybody and is_open else None,
            opens=self._hours.spoken(opens) if opens else None,
        )


async def waited_lately(session: AsyncSession, now: datetime) -> int | None:
    """How many minutes learners have waited lately, by the middle one of them; None if too few have."""
    query = (
        select(HandoffRow.queued_at, HandoffRow.claimed_at)
        .where(HandoffRow.claimed_at.is_not(None), HandoffRow.queued_at.is_not(None))
        .where(HandoffRow.claimed_at > now - LATELY, HandoffRow.claimed_at <= now)
        .order_by(HandoffRow.claimed_at.desc())
        .limit(MOST)
    )
    waits = [(claimed - queued).total_seconds() for queued, claimed in (await session.execute(query)).all()]
    return max(1, -int(-median(waits) // 60)) if len(waits) >= FEWEST else None
