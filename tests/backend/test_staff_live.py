"""The console's stream: the queue live, messages in order and once, reading and typing both ways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from sqlalchemy import select

from backend.conversations import transcript
from backend.staff import hub as hubs
from backend.staff.hub import BACKLOG, RESYNC, Listener
from backend.store.desk_models import ConversationRow
from backend.store.live_models import PresenceRow
from tests.backend.running import NOW, PATIENCE, Console, Desk, Talk
from tests.backend.test_stream import NONSENSE, next_event, silent, stream


@asynccontextmanager
async def watching(console: Console, **options: Any) -> AsyncIterator[ClientWebSocketResponse]:
    """The console's stream, after its hello."""
    async with console.http.ws_connect(console.desk.url("/api/v1/staff/stream"), **options) as socket:
        hello = await next_event(socket, "hello")
        assert hello["staff"]["name"] == console.name
        yield socket


async def event_of(socket: ClientWebSocketResponse, kind: str, **fits: Any) -> dict[str, Any]:
    """The next event of a kind with these values."""
    while True:
        event = await next_event(socket, kind)
        if all(event.get(name) == value for name, value in fits.items()):
            return event


async def line_of(socket: ClientWebSocketResponse, talk: Talk, **fits: Any) -> dict[str, Any]:
    """The next line of a conversation with these values."""
    while True:
        line = (await next_event(socket, "conversation"))["conversation"]
        if line["id"] == talk.id and all(line.get(name) == value for name, value in fits.items()):
            return dict(line)


async def all_until(socket: ClientWebSocketResponse, *kinds_with: tuple[str, dict[str, Any]]) -> None:
    """Wait until each of these was told, in whatever order."""
    missing = list(kinds_with)
    while missing:
        event = await socket.receive_json(timeout=PATIENCE)
        told = event["conversation"] if event["type"] == "conversation" else event
        missing = [
            (kind, fits)
            for kind, fits in missing
            if event["type"] != kind or any(told.get(name) != value for name, value in fits.items())
        ]


async def messages_until(socket: ClientWebSocketResponse, talk: Talk, last: int) -> list[int]:
    """The numbers of a conversation's messages as they come, up to `last`."""
    found: list[int] = []
    while not found or found[-1] != last:
        event = await event_of(socket, "message", conversation=talk.id)
        found.append(event["message"]["seq"])
    return found


# --- the queue -------------------------------------------------------------------------------------------------------


async def test_a_conversation_that_joins_the_queue_is_told_as_a_line_with_the_counts(each_sam: Console) -> None:
    desk = each_sam.desk
    talk = await desk.open("ana")
    async with watching(each_sam) as socket:
        await talk.say("refund please")
        await talk.say("a person please")
        line = (await each_sam.get("conversations?state=queued")).body["conversations"][0]
        counts = (await each_sam.get("counts")).body
        await all_until(socket, ("conversation", line), ("counts", counts))
        assert (line["position"], line["urgency"], line["unread"]) == (1, 0, 2)
        assert line["learner"] == {"id": "ana", "name": "Ana Silva"}
        assert line["last_message"]["text"] == "a person please"
        assert line["topic"]
        assert (counts["queued"], counts["mine"]) == (1, 0)
        await each_sam.act(talk, "claim")
        claimed = {"id": talk.id, "state": "agent", "agent": {"id": each_sam.id, "name": "Sam"}}
        await all_until(socket, ("conversation", claimed), ("counts", {"queued": 0, "mine": 1}))


async def test_when_one_leaves_the_queue_the_others_move_up(desk: Desk, sam: Console) -> None:
    first, second = await desk.open("ana"), await desk.open("ben")
    for talk in (first, second):
        await talk.say("a person please")
        desk.wait(seconds=7)
    async with watching(sam) as socket:
        await sam.act(first, "claim")
        line = await line_of(socket, second, position=1)
        assert line["waiting_seconds"] == 7


async def test_who_waits_hears_of_a_better_place_and_of_one_who_goes_before(desk: Desk, sam: Console) -> None:
    first, second = await desk.open("ana"), await desk.open("ben")
    for talk in (first, second):
        await talk.say("a person please")
        desk.wait(seconds=7)
    async with stream(second) as learner:
        assert (await next_event(learner, "state"))["position"] == 2
        await sam.act(first, "claim")
        assert await next_event(learner, "state") == {"type": "state", "state": "queued", "position": 1}
        urgent = await desk.open("cleo")
        await urgent.say("i can't go on")
        assert (await next_event(learner, "state"))["position"] == 2


async def test_counts_know_what_is_urgent_and_what_is_a_members_own(desk: Desk, sam: Console, kim: Console) -> None:
    talks = [await desk.open("ana") for _ in range(5)]
    await talks[0].say("i can't go on")
    await talks[1].say("a person please")
    await sam.act(talks[2], "claim")
    await sam.act(talks[3], "claim")
    await sam.act(talks[3], "close", {})
    counts = (await sam.get("counts")).body
    assert counts == {"queued": 2, "mine": 1, "bot": 1, "agent": 1, "closed": 1, "urgent": 1, "cases": 0}
    assert (await kim.get("counts")).body == {**counts, "mine": 0}
    lines = (await sam.get("conversations?state=all")).body["conversations"]
    assert {line["state"] for line in lines} == {"queued", "agent", "bot", "closed"}


