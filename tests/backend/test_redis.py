"""Several backends on one database and one Redis: events reach the others, turns stay in order, limits are shared."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend.conversations.fanout import RedisFanout
from backend.conversations.limits import RedisBuckets
from backend.store.world_models import RefundRow
from tests.backend.running import Desk, Talk, running_desk
from tests.backend.test_stream import next_event, numbers, stream

REDIS = os.environ.get("LECTERN_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    redis = Redis.from_url(REDIS)
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        pytest.skip(f"no Redis at {REDIS} (LECTERN_TEST_REDIS_URL): {error}")
    yield redis
    await redis.aclose()


@pytest.fixture
async def two(database_url: str, quick_parts: None, redis: Redis) -> AsyncIterator[tuple[Desk, Desk]]:
    """Two backends, as behind a load balancer."""
    async with AsyncExitStack() as stack:
        desks = [await stack.enter_async_context(running_desk(database_url, redis_url=REDIS)) for _ in range(2)]
        await desks[0].load()
        for desk in desks:
            await listening(desk)
        yield desks[0], desks[1]


async def listening(desk: Desk) -> None:
    """Wait until the backend hears what the others tell."""
    fanout, topic = desk.services.fanout, uuid.uuid4().hex
    async with fanout.subscribe(topic) as subscription:
        for _ in range(100):
            await fanout.publish(topic, {"type": "test"})
            try:
                await asyncio.wait_for(subscription.queue.get(), 0.1)
            except asyncio.TimeoutError:
                continue
            return
    raise AssertionError("the backend never listened")


def at(desk: Desk, talk: Talk) -> Talk:
    """The same conversation through another backend."""
    return replace(talk, desk=desk)


async def test_what_happens_at_one_backend_is_heard_at_the_other(two: tuple[Desk, Desk]) -> None:
    here, there = two
    talk = await here.open("ana")
    async with stream(at(there, talk)) as socket:
        assert await numbers(socket, 1) == [1]
        await next_event(socket, "state")
        answer = await talk.say("hello")
        assert await numbers(socket, 3) == [2, 3]
        assert answer.body["messages"][0]["seq"] == 3


async def test_an_agent_at_one_backend_and_a_learner_at_the_other_talk(two: tuple[Desk, Desk]) -> None:
    here, there = two
    talk, sam = await here.open("ana"), await there.staff("Sam")
    async with stream(talk) as socket:
        await next_event(socket, "state")
        await sam.act(at(there, talk), "claim")
        assert (await next_event(socket, "state"))["agent"] == {"name": "Sam"}
        await sam.write(at(there, talk), "Hi Ana")
        told = await next_event(socket, "message")
        while told["message"]["author"] != "agent":
            told = await next_event(socket, "message")
        assert told["message"]["text"] == "Hi Ana"
    await sam.http.close()


async def test_turns_of_a_conversation_stay_in_order_across_backends(two: tuple[Desk, Desk]) -> None:
    talk, running = await two[0].open("ana"), 0

    async def alone() -> None:
        nonlocal running
        running += 1
        assert running == 1, "two turns of a conversation ran at the same time"
        await asyncio.sleep(0.01)
        running -= 1

    for desk in two:
        desk.engine.before = alone
    sent = [at(two[number % 2], talk).say(f"hello {number}", f"id-{number}") for number in range(10)]
    answers = await asyncio.gather(*sent)
    assert {answer.status for answer in answers} == {200}
    assert not two[0].engine.broken + two[1].engine.broken
    transcript = await talk.transcript()
    assert [message["seq"] for message in transcript] == list(range(1, 22))
    assert [message["author"] for message in transcript[1:]] == ["learner", "bot"] * 10


async def test_the_same_yes_at_both_backends_is_done_once_and_answered_the_same(two: tuple[Desk, Desk]) -> None:
    talk = await two[0].open("ana")
    await talk.say("refund please")
    button = talk.button("Refund .*79")
    answers = await asyncio.gather(*(at(desk, talk).press_id(button, "yes") for desk in two for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert all(answer.body == answers[0].body for answer in answers)
    assert await two[0].count(RefundRow) == 1


async def test_a_limit_counts_over_all_backends(redis: Redis) -> None:
    one, other, key = RedisBuckets(redis), RedisBuckets(Redis.from_url(REDIS)), uuid.uuid4().hex
    waits = [await (one if number % 2 else other).take(key, 6) for number in range(8)]
    assert [wait > 0 for wait in waits] == [False] * 6 + [True] * 2
    assert 0 < waits[-1] <= 10
    assert await one.take(uuid.uuid4().hex, 6) == 0
    assert 0 < await redis.ttl(f"lectern:bucket:{key}") <= 120


async def test_a_lock_that_was_left_behind_runs_out(redis: Redis) -> None:
    left, mine = RedisFanout(redis, 0.3), RedisFanout(redis, 0.3)
    conversation = uuid.uuid4().hex
    held = left.in_order(conversation)
    await held.__aenter__()
    async with asyncio.timeout(3), mine.in_order(conversation):
        pass
    await held.__aexit__(None, None, None)


# --- Redis away ------------------------------------------------------------------------------------------------------


class OwnRedis:
    """A Redis of this test's own, to be ended and started again."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"redis://127.0.0.1:{port}"
        self._port, self._folder = port, folder
        self._process: psutil.Popen | None = None

    def start(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        with Path(os.devnull).open("w") as nowhere:
            self._process = psutil.Popen(["redis-server", *options], stdout=nowhere)

    async def answers(self) -> None:
        async with Redis.from_url(self.url) as redis:
            for _ in range(200):
                try:
                    await redis.ping()
                except (RedisError, OSError):
                    await asyncio.sleep(0.05)
                else:
                    return
        raise AssertionError("Redis did not start")

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def own_redis(unused_tcp_port: int, tmp_path: Path) -> Iterator[OwnRedis]:
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server on PATH")
    redis = OwnRedis(unused_tcp_port, tmp_path)
    redis.start()
    yield redis
    redis.end()


async def test_while_redis_is_away_the_desk_goes_on_and_afterwards_nothing_is_missing(
    sqlite_url: str, quick_parts: None, own_redis: OwnRedis
) -> None:
    await own_redis.answers()
    limits: dict[str, Any] = {"address_per_minute": 1000, "conversation_per_minute": 1000}
    async with running_desk(sqlite_url, redis_url=own_redis.url, **limits) as desk:
        await desk.load()
        await listening(desk)
        talk = await desk.open("ana")
        async with stream(talk) as socket:
            await next_event(socket, "state")
            own_redis.end()
            assert (await talk.say("hello")).status == 200
            assert await numbers(socket, 3) == [2, 3]
            own_redis.start()
            await own_redis.answers()
            await listening(desk)
            assert (await talk.say("hello again")).status == 200
            assert await numbers(socket, 5) == [4, 5]


async def test_a_stream_looks_into_its_transcript_when_redis_is_back(
    sqlite_url: str, quick_parts: None, own_redis: OwnRedis
) -> None:
    """What another backend told while this one could not listen."""
    await own_redis.answers()
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(running_desk(sqlite_url, redis_url=own_redis.url))
        alone = await stack.enter_async_context(running_desk(sqlite_url))
        await here.load()
        await listening(here)
        talk = await here.open("ana")
        async with stream(talk) as socket:
            await next_event(socket, "state")
            await at(alone, talk).say("hello")
            own_redis.end()
            own_redis.start()
            assert await numbers(socket, 3) == [2, 3]
