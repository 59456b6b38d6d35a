"""The tables of work, on both databases: once for each key, in order within a lane, by any number of processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend.clock import Clock
from backend.slack.queue import LEASE, REMEMBERED, GiveUp, Later, Worker, forget_done, put
from backend.store.base import Store, make_engine
from backend.store.slack_models import SlackIncomingRow
from tests.backend.running import NOW, PATIENCE


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = Store(make_engine(database_url))
    yield store
    await store.close()


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.set(NOW)
    return clock


async def _put(store: Store, key: str, lane: str = "lane", **payload: Any) -> bool:
    async with store.write() as session:
        return await put(session, SlackIncomingRow, key, lane, NOW, kind="event", payload=payload)


def _worker(store: Store, clock: Clock, work: Any, parallel: int = 4) -> Worker:
    return Worker(store, clock, SlackIncomingRow, work, parallel=parallel, every=0.02)


async def test_a_key_is_kept_once_whoever_keeps_it(store: Store) -> None:
    kept = await asyncio.gather(*(_put(store, "event:1") for _ in range(8)))
    assert sorted(kept) == [False] * 7 + [True]


async def test_two_workers_do_each_piece_once_and_a_lane_in_its_order(store: Store, clock: Clock) -> None:
    done: list[tuple[str, int]] = []

    async def work(row: SlackIncomingRow) -> None:
        await asyncio.sleep(0.001)
        done.append((row.lane, row.payload["number"]))

    for number in range(5):
        for lane in ("one", "two", "three"):
            await _put(store, f"{lane}:{number}", lane, number=number)
    workers = [_worker(store, clock, work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for _ in range(300):
        if len(done) >= 15:
            break
        await asyncio.sleep(0.02)
    for worker in workers:
        await worker.stop()
    assert len(done) == 15
    for lane in ("one", "two", "three"):
        assert [number for of, number in done if of == lane] == [0, 1, 2, 3, 4]


async def test_what_failed_waits_holds_up_its_lane_and_no_other(store: Store, clock: Clock) -> None:
    tried: list[str] = []
    fails: dict[str, Exception] = {"a": RuntimeError("x")}

    async def work(row: SlackIncomingRow) -> None:
        tried.append(row.key)
        if row.key in fails:
            raise fails[row.key]

    for key, lane in (("a", "one"), ("b", "one"), ("c", "two")):
        await _put(store, key, lane)
    worker = _worker(store, clock, work)
    await worker.drain()
    assert tried == ["a", "c"]
    fails["a"] = Later("ratelimited", 50)
    clock.set(NOW + timedelta(seconds=1))
    await worker.drain()
    assert tried == ["a", "c", "a"]
    clock.set(NOW + timedelta(seconds=50))
    await worker.drain()
    assert tried == ["a", "c", "a"]
    fails["a"] = GiveUp("never")
    clock.set(NOW + timedelta(seconds=51))
    await worker.drain()
    assert tried == ["a", "c", "a", "a", "b"]


async def test_what_a_killed_process_held_is_done_by_another_after_its_lease(store: Store, clock: Clock) -> None:
    reached, done = asyncio.Event(), []

    async def hangs(_row: SlackIncomingRow) -> None:
        reached.set()
        await asyncio.sleep(60)

    async def works(row: SlackIncomingRow) -> None:
        done.append(row.key)

    await _put(store, "a")
    killed = _worker(store, clock, hangs)
    killed.start()
    await asyncio.wait_for(reached.wait(), PATIENCE)
    await killed.stop()
    other = _worker(store, clock, works)
    assert await other.drain() == 0
    clock.set(NOW + LEASE)
    assert await other.drain() == 1 and done == ["a"]


async def test_words_go_with_the_work_and_keys_after_a_while(store: Store, clock: Clock) -> None:
    async def work(_row: SlackIncomingRow) -> None: ...

    await _put(store, "a", text="what somebody said")
    await _worker(store, clock, work).drain()
    async with store.read() as session:
        row = (await session.scalars(select(SlackIncomingRow))).one()
        assert row.payload == {} and row.done_at == NOW
    assert await _put(store, "a") is False
    async with store.write() as session:
        await forget_done(session, NOW + REMEMBERED + timedelta(seconds=1))
    assert await _put(store, "a") is True
