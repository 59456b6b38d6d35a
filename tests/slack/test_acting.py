"""Acting from Slack: shown before, once, by name, and what a person has to decide by a second one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from backend.store.desk_models import AuditRow, CaseRow, NoteRow
from tests.backend.running import Talk
from tests.slack.double import buttons, text_of
from tests.slack.office import Office, Person

DIA = """
learners:
  - id: dia
    name: Dia Rao
    email: dia@example.org
    subscriptions:
      - {id: sub-1, item: plus, plan: yearly, status: active, since: now-3d, period_ends_at: now+362d}
    payments: [{id: pay-9, kind: plus, item: plus, amount: 399.00 USD, at: now-3d}]
"""


async def _dialog(office: Office, who: Person, learner: str = "ana", op: str = "refund") -> dict[str, Any]:
    """The dialog of an operation, opened from a look at the account."""
    shown = await who.asks(f"learner {learner}")
    found = [
        block["accessory"]
        for block in shown["blocks"]
        if block.get("accessory") and json.loads(block["accessory"]["value"])["op"] == op
    ]
    await who.press(shown, "lectern_act", button=found[0])
    return office.slack.views[-1]


async def _taken_over(office: Office, by: Person) -> tuple[Talk, dict[str, Any]]:
    """Ana's conversation in their hands, and its card; a look at her account is the last response."""
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    card = office.card("Waiting")
    await by.press(card, "lectern_claim")
    await by.press(card, "lectern_look")
    return ana, card


async def test_a_refund_is_shown_asked_and_done_in_the_members_name(office: Office) -> None:
    sam = await office.colleague("Sam")
    view = await _dialog(office, sam)
    said = text_of(view)
    assert "granted" in said and "7 days" in said and "You leave Machine Learning Basics" in said
    await sam.submit(view, "asked by phone")
    ana = await office.desk.learner("ana")
    assert [payment["status"] for payment in ana["payments"]] == ["refunded"]
    assert [email["subject"] for email in ana["emails"]]
    assert (ana["audit"][-1]["actor"], ana["audit"][-1]["operation"]) == (f"staff:{sam.staff_id}", "refund")
    shown = office.slack.responses[-1]
    assert shown["replace_original"] and "Done by Sam" in text_of(shown) and "refunded on" in text_of(shown)
    async with office.desk.services.store.read() as session:
        note = (await session.scalars(select(NoteRow))).one()
    assert note.staff_id == sam.staff_id and "asked by phone" in note.text


async def test_it_is_done_once_however_often_it_is_sent(office: Office) -> None:
    sam = await office.colleague("Sam")
    view = await _dialog(office, sam)
    for _ in range(3):
        await sam.submit(view, "asked by phone")
    # Even as another dialog with what the first one carried.
    await sam.submit({**view, "id": "V-forged"}, "asked by phone")
    ana = await office.desk.learner("ana")
    assert len(ana["refunds"]) == 1 and len(ana["emails"]) == 1
    assert [entry["operation"] for entry in ana["audit"]].count("refund") == 1
    assert "done already" in text_of(office.slack.responses[-1])


async def test_what_was_shown_is_what_is_done_or_nothing(office: Office) -> None:
    sam = await office.colleague("Sam")
    view = await _dialog(office, sam)
    office.desk.wait(minutes=11)
    await sam.submit(view, "too slow")
    assert "too much time" in text_of(office.slack.responses[-1])
    view = await _dialog(office, sam)
    office.desk.services.clock.set(office.desk.services.clock.now().replace(day=15, hour=8, minute=59))
    view = await _dialog(office, sam)
    office.desk.wait(minutes=5)
    await sam.submit(view, "the window has closed meanwhile")
    assert "otherwise now" in text_of(office.slack.responses[-1])
    assert (await office.desk.learner("ana"))["refunds"] == []


async def test_a_dialog_of_somebody_else_is_good_for_nothing(office: Office) -> None:
    sam, mira = await office.colleague("Sam"), await office.colleague("Mira")
    view = await _dialog(office, sam)
    await mira.submit(view, "let me")
    await office.stranger().submit({**view, "id": "V2"}, "let me")
    assert (await office.desk.learner("ana"))["refunds"] == []


