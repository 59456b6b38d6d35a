"""The live stream: nothing lost, nothing doubled, resumed from a number; and not open to everybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from sqlalchemy import select

from backend.conversations import transcript
from backend.conversations.fanout import BACKLOG, Subscription
from backend.errors import StoreUnavailable
from backend.store.desk_models import ConversationRow
from tests.backend.everywhere import assert_error
from tests.backend.running import NOW, PATIENCE, Desk, Talk


@asynccontextmanager
async def stream(talk: Talk, after: int = 0, **options: Any) -> AsyncIterator[ClientWebSocketResponse]:
    options.setdefault("headers", talk.bearer)
    address = talk.desk.url(f"{talk.path}/stream?after={after}")
    async with talk.desk.http.ws_connect(address, **options) as socket:
        yield socket


async def next_event(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next event of a kind; others are passed over."""
    while True:
        event = await socket.receive_json(timeout=PATIENCE)
        if event["type"] == kind:
            return dict(event)


async def numbers(socket: ClientWebSocketResponse, last: int) -> list[int]:
    """The numbers of the messages up to `last`, as they come."""
    found: list[int] = []
    while not found or found[-1] != last:
        found.append((await next_event(socket, "message"))["message"]["seq"])
    return found


async def silent(socket: ClientWebSocketResponse) -> bool:
    """Whether nothing more comes."""
    try:
        await socket.receive(timeout=0.2)
    except asyncio.TimeoutError:
        return True
    return False


# --- what it brings --------------------------------------------------------------------------------------------------


