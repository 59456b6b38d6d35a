"""The console's live stream: the queue, the conversations a member follows, who is there (staff API, contracts §3)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from backend.errors import Forbidden, NotFound, Unauthorized, Unavailable
from backend.http.keys import services
from backend.http.staff import COOKIE, member
from backend.http.stream import event_in
from backend.services import Services
from backend.staff.hub import Listener
from backend.tasks import ended

log = structlog.get_logger()
# How often it is looked whether who listens is signed in still.
SIGNED_IN_EVERY = 20.0
LONGEST_ID = 60


async def staff_stream(request: web.Request) -> web.StreamResponse:
    """`conversation`, `message`, `note`, `presence`, `typing`, `read`, `case`, `mention`, `counts`, `resync`."""
    # Sites that embed the chat are no console: only our own pages may listen.
    if (origin := request.headers.get("Origin")) and origin.partition("://")[2] != request.host:
        raise Forbidden("This site may not listen for staff.", code="foreign_origin")
    who, desk = await member(request), services(request)
    socket = web.WebSocketResponse(heartbeat=25, max_msg_size=4096, compress=False)
    await socket.prepare(request)
    async with desk.hub.listening(who) as listener:
        listener.tell({"type": "hello", "staff": who.to_json()})
        await _both_ways(desk, socket, listener, request.cookies[COOKIE])
    return socket


async def _both_ways(desk: Services, socket: web.WebSocketResponse, listener: Listener, cookie: str) -> None:
    sender = asyncio.create_task(_send(socket, listener))
    closing = asyncio.Event()
    guard = asyncio.create_task(_still_signed_in(desk, socket, listener, cookie, closing))
    try:
        async for frame in socket:
            event = event_in(frame.data) if frame.type is WSMsgType.TEXT else None
            if event is not None:
                await _take(desk, listener, event)
    except Unavailable:
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
    finally:
        closing.set()
        listener.doubted.set()
        listener.offer(None)
        await asyncio.gather(ended(sender), ended(guard))


async def _send(socket: web.WebSocketResponse, listener: Listener) -> None:
    with suppress(ConnectionError):
        while (text := await listener.outgoing.get()) is not None:
            await socket.send_str(text)


async def _still_signed_in(
    desk: Services, socket: web.WebSocketResponse, listener: Listener, cookie: str, closing: asyncio.Event
) -> None:
    """Whoever has signed out, whose session has ended or who is not staff any more hears nothing more."""
    while not closing.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(listener.doubted.wait(), SIGNED_IN_EVERY)
        listener.doubted.clear()
        if closing.is_set():
            return
        try:
            await desk.staff.signed_in(cookie, None, changes=False)
        except Unauthorized:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"not_signed_in")
            return
        except Unavailable:
            continue


async def _take(desk: Services, listener: Listener, event: dict[str, Any]) -> None:
    """What a console sent. Nonsense, and what is not there, is passed over."""
    kind, conversation = event["type"], event.get("conversation")
    is_id = isinstance(conversation, str) and 0 < len(conversation) <= LONGEST_ID and "\x00" not in conversation
    if kind == "ping":
        listener.tell({"type": "pong"})
    elif kind == "viewing" and (is_id or conversation is None):
        after = _number(event.get("after"))
        await desk.live.view(listener, conversation, typing=event.get("typing") is True, after=after)
    elif kind in ("read", "typing") and is_id:
        with suppress(NotFound):
            if kind == "typing":
                await desk.live.typing(listener.member, conversation)
            elif (seq := _number(event.get("seq"))) is not None:
                await desk.live.read_up_to(listener.member, conversation, seq)


def _number(value: Any) -> int | None:
    """A message's number, if it can be one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
