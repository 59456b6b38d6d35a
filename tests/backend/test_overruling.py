"""Overruling a refusal: a supervisor's, with a reason, for the desk's own terms alone; on record with both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from backend.store.desk_models import AuditRow, CaseRow, NoteRow, ProposalRow
from backend.store.world_models import RefundRow
from tests.backend.everywhere import assert_error
from tests.backend.running import Answer, Console, Desk, Talk

# Each payment is refused for something else, the first two for the desk's own terms alone.
EVE = """
catalog:
  courses: [{id: ml-basics, title: Machine Learning Basics, price: 79.00 USD}]
  specializations: [{id: ml-spec, title: Machine Learning Path, courses: [ml-basics], monthly_price: 49.00 USD}]
learners:
  - id: eve
    name: Eve Adams
    email: eve@example.org
    enrollments: [{id: enr-1, course: ml-basics, mode: paid, since: now-40d}]
    subscriptions:
      - {id: sub-1, item: plus, plan: yearly, status: active, since: now-40d, period_ends_at: now+325d}
    payments:
      - {id: late, kind: course, item: ml-basics, amount: 79.00 USD, at: now-40d}
      - {id: monthly, kind: subscription, item: ml-spec, amount: 49.00 USD, at: now-2d}
      - {id: plus, kind: plus, item: plus, amount: 399.00 USD, at: now-40d}
      - {id: back, kind: course, item: ml-basics, amount: 79.00 USD, at: now-40d, status: refunded}
      - {id: pending, kind: course, item: ml-basics, amount: 79.00 USD, at: now-40d, status: pending}
      - {id: apple, kind: course, item: ml-basics, amount: 79.00 USD, at: now-40d, via: ios_app}
      - {id: fresh, kind: course, item: ml-basics, amount: 79.00 USD, at: now-1d}
