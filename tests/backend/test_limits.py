"""Limits on how often, by address and by conversation; and whose word on the address counts."""

from __future__ import annotations

import pytest

from backend.clock import Clock
from backend.conversations.limits import LocalBuckets
from tests.backend.everywhere import assert_error
from tests.backend.running import Desk, running_desk


async def statuses(desk: Desk, count: int, **headers: str) -> list[int]:
    return [(await desk.call("GET", "/api/v1/articles/nothing", headers=headers)).status for _ in range(count)]


async def test_an_address_has_so_many_requests_a_minute_and_is_told_when_to_come_back(
    sqlite_url: str, quick_parts: None
) -> None:
    async with running_desk(sqlite_url, address_per_minute=5) as desk:
        assert await statuses(desk, 5) == [404] * 5
        answer = await desk.call("GET", "/api/v1/articles/nothing")
        assert_error(answer, 429)
        assert answer.code == "too_many_requests"
        assert 1 <= int(answer.headers["Retry-After"]) <= 13
        assert f"{answer.headers['Retry-After']} seconds" in answer.body["error"]["message"]
        for path in ("/healthz", "/help", "/static/base.css"):
            assert (await desk.call("GET", path)).status == 200


async def test_a_conversation_has_so_many_messages_a_minute_and_others_have_theirs(
    sqlite_url: str, quick_parts: None
) -> None:
    async with running_desk(sqlite_url, conversation_per_minute=3) as desk:
        await desk.load()
        talk, other = await desk.open("ana"), await desk.open("ben")
        answers = [await talk.say(f"hello {number}") for number in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert len(desk.engine.heard) == 3
        assert (await other.say("hello")).status == 200
        assert (await talk.get("/messages")).status == 200


async def test_without_limits_set_tests_have_none_and_others_have(sqlite_url: str, quick_parts: None) -> None:
    async with running_desk(sqlite_url) as desk:
        assert set(await statuses(desk, 50)) == {404}
        assert desk.services.limits._per_address is None
    async with running_desk(sqlite_url, testing=False) as desk:
        assert (desk.services.limits._per_address, desk.services.limits._per_conversation) == (600, 60)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "separate"),
    [
        (0, ["1.1.1.1", "2.2.2.2"], False),  # nobody in front: what a client says of itself is not believed
        (1, ["1.1.1.1, 9.9.9.9", "2.2.2.2, 9.9.9.9"], False),  # the client's own word stands before the proxy's
        (1, ["9.9.9.8", "9.9.9.9"], True),
        (1, ["1.1.1.1, 9.9.9.8", "1.1.1.1, 9.9.9.9"], True),
        (2, ["9.9.9.8, 7.7.7.7", "9.9.9.9, 7.7.7.7"], True),
        (2, ["1.1.1.1, 9.9.9.9, 7.7.7.7", "2.2.2.2, 9.9.9.9, 7.7.7.7"], False),
        (2, ["7.7.7.7", "7.7.7.8"], False),  # not through both: the connection's address counts
        (1, ["", " , "], False),
    ],
)
async def test_the_address_is_believed_only_from_ones_own_proxies(
    sqlite_url: str, quick_parts: None, proxies: int, forwarded: list[str], separate: bool
) -> None:
    async with running_desk(sqlite_url, address_per_minute=2, trusted_proxies=proxies) as desk:
        seen = [await statuses(desk, 2, **{"X-Forwarded-For": each}) for each in forwarded]
        assert seen == [[404, 404], [404, 404] if separate else [429, 429]]


async def test_a_proxy_that_adds_a_line_of_its_own_is_the_one_believed(sqlite_url: str, quick_parts: None) -> None:
    async with running_desk(sqlite_url, address_per_minute=1, trusted_proxies=1) as desk:
        for number, status in ((1, 404), (2, 429)):
            headers = [("X-Forwarded-For", f"1.1.1.{number}"), ("X-Forwarded-For", "9.9.9.9")]
            assert (await desk.call("GET", "/api/v1/articles/nothing", headers=headers)).status == status


async def test_a_bucket_holds_a_minutes_worth_and_refills_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(Clock, "elapsed", staticmethod(lambda: now))
    buckets = LocalBuckets()
    assert [await buckets.take("a", 60) for _ in range(60)] == [0.0] * 60
    assert await buckets.take("a", 60) == pytest.approx(1.0)
    assert await buckets.take("b", 60) == 0
    now += 0.99
    assert await buckets.take("a", 60) > 0
    now += 0.02
    assert await buckets.take("a", 60) == 0
    assert await buckets.take("a", 60) > 0
    now += 3600
    assert [await buckets.take("a", 60) > 0 for _ in range(61)] == [False] * 60 + [True]


async def test_buckets_of_addresses_long_gone_are_forgotten() -> None:
    buckets = LocalBuckets(size=3)
    for key in ("a", "b", "c", "a", "d"):
        await buckets.take(key, 1)
    assert await buckets.take("a", 1) > 0, "the most recently used was forgotten"
    assert await buckets.take("b", 1) == 0, "the least recently used was kept"
