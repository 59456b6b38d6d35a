"""Work kept in a table: done once for each key, in order within a lane, tried again until it is through.

Any number of processes may work on one table: a row is leased before it is tried, and a row whose lane has an earlier
one that is not done waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from backend.clock import Clock
from backend.errors import ServiceError
from backend.store.base import Base, Store
from backend.store.slack_models import SlackIncomingRow, SlackOutgoingRow, SlackQuestionRow

log = structlog.get_logger()
Row = SlackIncomingRow | SlackOutgoingRow
# After the last of these waits the next ones stay as far apart: an outage delays and never loses.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 15, 60, 300, 900))
LEASE = timedelta(seconds=60)
# How long a key is remembered after the work is done. Slack repeats an event for an hour at most.
REMEMBERED = timedelta(days=3)
# How long a thread's follow-ups are understood by what was asked before.
SPOKEN_OF = timedelta(days=30)


class Later(Exception):
    """Try again, after `seconds` if the other side said how long."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class GiveUp(Exception):
    """It will never work: the message says why, in a word."""


async def put(session: AsyncSession, model: type[Row], key: str, lane: str, now: datetime, **values: Any) -> bool:
    """Keep a piece of work; False when the key is known already, in whichever process it was kept."""
    row = {"key": key[:200], "lane": lane[:120], "created_at": now, "next_attempt_at": now, "attempts": 0, **values}
    return await insert_new(session, model, row)


async def insert_new(session: AsyncSession, model: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key exists; False then. Of several processes one is first, and none fails."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    done = await session.execute(dialect.insert(model).values(dict(values)).on_conflict_do_nothing())
    return bool(done.rowcount)


async def forget_done(session: AsyncSession, now: datetime) -> None:
    """Let go of what came in, and of what was asked, long ago."""
    await session.execute(delete(SlackIncomingRow).where(SlackIncomingRow.done_at < now - REMEMBERED))
    await session.execute(delete(SlackQuestionRow).where(SlackQuestionRow.at < now - SPOKEN_OF))


class Worker:
    """Works through one table in the background, several lanes at a time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        model: type[Row],
        work: Callable[[Any], Awaitable[Mapping[str, Any] | None]],
        *,
        parallel: int,
        every: float = 1.0,
    ) -> None:
        """`work` does one row and gives columns to set with it. It may raise Later, GiveUp or anything."""
        self._store = store
        self._clock = clock
        self._model = model
        self._work = work
        self._parallel = parallel
        self._every = every
        self._busy: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name=f"{self._model.__tablename__}.worker")

    async def stop(self) -> None:
        """Whatever is being worked on is left to its lease."""
        tasks = [task for task in (self._loop, *self._busy) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                rows = await self._lease(self._parallel - len(self._busy))
            except ServiceError as error:
                log.warning("slack.queue.unavailable", table=self._model.__tablename__, code=error.code)
                rows = []
            for row in rows:
                task = asyncio.create_task(self._one(row))
                self._busy.add(task)
                task.add_done_callback(self._finished)
            if not rows:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._every)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if not task.cancelled() and task.exception():
            log.warning("slack.queue.unfinished", error=type(task.exception()).__name__)
        self.wake()

    async def drain(self, most: int = 500) -> int:
        """Do everything that is due now, one after the other; how many were tried. For tests and for leaving well."""
        tried = 0
        while tried < most and (rows := await self._lease(1)):
            await self._one(rows[0])
            tried += 1
        return tried

    async def _lease(self, limit: int) -> list[Row]:
        if limit < 1:
            return []
        model, now = self._model, self._clock.now()
        before = aliased(model)
        in_turn = ~exists().where(and_(before.lane == model.lane, before.id < model.id, before.done_at.is_(None)))
        # A clock that was set back (tests) must not leave rows waiting for its old future.
        due = (model.done_at.is_(None), or_(model.next_attempt_at <= now, model.created_at > now), in_turn)
        async with self._store.read() as session:
            if await session.scalar(select(model.id).where(*due).limit(1)) is None:
                return []
        async with self._store.write() as session:
            query = select(model).where(*due).order_by(model.id).limit(limit).with_for_update(skip_locked=True)
            rows = list((await session.scalars(query)).all())
            for row in rows:
                row.attempts += 1
                row.next_attempt_at = now + LEASE
        return rows

    async def _one(self, row: Row) -> None:
        try:
            found = await self._work(row)
        except GiveUp as error:
            log.error("slack.gave_up", table=self._model.__tablename__, id=row.id, why=str(error))
            await self._done(row, last_error=f"gave up: {error}"[:200])
        except Exception as error:  # whatever the other side does to us, the work stays owed
            await self._again(row, error)
        else:
            await self._done(row, last_error=None, **(found or {}))

    async def _done(self, row: Row, **values: Any) -> None:
        # What was said is not kept here a moment longer than it is needed.
        await self._mark(row, done_at=self._clock.now(), payload={}, **values)

    async def _again(self, row: Row, error: Exception) -> None:
        told = error.seconds if isinstance(error, Later) else None
        wait = timedelta(seconds=told) if told is not None else WAITS[min(row.attempts, len(WAITS)) - 1]
        name = str(error) if isinstance(error, Later) else type(error).__name__
        log.warning("slack.failed", table=self._model.__tablename__, id=row.id, attempts=row.attempts, error=name)
        await self._mark(row, next_attempt_at=self._clock.now() + wait, last_error=name[:200])

    async def _mark(self, row: Row, **values: Any) -> None:
        model = self._model
        async with self._store.write() as session:
            await session.execute(update(model).where(model.id == row.id).values(**values))