async def test_a_stream_brings_the_transcript_the_state_and_then_what_happens(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    async with stream(talk) as socket:
        assert await numbers(socket, 1) == [1]
        assert await next_event(socket, "state") == {"type": "state", "state": "bot"}
        answer = await talk.say("hello")
        learners, bots = await next_event(socket, "message"), await next_event(socket, "message")
        assert (learners["message"]["author"], learners["message"]["text"]) == ("learner", "hello")
        assert bots["message"] == answer.body["messages"][0]


async def test_typing_state_and_read_are_told_to_everybody_in_the_conversation(desk: Desk) -> None:
    talk, console = await desk.open("ana"), await desk.staff("Sam")
    async with stream(talk) as phone, stream(talk) as laptop:
        await laptop.send_json({"type": "typing"})
        assert await next_event(phone, "typing") == {"type": "typing", "author": "learner", "until_ms": 6000}
        await console.act(talk, "claim")
        claimed = await next_event(phone, "state")
        assert claimed == {"type": "state", "state": "agent", "agent": {"name": "Sam"}}
        await laptop.send_json({"type": "read", "seq": 1})
        assert await next_event(phone, "read") == {"type": "read", "seq": 1, "by": "learner"}
    await console.http.close()


async def test_what_a_decision_was_made_from_is_not_told_over_the_stream(desk: Desk) -> None:
    talk = await desk.open("ana")
    async with stream(talk) as socket:
        await talk.say("refund please")
        for _ in range(3):
            assert "record" not in (await next_event(socket, "message"))["message"]


async def test_another_conversations_events_do_not_come(desk: Desk) -> None:
    mine, other = await desk.open("ana"), await desk.open("ben")
    async with stream(mine) as socket:
        await next_event(socket, "state")
        await other.say("hello")
        assert await silent(socket)


# --- resumed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 4, 5, 6])
async def test_a_stream_begins_after_the_number_the_client_has(desk: Desk, after: int) -> None:
    talk = await desk.open("ana")
    await talk.say("hello")
    await talk.say("hello again")
    async with stream(talk, after) as socket:
        if after < 5:
            assert await numbers(socket, 5) == list(range(after + 1, 6))
        await next_event(socket, "state")
        assert await silent(socket)
        # A number beyond the end is no reason to miss what comes next.
        await talk.say("and once more")
        assert await numbers(socket, 7) == [6, 7]


async def test_after_a_cut_nothing_is_lost_and_nothing_comes_twice(each_desk: Desk) -> None:
    talk, seen = await each_desk.open("ana"), []

    async def listen() -> None:
        """A client whose connection breaks after every few messages."""
        while len(seen) < 41:
            async with stream(talk, seen[-1] if seen else 0) as socket:
                for _ in range(3):
                    if len(seen) < 41:
                        seen.append((await next_event(socket, "message"))["message"]["seq"])
                if socket._response.connection and socket._response.connection.transport:
                    socket._response.connection.transport.abort()

    async def talk_on() -> None:
        for number in range(20):
            await talk.say(f"hello {number}")

    await asyncio.gather(listen(), talk_on())
    assert seen == list(range(1, 42))


async def test_a_client_may_ask_again_from_a_number_without_a_new_connection(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("hello")
    async with stream(talk, 3) as socket:
        await next_event(socket, "state")
        await socket.send_json({"type": "resume", "after": 1})
        assert await numbers(socket, 3) == [2, 3]
        await talk.say("hello again")
        assert await numbers(socket, 5) == [4, 5]


async def test_a_long_transcript_comes_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.http.stream.BATCH", 20)
    talk = await desk.open("ana")
    async with desk.services.store.write() as session:
        for number in range(2, 61):
            await transcript.append(session, talk.id, NOW, author="learner", text=str(number))
    for _ in range(5):
        async with stream(talk) as socket:
            assert await numbers(socket, 60) == list(range(1, 61))


async def test_events_that_overtake_each_other_are_put_in_order(desk: Desk) -> None:
    talk = await desk.open("ana")
    async with stream(talk) as socket:
        await next_event(socket, "state")
        rows = []
        async with desk.services.store.write() as session:
            for text in ("second", "third"):
                rows.append(await transcript.append(session, talk.id, NOW, author="learner", text=text))
        for row in reversed(rows):
            await desk.services.turns.publish(talk.id, [transcript.to_json(row)])
        assert await numbers(socket, 3) == [2, 3]
        assert await silent(socket)


async def test_a_client_that_does_not_read_is_caught_up_and_misses_nothing(desk: Desk) -> None:
    subscription = Subscription()
    for number in range(BACKLOG + 1):
        subscription.offer({"type": "message", "message": {"seq": number}})
    assert subscription.queue.qsize() == 1
    assert subscription.queue.get_nowait() == {"type": "cut"}
    talk = await desk.open("ana")
    async with stream(talk) as socket:
        await next_event(socket, "state")
        # Nothing awaits in between: the sender gets to read only after its backlog has overflowed.
        async with desk.services.store.write() as session:
            row = await transcript.append(session, talk.id, NOW, author="learner", text="hello")
        for _ in range(BACKLOG + 1):
            desk.services.fanout.deliver(talk.id, {"type": "typing", "author": "bot"})  # type: ignore[attr-defined]
        assert await numbers(socket, row.seq) == [2]


# --- who may listen --------------------------------------------------------------------------------------------------


async def test_the_token_is_taken_from_the_header_a_subprotocol_or_the_address(desk: Desk) -> None:
    talk = await desk.open("ana")
    async with stream(talk) as socket:
        assert socket.protocol is None
        await next_event(socket, "state")
    async with stream(talk, headers={}, protocols=("lectern.v1", f"bearer.{talk.token}")) as socket:
        assert socket.protocol == "lectern.v1"
        await next_event(socket, "state")
    address = desk.url(f"{talk.path}/stream?token={talk.token}")
    async with desk.http.ws_connect(address) as socket:
        await next_event(socket, "state")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"headers": {}}, 401),
        ({"headers": {"Authorization": "Bearer wrong"}}, 404),
        ({"headers": {}, "protocols": ("lectern.v1",)}, 401),
        ({"headers": {}, "protocols": ("lectern.v1", "bearer.wrong")}, 404),
        ({"headers": {}, "protocols": ("bearer.",)}, 401),
    ],
)
async def test_without_the_conversations_token_there_is_no_stream(
    desk: Desk, options: dict[str, Any], status: int
) -> None:
    talk = await desk.open("ana")
    with pytest.raises(WSServerHandshakeError) as refused:
        async with stream(talk, **options):
            pass
    assert refused.value.status == status


async def test_another_conversations_token_opens_no_stream(desk: Desk) -> None:
    mine, other = await desk.open("ana"), await desk.open("ben")
    with pytest.raises(WSServerHandshakeError) as refused:
        async with stream(mine, headers=other.bearer):
            pass
    assert refused.value.status == 404


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:1"]
)
async def test_a_foreign_page_cannot_listen_even_with_the_token(desk: Desk, origin: str) -> None:
    talk = await desk.open("ana")
    with pytest.raises(WSServerHandshakeError) as refused:
        async with stream(talk, headers={**talk.bearer, "Origin": origin}):
            pass
    assert refused.value.status == 403