# --- messages --------------------------------------------------------------------------------------------------------


async def test_the_owner_is_told_what_the_learner_says_without_looking_at_it(desk: Desk, sam: Console) -> None:
    mine, other = await desk.open("ana"), await desk.open("ben")
    await sam.act(mine, "claim")
    async with watching(sam) as socket:
        await other.say("hello")
        await mine.say("are you there?")
        event = await next_event(socket, "message")
        assert (event["conversation"], event["message"]["text"]) == (mine.id, "are you there?")


async def test_who_claims_is_told_from_then_on_and_who_releases_no_more(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    async with watching(sam) as socket:
        await sam.act(talk, "claim")
        joined = await event_of(socket, "message", conversation=talk.id)
        assert joined["message"]["author"] == "system"
        await talk.say("hello?")
        assert (await event_of(socket, "message"))["message"]["text"] == "hello?"
        await sam.act(talk, "release")
        await line_of(socket, talk, state="bot")
        await talk.say("and now?")
        assert (await line_of(socket, talk, last_seq=(await talk.transcript())[-1]["seq"]))["state"] == "bot"


async def test_who_looks_at_a_conversation_is_told_everything_from_the_number_they_have(each_sam: Console) -> None:
    talk = await each_sam.desk.open("ana")
    await talk.say("hello")
    async with watching(each_sam) as socket:
        await socket.send_json({"type": "viewing", "conversation": talk.id, "typing": False, "after": 1})
        assert await messages_until(socket, talk, 3) == [2, 3]
        await talk.say("hello again")
        assert await messages_until(socket, talk, 5) == [4, 5]


async def test_a_decision_comes_with_the_record_only_staff_may_see(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    async with watching(sam) as socket:
        await socket.send_json({"type": "viewing", "conversation": talk.id, "typing": False})
        await next_event(socket, "presence")
        await talk.say("refund please")
        while "decision" not in (event := await event_of(socket, "message"))["message"]:
            pass
        assert event["message"]["record"]["trace"]


async def test_messages_that_overtake_each_other_are_put_in_order_and_told_once(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    async with watching(sam) as socket:
        await socket.send_json({"type": "viewing", "conversation": talk.id, "after": 1})
        await next_event(socket, "presence")
        rows = []
        async with desk.services.store.write() as session:
            for text in ("second", "third", "fourth"):
                rows.append(await transcript.append(session, talk.id, NOW, author="learner", text=text))
        for row in (rows[2], rows[1], rows[1], rows[0]):
            await desk.services.turns.publish(talk.id, [transcript.to_json(row)])
        assert await messages_until(socket, talk, 4) == [2, 3, 4]
        await line_of(socket, talk)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(messages_until(socket, talk, 4), 0.3)


async def test_many_conversations_at_once_reach_their_owner_without_a_gap(each_sam: Console) -> None:
    desk = each_sam.desk
    talks = [await desk.open("ana") for _ in range(6)]
    for talk in talks:
        await each_sam.act(talk, "claim")
    begin = {talk.id: (await talk.transcript())[-1]["seq"] for talk in talks}
    found: dict[str, list[int]] = {talk.id: [] for talk in talks}
    async with watching(each_sam) as socket:
        await asyncio.gather(*(talk.say(f"hello {number}") for talk in talks for number in range(8)))
        while sum(map(len, found.values())) < 48:
            event = await next_event(socket, "message")
            found[event["conversation"]].append(event["message"]["seq"])
    assert found == {talk.id: list(range(begin[talk.id] + 1, begin[talk.id] + 9)) for talk in talks}


def test_a_console_that_does_not_read_is_told_to_load_anew(desk: Desk) -> None:
    listener = Listener(None)  # type: ignore[arg-type]
    for number in range(BACKLOG + 1):
        listener.offer(str(number))
    assert [listener.outgoing.get_nowait() for _ in range(2)] == [RESYNC, str(BACKLOG)]
    assert listener.outgoing.empty()


# --- reading and typing ----------------------------------------------------------------------------------------------


async def test_what_the_learner_reads_and_types_is_told_the_agent(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    async with watching(sam) as socket, stream(talk) as learner:
        await learner.send_json({"type": "typing"})
        assert (await event_of(socket, "typing"))["author"] == "learner"
        await learner.send_json({"type": "read", "seq": 2})
        told = await event_of(socket, "read")
        assert (told["conversation"], told["seq"], told["by"]) == (talk.id, 2, "learner")


@pytest.mark.parametrize("over", ["the stream", "a request"])
async def test_what_the_agent_reads_and_types_is_told_the_learner(desk: Desk, sam: Console, over: str) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    await talk.say("one")
    await talk.say("two")
    last = (await talk.transcript())[-1]["seq"]
    async with watching(sam) as socket, stream(talk) as learner:
        if over == "the stream":
            await socket.send_json({"type": "typing", "conversation": talk.id})
            await socket.send_json({"type": "read", "conversation": talk.id, "seq": last - 1})
        else:
            assert (await sam.act(talk, "typing")).status == 200
            assert (await sam.act(talk, "read", {"seq": last - 1})).status == 200
        typing = await next_event(learner, "typing")
        assert (typing["author"], typing["agent"], typing["until_ms"]) == ("agent", {"name": "Sam"}, 6000)
        assert await next_event(learner, "read") == {"type": "read", "seq": last - 1, "by": "agent"}
        assert (await line_of(socket, talk, unread=1))["last_seq"] == last
        await sam.write(talk, "Yes?")
        assert (await line_of(socket, talk, unread=0))["state"] == "agent"


async def test_marks_of_who_does_not_own_the_conversation_mean_nothing(desk: Desk, sam: Console, kim: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    async with watching(kim) as socket, stream(talk) as learner:
        await next_event(learner, "state")
        await socket.send_json({"type": "read", "conversation": talk.id, "seq": 2})
        await socket.send_json({"type": "typing", "conversation": talk.id})
        await socket.send_json({"type": "viewing", "conversation": talk.id, "typing": True})
        await event_of(socket, "presence", conversation=talk.id)
        assert (await kim.act(talk, "read", {"seq": 2})).status == 200
        assert (await kim.act(talk, "typing")).status == 200
        assert await silent(learner)
    async with desk.services.store.read() as session:
        assert await session.scalar(select(ConversationRow.read_by_agent)) == 0


async def test_reading_goes_forwards_only_and_not_beyond_the_end(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    kept = []
    for seq in (1, 2, 1, 3, 99):
        await sam.act(talk, "read", {"seq": seq})
        async with desk.services.store.read() as session:
            kept.append(await session.scalar(select(ConversationRow.read_by_agent)))
    assert kept == [1, 2, 2, 2, 2]


# --- who may listen --------------------------------------------------------------------------------------------------


async def test_who_is_not_signed_in_and_foreign_pages_hear_nothing(desk: Desk, sam: Console) -> None:
    talk, address = await desk.open("ana"), desk.url("/api/v1/staff/stream")
    for headers in ({}, talk.bearer, {"Cookie": "lectern_staff=wrong"}):
        with pytest.raises(WSServerHandshakeError) as refused:
            await desk.http.ws_connect(address, headers=headers)
        assert refused.value.status == 401
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        with pytest.raises(WSServerHandshakeError) as refused:
            await sam.http.ws_connect(address, headers={"Origin": origin})
        assert refused.value.status == 403
    async with watching(sam, headers={"Origin": desk.url("")}):
        pass


async def test_who_signs_out_hears_nothing_more(desk: Desk, sam: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.http.staff_stream.SIGNED_IN_EVERY", 0.05)
    async with watching(sam) as socket:
        await sam.call("DELETE", "session")
        closed = await socket.receive(timeout=PATIENCE)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1008)


async def test_frames_without_sense_neither_close_the_stream_nor_are_passed_on(each_sam: Console) -> None:
    talk = await each_sam.desk.open("ana")
    others = [
        {"type": "viewing", "conversation": 7},
        {"type": "viewing", "conversation": "no-such-conversation", "typing": True},
        {"type": "viewing", "conversation": "\x00"},
        {"type": "viewing", "conversation": talk.id, "after": -1},
        {"type": "viewing", "conversation": talk.id, "after": "1"},
        {"type": "read", "conversation": "no-such-conversation", "seq": 1},
        {"type": "read", "conversation": talk.id, "seq": True},
        {"type": "typing", "conversation": "no-such-conversation"},
        {"type": "typing", "conversation": None},
    ]
    async with watching(each_sam) as socket:
        for frame in (*NONSENSE, *map(json.dumps, others)):
            await socket.send_str(frame)
        await socket.send_json({"type": "ping"})
        await next_event(socket, "pong")
        await each_sam.act(talk, "claim")
        assert (await event_of(socket, "message"))["conversation"] == talk.id


async def test_a_stream_tells_to_load_anew_what_could_not_be_read(
    desk: Desk, sam: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = await desk.open("ana")
    async with watching(sam) as socket:
        with monkeypatch.context() as broken:
            broken.setattr(hubs.Queue, "lines", None)
            await talk.say("hello")
            await next_event(socket, "resync")
        await talk.say("hello again")
        await line_of(socket, talk)


async def test_the_last_console_that_closes_leaves_nothing_behind(desk: Desk, sam: Console) -> None:
    for _ in range(3):
        async with watching(sam), watching(sam) as socket:
            await socket.send_json({"type": "ping"})
            await next_event(socket, "pong")
    for _ in range(100):
        if not desk.services.fanout._topics and not await desk.count(PresenceRow):  # type: ignore[attr-defined]
            break
        await asyncio.sleep(0.02)
    assert not desk.services.fanout._topics  # type: ignore[attr-defined]
    assert await desk.count(PresenceRow) == 0
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "hub"]


async def test_twenty_consoles_are_told_the_same(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(watching(sam)) for _ in range(20)]
        await talk.say("a person please")
        lines = [await line_of(socket, talk, state="queued") for socket in sockets]
    assert all(line == lines[0] for line in lines)
