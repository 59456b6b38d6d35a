"""The demo platform: it loads, everybody is introduced, and the learners are what their introductions say."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from backend.policy.decision import Outcome
from backend.policy.facts import Request
from backend.policy.parameters import Parameters
from backend.policy.rules import DECISIONS
from backend.store.accounts import load_account, load_catalog
from backend.store.base import Store
from backend.store.world import apply_world, parse_world

DEMO = Path(__file__).parents[2] / "demo"
WORLD = (DEMO / "world.yml").read_text(encoding="utf-8")
ABOUT = yaml.safe_load((DEMO / "learners.yml").read_text(encoding="utf-8"))

# (learner, payment, minutes after the demo was loaded, what the refund rule says)
REFUNDS = [
    ("ana", "pay-1", 0, "within_refund_window"),
    ("ben", "pay-1", 0, "within_refund_window"),
    ("ben", "pay-1", 61, "refund_window_closed"),
    ("carla", "pay-1", 0, "refund_window_closed"),
    ("dana", "pay-1", 0, "certificate_already_earned"),
    ("emi", "pay-1", 0, "paid_through_apple"),
    ("kemi", "pay-1", 0, "paid_through_marketplace"),
    ("liam", "pay-1", 0, "already_refunded"),
    ("rosa", "pay-1", 0, "within_refund_window"),
    ("rosa", "pay-2", 0, "within_refund_window"),
    ("farid", "pay-1", 0, "test_charge_returned_automatically"),
    ("grace", "pay-1", 0, "subscription_payment_not_refundable"),
    ("grace", "pay-3", 0, "plus_refund_needs_agent"),
    ("maya", "pay-2", 0, "payment_not_completed"),
    ("uma", "pay-1", 0, "refund_window_closed"),
]


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 8, 1, 9, 30, tzinfo=timezone.utc)


async def test_the_demo_loads_on_every_database(store: Store, now: datetime) -> None:
    async with store.write() as session:
        world = await apply_world(session, WORLD, file="demo/world.yml", now=now)
    async with store.read() as session:
        catalog = await load_catalog(session)
        accounts = [await load_account(session, learner) for learner in world.learners]
    assert world.now is None, "the demo's clock runs"
    assert len(catalog.courses) >= 12
    assert len(catalog.specializations) >= 4
    assert {course.capstone for course in catalog.courses.values()} == {None, "open", "closed"}
    assert {"degree", "professional_certificate", "business"} <= {one.program for one in catalog.courses.values()}
    assert any(course.passing_threshold for course in catalog.courses.values())
    assert any(course.starts_at and course.starts_at > now for course in catalog.courses.values())
    assert all(account is not None for account in accounts)


def test_every_learner_is_introduced_in_one_line(now: datetime) -> None:
    world = parse_world(WORLD, now=now)
    assert set(ABOUT) == set(world.learners)
    assert all(isinstance(line, str) and line.endswith(".") and len(line) <= 120 for line in ABOUT.values())


def test_no_learner_could_be_taken_for_a_real_one(now: datetime) -> None:
    for learner in parse_world(WORLD, now=now).entries["learners"]:
        assert learner["email"] == f"{learner['id']}@example.org"
        assert learner["password"] in (None, f"demo {learner['id']}")
        assert (learner["password"] is None) == ("password" not in learner["sign_ins"])


@pytest.mark.parametrize(("learner", "payment", "minutes", "code"), REFUNDS)
async def test_refunds_are_what_the_introduction_says(
    sqlite_store: Store, now: datetime, learner: str, payment: str, minutes: int, code: str
) -> None:
    async with sqlite_store.write() as session:
        await apply_world(session, WORLD, file="demo/world.yml", now=now)
        account = await load_account(session, learner)
    decision = DECISIONS["refund"](account, payment, Request(), now + timedelta(minutes=minutes), Parameters.load())
    assert code in [reason.code for reason in decision.reasons]
    assert (decision.outcome is Outcome.GRANTED) == (code == "within_refund_window")