async def test_our_own_page_can_listen(desk: Desk) -> None:
    talk = await desk.open("ana")
    async with stream(talk, headers={**talk.bearer, "Origin": desk.url("")}) as socket:
        await next_event(socket, "state")


async def test_an_ordinary_request_to_the_stream_is_refused_in_words(desk: Desk) -> None:
    talk = await desk.open("ana")
    assert_error(await talk.get("/stream"), 400, 426)
    assert_error(await desk.call("GET", f"{talk.path}/stream"), 401)


# --- nonsense --------------------------------------------------------------------------------------------------------


NONSENSE = (
    "",
    "hello",
    "{",
    "[]",
    "null",
    "7",
    "[" * 4000,
    json.dumps({"type": "shutdown"}),
    json.dumps({"type": None}),
    json.dumps({"type": ["message"]}),
    json.dumps({"type": "message", "message": {"seq": 9, "text": "forged"}}),
    json.dumps({"type": "state", "state": "closed"}),
    json.dumps({"type": "cut"}),
    json.dumps({"type": "read"}),
    json.dumps({"type": "read", "seq": "1"}),
    json.dumps({"type": "read", "seq": -1}),
    json.dumps({"type": "read", "seq": 10**30}),
    json.dumps({"type": "read", "seq": True}),
    json.dumps({"type": "resume"}),
    json.dumps({"type": "resume", "after": "1"}),
    json.dumps({"type": "resume", "after": 2**31}),
    json.dumps({"type": "resume", "after": 10**30}),
    json.dumps({"type": "resume", "after": -(10**30)}),
    '{"type": "resume", "after": NaN}',
    "\u0000",
)


async def test_frames_without_sense_neither_close_the_stream_nor_are_passed_on(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    async with stream(talk) as socket, stream(talk) as other:
        for each in (socket, other):
            await next_event(each, "state")
        for frame in NONSENSE:
            await socket.send_str(frame)
            await socket.send_bytes(frame.encode())
        await talk.say("hello")
        for each in (socket, other):
            assert {2, 3} <= set(await numbers(each, 3))


async def test_a_frame_that_is_too_long_ends_the_stream_and_the_client_comes_back(desk: Desk) -> None:
    talk = await desk.open("ana")
    async with stream(talk) as socket:
        await next_event(socket, "state")
        await socket.send_str("x" * 5000)
        closed = await socket.receive(timeout=PATIENCE)
        assert closed.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert closed.data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    async with stream(talk) as socket:
        await next_event(socket, "state")


async def test_reading_is_kept_only_forwards_and_only_what_there_is(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("hello")
    async with stream(talk) as socket:
        for seq in (2, 1, 4, 3):
            await socket.send_json({"type": "read", "seq": seq})
        assert (await next_event(socket, "read"))["seq"] == 2
        assert (await next_event(socket, "read"))["seq"] == 3
    async with desk.services.store.read() as session:
        assert await session.scalar(select(ConversationRow.read_by_learner)) == 3


async def test_a_stream_whose_sender_fails_is_closed_so_that_the_client_resumes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = await desk.open("ana")
    async with stream(talk) as socket:
        await next_event(socket, "state")

        async def away(*_: Any, **__: Any) -> Any:
            raise StoreUnavailable

        with monkeypatch.context() as broken:
            broken.setattr(transcript, "after", away)
            await socket.send_json({"type": "resume", "after": 0})
            closed = await socket.receive(timeout=PATIENCE)
        assert closed.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    async with stream(talk) as socket:
        await next_event(socket, "state")


async def test_a_closed_stream_leaves_nothing_behind(desk: Desk) -> None:
    talk = await desk.open("ana")
    for _ in range(5):
        async with stream(talk) as socket:
            await next_event(socket, "state")
    for _ in range(100):
        if not desk.services.fanout._topics:  # type: ignore[attr-defined]
            break
        await asyncio.sleep(0.01)
    assert not desk.services.fanout._topics  # type: ignore[attr-defined]
