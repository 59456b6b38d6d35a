"""Limits on how often: token buckets, in this process or shared through Redis."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend.clock import Clock
from backend.errors import TooMany

log = structlog.get_logger()


class Buckets(Protocol):
    """Takes one from the bucket `key`, which holds `per_minute` and refills evenly."""

    async def take(self, key: str, per_minute: int) -> float:
        """Seconds to wait: 0 when one was there."""


class LocalBuckets:
    """Buckets of this process; the least recently used are forgotten beyond `size`."""

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, key: str, per_minute: int) -> float:
        now = Clock.elapsed()
        level, at = self._buckets.pop(key, (float(per_minute), now))
        level = min(float(per_minute), level + (now - at) * per_minute / 60)
        wait = 0.0 if level >= 1 else (1 - level) * 60 / per_minute
        self._buckets[key] = (level - 1 if wait == 0 else level, now)
        if len(self._buckets) > self._size:
            self._buckets.popitem(last=False)
        return wait


# One round trip, atomic on the server. KEYS[1] the bucket, ARGV[1] per minute.
_SCRIPT = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local per = tonumber(ARGV[1])
local held = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = tonumber(held[1]) or per
level = math.min(per, level + (now - (tonumber(held[2]) or now)) * per / 60)
local wait = 0
if level >= 1 then level = level - 1 else wait = (1 - level) * 60 / per end
redis.call('HSET', KEYS[1], 'level', level, 'at', now)
redis.call('EXPIRE', KEYS[1], 120)
return tostring(wait)
"""


class RedisBuckets:
    """Buckets shared by all backends; while Redis is away each backend has its own."""

    def __init__(self, redis: Redis) -> None:
        self._take = redis.register_script(_SCRIPT)
        self._meanwhile = LocalBuckets()

    async def take(self, key: str, per_minute: int) -> float:
        try:
            return float(await self._take(keys=[f"lectern:bucket:{key}"], args=[per_minute]))
        except (RedisError, OSError) as error:
            log.warning("limits.redis.failed", error=type(error).__name__)
            return await self._meanwhile.take(key, per_minute)


class Limits:
    """The desk's two limits. None means no limit."""

    def __init__(self, buckets: Buckets, *, per_address: int | None, per_conversation: int | None) -> None:
        self._buckets = buckets
        self._per_address = per_address
        self._per_conversation = per_conversation

    async def check_address(self, address: str) -> None:
        await self._check(f"address:{address}", self._per_address)

    async def check_conversation(self, conversation_id: str) -> None:
        await self._check(f"conversation:{conversation_id}", self._per_conversation)

    async def check_sign_in(self, who: str) -> None:
        """Ten tries a minute to sign in, whatever the other limits are."""
        await self._check(f"sign-in:{who}", 10)

    async def _check(self, key: str, per_minute: int | None) -> None:
        if per_minute is None:
            return
        wait = await self._buckets.take(key, per_minute)
        if wait > 0:
            seconds = int(wait) + 1
            raise TooMany(f"That was a lot at once. Please try again in {seconds} seconds.", retry_after=seconds)