async def test_two_members_do_not_get_in_each_others_way(office: Office) -> None:
    sam, mira = await office.colleague("Sam"), await office.colleague("Mira")
    first, second = await _dialog(office, sam), await _dialog(office, mira)
    await sam.submit(first, "first")
    await mira.submit(second, "second")
    assert len((await office.desk.learner("ana"))["refunds"]) == 1
    assert "Nothing was done" in text_of(office.slack.responses[-1])


async def test_a_reason_has_to_be_given(office: Office) -> None:
    sam = await office.colleague("Sam")
    view = await _dialog(office, sam)
    answer = await sam.submit(view, "   ")
    assert answer.body == {"response_action": "errors", "errors": {"reason": "Please give a reason."}}
    assert (await office.desk.learner("ana"))["refunds"] == []
    await sam.submit(view, "now with one")
    assert len((await office.desk.learner("ana"))["refunds"]) == 1


async def test_what_needs_no_yes_is_done_once_too(office: Office) -> None:
    sam = await office.colleague("Sam")
    view = await _dialog(office, sam, op="reset_password")
    await sam.submit(view, "locked out")
    await sam.submit(view, "locked out")
    ana = await office.desk.learner("ana")
    assert len(ana["emails"]) == 1 and ana["emails"][0]["to"] == "ana@example.org"


async def test_an_account_is_deleted_by_its_owner_alone(office: Office) -> None:
    sam = await office.colleague("Sam")
    shown = await sam.asks("learner ana")
    assert not any("delete_account" in button.get("value", "") for button in buttons(shown).values())
    forged = {"type": "button", "action_id": "lectern_act", "value": '{"op":"delete_account","learner":"ana"}'}
    await sam.press(shown, "lectern_act", button=forged)
    assert office.slack.views == [] and "Only the learner" in office.slack.responses[-1]["text"]


async def _asked(office: Office) -> tuple[Person, Person, dict[str, Any]]:
    """Sam has asked for a refund that a person has to decide."""
    await office.desk.load(DIA)
    sam, mira = await office.colleague("Sam"), await office.colleague("Mira")
    view = await _dialog(office, sam, "dia")
    assert "second person" in text_of(view)
    await sam.submit(view, "she was charged by mistake")
    return sam, mira, office.card("To decide")


async def test_what_a_person_decides_needs_a_second_one(each_office: Office) -> None:
    office = each_office
    sam, mira, card = await _asked(office)
    assert "Dia Rao" in text_of(card) and "charged by mistake" in text_of(card) and "Asked for by Sam" in text_of(card)
    assert (await office.desk.learner("dia"))["refunds"] == []

    await sam.press(card, "lectern_approve")
    await sam.submit(office.slack.views[-1], "")
    assert "second person" in office.slack.responses[-1]["text"]
    assert (await office.desk.learner("dia"))["refunds"] == []

    await mira.press(card, "lectern_approve")
    await mira.submit(office.slack.views[-1], "")
    dia = await office.desk.learner("dia")
    assert len(dia["refunds"]) == 1 and dia["cases"][0]["status"] == "approved"
    assert dia["audit"][-1]["actor"] == f"staff:{mira.staff_id}"
    assert "Approved by Mira" in text_of(card) and not buttons(card)


async def test_nobody_approves_their_own_request_in_the_console_either(office: Office) -> None:
    sam, _, _ = await _asked(office)
    console = await office.desk.staff("Rosa")
    async with office.desk.services.store.write() as session:
        case = (await session.scalars(select(CaseRow))).one()
        case.details = {**case.details, "requested_by": f"staff:{console.id}"}
    answer = await console.call("POST", f"cases/{case.id}/approve", {})
    assert (answer.status, answer.code) == (403, "own_request")
    # And asking once more for what is open already does not make it somebody else's.
    async with office.desk.services.store.write() as session:
        (await session.get(CaseRow, case.id)).details = {"operation": "refund"}
    with pytest.raises(Exception, match="second person"):
        member = await office.side.parts.directory.member(sam.user, "test")
        await office.desk.services.desk_work.decide_case(member, case.id, approve=True, reason=None)


