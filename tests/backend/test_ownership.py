"""One owner at a time: bot, queue, agent, closed; changed by compare-and-set, read again before anything is said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.conversations import ownership
from backend.conversations.ownership import ALLOWED, Owner
from backend.errors import Conflict
from backend.store.desk_models import ButtonRow
from backend.store.world_models import RefundRow
from tests.backend.everywhere import assert_error
from tests.backend.running import Console, Desk, Talk

STATES = ("bot", "queued", "agent", "closed")
# Every change there is; all others are refused.
CHANGES = {
    ("bot", "queued"),
    ("bot", "agent"),
    ("bot", "closed"),
    ("queued", "bot"),
    ("queued", "agent"),
    ("queued", "closed"),
    ("agent", "bot"),
    ("agent", "queued"),
    ("agent", "agent"),
    ("agent", "closed"),
    ("closed", "bot"),
    ("closed", "queued"),
}


async def change(desk: Desk, talk: Talk, state: str, staff: str | None = None, seen: Owner | None = None) -> Owner:
    async with desk.services.store.write() as session:
        seen = seen or await ownership.read(session, talk.id)
        return await ownership.change(session, talk.id, seen, state, desk.services.clock.now(), staff_id=staff)


async def reach(desk: Desk, talk: Talk, state: str, staff: str) -> None:
    """Bring a new conversation into a state."""
    if state != "bot":
        await change(desk, talk, state, staff)


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
async def test_only_the_changes_of_the_table_are_possible(desk: Desk, sam: Console, before: str, after: str) -> None:
    talk = await desk.open("ana")
    await reach(desk, talk, before, sam.id)
    if (before, after) in CHANGES:
        assert (await change(desk, talk, after, sam.id)).state == after
    else:
        with pytest.raises(Conflict, match=rf"{before} cannot become {after}"):
            await change(desk, talk, after, sam.id)
        assert (await talk.get()).body["state"] == before


def test_the_table_knows_every_state() -> None:
    assert set(ALLOWED) == set(STATES)
    assert {(before, after) for after, befores in ALLOWED.items() for before in befores} == CHANGES


async def test_who_saw_an_older_version_changes_nothing_and_is_told_who_has_it(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    await sam.http.close()
    talk = await each_desk.open("ana")
    async with each_desk.services.store.read() as session:
        seen = await ownership.read(session, talk.id)
    await change(each_desk, talk, "agent", sam.id, seen)
    for state in ("queued", "agent", "closed"):
        with pytest.raises(Conflict, match="with Sam now"):
            await change(each_desk, talk, state, sam.id, seen)
    assert (await talk.get()).body["state"] == "agent"


async def test_many_changes_at_the_same_time_leave_one_winner(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    await sam.http.close()
    talk = await each_desk.open("ana")
    async with each_desk.services.store.read() as session:
        seen = await ownership.read(session, talk.id)
    tries = [change(each_desk, talk, "agent", sam.id, seen) for _ in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Owner) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 19
    async with each_desk.services.store.read() as session:
        assert (await ownership.read(session, talk.id)).version == seen.version + 1


# --- who may do what -------------------------------------------------------------------------------------------------


async def test_of_two_who_claim_one_gets_it_and_the_other_is_told_whose_it_is(
    desk: Desk, sam: Console, kim: Console
) -> None:
    talk = await desk.open("ana")
    answers = await asyncio.gather(sam.act(talk, "claim"), kim.act(talk, "claim"))
    assert sorted(answer.status for answer in answers) == [200, 409]
    winner = next(answer for answer in answers if answer.status == 200)
    loser = next(answer for answer in answers if answer.status == 409)
    assert_error(loser, 409)
    assert winner.body["agent"]["name"] in loser.body["error"]["message"]
    assert len([message for message in await talk.transcript() if "joined" in message["text"]]) == 1


async def test_claiming_again_what_is_ones_own_changes_nothing(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    first, again = await sam.act(talk, "claim"), await sam.act(talk, "claim")
    assert (again.status, again.body) == (200, first.body)
    assert len([message for message in await talk.transcript() if "joined" in message["text"]]) == 1


@pytest.mark.parametrize("what", ["messages", "release", "transfer", "close"])
async def test_only_the_owner_may_write_or_pass_it_on(desk: Desk, sam: Console, kim: Console, what: str) -> None:
    body = {"client_id": "1", "text": "hello"} if what == "messages" else {}
    talk = await desk.open("ana")
    nobodys = await kim.act(talk, what, body)
    assert_error(nobodys, 403)
    await sam.act(talk, "claim")
    before = await talk.transcript()
    sams = await kim.act(talk, what, body)
    assert_error(sams, 403)
    assert "Sam" in sams.body["error"]["message"]
    assert await talk.transcript() == before
    assert (await talk.get()).body == {**(await talk.get()).body, "state": "agent", "agent": {"name": "Sam"}}


async def test_an_agents_message_reaches_the_learner_once_for_each_client_id(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    first, again = await sam.write(talk, "Hi Ana", "a1"), await sam.write(talk, "Hi Ana", "a1")
    assert again.body == first.body
    parallel = await asyncio.gather(*(sam.write(talk, "And more", "a2") for _ in range(5)))
    assert len({answer.body["message"]["id"] for answer in parallel}) == 1
    said = [(message["author"], message["text"], message.get("agent")) for message in await talk.transcript()]
    assert said[-2:] == [("agent", "Hi Ana", {"name": "Sam"}), ("agent", "And more", {"name": "Sam"})]


async def test_transferring_passes_it_to_a_colleague_or_back_to_the_queue(
    desk: Desk, sam: Console, kim: Console
) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    assert_error(await sam.act(talk, "transfer", {"to": "staff_nobody"}), 404)
    assert (await sam.act(talk, "transfer", {"to": kim.id})).body["agent"] == {"name": "Kim"}
    assert_error(await sam.write(talk, "hello"), 403)
    assert (await kim.write(talk, "hello")).status == 200
    assert (await kim.act(talk, "transfer", {})).body == {"state": "queued", "position": 1}
    assert (await sam.act(talk, "claim")).status == 200


@pytest.mark.parametrize("state", ["bot", "queued", "agent"])
async def test_only_a_closed_conversation_can_be_reopened(desk: Desk, sam: Console, state: str) -> None:
    talk = await desk.open("ana")
    await reach(desk, talk, state, sam.id)
    assert_error(await sam.act(talk, "reopen"), 409)
    await sam.act(talk, "claim")
    await sam.act(talk, "close")
    assert (await sam.act(talk, "reopen")).body == {"state": "queued", "position": 1}


@pytest.mark.parametrize("what", ["claim", "release", "transfer", "close", "reopen", "messages", "notes"])
async def test_a_conversation_that_does_not_exist_cannot_be_owned(desk: Desk, sam: Console, what: str) -> None:
    body = {"messages": {"client_id": "1", "text": "hi"}, "notes": {"text": "hi"}}.get(what, {})
    assert_error(await sam.call("POST", f"conversations/conv_nothing/{what}", body), 404)


# --- the bot is silent while a person has it -------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["queued", "agent"])
async def test_the_bot_says_nothing_while_a_person_is_meant_to(desk: Desk, sam: Console, state: str) -> None:
    talk = await desk.open("ana")
    await talk.say("a person please")
    if state == "agent":
        await sam.act(talk, "claim")
    heard = len(desk.engine.heard)
    answer = await talk.say("refund please")
    assert (answer.body["state"], answer.body["messages"]) == (state, [])
    assert len(desk.engine.heard) == heard
    assert (await talk.transcript())[-1]["text"] == "refund please"


async def test_a_reply_is_dropped_when_somebody_claims_while_rasa_is_thinking(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    talk = await each_desk.open("ana")

    async def claim() -> None:
        assert (await sam.act(talk, "claim")).status == 200

    each_desk.engine.before = claim
    answer = await talk.say("refund please")
    await sam.http.close()
    assert answer.body == {"state": "agent", "agent": {"name": "Sam"}, "messages": []}
    assert [message["author"] for message in await talk.transcript()] == ["bot", "learner", "system"]


async def test_a_result_is_told_even_when_somebody_claims_in_the_same_moment(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")

    async def claim() -> None:
        await sam.act(talk, "claim")

    desk.engine.before = claim
    answer = await talk.press("Refund .*79")
    assert (answer.body["state"], answer.kinds) == ("agent", ["result"])
    assert await desk.count(RefundRow) == 1


async def test_a_turn_that_would_queue_does_not_when_somebody_has_claimed_meanwhile(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")

    async def claim() -> None:
        await sam.act(talk, "claim")

    desk.engine.before = claim
    answer = await talk.say("is there a human in this machine")
    assert answer.body == {"state": "agent", "agent": {"name": "Sam"}, "messages": []}


async def test_a_yes_to_an_offer_still_counts_while_a_person_has_the_conversation(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    await sam.act(talk, "claim")
    answer = await talk.press("Refund .*79")
    assert answer.kinds == ["result"]
    assert await desk.count(RefundRow) == 1


async def test_what_is_left_of_the_bots_buttons_does_nothing_while_a_person_has_it(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ben")
    await talk.say("refund please")
    await sam.act(talk, "claim")
    answer = await talk.press("Machine Learning Basics")
    assert answer.body["messages"] == []


async def test_released_it_is_the_bots_again(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    assert (await sam.act(talk, "release")).body == {"state": "bot"}
    assert (await talk.say("refund please")).kinds == ["decision"]


async def test_a_message_opens_a_closed_conversation_again(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    await sam.act(talk, "close", {"outcome": "solved"})
    assert (await talk.get()).body["state"] == "closed"
    answer = await talk.say("refund please")
    assert (answer.body["state"], answer.kinds) == ("bot", ["decision"])


# --- the queue -------------------------------------------------------------------------------------------------------


async def position(talk: Talk) -> Any:
    return (await talk.get()).body.get("position")


async def test_the_queue_is_first_come_first_served_and_the_urgent_go_first(each_desk: Desk) -> None:
    talks = []
    for text in ("a person please", "a person please", "i can't go on", "a person please", "i can't go on"):
        each_desk.wait(seconds=1)
        talk = await each_desk.open()
        answer = await talk.say(text)
        assert answer.kinds == ["handoff"]
        assert f"number {answer.body['position']} " in answer.texts[-1]
        talks.append(talk)
    assert [await position(talk) for talk in talks] == [3, 4, 1, 5, 2]
    assert (await talks[2].press("assistant instead")).body["state"] == "bot"
    assert [await position(talk) for talk in talks] == [2, 3, None, 4, 1]


async def test_who_leaves_the_queue_goes_on_with_the_bot(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("a person please")
    answer = await talk.press("assistant instead")
    assert answer.body["state"] == "bot"
    assert (await talk.say("refund please")).kinds == ["decision"]


async def test_who_leaves_the_queue_when_somebody_has_come_is_not_told_that_they_left(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await talk.say("a person please")
    await sam.act(talk, "claim")
    answer = await talk.press("assistant instead")
    assert answer.body == {"state": "agent", "agent": {"name": "Sam"}, "messages": []}


async def test_joining_the_queue_is_offered_with_every_answer_that_did_not_help(desk: Desk) -> None:
    talk = await desk.open("ana")
    answer = await talk.say("the moon is made of green cheese")
    assert answer.kinds == ["fallback"]
    joined = await talk.press("person")
    assert (joined.body["state"], joined.body["position"]) == ("queued", 1)


async def test_after_two_answers_in_a_row_that_did_not_help_a_person_is_brought(desk: Desk) -> None:
    talk = await desk.open("ana")
    assert (await talk.say("the moon is made of green cheese")).body["state"] == "bot"
    assert (await talk.say("and the sun of butter")).body["state"] == "queued"
    other = await desk.open("ana")
    await other.say("the moon is made of green cheese")
    await other.say("refund please")
    assert (await other.say("and the sun of butter")).body["state"] == "bot"


async def test_pressing_the_person_button_twice_queues_once(desk: Desk) -> None:
    talk = await desk.open("ana")
    button = talk.button("person")
    await talk.press_id(button)
    again = await talk.press_id(button)
    assert (again.body["state"], again.body["position"], again.body["messages"]) == ("queued", 1, [])
    assert await desk.count(ButtonRow, ButtonRow.title.like("%assistant instead%")) == 1


async def test_after_somebody_has_joined_the_bot_says_nothing_however_close_it_was(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")

    async def close_call(number: int) -> None:
        talk = await each_desk.open("ana")

        async def claim() -> None:
            await asyncio.sleep(number * 0.002)
            assert (await sam.act(talk, "claim")).status == 200

        await asyncio.gather(talk.say("hello"), claim())
        authors = [message["author"] for message in await talk.transcript()]
        assert "bot" not in authors[authors.index("system") :], authors

    await asyncio.gather(*(close_call(number) for number in range(20)))
    await sam.http.close()
