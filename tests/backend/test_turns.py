"""Turns: in order, once for each `client_id`, numbered without gaps, on both databases."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from backend.conversations.turns import ROTATE_TURNS
from backend.store.desk_models import ButtonRow, ConfirmationRow, ConversationRow, MessageRow, ProposalRow, TurnRow
from backend.store.world_models import RefundRow
from tests.backend.running import Desk


async def test_a_refund_is_proposed_confirmed_and_told(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    offered = await talk.say("i want a refund for machine learning basics")
    assert offered.kinds == ["decision"]
    assert offered.body["messages"][0]["decision"]["outcome"] == "granted"
    done = await talk.press("Refund .*79")
    assert done.kinds == ["result"]
    assert "Done" in done.texts[0]
    learner = await each_desk.learner("ana")
    assert learner["payments"][0]["status"] == "refunded"
    assert learner["enrollments"][0]["ended"] is True


# --- once for each client_id -----------------------------------------------------------------------------------------


async def test_the_same_client_id_gives_the_same_answer(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    first = await talk.say("refund please", "one")
    again = await talk.say("refund please", "one")
    assert again.body == first.body
    assert await each_desk.count(ProposalRow) == 1
    assert len(each_desk.engine.heard) == 1


async def test_the_same_client_id_with_other_words_is_still_the_first_message(desk: Desk) -> None:
    talk = await desk.open("ana")
    first = await talk.say("refund please", "one")
    assert (await talk.say("hello", "one")).body == first.body
    assert [message["text"] for message in await talk.transcript() if message["author"] == "learner"] == [
        "refund please"
    ]


async def test_a_client_id_counts_within_its_own_conversation_only(desk: Desk) -> None:
    one, other = await desk.open("ana"), await desk.open("ben")
    await one.say("hello", "same")
    assert (await other.say("refund please", "same")).kinds == ["clarify"]


async def test_a_yes_sent_twice_refunds_once_and_answers_the_same(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    button = talk.button("Refund .*79")
    first = await talk.press_id(button, "yes")
    assert (await talk.press_id(button, "yes")).body == first.body
    assert await each_desk.count(RefundRow) == 1


async def test_a_used_button_pressed_anew_tells_what_was_done_and_does_nothing(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    button = talk.button("Refund .*79")
    await talk.press_id(button)
    again = await talk.press_id(button)
    assert again.kinds == ["result"]
    assert "done already" in again.texts[0]
    assert await each_desk.count(RefundRow) == 1
    assert len((await each_desk.learner("ana"))["emails"]) == 1


async def test_the_same_message_sent_at_the_same_time_is_done_once(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    button = talk.button("Refund .*79")
    answers = await asyncio.gather(*(talk.press_id(button, "yes") for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert all(answer.body == answers[0].body for answer in answers)
    assert await each_desk.count(RefundRow) == 1
    assert await each_desk.count(ConfirmationRow) == 1


# --- in order --------------------------------------------------------------------------------------------------------


async def test_messages_sent_at_the_same_time_are_answered_one_after_the_other(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    running = 0

    async def alone() -> None:
        nonlocal running
        running += 1
        assert running == 1, "two turns of a conversation ran at the same time"
        await asyncio.sleep(0.01)
        running -= 1

    each_desk.engine.before = alone
    answers = await asyncio.gather(*(talk.say(f"hello {number}", f"id-{number}") for number in range(12)))
    assert {answer.status for answer in answers} == {200}
    assert not each_desk.engine.broken
    transcript = await talk.transcript()
    assert [message["seq"] for message in transcript] == list(range(1, len(transcript) + 1))
    # After the greeting every question stands right before its own answer.
    authors = [message["author"] for message in transcript[1:]]
    assert authors == ["learner", "bot"] * 12
    by_seq = {message["seq"]: message["text"] for message in transcript}
    for number, answer in enumerate(answers):
        assert by_seq[answer.body["messages"][0]["seq"] - 1] == f"hello {number}"


async def test_turns_of_different_conversations_do_not_wait_for_each_other(desk: Desk) -> None:
    slow, quick = await desk.open("ana"), await desk.open("ben")
    held = desk.engine.hold()
    waiting = asyncio.create_task(slow.say("hello"))
    await held.reached.wait()
    desk.engine.before = None
    assert (await quick.say("hello")).status == 200
    assert not waiting.done()
    held.go.set()
    assert (await waiting).status == 200


async def test_a_flood_into_one_conversation_is_told_to_wait_and_loses_nothing(desk: Desk) -> None:
    talk = await desk.open("ana")
    held = desk.engine.hold()
    sent = [asyncio.create_task(talk.say(f"hello {number}", f"id-{number}")) for number in range(30)]
    refused = [await next_done for next_done in itertools.islice(asyncio.as_completed(sent), 10)]
    assert {answer.status for answer in refused} == {429}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    held.go.set()
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status for answer in answers) == [200] * 20 + [429] * 10
    assert await desk.count(TurnRow) == 20


async def test_sequence_numbers_have_no_gaps_even_when_turns_fail(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    each_desk.engine.away = True
    await talk.say("hello")
    each_desk.engine.away = False
    await talk.press_id("btn_unknown")
    await talk.say("x" * 4001)
    await talk.say("hello")
    async with each_desk.services.store.read() as session:
        numbers = await session.scalars(select(MessageRow.seq).order_by(MessageRow.seq))
        assert numbers.all() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("after", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (2, [3]), (3, []), (99, [])])
async def test_messages_after_a_number_are_exactly_those(desk: Desk, after: int, expected: list[int]) -> None:
    talk = await desk.open("ana")
    await talk.say("hello")
    assert [message["seq"] for message in await talk.transcript(after)] == expected


# --- what Rasa gets --------------------------------------------------------------------------------------------------


async def test_rasa_gets_neither_the_conversation_nor_who_it_is(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("hello")
    heard = str(desk.engine.heard)
    for private in (talk.id, talk.token, "ana", "Ana", "ana@example.org"):
        assert private not in heard


async def test_a_press_reaches_rasa_as_an_intent_without_its_meaning(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    await talk.press("Refund .*79")
    assert desk.engine.heard[-1]["intent"] == "press"
    assert desk.engine.heard[-1]["text"] is None


async def test_a_tracker_is_rotated_so_that_it_never_grows_with_the_conversation(desk: Desk) -> None:
    talk = await desk.open()
    for number in range(ROTATE_TURNS + 1):
        await talk.say(f"hello {number}")
    sessions = [heard["session"] for heard in desk.engine.heard]
    assert len(set(sessions)) == 2
    assert sessions.count(sessions[0]) == ROTATE_TURNS


@pytest.mark.parametrize(("minutes", "rotated"), [(30, False), (30.1, True)])
async def test_a_tracker_is_rotated_after_half_an_hour_of_silence(desk: Desk, minutes: float, rotated: bool) -> None:
    talk = await desk.open()
    await talk.say("hello")
    desk.wait(minutes=minutes)
    await talk.say("hello")
    first, second = (heard["session"] for heard in desk.engine.heard)
    assert (first != second) is rotated


# --- a yes is bound to what was shown --------------------------------------------------------------------------------


async def test_a_typed_yes_counts_only_while_the_question_is_the_last_thing_asked(desk: Desk) -> None:
    talk = await desk.open("ana")
    assert (await talk.say("yes")).kinds == ["clarify"]
    await talk.say("refund please")
    await talk.say("yes")
    assert await desk.count(RefundRow) == 1


async def test_an_offer_is_good_until_its_last_second_and_not_after(desk: Desk) -> None:
    for seconds, refunded in ((600, 1), (601, 0)):
        await desk.load()
        talk = await desk.open("ana")
        await talk.say("refund please")
        desk.wait(seconds=seconds)
        answer = await talk.press("Refund .*79")
        assert await desk.count(RefundRow) == refunded, seconds
        if not refunded:
            assert "offer was good for" in answer.texts[0]


async def test_a_yes_after_things_have_changed_does_nothing_and_shows_how_it_stands(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    desk.wait(days=30)
    async with desk.services.store.write() as session:
        offer = await session.scalar(select(ProposalRow))
        assert offer is not None
        offer.expires_at = desk.services.clock.now()
    answer = await talk.press("Refund .*79")
    assert answer.body["messages"][0]["decision"]["outcome"] == "refused"
    assert await desk.count(RefundRow) == 0


async def test_two_conversations_of_one_learner_cannot_refund_one_payment_twice(each_desk: Desk) -> None:
    talks = [await each_desk.open("ana") for _ in range(4)]
    for talk in talks:
        await talk.say("refund please")
    await asyncio.gather(*(talk.press("Refund .*79") for talk in talks))
    assert await each_desk.count(RefundRow) == 1
    assert await each_desk.count(ConfirmationRow) == 1


async def test_every_button_that_is_shown_is_one_the_desk_issued(desk: Desk) -> None:
    talk = await desk.open("ben")
    answer = await talk.say("refund please")
    shown = [button["id"] for message in answer.body["messages"] for button in message["buttons"]]
    assert len(shown) == 2
    assert await desk.count(ButtonRow, ButtonRow.id.in_(shown), ButtonRow.conversation_id == talk.id) == 2
    assert "pay-" not in str(answer.body["messages"][0]["buttons"])


async def test_a_token_that_was_taken_before_opens_nothing_else_and_nothing_that_is_gone(desk: Desk) -> None:
    ana, ben = await desk.open("ana"), await desk.open("ben")
    assert [(await talk.say("hello")).status for talk in (ana, ben)] == [200, 200]
    for token in (ben.token, "", ana.token[:-1], ana.token + "x"):
        assert (await replace(ana, token=token).say("hello")).status in (401, 404)
    assert (await ana.say("hello")).status == 200
    async with desk.services.store.write() as session:
        await session.execute(delete(ConversationRow).where(ConversationRow.id == ana.id))
    assert (await ana.say("hello")).status == 404