"""
WORDS = {"reason": "our page was down on the last day", "yes": "she asked for it in this chat"}


@pytest.fixture
async def mira(each_desk: Desk) -> AsyncIterator[Console]:
    await each_desk.load(EVE)
    console = await each_desk.staff("Mira", "supervisor")
    yield console
    await console.http.close()


@pytest.fixture
async def talk(each_desk: Desk, mira: Console) -> Talk:
    talk = await each_desk.open("eve")
    assert (await mira.act(talk, "claim")).status == 200
    return talk


async def overrule(console: Console, talk: Talk, target: str, **changes: Any) -> Answer:
    return await console.act(talk, "overrule", {"operation": "refund", "target": target, **WORDS, **changes})


async def test_a_closed_window_is_overruled_told_and_kept_with_both(mira: Console, talk: Talk) -> None:
    desk = talk.desk
    answer = await overrule(mira, talk, "late")
    assert answer.status == 200, answer
    assert [reason["code"] for reason in answer.body["decision"]["reasons"]] == ["refund_overruled"]
    assert "$79.00" in answer.body["message"]["text"] and answer.body["message"]["agent"]["name"] == "Mira"
    eve = await desk.learner("eve")
    assert [refund["payment"] for refund in eve["refunds"]] == ["late"]
    assert next(one for one in eve["enrollments"] if one["id"] == "enr-1")["ended"] is True
    assert len(eve["emails"]) == 1
    async with desk.services.store.read() as session:
        query = select(AuditRow).where(AuditRow.operation == "refund").order_by(AuditRow.id)
        refusal, done = (await session.scalars(query)).all()
        note = (await session.scalars(select(NoteRow))).one()
    assert (refusal.outcome, refusal.reasons) == ("refused", ["refund_window_closed"])
    assert (done.outcome, done.reasons) == ("granted", ["refund_overruled"])
    assert {refusal.actor, done.actor} == {f"staff:{mira.id}"}
    for row in (refusal, done):
        assert row.record["on_behalf"] == {**WORDS, "overruled": ["refund_window_closed"]}
    assert [reason["code"] for reason in done.record["notes"]] == ["refund_window_closed"]
    assert "the page was down" in note.text.replace("our page", "the page")
    assert "on the last day" not in str(await talk.transcript())


async def test_a_monthly_charge_is_given_back_and_the_subscription_stays_its_own_matter(
    mira: Console, talk: Talk
) -> None:
    assert (await overrule(mira, talk, "monthly")).status == 200
    eve = await talk.desk.learner("eve")
    assert [refund["payment"] for refund in eve["refunds"]] == ["monthly"]
    assert not any(one["ended"] for one in eve["enrollments"])
    assert [one["status"] for one in eve["subscriptions"]] == ["active"]


async def test_coursera_plus_becomes_a_case_for_a_second_person(mira: Console, talk: Talk) -> None:
    assert (await overrule(mira, talk, "plus")).body["decision"]["outcome"] == "refer_to_agent"
    async with talk.desk.services.store.read() as session:
        case = (await session.scalars(select(CaseRow))).one()
    assert (case.kind, case.details["requested_by"]) == ("plus_refund", f"staff:{mira.id}")
    assert_error(await mira.call("POST", f"cases/{case.id}/approve", {}), 403)
    assert await talk.desk.count(RefundRow, RefundRow.payment_id == "plus") == 0


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("back", "cannot_overrule"),
        ("pending", "cannot_overrule"),
        ("apple", "cannot_overrule"),
        ("fresh", "not_refused"),
        ("nobodys", "not_refused"),
    ],
)
async def test_what_is_a_fact_or_not_refused_cannot_be_overruled(
    mira: Console, talk: Talk, target: str, code: str
) -> None:
    before = await talk.desk.learner("eve")
    answer = await overrule(mira, talk, target)
    assert_error(answer, 409)
    assert answer.code == code
    assert await talk.desk.learner("eve") == before
    assert await talk.desk.count(ProposalRow) == await talk.desk.count(AuditRow) == 0


async def test_an_agent_may_not_and_changes_nothing(each_desk: Desk, mira: Console, talk: Talk) -> None:
    sam = await each_desk.staff("Sam")
    await mira.act(talk, "transfer", {"to": sam.id})
    answer = await overrule(sam, talk, "late")
    await sam.http.close()
    assert_error(answer, 403)
    assert answer.code == "supervisors_only"
    assert await each_desk.count(RefundRow, RefundRow.payment_id == "late") == 0


async def test_an_admin_may(each_desk: Desk, mira: Console, talk: Talk) -> None:
    ada = await each_desk.staff("Ada", "admin")
    assert_error(await overrule(ada, talk, "late"), 403)
    await mira.act(talk, "transfer", {"to": ada.id})
    assert (await overrule(ada, talk, "late")).status == 200
    await ada.http.close()


@pytest.mark.parametrize("field", ["reason", "yes"])
async def test_both_the_reason_and_the_learners_word_are_needed(mira: Console, talk: Talk, field: str) -> None:
    answer = await overrule(mira, talk, "late", **{field: "  "})
    assert_error(answer, 400)
    assert answer.body["error"]["field"] == field
    assert await talk.desk.count(RefundRow, RefundRow.payment_id == "late") == 0


async def test_many_at_once_give_back_once(mira: Console, talk: Talk) -> None:
    answers = await asyncio.gather(*(overrule(mira, talk, "late") for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"cannot_overrule"}
    assert await talk.desk.count(RefundRow, RefundRow.payment_id == "late") == 1


async def test_a_refusal_is_overruled_for_this_once_only(mira: Console, talk: Talk) -> None:
    """No learner, and no offer of an agent, inherits what a supervisor once allowed."""
    await overrule(mira, talk, "monthly")
    answer = await mira.act(talk, "offer", {"operation": "refund", "target": "late"})
    assert (answer.status, answer.code) == (409, "refused")


async def test_the_trial_says_whether_it_could_be_overruled(mira: Console, talk: Talk) -> None:
    told = {}
    for target in ("late", "back", "fresh"):
        body = {"operation": "refund", "target": target}
        told[target] = (await mira.call("POST", "learners/eve/decide", body)).body
    assert [told[target]["overrulable"] for target in told] == [True, False, False]
    assert [told[target]["may"] for target in told] == [["overrule"], [], ["offer", "carry_out"]]
    assert [told[target]["why_not"] for target in told] == [None, "cannot_overrule", None]
    assert "already_refunded" in told["back"]["stands"] and told["late"]["stands"] == []
    assert all(reason["text"] for one in told.values() for reason in one["reasons"])
    assert told["late"]["trace"] and told["fresh"]["consequences"][0]["text"]
