"""Databases for tests: migrated and empty for every test, on SQLite and, where it can be reached, PostgreSQL.

Making a PostgreSQL database takes a second and emptying one a few milliseconds, so a test process makes one and
empties it before each test, having closed whatever connections the test before has left.
"""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend.passwords import hash_password
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from backend.store.base import Base, Store, make_engine
from backend.store.migrate import upgrade
from backend.wording import Wording
from knowledge.reader import load_knowledge
from knowledge.search import Search
from tests.backend.running import PATIENCE, Console, Desk, running_desk

POSTGRES = os.environ.get("LECTERN_TEST_POSTGRES_URL", "postgresql://root@127.0.0.1:5432/test")

# The example of the contract (§6), word for word; both databases have to hold all of it.
CONTRACT_WORLD = """
now: 2026-03-10T12:00:00Z
catalog:
  partners: [{id: duke, name: Duke University}]
  courses:
    - id: ml-basics
      title: Machine Learning Basics
      partner: duke
      price: 79.00 USD
      starts_at: 2026-01-05T00:00:00Z
      offers: {certificate: true, audit: true, aid: true, full_no_certificate: false}
      verification: name
      program: none
      platform: new
      passing_threshold: null
      access_days: null
      capstone: null
      assignments:
        - {id: ml-q1, title: Quiz 1, kind: quiz, weight: 0.4, passing: 0.8, required: true, honors: false,
           opens_after: null, locked_by_staff: false, peer_reviews_needed: 0, reviews_to_give: 0}
    - {id: ml-advanced, title: Machine Learning in Depth}
  specializations:
    - {id: ml-spec, title: Machine Learning Path, partner: duke, courses: [ml-basics, ml-advanced],
       monthly_price: 49.00 USD, prepay_price: 199.00 USD}
learners:
  - id: ana
    name: Ana Silva
    email: ana@example.org
    country: BR
    password: correct horse
    email_confirmed: true
    sign_ins: [password, facebook]
    sso: null
    name_verification: approved
    id_verification: none
    enrollments:
      - {id: enr-1, course: ml-basics, mode: paid, since: 2026-03-01T09:00:00Z, completed_at: null}
    payments:
      - {id: pay-1, kind: course, item: ml-basics, amount: 79.00 USD, at: 2026-03-01T09:00:00Z, via: web,
         status: completed, method: visa, promotion: null, refunded_at: null}
    subscriptions:
      - {id: sub-1, item: ml-spec, plan: monthly, status: active, since: 2026-02-10T00:00:00Z,
         trial_ends_at: null, period_ends_at: 2026-04-10T00:00:00Z, via: web, cancelled_at: null, cancel_reason: null}
    certificates: [{course: ml-basics, earned_at: 2026-03-08T00:00:00Z}]
    aid: [{id: aid-1, course: ml-advanced, submitted_at: now-9d, words: 220, status: submitted, decided_at: null,
           reason: null}]
    submissions: [{assignment: ml-q1, status: graded, score: 0.9, peer_reviews_received: 0, reviews_given: 0}]
    promotions: [{code: SPRING, percent: 20, courses: [ml-basics], used_at: null}]
"""


_READ_ONCE = {
    "backend.app.Parameters.load": functools.cache(Parameters.load),
    "backend.app.Wording.load": functools.cache(Wording.load),
    "backend.app.Lists.load": functools.cache(Lists.load),
    "backend.app.load_knowledge": functools.cache(load_knowledge),
    "backend.knowledge_service.Search": lambda _knowledge, numbers: _search(tuple(sorted(numbers.items()))),
    "backend.staff.accounts.hash_password": functools.cache(hash_password),
    "backend.store.world.hash_password": functools.cache(hash_password),
}


@functools.cache
def _search(numbers: tuple[tuple[str, Any], ...]) -> Search:
    return Search(load_knowledge(), dict(numbers))


@pytest.fixture
def now() -> datetime:
    """The present of every test."""
    return datetime(2026, 3, 10, 12, tzinfo=timezone.utc)


@pytest.fixture
def contract_world() -> str:
    return CONTRACT_WORLD


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """The address of a migrated database of this test process."""
    with _PostgresDatabase() as url:
        upgrade(url)
        yield url


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated SQLite database without any row."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'lectern.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database without any row, once on each engine."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url = str(request.getfixturevalue("migrated_postgres"))
    asyncio.run(_empty(url))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with _PostgresDatabase() as url:
        yield url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store on an empty database, once on each engine."""
    store = Store(make_engine(database_url))
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """A store on an empty SQLite database, for tests to which the engine does not matter."""
    store = Store(make_engine(sqlite_url))
    yield store
    await store.close()


@pytest.fixture
def quick_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a desk reads from files at start-up is read once for all tests: none of it ever changes."""
    for name, load in _READ_ONCE.items():
        monkeypatch.setattr(name, load)


@pytest.fixture
async def desk(sqlite_url: str, quick_parts: None) -> AsyncIterator[Desk]:
    """A running desk with a small world, for tests to which the engine of the database does not matter."""
    async with running_desk(sqlite_url) as desk:
        await desk.load()
        yield desk


@pytest.fixture
async def each_desk(database_url: str, quick_parts: None) -> AsyncIterator[Desk]:
    """A running desk with a small world, once on each database."""
    async with running_desk(database_url) as desk:
        await desk.load()
        yield desk


@pytest.fixture
async def sam(desk: Desk) -> AsyncIterator[Console]:
    """An agent, signed in."""
    async with _at_work(desk, "Sam") as console:
        yield console


@pytest.fixture
async def kim(desk: Desk) -> AsyncIterator[Console]:
    """Another agent."""
    async with _at_work(desk, "Kim") as console:
        yield console


@pytest.fixture
async def each_sam(each_desk: Desk) -> AsyncIterator[Console]:
    """An agent, once on each database."""
    async with _at_work(each_desk, "Sam") as console:
        yield console


@asynccontextmanager
async def _at_work(desk: Desk, name: str) -> AsyncIterator[Console]:
    console = await desk.staff(name)
    yield console
    await console.http.close()


class _PostgresDatabase:
    """A database that exists while the block runs; skips the test when the server cannot be reached."""

    def __init__(self) -> None:
        self.name = f"lectern_test_{uuid.uuid4().hex[:12]}"

    def __enter__(self) -> str:
        try:
            asyncio.run(_run(POSTGRES, f"CREATE DATABASE {self.name}"))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            pytest.skip(f"no PostgreSQL at {POSTGRES} (LECTERN_TEST_POSTGRES_URL): {error}")
        return f"{POSTGRES.rpartition('/')[0]}/{self.name}"

    def __exit__(self, *_: object) -> None:
        asyncio.run(_run(POSTGRES, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)"))


async def _empty(url: str) -> None:
    """Close every other connection to the database, then delete every row."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
    await _run(url, f"SELECT pg_terminate_backend(pid) {others}", *(f"DELETE FROM {name}" for name in tables))


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url, timeout=PATIENCE)
    try:
        await connection.execute("; ".join(statements))
    finally:
        await connection.close()
