"""Tells whoever is connected what happened, and keeps a conversation's turns in order: here or through Redis."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError, RedisError

from backend.errors import TooMany

log = structlog.get_logger()
STAFF = "staff"
# What open consoles are told besides: messages, typing, reading, who looks. Nothing has to be looked up because of it.
LIVE = "staff.live"
# A stream that does not read its events is cut off rather than kept in memory: it resumes from its last seq.
BACKLOG = 500
_CUT = {"type": "cut"}


class Subscription:
    """One connected stream: a queue of events."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(BACKLOG)

    def offer(self, event: Mapping[str, Any]) -> None:
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            event = _CUT
        self.queue.put_nowait(event)


class Fanout(Protocol):
    """Publishes events on topics (a conversation's id, STAFF or LIVE) and serialises turns."""

    async def publish(self, topic: str, event: Mapping[str, Any]) -> None: ...
    def subscribe(self, *topics: str) -> Any: ...
    def in_order(self, conversation_id: str) -> Any: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class LocalFanout:
    """Everything in this process."""

    def __init__(self) -> None:
        self._topics: dict[str, set[Subscription]] = defaultdict(set)
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def publish(self, topic: str, event: Mapping[str, Any]) -> None:
        self.deliver(topic, event)

    def deliver(self, topic: str, event: Mapping[str, Any]) -> None:
        for subscription in tuple(self._topics.get(topic, ())):
            subscription.offer(event)

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[Subscription]:
        subscription = Subscription()
        for topic in topics:
            self._topics[topic].add(subscription)
        try:
            yield subscription
        finally:
            for topic in topics:
                self._topics[topic].discard(subscription)
                if not self._topics[topic]:
                    del self._topics[topic]

    @asynccontextmanager
    async def in_order(self, conversation_id: str) -> AsyncIterator[None]:
        """One at a time for a conversation, first come first served."""
        lock, users = self._locks.get(conversation_id, (asyncio.Lock(), 0))
        if users >= 20:
            raise TooMany("Please wait for the answers to your last messages first.", retry_after=5)
        self._locks[conversation_id] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[conversation_id]
            if users == 1:
                del self._locks[conversation_id]
            else:
                self._locks[conversation_id] = (lock, users - 1)


async def tell_both(fanout: Fanout, conversation_id: str, event: Mapping[str, Any]) -> None:
    """Tell everybody in a conversation, and the consoles that follow it."""
    await fanout.publish(conversation_id, event)
    await fanout.publish(LIVE, {**event, "conversation": conversation_id})


class RedisFanout(LocalFanout):
    """Events and order shared by all backends. Each backend's own queue keeps its turns first come first served."""

    CHANNEL = "lectern:events"

    def __init__(self, redis: Redis, lock_seconds: float) -> None:
        super().__init__()
        self._redis = redis
        self._lock_seconds = lock_seconds
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._listener = asyncio.create_task(self._listen(), name="fanout")

    async def stop(self) -> None:
        if self._listener:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        await self._redis.aclose()

    async def publish(self, topic: str, event: Mapping[str, Any]) -> None:
        # A stream that misses an event catches up from the transcript, so an outage of Redis may cost speed only.
        try:
            await self._redis.publish(self.CHANNEL, json.dumps({"topic": topic, "event": event}))
        except (RedisError, OSError) as error:
            log.warning("fanout.publish.failed", error=type(error).__name__)
            self.deliver(topic, event)

    def _catch_up(self) -> None:
        """What was told while nobody listened is gone: every stream looks into its transcript."""
        for topic in tuple(self._topics):
            self.deliver(topic, _CUT)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as listener:
                    await listener.subscribe(self.CHANNEL)
                    self._catch_up()
                    async for item in listener.listen():
                        if item["type"] == "message":
                            told = json.loads(item["data"])
                            self.deliver(told["topic"], told["event"])
            except (RedisError, OSError) as error:
                log.warning("fanout.listen.failed", error=type(error).__name__)
                await asyncio.sleep(1)

    @asynccontextmanager
    async def in_order(self, conversation_id: str) -> AsyncIterator[None]:
        async with super().in_order(conversation_id):
            lock = await self._locked(conversation_id)
            try:
                yield
            finally:
                # It may have run out while the turn was slow; the turn's own record still makes it happen once.
                with suppress(LockError, RedisError, OSError):
                    if lock is not None:
                        await lock.release()

    async def _locked(self, conversation_id: str) -> Lock | None:
        """The turn's lock. None while Redis is away: then the order is kept by each backend, and by the database."""
        lock = self._redis.lock(f"lectern:turn:{conversation_id}", timeout=self._lock_seconds)
        try:
            await lock.acquire()
        except (RedisError, OSError) as error:
            log.warning("fanout.lock.failed", error=type(error).__name__)
            return None
        return lock
