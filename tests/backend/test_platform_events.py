"""The platform's events: only signed ones, each once, and what the rules say follows from them by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from backend.outbox import SIGNED_FOR, sign_webhook
from backend.store.desk_models import PlatformEventRow
from tests.backend.running import Answer, Desk, running_desk

SECRET = "a secret between the platform and us"
WORLD = """
now: 2026-03-10T12:00:00Z
catalog:
  courses:
    - {id: ml-basics, title: Machine Learning Basics}
    - {id: ml-advanced, title: Machine Learning in Depth}
  specializations: [{id: ml-spec, title: Machine Learning Path, courses: [ml-basics, ml-advanced]}]
learners:
  - id: ana
    name: Ana Silva
    email: ana@example.org
    aid:
      - {id: aid-1, course: ml-basics, submitted_at: now-3d}
      - {id: aid-2, course: ml-advanced, submitted_at: now-40d, status: denied, decided_at: now-20d}
    certificates: [{course: ml-basics, earned_at: now-9d}]
    subscriptions: [{id: sub-1, item: ml-spec, since: now-20d, period_ends_at: now+10d}]
  - {id: ben, name: Ben Okafor, email: ben@example.org, aid: [{id: aid-1, course: ml-basics, submitted_at: now-3d}]}
"""
TRIAL = {"id": "sub-9", "item": "ml-spec", "status": "trialing", "since": "now", "trial_ends_at": "now+7d"}
FAILED = {"id": "pay-9", "kind": "subscription", "item": "ml-spec", "amount": "49.00 USD", "at": "now"}
FAILED |= {"status": "failed"}


@pytest.fixture
async def desk(database_url: str, quick_parts: None) -> AsyncIterator[Desk]:
    async with running_desk(database_url, webhook_secret=SECRET) as running:
        await running.load(WORLD)
        yield running


async def tell(desk: Desk, kind: str, delivery: str = "d-1", *, learner: str = "ana", **record: Any) -> Answer:
    return await send(desk, json.dumps({"type": kind, "learner": learner, **record}).encode(), delivery)


async def send(desk: Desk, body: bytes, delivery: str = "d-1", *, secret: str = SECRET, late: int = 0) -> Answer:
    at = int((desk.services.clock.now() - timedelta(seconds=late)).timestamp())
    headers = sign_webhook(body, secret, delivery, at)
    return await desk.call("POST", "/api/v1/platform/events", data=body, headers=headers)


def status_of(things: list[dict[str, Any]], id: str) -> str:
    return next(thing["status"] for thing in things if thing["id"] == id)


async def test_a_trial_cancels_the_pending_application_for_a_course_it_includes(desk: Desk) -> None:
    answer = await tell(desk, "subscription_started", subscription=TRIAL)
    assert (answer.status, answer.body["state"]) == (200, "done")
    ana = await desk.learner("ana")
    assert status_of(ana["subscriptions"], "sub-9") == "trialing"
    assert status_of(ana["aid"], "aid-1") == "cancelled"
    assert status_of(ana["aid"], "aid-2") == "denied"
    assert [row["actor"] for row in ana["audit"]] == ["platform"]
    assert len(ana["emails"]) == 1


async def test_a_subscription_that_is_paid_at_once_cancels_no_application(desk: Desk) -> None:
    await tell(desk, "subscription_started", subscription={**TRIAL, "status": "active", "trial_ends_at": None})
    ana = await desk.learner("ana")
    assert (status_of(ana["aid"], "aid-1"), ana["emails"], ana["audit"]) == ("submitted", [], [])


async def test_a_failed_charge_ends_its_subscription(desk: Desk) -> None:
    assert (await tell(desk, "charge_failed", payment=FAILED)).status == 200
    ana = await desk.learner("ana")
    (subscription,) = ana["subscriptions"]
    assert (subscription["status"], subscription["cancel_reason"]) == ("inactive", "payment_failed")
    assert status_of(ana["payments"], "pay-9") == "failed"
    assert len(ana["emails"]) == 1


async def test_a_failed_charge_for_something_else_ends_nothing(desk: Desk) -> None:
    await tell(desk, "charge_failed", payment={**FAILED, "kind": "plus", "item": "plus"})
    ana = await desk.learner("ana")
    assert (status_of(ana["subscriptions"], "sub-1"), ana["emails"]) == ("active", [])


async def test_the_last_certificate_of_a_specialization_ends_its_charges(desk: Desk) -> None:
    await tell(desk, "certificate_earned", certificate={"course": "ml-advanced", "earned_at": "now"})
    (subscription,) = (await desk.learner("ana"))["subscriptions"]
    assert (subscription["status"], subscription["cancel_reason"]) == ("cancelled", "completed")


async def test_a_certificate_before_the_last_ends_nothing(desk: Desk) -> None:
    await desk.load(WORLD.replace("certificates: [{course: ml-basics, earned_at: now-9d}]", "certificates: []"))
    await tell(desk, "certificate_earned", certificate={"course": "ml-advanced", "earned_at": "now"})
    ana = await desk.learner("ana")
    assert status_of(ana["subscriptions"], "sub-1") == "active"
    assert [one["course"] for one in ana["certificates"]] == ["ml-advanced"]


async def test_a_delivery_that_comes_many_times_at_once_counts_once(desk: Desk) -> None:
    answers = await asyncio.gather(*(tell(desk, "charge_failed", payment=FAILED) for _ in range(8)))
    assert sorted(answer.body["state"] for answer in answers) == ["already"] * 7 + ["done"]
    ana = await desk.learner("ana")
    assert (len(ana["emails"]), len(ana["audit"])) == (1, 1)


async def test_nobody_else_is_touched(desk: Desk) -> None:
    before = await desk.learner("ben")
    await tell(desk, "subscription_started", subscription=TRIAL)
    assert await desk.learner("ben") == before


@pytest.mark.parametrize(
    ("late", "status"), [(SIGNED_FOR, 200), (SIGNED_FOR + 1, 401), (-SIGNED_FOR, 200), (-SIGNED_FOR - 1, 401)]
)
async def test_a_signature_is_good_for_five_minutes(desk: Desk, late: int, status: int) -> None:
    body = json.dumps({"type": "charge_failed", "learner": "ana", "payment": FAILED}).encode()
    assert (await send(desk, body, late=late)).status == status


async def test_what_is_forged_or_altered_changes_nothing(desk: Desk) -> None:
    body = json.dumps({"type": "charge_failed", "learner": "ana", "payment": FAILED}).encode()
    signed = sign_webhook(body, SECRET, "d-1", int(desk.services.clock.now().timestamp()))
    path = "/api/v1/platform/events"
    forged = [
        await send(desk, body, secret="another secret"),
        await desk.call("POST", path, data=body.replace(b"ana", b"ben"), headers=signed),
        await desk.call("POST", path, data=body, headers={**signed, "Lectern-Delivery": "d-2"}),
        await desk.call("POST", path, data=body),
        await desk.call("POST", path, data=body, headers={**signed, "Lectern-Timestamp": "soon"}),
    ]
    assert [answer.status for answer in forged] == [401] * 5
    assert status_of((await desk.learner("ana"))["subscriptions"], "sub-1") == "active"
    assert await desk.count(PlatformEventRow) == 0


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"type": "charge_failed", "learner": "nobody", "payment": FAILED}, 404),
        ({"type": "charge_failed", "learner": "ana", "payment": {**FAILED, "status": "completed"}}, 400),
        ({"type": "charge_failed", "learner": "ana", "payment": {**FAILED, "item": "no-such-path"}}, 400),
        ({"type": "charge_failed", "learner": "ana", "payment": {**FAILED, "amount": "much"}}, 400),
        ({"type": "charge_failed", "learner": "ana", "payment": {**FAILED, "colour": "red"}}, 400),
        ({"type": "charge_failed", "learner": "ana", "subscription": TRIAL}, 400),
        ({"type": "charge_failed", "learner": "ana"}, 400),
        ({"type": "something_else", "learner": "ana", "payment": FAILED}, 400),
        ({"type": "certificate_earned", "learner": "ana", "certificate": {"course": 7}}, 400),
        ([], 400),
    ],
)
async def test_an_event_that_does_not_fit_is_refused_whole(desk: Desk, event: Any, status: int) -> None:
    before = await desk.learner("ana")
    assert (await send(desk, json.dumps(event).encode())).status == status
    assert await desk.learner("ana") == before
    assert await desk.count(PlatformEventRow) == 0


async def test_without_a_secret_there_is_no_way_in(database_url: str, quick_parts: None) -> None:
    async with running_desk(database_url) as desk:
        await desk.load(WORLD)
        assert (await send(desk, b"{}", secret="change-me")).status == 404
