"""What a world means: the vocabulary, what absent keys take, instants and money in every way they may be written."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import yaml

from backend.policy.money import Money
from backend.store.world import World, parse_world

UTC = timezone.utc


def learner(now: datetime, **keys: Any) -> dict[str, Any]:
    """The one learner of a world, as read."""
    world = parse_world({"learners": [{"id": "ana", "name": "Ana", "email": "ana@example.org", **keys}]}, now=now)
    return world.entries["learners"][0]


def instant(raw: Any, now: datetime) -> datetime:
    return learner(now, certificates=[{"course": "c", "earned_at": raw}])["certificates"][0]["earned_at"]


def amount(raw: Any, now: datetime) -> Money:
    payment = {"id": "p", "item": "c", "at": "now", "amount": raw}
    return learner(now, payments=[payment])["payments"][0]["amount"]


def test_the_example_of_the_contract_is_read(contract_world: str, now: datetime) -> None:
    world = parse_world(contract_world, now=datetime(2020, 1, 1, tzinfo=UTC))
    assert world.now == now
    assert world.learners == ("ana",)
    assert world.entries["learners"][0]["aid"][0]["submitted_at"] == now - timedelta(days=9)


def test_yaml_json_bytes_and_plain_values_mean_the_same(contract_world: str, now: datetime) -> None:
    plain = yaml.safe_load(contract_world)
    as_json = json.dumps(plain, default=lambda value: value.isoformat())
    worlds: list[World] = [
        parse_world(source, now=now)
        for source in (contract_world, plain, as_json, contract_world.encode(), f"\ufeff{contract_world}".encode())
    ]
    assert all(world == worlds[0] for world in worlds)


def test_an_empty_world_is_a_world(now: datetime) -> None:
    assert parse_world("", now=now).learners == ()


def test_a_world_without_now_leaves_the_clock(now: datetime) -> None:
    world = parse_world({"now": None}, now=now)
    assert world.now is None
    assert world.base == now


def test_a_worlds_own_now_may_be_relative(now: datetime) -> None:
    world = parse_world({"now": "now-9d", "learners": []}, now=now)
    assert world.now == world.base == now - timedelta(days=9)


def test_absent_keys_of_a_learner_take_the_contracts_values(now: datetime) -> None:
    assert learner(now) == {
        "id": "ana",
        "name": "Ana",
        "email": "ana@example.org",
        "country": None,
        "password": None,
        "email_confirmed": True,
        "sign_ins": ["password"],
        "sso": None,
        "name_verification": "none",
        "id_verification": "none",
        **{
            name: []
            for name in (
                *("enrollments", "payments", "subscriptions", "certificates"),
                *("aid", "submissions", "promotions"),
            )
        },
    }


def test_absent_keys_of_what_hangs_on_a_learner_take_the_values_shown(now: datetime) -> None:
    read = learner(
        now,
        enrollments=[{"id": "e", "course": "c", "since": "now"}],
        payments=[{"id": "p", "item": "c", "at": "now"}],
        subscriptions=[{"id": "s", "item": "plus", "since": "now"}],
        aid=[{"id": "a", "course": "c", "submitted_at": "now"}],
        submissions=[{"assignment": "q"}, {"assignment": "r", "status": "draft"}],
        promotions=[{"code": "SPRING"}],
    )
    assert read["enrollments"] == [{"id": "e", "course": "c", "mode": "paid", "since": now, "completed_at": None}]
    assert read["payments"] == [
        {
            "id": "p",
            "kind": "course",
            "item": "c",
            "amount": Money(7900, "USD"),
            "at": now,
            "via": "web",
            "status": "completed",
            "method": "visa",
            "promotion": None,
            "refunded_at": None,
        }
    ]
    assert read["subscriptions"] == [
        {
            "id": "s",
            "item": "plus",
            "plan": "monthly",
            "status": "active",
            "since": now,
            "trial_ends_at": None,
            "period_ends_at": None,
            "via": "web",
            "cancelled_at": None,
            "cancel_reason": None,
        }
    ]
    assert {key: read["aid"][0][key] for key in ("words", "status", "decided_at", "reason")} == {
        "words": 220,
        "status": "submitted",
        "decided_at": None,
        "reason": None,
    }
    graded, draft = read["submissions"]
    assert (graded["status"], graded["score"], graded["peer_reviews_received"]) == ("graded", 0.9, 0)
    assert draft["score"] is None, "what is not graded has no score unless it says so"
    assert read["promotions"] == [{"code": "SPRING", "percent": 20, "courses": [], "used_at": None}]


def test_absent_keys_of_the_catalogue_take_the_values_shown(now: datetime) -> None:
    course = {"id": "c", "title": "C", "assignments": [{"id": "q", "title": "Q"}]}
    world = parse_world({"catalog": {"courses": [course], "specializations": [{"id": "s", "title": "S"}]}}, now=now)
    catalog = world.entries["catalog"]
    assert catalog["courses"] == [
        {
            "id": "c",
            "title": "C",
            "partner": None,
            "price": None,
            "starts_at": None,
            "offers": {"certificate": True, "audit": True, "aid": True, "full_no_certificate": False},
            "verification": "name",
            "program": "none",
            "platform": "new",
            "passing_threshold": None,
            "access_days": None,
            "capstone": None,
            "assignments": [
                {
                    "id": "q",
                    "title": "Q",
                    "kind": "quiz",
                    "weight": 0.4,
                    "passing": 0.8,
                    "required": True,
                    "honors": False,
                    "opens_after": None,
                    "locked_by_staff": False,
                    "peer_reviews_needed": 0,
                    "reviews_to_give": 0,
                }
            ],
        }
    ]
    assert catalog["specializations"][0]["courses"] == []
    assert catalog["specializations"][0]["monthly_price"] is None


@pytest.mark.parametrize(
    ("raw", "distance"),
    [
        ("now", timedelta()),
        ("now-9d", timedelta(days=-9)),
        ("now+3h30m", timedelta(hours=3, minutes=30)),
        ("now-13d23h", timedelta(days=-13, hours=-23)),
        ("now+1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("now - 90s", timedelta(seconds=-90)),
        ("now+0s", timedelta()),
    ],
)
def test_relative_instants_count_from_now(raw: str, distance: timedelta, now: datetime) -> None:
    assert instant(raw, now) == now + distance


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01T09:00:00.250Z", datetime(2026, 3, 1, 9, 0, 0, 250000, tzinfo=UTC)),
        ("2026-03-01t09:00:00z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01T09:00:00+05:30", datetime(2026, 3, 1, 3, 30, tzinfo=UTC)),
        ("2026-03-01 09:00:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime.fromisoformat("2026-03-01T09:00:00"), datetime(2026, 3, 1, 9, tzinfo=UTC)),
        (datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=-3))), datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ],
)
def test_instants_are_utc_however_they_are_written(raw: Any, expected: datetime, now: datetime) -> None:
    assert instant(raw, now) == expected
    assert instant(raw, now).utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("49.00 USD", Money(4900, "USD")),
        ("0.00 USD", Money(0, "USD")),
        ("4900 JPY", Money(4900, "JPY")),
        ("1.500 KWD", Money(1500, "KWD")),
        ({"amount": "49.00", "currency": "USD"}, Money(4900, "USD")),
    ],
)
def test_money_is_read_in_yamls_and_in_jsons_way(raw: Any, expected: Money, now: datetime) -> None:
    assert amount(raw, now) == expected


def test_norway_is_a_country_and_yes_is_a_yes(now: datetime) -> None:
    world = parse_world(
        "learners: [{id: kari, name: Kari, email: kari@example.org, country: NO, email_confirmed: no}]", now=now
    )
    assert world.entries["learners"][0]["country"] == "NO"
    assert world.entries["learners"][0]["email_confirmed"] is False


def test_whole_numbers_serve_as_numbers(now: datetime) -> None:
    assert learner(now, submissions=[{"assignment": "q", "score": 1}])["submissions"][0]["score"] == 1.0


def test_lists_may_be_null(now: datetime) -> None:
    assert learner(now, payments=None)["payments"] == []
    assert parse_world("catalog:\nlearners:\n", now=now).learners == ()