async def test_a_case_is_declined_with_a_reason_and_decided_once(office: Office) -> None:
    _, mira, card = await _asked(office)
    await mira.press(card, "lectern_decline")
    view = office.slack.views[-1]
    refused = await mira.submit(view, " ")
    assert refused.body["response_action"] == "errors"
    await mira.press(card, "lectern_approve")
    late = office.slack.views[-1]
    await mira.submit(view, "not within our rules")
    await mira.submit(late, "")
    dia = await office.desk.learner("dia")
    assert dia["refunds"] == [] and dia["cases"][0]["status"] == "declined"
    assert "Declined by Mira" in text_of(card) and "not within our rules" in text_of(card)
    assert "declined already" in office.slack.responses[-1]["text"]


async def test_in_a_takeover_the_learner_is_offered_it_and_says_yes_in_the_chat(each_office: Office) -> None:
    office = each_office
    sam = await office.colleague("Sam")
    ana, card = await _taken_over(office, sam)
    await sam.press(office.slack.responses[-1], "lectern_act")
    view = office.slack.views[-1]
    await sam.press_in(view, "lectern_offer")
    assert "offer is in the chat" in text_of(office.slack.views[-1])
    offer = (await ana.transcript())[-1]
    assert (offer["author"], offer["agent"]["name"], offer["proposal"]["state"]) == ("agent", "Sam", "open")
    assert "$79.00" in office.thread_text(card), "the thread does not show what was offered"
    # The dialog's own yes is good for nothing any more, and a plain one of the learner's never was.
    await sam.submit(view, "as asked")
    await ana.say("yes")
    assert (await office.desk.learner("ana"))["refunds"] == []
    answer = await ana.press_id(offer["buttons"][0]["id"])
    assert (answer.body["state"], answer.kinds) == ("agent", ["result"])
    told = await office.desk.learner("ana")
    assert len(told["refunds"]) == 1
    assert (told["audit"][-1]["actor"], told["audit"][-1]["operation"]) == ("learner:ana", "refund")
    async with office.desk.services.store.read() as session:
        row = (await session.scalars(select(AuditRow).where(AuditRow.operation == "refund"))).all()[-1]
    assert row.record["proposed_by"] == f"staff:{sam.staff_id}"


async def test_without_the_conversation_there_is_nothing_to_offer_it_in(office: Office) -> None:
    sam, mira = await office.colleague("Sam"), await office.colleague("Mira")
    ana = await office.desk.open("ana")
    view = await _dialog(office, sam)
    assert "lectern_offer" not in buttons(view)
    value = json.dumps({"op": "refund", "target": "pay-1", "conversation": ana.id})
    forged = {"type": "button", "action_id": "lectern_offer", "value": value}
    for who in (sam, mira, office.stranger()):
        await who.press_in(view, "lectern_offer", button=forged)
    assert "Offer it" not in text_of(office.slack.views[-1])
    assert not any("proposal" in message for message in await ana.transcript())


async def test_from_a_claimed_conversation_it_belongs_to_the_conversation(office: Office) -> None:
    sam = await office.colleague("Sam")
    ana, card = await _taken_over(office, sam)
    shown = office.slack.responses[-1]
    before = await ana.transcript()
    await sam.press(shown, "lectern_act")
    await sam.submit(office.slack.views[-1], "as asked")
    async with office.desk.services.store.read() as session:
        row = (await session.scalars(select(AuditRow).where(AuditRow.operation == "refund"))).one()
    assert row.conversation_id == ana.id and row.actor == f"staff:{sam.staff_id}"
    assert "Done by Sam" in office.thread_text(card)
    assert await ana.transcript() == before


async def test_a_press_that_slack_found_too_slow_is_told(office: Office) -> None:
    sam = await office.colleague("Sam")
    shown = await sam.asks("learner ana")
    await sam.press(shown, "lectern_act", trigger_id="1.2.expired")
    assert office.slack.views == [] and "press the button once more" in office.slack.responses[-1]["text"]


async def test_an_offer_to_the_learner_is_left_alone_where_the_assistant_answers(office: Office) -> None:
    sam = await office.colleague("Sam")
    ana, card = await _taken_over(office, sam)
    shown = office.slack.responses[-1]
    await sam.press(card, "lectern_release")
    await ana.say("I want a refund")
    await sam.press(shown, "lectern_act")
    assert (await ana.say("yes")).kinds == ["result"]
    assert len((await office.desk.learner("ana"))["refunds"]) == 1
