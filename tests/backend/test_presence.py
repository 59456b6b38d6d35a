"""Who is there and who looks at what, over several backends; and how a silent agent loses a claim."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend.conversations import presence
from backend.conversations.presence import ONLINE_LASTS, TYPING_LASTS, VIEWING_LASTS
from backend.services import Services
from backend.staff.returning import Returning
from backend.staff.silence import LOST, Silence
from backend.store.desk_models import ConversationRow, OwnershipRow
from backend.store.live_models import ActivityRow, PresenceRow, StaffSeenRow
from backend.store.slack_models import SlackMemberRow
from tests.backend.running import NOW, Console, Desk, Talk, running_desk
from tests.backend.test_redis import REDIS, at, listening, redis  # noqa: F401  the fixture
from tests.backend.test_staff_live import event_of, line_of, watching
from tests.backend.test_stream import next_event, stream

IDLE = timedelta(minutes=15)


async def online(desk: Desk) -> set[str]:
    async with desk.services.store.read() as session:
        return await presence.online_ids(session, desk.services.clock.now())


async def viewers(console: Console, talk: Talk) -> list[dict[str, Any]]:
    lines = (await console.get("conversations")).body["conversations"]
    return list(next(line["viewers"] for line in lines if line["id"] == talk.id))


# --- who looks -------------------------------------------------------------------------------------------------------


async def test_who_looks_and_types_is_seen_by_the_others_and_goes_with_the_console(
    desk: Desk, sam: Console, kim: Console
) -> None:
    talk = await desk.open("ana")
    async with watching(sam) as sams:
        async with watching(kim) as kims:
            await kims.send_json({"type": "viewing", "conversation": talk.id, "typing": False})
            assert (await event_of(sams, "presence"))["viewers"] == [{"id": kim.id, "name": "Kim", "typing": False}]
            await kims.send_json({"type": "viewing", "conversation": talk.id, "typing": True})
            assert (await event_of(sams, "presence"))["viewers"] == [{"id": kim.id, "name": "Kim", "typing": True}]
            assert await viewers(sam, talk) == [{"id": kim.id, "name": "Kim", "typing": True}]
            desk.wait(seconds=TYPING_LASTS.total_seconds())
            assert await viewers(sam, talk) == [{"id": kim.id, "name": "Kim", "typing": False}]
            await kims.send_json({"type": "viewing", "conversation": None, "typing": True})
            assert (await event_of(sams, "presence"))["viewers"] == []
            await kims.send_json({"type": "viewing", "conversation": talk.id})
            await event_of(sams, "presence", conversation=talk.id)
        assert (await event_of(sams, "presence"))["viewers"] == []
    assert await viewers(sam, talk) == []


async def test_two_windows_of_one_member_are_one_viewer(desk: Desk, sam: Console, kim: Console) -> None:
    talk = await desk.open("ana")
    async with watching(sam) as sams, watching(kim) as one, watching(kim) as two:
        await one.send_json({"type": "viewing", "conversation": talk.id, "typing": True})
        await event_of(sams, "presence")
        await two.send_json({"type": "viewing", "conversation": talk.id})
        assert (await event_of(sams, "presence"))["viewers"] == [{"id": kim.id, "name": "Kim", "typing": True}]


async def test_what_a_killed_backend_left_behind_is_not_believed_for_long(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    talk = await each_desk.open("ana")
    async with each_desk.services.store.write() as session:
        await presence.arrived(session, "console_of_a_dead_backend", sam.id, NOW)
        await presence.looks_at(session, "console_of_a_dead_backend", talk.id, NOW, typing=True)
    each_desk.wait(seconds=VIEWING_LASTS.total_seconds() - 1)
    assert [one["id"] for one in await viewers(sam, talk)] == [sam.id]
    each_desk.wait(seconds=1)
    assert await viewers(sam, talk) == []
    each_desk.wait(hours=1)
    async with watching(sam):
        async with each_desk.services.store.read() as session:
            kept = (await session.scalars(select(PresenceRow.id))).all()
        assert "console_of_a_dead_backend" not in kept
    await sam.http.close()


async def test_a_beat_keeps_a_console_and_brings_back_what_was_cleared_away(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    talk = await each_desk.open("ana")
    async with watching(sam) as socket:
        await socket.send_json({"type": "viewing", "conversation": talk.id})
        await event_of(socket, "presence")
        each_desk.wait(seconds=VIEWING_LASTS.total_seconds())
        assert await viewers(sam, talk) == []
        await each_desk.services.hub.beat()
        assert len(await viewers(sam, talk)) == 1
        async with each_desk.services.store.write() as session:
            for row in (await session.scalars(select(PresenceRow))).all():
                await session.delete(row)
        await each_desk.services.hub.beat()
        assert len(await viewers(sam, talk)) == 1
    await sam.http.close()


# --- who is there ----------------------------------------------------------------------------------------------------


async def test_who_has_a_console_open_is_there_and_a_reload_is_no_absence(desk: Desk, sam: Console) -> None:
    assert await online(desk) == set()
    async with watching(sam):
        assert await online(desk) == {sam.id}
        desk.wait(seconds=ONLINE_LASTS.total_seconds())
        assert await online(desk) == set()
        await desk.services.hub.beat()
        assert await online(desk) == {sam.id}
    assert await online(desk) == {sam.id}
    desk.wait(seconds=ONLINE_LASTS.total_seconds())
    assert await online(desk) == set()


async def test_who_owns_something_through_slack_is_there(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    talk = await each_desk.open("ana")
    await sam.act(talk, "claim")
    assert await online(each_desk) == set()
    async with each_desk.services.store.write() as session:
        session.add(SlackMemberRow(user_id="U1", staff_id=sam.id, by_hand=False, checked_at=NOW))
    assert await online(each_desk) == {sam.id}
    await sam.act(talk, "release")
    assert await online(each_desk) == set()
    await sam.http.close()


async def test_who_signs_out_is_away_at_once(each_desk: Desk) -> None:
    sam, kim = await each_desk.staff("Sam"), await each_desk.staff("Kim")
    async with each_desk.services.store.write() as session:
        await presence.arrived(session, "console", sam.id, NOW)
    assert {one["name"]: one["online"] for one in (await kim.get("members")).body["members"]} == {
        "Kim": False,
        "Sam": True,
    }
    await sam.call("DELETE", "session")
    assert await online(each_desk) == set()
    assert await each_desk.count(StaffSeenRow) == 1
    for console in (sam, kim):
        await console.http.close()


async def test_consoles_at_different_backends_see_each_other(
    database_url: str,
    quick_parts: None,
    redis: Any,  # noqa: F811
) -> None:
    async with AsyncExitStack() as stack:
        here, there = [await stack.enter_async_context(running_desk(database_url, redis_url=REDIS)) for _ in range(2)]
        await here.load()
        for desk in (here, there):
            await listening(desk)
        talk, sam, kim = await here.open("ana"), await here.staff("Sam"), await here.staff("Kim")
        kims = Console(there, kim.http, "Kim", kim.csrf, kim.id)
        async with watching(sam) as one, watching(kims) as two:
            await two.send_json({"type": "viewing", "conversation": talk.id, "typing": True})
            seen = (await event_of(one, "presence"))["viewers"]
            assert seen == [{"id": kim.id, "name": "Kim", "typing": True}]
            await talk.say("hello")
            assert (await event_of(two, "message"))["message"]["text"] == "hello"
            await kims.act(replace(talk, desk=there), "claim")
            assert (await line_of(one, talk, state="agent"))["agent"]["name"] == "Kim"
            await talk.say("are you there?")
            assert (await event_of(two, "message", conversation=talk.id))["message"]["seq"]
            async with stream(talk) as learner:
                await next_event(learner, "state")
                await two.send_json({"type": "typing", "conversation": talk.id})
                assert (await next_event(learner, "typing"))["agent"] == {"name": "Kim"}
        for console in (sam, kim):
            await console.http.close()


# --- a claim is lost by silence --------------------------------------------------------------------------------------


def returning(services: Services) -> Returning:
    return Returning(services.store, services.clock, services.turns, services.wording)


async def rounds(desk: Desk) -> int:
    return await desk.services.silence.round()


async def claimed(desk: Desk, console: Console, text: str = "a person please") -> Talk:
    talk = await desk.open("ana")
    await talk.say(text)
    await console.act(talk, "claim")
    return talk


async def test_an_agent_who_does_nothing_loses_the_claim_and_the_learner_is_told(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    talk = await claimed(each_desk, sam)
    each_desk.wait(seconds=IDLE.total_seconds() - 1)
    assert await rounds(each_desk) == 0
    async with stream(talk) as learner:
        await next_event(learner, "state")
        each_desk.wait(seconds=1)
        assert await rounds(each_desk) == 1
        assert await rounds(each_desk) == 0
        assert await next_event(learner, "state") == {"type": "state", "state": "queued", "position": 1}
    last = (await talk.transcript())[-1]
    assert last["author"] == "system"
    assert "Sam could not go on" in last["text"]
    assert "number 1" in last["text"]
    async with each_desk.services.store.read() as session:
        assert await session.scalar(select(OwnershipRow.why)) == LOST
    assert (await sam.write(talk, "Hello?")).status == 403
    assert (await talk.press_id(last["buttons"][0]["id"])).body["state"] == "bot"
    await sam.http.close()


@pytest.mark.parametrize("what", ["messages", "typing", "claim"])
async def test_whatever_the_agent_does_is_no_silence(desk: Desk, sam: Console, what: str) -> None:
    talk = await claimed(desk, sam)
    desk.wait(seconds=IDLE.total_seconds() - 1)
    if what == "messages":
        await sam.write(talk, "One moment")
        await talk.say("ok")
    elif what == "typing":
        await sam.act(talk, "typing")
    else:
        await sam.act(talk, "release")
        await sam.act(talk, "claim")
    desk.wait(seconds=IDLE.total_seconds() - 1)
    assert await rounds(desk) == 0
    desk.wait(seconds=1)
    assert await rounds(desk) == 1


async def test_while_it_is_the_learners_turn_nobody_is_silent(desk: Desk, sam: Console) -> None:
    talk = await claimed(desk, sam)
    await sam.write(talk, "Which course is it?")
    desk.wait(hours=3)
    assert await rounds(desk) == 0
    await talk.say("machine learning")
    assert await rounds(desk) == 1, "the agent did nothing for three hours, and now the learner waits"


async def test_who_was_urgent_is_urgent_again_and_who_waited_goes_before_others(desk: Desk, sam: Console) -> None:
    urgent = await claimed(desk, sam, "i can't go on")
    patient = await claimed(desk, sam)
    desk.wait(minutes=5)
    later = await desk.open("ben")
    await later.say("a person please")
    desk.wait(minutes=10)
    assert await rounds(desk) == 2
    lines = (await sam.get("conversations?state=queued")).body["conversations"]
    assert [line["id"] for line in lines] == [urgent.id, patient.id, later.id]
    assert [line["urgency"] for line in lines] == [1, 0, 0]
    assert lines[1]["waiting_seconds"] == 15 * 60


async def test_a_lost_claim_is_told_once_by_however_many_backends(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    talk = await claimed(each_desk, sam)
    each_desk.wait(seconds=IDLE.total_seconds())
    services = each_desk.services
    async with running_desk(services.settings.database) as other:
        other.services.clock.set(services.clock.now())
        found = [await rounds(each_desk), await rounds(other)]
    assert sorted(found) == [0, 1]
    assert len([one for one in await talk.transcript() if "could not go on" in one["text"]]) == 1
    await sam.http.close()


async def test_without_a_limit_no_claim_is_lost(desk: Desk, sam: Console) -> None:
    services = desk.services
    never = Silence(services.store, services.clock, returning(services), 0)
    await claimed(desk, sam)
    desk.wait(hours=9)
    assert await never.round() == 0
    never.start()
    await never.stop()
    assert await rounds(desk) == 1


async def test_the_search_for_silence_runs_beside_the_requests_and_stops(desk: Desk, sam: Console) -> None:
    services = desk.services
    silence = Silence(services.store, services.clock, returning(services), 15, every=0.01)
    talk = await claimed(desk, sam)
    desk.wait(seconds=IDLE.total_seconds())
    async with stream(talk) as learner:
        silence.start()
        while (await next_event(learner, "state"))["state"] != "queued":
            pass
    await silence.stop()
    assert await desk.count(ActivityRow) == 1


# --- released --------------------------------------------------------------------------------------------------------


async def test_after_a_release_the_desk_knows_what_was_done_meanwhile(each_desk: Desk) -> None:
    sam = await each_desk.staff("Sam")
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    button = talk.button("Refund .*79")
    await sam.act(talk, "claim")
    await talk.press_id(button)
    await sam.act(talk, "release")
    released = (await talk.transcript())[-1]["text"]
    assert "Sam has left" in released
    assert "Machine Learning Basics" in released
    answer = await talk.say("and what now?")
    assert "Sam" in answer.texts[0]
    assert "Machine Learning Basics" in answer.texts[0]
    await sam.http.close()


@pytest.mark.parametrize(
    "text", ["and what now", "What happens next?", "so what happened", "now what", "ok, what now?"]
)
async def test_a_follow_up_after_a_release_does_not_act_on_what_was_offered_before(
    desk: Desk, sam: Console, text: str
) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    before = await desk.learner("ana")
    await sam.act(talk, "claim")
    await sam.write(talk, "Let me see.")
    await sam.act(talk, "release")
    async with desk.services.store.read() as session:
        agenda = await session.scalar(select(ConversationRow.agenda))
    assert agenda["asked"] is None
    assert (agenda["about"], agenda["topic"], agenda["kept"]) == (None, None, [])
    answer = await talk.say(text)
    assert "Nothing was changed" in answer.texts[0]
    assert all("proposal" not in message for message in answer.body["messages"])
    after = await desk.learner("ana")
    assert {name: after[name] for name in ("payments", "refunds")} == {
        name: before[name] for name in ("payments", "refunds")
    }


async def test_before_any_person_came_what_now_is_left_to_the_dialogue(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("what now")
    assert desk.engine.heard[-1]["intent"] is None
