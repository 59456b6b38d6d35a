"""SQLite without a thread between: who finds it locked waits, holds up nobody, and gets an error in the end."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.errors import StoreUnavailable
from backend.store import sqlite
from backend.store.base import Store
from backend.store.world_models import PartnerRow


@pytest.fixture
def other(sqlite_url: str) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the same file."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def write_one(store: Store, name: str) -> None:
    async with store.write() as session:
        session.add(PartnerRow(id=name, name=name))


async def written(store: Store) -> int:
    async with store.read() as session:
        return await session.scalar(select(func.count()).select_from(PartnerRow)) or 0


async def test_a_writer_waits_for_another_process_while_everybody_else_goes_on(
    sqlite_store: Store, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(write_one(sqlite_store, "duke"))
    for _ in range(5):
        await asyncio.sleep(0.01)
        assert await written(sqlite_store) == 0
    assert not waiting.done()
    other.execute("COMMIT")
    await waiting
    assert await written(sqlite_store) == 1


async def test_a_lock_that_lasts_is_an_error_and_nothing_is_written(
    sqlite_store: Store, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.05)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await write_one(sqlite_store, "duke")
    other.execute("ROLLBACK")
    assert await written(sqlite_store) == 0
    await write_one(sqlite_store, "yale")
    assert await written(sqlite_store) == 1


async def test_many_writers_of_one_process_all_get_their_turn(sqlite_store: Store) -> None:
    await asyncio.gather(*(write_one(sqlite_store, f"partner-{number}") for number in range(50)))
    assert await written(sqlite_store) == 50


async def test_a_writer_that_fails_leaves_nothing_and_lets_the_next_one_in(sqlite_store: Store) -> None:
    with pytest.raises(RuntimeError):
        async with sqlite_store.write() as session:
            session.add(PartnerRow(id="duke", name="Duke"))
            await session.flush()
            raise RuntimeError("an accident")
    await write_one(sqlite_store, "duke")
    assert await written(sqlite_store) == 1


async def test_a_writer_that_is_cancelled_lets_the_next_one_in(sqlite_store: Store, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(write_one(sqlite_store, "duke"))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other.execute("COMMIT")
    await write_one(sqlite_store, "yale")
    assert await written(sqlite_store) == 1


class SlowlyCommitted(sqlite3.Connection):
    """On a disk that takes its time."""

    def commit(self) -> None:
        time.sleep(0.1)
        super().commit()


async def test_a_commit_goes_on_beside_everything_else_and_ends_before_its_cancelling_does(tmp_path: Path) -> None:
    database = str(tmp_path / "slow.db")
    connection = await sqlite.connect(database, factory=SlowlyCommitted)
    await connection.execute("CREATE TABLE told (word TEXT)")
    await connection.execute("INSERT INTO told VALUES ('yes')")
    committing = asyncio.create_task(connection.commit())
    await asyncio.sleep(0.02)
    assert not committing.done()
    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("SELECT word FROM told").fetchall() == [("yes",)]
    await connection.close()


async def test_a_write_within_a_write_is_a_defect_that_shows_at_once(sqlite_store: Store) -> None:
    with pytest.raises(RuntimeError):
        async with sqlite_store.write():
            await write_one(sqlite_store, "duke")
    await write_one(sqlite_store, "yale")
    assert await written(sqlite_store) == 1
