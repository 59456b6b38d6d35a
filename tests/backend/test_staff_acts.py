"""Acting for a learner: offered in the chat and confirmed by its button alone, or done on the learner's word; once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from backend.store.desk_models import AuditRow, CaseRow, MessageRow, NoteRow, ProposalRow
from backend.store.world_models import RefundRow
from tests.backend.everywhere import assert_error
from tests.backend.running import Console, Desk, Talk

DIA = """
learners:
  - id: dia
    name: Dia Rao
    email: dia@example.org
    subscriptions:
      - {id: sub-1, item: plus, plan: yearly, status: active, since: now-3d, period_ends_at: now+362d}
    payments: [{id: pay-9, kind: plus, item: plus, amount: 399.00 USD, at: now-3d}]
"""
REFUND = {"operation": "refund", "target": "pay-1"}


@pytest.fixture
async def talk(each_desk: Desk, each_sam: Console) -> Talk:
    """A conversation Ana has asked a person into, and Sam has."""
    talk = await each_desk.open("ana")
    await talk.say("a person please")
    assert (await each_sam.act(talk, "claim")).status == 200
    return talk


async def audit(desk: Desk, operation: str = "refund") -> list[AuditRow]:
    async with desk.services.store.read() as session:
        query = select(AuditRow).where(AuditRow.operation == operation).order_by(AuditRow.id)
        return list((await session.scalars(query)).all())


async def offered(each_sam: Console, talk: Talk, wish: dict[str, Any] = REFUND) -> dict[str, Any]:
    answer = await each_sam.act(talk, "offer", wish)
    assert answer.status == 200, answer
    return dict(answer.body["message"])


def button(message: dict[str, Any], title: str) -> str:
    return next(str(button["id"]) for button in message["buttons"] if title in button["title"])


# --- offered, and confirmed by the learner ---------------------------------------------------------------------------


async def test_an_offer_stands_in_the_chat_in_the_members_name_with_what_a_yes_does(
    each_sam: Console, talk: Talk
) -> None:
    message = await offered(each_sam, talk)
    assert (message["author"], message["agent"]["name"]) == ("agent", "Sam")
    assert (message["proposal"]["operation"], message["proposal"]["state"]) == ("refund", "open")
    assert message["decision"]["reasons"][0]["code"] == "within_refund_window"
    assert "7 days" in message["text"] and "$79.00" in message["text"]
    assert [button["title"] for button in message["buttons"]] == ["Refund $79.00", "Keep the course"]
    seen = (await talk.transcript())[-1]
    assert (seen["id"], seen["text"], seen["agent"]) == (message["id"], message["text"], {"name": "Sam"})
    assert "record" not in seen
    assert await talk.desk.count(RefundRow) == 0


async def test_the_learners_press_is_carried_out_while_the_agent_has_the_conversation(
    each_sam: Console, talk: Talk
) -> None:
    desk, message = talk.desk, await offered(each_sam, talk)
    heard = len(desk.engine.heard)
    answer = await talk.press_id(button(message, "Refund"))
    assert (answer.body["state"], answer.kinds) == ("agent", ["result"])
    assert len(desk.engine.heard) == heard, "the dialogue was asked in a takeover"
    ana = await desk.learner("ana")
    assert [payment["status"] for payment in ana["payments"]] == ["refunded"]
    assert len(ana["refunds"]) == len(ana["emails"]) == 1
    (entry,) = await audit(desk)
    assert (entry.actor, entry.outcome, entry.proposal_id) == ("learner:ana", "granted", message["proposal"]["id"])
    assert entry.record["proposed_by"] == f"staff:{each_sam.id}"
    shown = (await each_sam.get(f"conversations/{talk.id}")).body
    assert shown["state"] == "agent"
    assert [proposal["state"] for proposal in shown["summary"].get("proposals", [{"state": "confirmed"}])] == [
        "confirmed"
    ]


async def test_a_plain_yes_does_nothing_in_a_takeover_and_nothing_afterwards(each_sam: Console, talk: Talk) -> None:
    desk = talk.desk
    await offered(each_sam, talk)
    for word in ("yes", "yes please, refund it", "Refund $79.00"):
        answer = await talk.say(word)
        assert (answer.body["state"], answer.body["messages"]) == ("agent", [])
    await each_sam.act(talk, "release")
    await talk.say("yes")
    assert await desk.count(RefundRow) == 0
    assert await audit(desk) == []


async def test_after_the_release_the_button_is_still_good_and_only_once(each_sam: Console, talk: Talk) -> None:
    message = await offered(each_sam, talk)
    await each_sam.act(talk, "release")
    yes = button(message, "Refund")
    first, second = await talk.press_id(yes), await talk.press_id(yes)
    assert (first.kinds, second.kinds) == (["result"], ["result"])
    assert await talk.desk.count(RefundRow) == 1
    assert len(await audit(talk.desk)) == 1


async def test_many_presses_at_once_give_back_once(each_sam: Console, talk: Talk) -> None:
    yes = button(await offered(each_sam, talk), "Refund")
    answers = await asyncio.gather(*(talk.press_id(yes) for _ in range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert await talk.desk.count(RefundRow) == 1
    assert len((await talk.desk.learner("ana"))["emails"]) == 1
    assert len(await audit(talk.desk)) == 1


async def test_the_same_press_sent_again_gets_the_same_answer(each_sam: Console, talk: Talk) -> None:
    yes = button(await offered(each_sam, talk), "Refund")
    first, again = await talk.press_id(yes, "once"), await talk.press_id(yes, "once")
    assert first.body == again.body
    assert await talk.desk.count(RefundRow) == 1


async def test_a_no_leaves_it_and_the_yes_is_good_for_nothing_then(each_sam: Console, talk: Talk) -> None:
    message = await offered(each_sam, talk)
    assert (await talk.press_id(button(message, "Keep"))).body["state"] == "agent"
    await talk.press_id(button(message, "Refund"))
    assert await talk.desk.count(RefundRow) == 0
    async with talk.desk.services.store.read() as session:
        states = set((await session.scalars(select(ProposalRow.state))).all())
    assert "declined" in states and "confirmed" not in states


async def test_an_offer_ends_with_its_minutes(each_sam: Console, talk: Talk) -> None:
    message = await offered(each_sam, talk)
    talk.desk.wait(minutes=10)
    await talk.press_id(button(message, "Refund"))
    assert await talk.desk.count(RefundRow) == 1, "the last instant counts"
    await talk.desk.load()
    message = await offered(each_sam, talk)
    talk.desk.wait(minutes=10, seconds=1)
    await talk.press_id(button(message, "Refund"))
    assert await talk.desk.count(RefundRow) == 0


async def test_what_the_rule_takes_back_before_the_yes_is_not_done(each_sam: Console, talk: Talk) -> None:
    desk = talk.desk
    desk.services.clock.set(desk.services.clock.now().replace(day=15, hour=8, minute=59))
    await each_sam.sign_in("sam@desk.example", "a long password")
    message = await offered(each_sam, talk)
    desk.wait(minutes=2)
    await talk.press_id(button(message, "Refund"))
    assert await desk.count(RefundRow) == 0


async def test_a_newer_offer_replaces_the_older(each_sam: Console, talk: Talk) -> None:
    first, second = await offered(each_sam, talk), await offered(each_sam, talk)
    await talk.press_id(button(first, "Refund"))
    assert await talk.desk.count(RefundRow) == 0
    async with talk.desk.services.store.read() as session:
        row = await session.get(ProposalRow, second["proposal"]["id"])
    assert row is not None and row.proposed_by == f"staff:{each_sam.id}"


@pytest.mark.parametrize("press", ["Refund", "Keep"])
async def test_after_the_press_the_bot_takes_nothing_else_up(each_desk: Desk, each_sam: Console, press: str) -> None:
    """What the learner had asked for besides waits until the agent has left."""
    talk = await each_desk.open("ana")
    told = await talk.say("refund my course and delete my account")
    assert "step by step" in " ".join(told.texts), "nothing was kept for later: this test would hold nothing"
    await talk.say("a person please")
    await each_sam.act(talk, "claim")
    answer = await talk.press_id(button(await offered(each_sam, talk), press))
    assert answer.kinds == ["result"]
    assert not any("account" in text for text in answer.texts)


async def test_nobody_elses_button_is_good_in_another_conversation(each_sam: Console, talk: Talk) -> None:
    yes, other = button(await offered(each_sam, talk), "Refund"), await talk.desk.open("ben")
    assert_error(await other.press_id(yes), 404)
    assert await talk.desk.count(RefundRow) == 0


# --- what cannot be offered or done ----------------------------------------------------------------------------------

ACTS = [("offer", {}), ("carry-out", {"yes": "on the phone"})]


@pytest.mark.parametrize(("act", "more"), ACTS)
async def test_only_the_owner_acts(
    each_desk: Desk, each_sam: Console, talk: Talk, act: str, more: dict[str, str]
) -> None:
    kim = await each_desk.staff("Kim", "admin")
    answer = await kim.act(talk, act, REFUND | more)
    await kim.http.close()
    assert_error(answer, 403)
    assert answer.code == "not_the_owner"
    await each_sam.act(talk, "release")
    assert_error(await each_sam.act(talk, act, REFUND | more), 403)
    assert await each_desk.count(ProposalRow) == 0


@pytest.mark.parametrize(("act", "more"), ACTS)
async def test_what_the_rule_refuses_is_neither_offered_nor_done(
    each_sam: Console, talk: Talk, act: str, more: dict[str, str]
) -> None:
    talk.desk.wait(days=30)
    await each_sam.sign_in("sam@desk.example", "a long password")
    answer = await each_sam.act(talk, act, REFUND | more)
    assert_error(answer, 409)
    assert answer.code == "refused"
    told = (await each_sam.call("POST", "learners/ana/decide", REFUND)).body
    assert (told["may"], told["why_not"]) == ([], "supervisors_only")
    assert "closed" in answer.body["error"]["message"] and "**" not in answer.body["error"]["message"]
    assert await talk.desk.count(RefundRow) == 0 and await talk.desk.count(ProposalRow) == 0


@pytest.mark.parametrize(("act", "more"), ACTS)
async def test_an_account_is_deleted_by_its_owner_alone(
    each_sam: Console, talk: Talk, act: str, more: dict[str, str]
) -> None:
    told = (await each_sam.call("POST", "learners/ana/decide", {"operation": "delete_account"})).body
    assert (told["outcome"], told["may"], told["why_not"]) == ("granted", [], "learners_own")
    answer = await each_sam.act(talk, act, {"operation": "delete_account"} | more)
    assert_error(answer, 403)
    assert answer.code == "learners_own"


@pytest.mark.parametrize(("act", "more"), ACTS)
async def test_a_guest_has_to_sign_in_first(each_desk: Desk, each_sam: Console, act: str, more: dict[str, str]) -> None:
    guest = await each_desk.open()
    await each_sam.act(guest, "claim")
    answer = await each_sam.act(guest, act, REFUND | more)
    assert_error(answer, 409)
    assert answer.code == "guest"


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"operation": "teleport"}, 404, "not_found"),
        ({"operation": "refund"}, 409, "needs_facts"),
        ({"operation": "refund", "target": "pay-of-nobody"}, 409, "needs_facts"),
        ({"operation": "refund", "target": "pay-1", "details": {"part": True}}, 400, "bad_input"),
        ({"operation": "refund", "target": "pay-1", "details": {"overruled": ["x"]}}, 400, "bad_input"),
        ({"operation": "change_name", "details": {"name": 5}}, 400, "bad_input"),
        ({"operation": "reset_password"}, 409, "no_yes_needed"),
    ],
)
async def test_a_wish_without_sense_is_refused(
    each_sam: Console, talk: Talk, wish: dict[str, Any], status: int, code: str
) -> None:
    answer = await each_sam.act(talk, "offer", wish)
    assert_error(answer, status)
    assert answer.code == code


async def test_ones_own_learner_is_meant_whatever_target_is_named(
    each_desk: Desk, each_sam: Console, talk: Talk
) -> None:
    answer = await each_sam.act(talk, "offer", {"operation": "refund", "target": "pay-2"})
    assert (answer.status, answer.code) == (409, "needs_facts"), "Ben's payment was found for Ana"


# --- on the learner's word -------------------------------------------------------------------------------------------


async def test_on_the_learners_word_it_is_done_told_and_kept(each_sam: Console, talk: Talk) -> None:
    desk = talk.desk
    answer = await each_sam.act(talk, "carry-out", REFUND | {"yes": "she said so on the phone at noon"})
    assert answer.status == 200, answer
    assert answer.body["decision"]["outcome"] == "granted"
    message = answer.body["message"]
    assert (message["author"], message["agent"]["name"], message["answer"]["kind"]) == ("agent", "Sam", "result")
    assert "$79.00" in message["text"] and message["proposal"]["state"] == "confirmed"
    assert (await talk.transcript())[-1]["text"] == message["text"]
    assert await desk.count(RefundRow) == 1
    (entry,) = await audit(desk)
    assert (entry.actor, entry.learner_id) == (f"staff:{each_sam.id}", "ana")
    assert entry.record["on_behalf"] == {"yes": "she said so on the phone at noon"}
    async with desk.services.store.read() as session:
        note = (await session.scalars(select(NoteRow))).one()
    assert note.staff_id == each_sam.id and "she said so on the phone at noon" in note.text
    assert "on the phone" not in str(await talk.transcript())


async def test_done_twice_it_is_refused_as_done(each_sam: Console, talk: Talk) -> None:
    body = REFUND | {"yes": "on the phone"}
    answers = await asyncio.gather(*(each_sam.act(talk, "carry-out", body) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert await talk.desk.count(RefundRow) == 1
    assert await talk.desk.count(NoteRow) == 1
    assert await talk.desk.count(MessageRow, MessageRow.author == "agent") == 1


@pytest.mark.parametrize("yes", ["", "   ", "\n\t", "\x00"])
async def test_without_the_learners_word_nothing_is_done(each_sam: Console, talk: Talk, yes: str) -> None:
    answer = await each_sam.act(talk, "carry-out", REFUND | {"yes": yes})
    assert_error(answer, 400)
    assert answer.body["error"]["field"] == "yes"
    assert await talk.desk.count(RefundRow) == 0


async def test_a_card_in_the_word_is_hidden(each_sam: Console, talk: Talk) -> None:
    await each_sam.act(talk, "carry-out", REFUND | {"yes": "yes, my card is 4111 1111 1111 1111"})
    async with talk.desk.services.store.read() as session:
        kept = str((await session.scalars(select(ProposalRow.on_behalf))).all())
        kept += str((await session.scalars(select(NoteRow.text))).all())
    assert "4111" not in kept and "my card is" in kept


async def test_what_needs_no_yes_is_done_at_once(each_sam: Console, talk: Talk) -> None:
    answer = await each_sam.act(talk, "carry-out", {"operation": "reset_password", "yes": "locked out"})
    assert answer.status == 200, answer
    ana = await talk.desk.learner("ana")
    assert [email["to"] for email in ana["emails"]] == ["ana@example.org"]
    assert ana["audit"][-1]["actor"] == f"staff:{each_sam.id}"


async def test_what_needs_details_takes_them(each_sam: Console, talk: Talk) -> None:
    details = {"text": "somebody insults me in the forum of week 2", "link": ""}
    wish = {"operation": "report_problem", "details": details, "yes": "she asked me to"}
    answer = await each_sam.act(talk, "carry-out", wish)
    assert answer.status == 200, answer
    async with talk.desk.services.store.read() as session:
        case = (await session.scalars(select(CaseRow))).one()
    assert (case.kind, case.learner_id, case.conversation_id) == ("abuse", "ana", talk.id)


async def test_what_a_person_decides_becomes_a_case_that_a_second_one_decides(
    each_desk: Desk, each_sam: Console
) -> None:
    await each_desk.load(DIA)
    talk = await each_desk.open("dia")
    await each_sam.act(talk, "claim")
    answer = await each_sam.act(talk, "carry-out", {"operation": "refund", "target": "pay-9", "yes": "in the chat"})
    assert answer.body["decision"]["outcome"] == "refer_to_agent"
    (case,) = (await each_sam.get("cases?status=open")).body["cases"]
    assert (case["kind"], case["title"], case["learner_name"]) == ("plus_refund", "Refund of Coursera Plus", "Dia Rao")
    assert (case["can_decide"], case["asked_by"]) == (False, "Sam")
    assert_error(await each_sam.call("POST", f"cases/{case['id']}/approve", {}), 403)
    kim = await each_desk.staff("Kim")
    (seen,) = (await kim.get("cases?status=open")).body["cases"]
    approved = await kim.call("POST", f"cases/{case['id']}/approve", {})
    (decided,) = (await kim.get("cases?status=approved")).body["cases"]
    await kim.http.close()
    assert seen["can_decide"] is True and approved.status == 200
    assert (decided["can_decide"], decided["decided_by_name"]) == (False, "Kim")
    assert [payment["status"] for payment in (await each_desk.learner("dia"))["payments"]] == ["refunded"]


async def test_a_deleted_learner_leaves_no_word_behind(each_sam: Console, talk: Talk) -> None:
    await each_sam.act(talk, "carry-out", REFUND | {"yes": "she said so"})
    await each_sam.act(talk, "release")
    await talk.say("delete my account")
    await talk.press("delete")
    await talk.post("reauthenticate", {"password": "correct horse"})
    await talk.say("DELETE")
    async with talk.desk.services.store.read() as session:
        assert (await session.scalars(select(ProposalRow.on_behalf))).all() != []
        assert set((await session.scalars(select(ProposalRow.on_behalf))).all()) == {None}
        assert "she said so" not in str((await session.scalars(select(AuditRow.record))).all())
        assert (await session.scalars(select(NoteRow))).all() == []
