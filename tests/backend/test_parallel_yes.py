"""Fifty yeses at the same time do it once: in the service, and over HTTP."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from backend.store.desk_models import AuditRow, ConfirmationRow, OutboxRow, ProposalRow
from backend.store.world_models import EnrollmentRow, RefundRow
from tests.backend.running import Answer, Desk, Talk

MANY = 50


async def assert_refunded_once(desk: Desk) -> None:
    for model in (RefundRow, ConfirmationRow, OutboxRow):
        assert await desk.count(model) == 1, model
    assert await desk.count(AuditRow, AuditRow.operation == "refund", AuditRow.outcome == "granted") == 1
    assert await desk.count(EnrollmentRow, EnrollmentRow.learner_id == "ana", EnrollmentRow.ended_at.is_not(None)) == 1
    assert (await desk.learner("ana"))["payments"][0]["status"] == "refunded"


async def test_fifty_confirmations_of_one_proposal_carry_it_out_once(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    services = each_desk.services
    async with services.store.read() as session:
        proposal = await session.scalar(select(ProposalRow.id))
    assert proposal is not None

    async def confirm() -> str:
        async with services.store.write() as session:
            confirmed = await services.operations.confirm(
                session, talk.id, "ana", proposal, now=services.clock.now(), channel="web", actor="learner:ana"
            )
            return confirmed.state

    states = await asyncio.gather(*(confirm() for _ in range(MANY)))
    assert sorted(states) == ["already"] * (MANY - 1) + ["done"]
    await assert_refunded_once(each_desk)


async def press_until_taken(talk: Talk, button: str, client_id: str) -> Answer:
    """As a client does: told to wait, it tries again with the same `client_id`."""
    while True:
        answer = await talk.press_id(button, client_id)
        if answer.status != 429:
            return answer
        await asyncio.sleep(0.05)


async def test_fifty_presses_over_http_refund_once_and_every_one_is_answered(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    button = talk.button("Refund .*79")
    answers = await asyncio.gather(*(press_until_taken(talk, button, f"press-{number}") for number in range(MANY)))
    assert {answer.status for answer in answers} == {200}
    assert {tuple(answer.kinds) for answer in answers} == {("result",)}
    assert sum("done already" not in answer.texts[0] for answer in answers) == 1
    await assert_refunded_once(each_desk)
    transcript = await talk.transcript()
    assert [message["seq"] for message in transcript] == list(range(1, len(transcript) + 1))


async def test_a_yes_and_a_no_at_the_same_time_leave_one_of_them(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    yes, no = talk.button("Refund .*79"), talk.button("Keep")
    await asyncio.gather(talk.press_id(yes), talk.press_id(no))
    async with each_desk.services.store.read() as session:
        offer = (await session.scalars(select(ProposalRow).order_by(ProposalRow.created_at))).first()
    assert offer is not None
    assert (offer.state, await each_desk.count(RefundRow)) in (("confirmed", 1), ("declined", 0))


async def test_proposals_that_overtake_each_other_leave_one_open(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await asyncio.gather(*(talk.say("refund please") for _ in range(8)))
    assert await each_desk.count(ProposalRow, ProposalRow.state == "open") == 1
    assert await each_desk.count(ProposalRow, ProposalRow.state == "superseded") == 7
