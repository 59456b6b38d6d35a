"""Worlds: a small platform in a file (contracts §6), read whole, checked whole and loaded whole or not at all.

    world = parse_world(text, file="demo/world.yml", now=clock.now())
    async with store.write() as session:
        await load_world(session, world)

or `apply_world`, which does both in one go and so can list every problem together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import BadInput
from backend.passwords import hash_password
from backend.store import world_models as models
from backend.store.base import Base
from backend.store.world_check import Known, check, find_needs
from backend.store.world_readers import instant
from backend.store.world_rows import OF_A_LEARNER, Rows, belongings, catalog_rows, learner_rows
from backend.store.world_schema import WORLD, Entry, Problem, Reading
from backend.store.world_text import plain_values

OnReplace = Callable[[AsyncSession, list[str]], Awaitable[None]]
"""Called with the ids of the learners a world replaces, before they are: deletes what else hangs on them."""

_CHUNK = 500  # ids in one query; databases limit how many values a statement may carry


class WorldError(BadInput):
    """A world that cannot be loaded. `problems` lists every one with its place."""

    code = "bad_world"

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        lines = [f"{file}: {problem}" for problem in problems]
        super().__init__("\n".join(lines), field=problems[0].path or None)


@dataclass(frozen=True)
class World:
    """A world that is well formed. `now` is the instant it sets, if any; relative instants were counted from `base`."""

    file: str
    now: datetime | None
    base: datetime
    entries: Entry

    @property
    def learners(self) -> tuple[str, ...]:
        return tuple(learner["id"] for learner in self.entries["learners"])


def parse_world(source: str | bytes | Mapping[str, Any], *, file: str = "world", now: datetime) -> World:
    """Read a world from YAML, JSON or plain values. Raises WorldError with every problem.

    `now` is the present, for relative instants of a world that sets none. References to things the world does not
    hold are judged when it is loaded, as the database may hold them.
    """
    world, reading = _read(source, file, now)
    check(world.entries, None, reading)
    return _without_problems(world, reading)


async def load_world(session: AsyncSession, world: World, *, on_replace: Sequence[OnReplace] = ()) -> None:
    """Replace the catalogue entries and the learners the world names, with all that hangs on them; others stay.

    Everything happens in the session's transaction: the caller commits all or nothing. Raises WorldError when a
    reference leads nowhere.
    """
    await _load(session, world, Reading(world.base), on_replace)


async def apply_world(
    session: AsyncSession,
    source: str | bytes | Mapping[str, Any],
    *,
    now: datetime,
    file: str = "world",
    on_replace: Sequence[OnReplace] = (),
) -> World:
    """Read and load in one go. Raises WorldError with every problem, those of references included."""
    world, reading = _read(source, file, now)
    await _load(session, world, reading, on_replace)
    return world


async def put_records(
    session: AsyncSession, learner_id: str, records: Mapping[str, Sequence[Mapping[str, Any]]], *, now: datetime
) -> None:
    """Write some of a known learner's belongings in the world's shape, e.g. `{"payments": [{…}]}`; one with the same
    key is replaced, everything else stays. Raises WorldError with every problem."""
    reading = Reading(now)
    # Name and address are required of a learner, and are not written here.
    whose = {"id": learner_id, "name": learner_id, "email": "unchanged@example.org"}
    world = World("event", None, now, reading.entry(WORLD, {"learners": [{**whose, **records}]}, ""))
    check(world.entries, await _known(session, world.entries), reading)
    rows = belongings(_without_problems(world, reading).entries["learners"])
    for name in records:
        await _upsert(session, _BELONGINGS[name], rows[_BELONGINGS[name]])
    session.expire_all()


_BELONGINGS: Mapping[str, type[Base]] = {
    "payments": models.PaymentRow,
    "subscriptions": models.SubscriptionRow,
    "certificates": models.CertificateRow,
}


# --- reading -------------------------------------------------------------------------------------------------------


def _read(source: str | bytes | Mapping[str, Any], file: str, now: datetime) -> tuple[World, Reading]:
    reading = Reading(now)
    raw = plain_values(source, reading) if isinstance(source, (str, bytes)) else source
    if raw is None:
        raw = {}
    own_now = None
    if isinstance(raw, Mapping) and raw.get("now") is not None:
        with suppress(ValueError):  # read once more below, where it is reported
            own_now = reading.now = instant(raw["now"], now)
    return World(file, own_now, reading.now, reading.entry(WORLD, raw, "")), reading


def _without_problems(world: World, reading: Reading) -> World:
    if reading.problems:
        raise WorldError(world.file, reading.problems)
    return world


async def _load(session: AsyncSession, world: World, reading: Reading, on_replace: Sequence[OnReplace]) -> None:
    """Check what only the database can tell, then write. Raises WorldError with what `reading` holds by then."""
    # Hashing is slow on purpose: it is done before the first query begins a transaction others have to wait for.
    hashes = {} if reading.problems else await _hashes(world)
    check(world.entries, await _known(session, world.entries), reading)
    await _write(session, _without_problems(world, reading), hashes, on_replace)


async def _known(session: AsyncSession, entries: Entry) -> Known:
    needs = find_needs(entries)
    assignments: dict[str, list[str]] = {}
    table = models.AssignmentRow.__table__
    for ids in _chunks(needs.assignments):
        query = select(table.c.id, table.c.course_id).where(table.c.id.in_(ids)).order_by(table.c.course_id)
        for assignment, course in await session.execute(query):
            assignments.setdefault(assignment, []).append(course)
    return Known(
        partners=await _existing(session, models.PartnerRow.__table__.c.id, needs.partners),
        courses=await _existing(session, models.CourseRow.__table__.c.id, needs.items),
        specializations=await _existing(session, models.SpecializationRow.__table__.c.id, needs.items),
        assignments=assignments,
    )


async def _existing(session: AsyncSession, column: Column[Any], ids: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for some in _chunks(ids):
        found.update(await session.scalars(select(column).where(column.in_(some))))
    return frozenset(found)


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


# --- writing -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _hash_once(password: str) -> str:
    # Worlds are loaded again and again by tests, with passwords that are no secret: one hash of each will do.
    return hash_password(password)


async def _hashes(world: World) -> dict[str, str]:
    """The hash of every password of the world, made beside the event loop."""
    passwords = {learner["password"] for learner in world.entries["learners"] if learner["password"] is not None}
    return await asyncio.to_thread(lambda: {password: _hash_once(password) for password in passwords})


async def _write(
    session: AsyncSession, world: World, hashes: Mapping[str, str], on_replace: Sequence[OnReplace]
) -> None:
    learners = world.entries["learners"]
    # What the session still holds from before would be written over the world, or be read instead of it.
    await session.flush()
    await _write_catalog(session, world.entries["catalog"])
    if learners:
        # First the learners' own rows: that locks them, in order, against whatever is being carried out for them.
        await _upsert(session, models.LearnerRow, learner_rows(learners, hashes, world.base))
        for hook in on_replace:
            await hook(session, list(world.learners))
        for model in reversed(OF_A_LEARNER):
            await _delete_by(session, model, "learner_id", world.learners)
        for model, rows in belongings(learners).items():
            await _insert(session, model, rows)
    session.expire_all()


async def _write_catalog(session: AsyncSession, catalog: Mapping[str, list[Entry]]) -> None:
    rows = catalog_rows(catalog)
    await _upsert(session, models.PartnerRow, rows[models.PartnerRow])
    await _upsert(session, models.CourseRow, rows[models.CourseRow])
    await _upsert(session, models.AssignmentRow, rows[models.AssignmentRow])
    await _delete_assignments_left_out(session, rows)
    await _upsert(session, models.SpecializationRow, rows[models.SpecializationRow])
    specializations = [row["id"] for row in rows[models.SpecializationRow]]
    await _delete_by(session, models.SpecializationCourseRow, "specialization_id", specializations)
    await _insert(session, models.SpecializationCourseRow, rows[models.SpecializationCourseRow])


async def _delete_assignments_left_out(session: AsyncSession, rows: Mapping[type[Base], Rows]) -> None:
    """Assignments are kept where they can be, for the work others have handed in; those left out take it along."""
    table = models.AssignmentRow.__table__
    named = {(row["course_id"], row["id"]) for row in rows[models.AssignmentRow]}
    gone: Rows = []
    for courses in _chunks(row["id"] for row in rows[models.CourseRow]):
        query = select(table.c.course_id, table.c.id).where(table.c.course_id.in_(courses))
        found = (await session.execute(query)).all()
        gone += [{"of": course, "one": one} for course, one in found if (course, one) not in named]
    if gone:
        statement = delete(table).where(table.c.course_id == bindparam("of"), table.c.id == bindparam("one"))
        await session.execute(statement, gone)


async def _insert(session: AsyncSession, model: type[Base], rows: Rows) -> None:
    if rows:
        await session.execute(insert(model.__table__), rows)  # type: ignore[arg-type]


async def _delete_by(session: AsyncSession, model: type[Base], column: str, values: Iterable[str]) -> None:
    table = model.__table__
    for some in _chunks(values):
        await session.execute(delete(table).where(table.c[column].in_(some)))  # type: ignore[arg-type]


async def _upsert(session: AsyncSession, model: type[Base], rows: Rows) -> None:
    """Insert, or replace every column of the row that has the same key."""
    if not rows:
        return
    table: Any = model.__table__
    dialect = session.get_bind().dialect.name
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)
