"""The learner's live stream: events of one conversation over a WebSocket, resumed from a sequence number."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from backend.conversations import identity, ownership, transcript
from backend.conversations.fanout import Subscription, tell_both
from backend.errors import Forbidden, Unavailable
from backend.http.keys import services
from backend.http.middleware import own_origin
from backend.http.routing import number
from backend.services import Services
from backend.tasks import ended

log = structlog.get_logger()
PROTOCOL = "lectern.v1"
BATCH = 500
_OVER = {"type": "over"}


def header_token(request: web.Request) -> str | None:
    """The token in the Authorization header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def bearer(request: web.Request) -> str | None:
    """The token: in the Authorization header, or, as browsers cannot send one, as a WebSocket subprotocol.

    A token in the address is taken too, for clients that can do neither.
    """
    if token := header_token(request):
        return token
    for offered in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if offered.strip().startswith("bearer."):
            return offered.strip().removeprefix("bearer.")
    return request.query.get("token")


async def learner_stream(request: web.Request) -> web.StreamResponse:
    """`message`, `typing`, `state` and `read` events; the client may send `typing`, `read` and `resume`."""
    if not own_origin(request):
        raise Forbidden("This site may not open a conversation's stream.", code="foreign_origin")
    desk = services(request)
    after = number(request, "after", 0)
    async with desk.store.read() as session:
        opened = await identity.opened(session, request.match_info["id"], bearer(request))
    socket = web.WebSocketResponse(heartbeat=25, protocols=(PROTOCOL,), max_msg_size=4096)
    await socket.prepare(request)
    await _stream(desk, socket, opened.id, min(after, opened.last_seq))
    return socket


async def _stream(desk: Services, socket: web.WebSocketResponse, conversation: str, after: int) -> None:
    """Both directions, until the client leaves."""
    # Subscribed before the transcript is read: nothing falls between the two; what comes twice is told once below.
    async with desk.fanout.subscribe(conversation) as subscription:
        sender = asyncio.create_task(_send_or_close(desk, socket, conversation, subscription, after))
        try:
            await _receive(desk, socket, conversation, subscription)
        except Unavailable:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        finally:
            subscription.offer(_OVER)
            await ended(sender)


async def _send_or_close(
    desk: Services, socket: web.WebSocketResponse, conversation: str, subscription: Subscription, after: int
) -> None:
    """A stream that cannot tell any more what happens is closed: its client comes back and resumes."""
    code = WSCloseCode.TRY_AGAIN_LATER
    try:
        await _send(desk, socket, conversation, subscription, after)
    except (Unavailable, ConnectionError):
        pass
    except Exception as error:
        log.exception("stream.failed", error=type(error).__name__)
        code = WSCloseCode.INTERNAL_ERROR
    await socket.close(code=code)


async def _send(
    desk: Services, socket: web.WebSocketResponse, conversation: str, subscription: Subscription, after: int
) -> None:
    seen = await _catch_up(desk, socket, conversation, after)
    await _tell_state(desk, socket, conversation)
    while not socket.closed:
        event = await subscription.queue.get()
        if event["type"] == "message":
            seq = event["message"]["seq"]
            if seq <= seen:
                continue
            if seq > seen + 1:
                seen = await _catch_up(desk, socket, conversation, seen)
                continue
            seen = seq
        elif event["type"] == "cut":
            seen = await _catch_up(desk, socket, conversation, seen)
            await _tell_state(desk, socket, conversation)
            continue
        elif event["type"] == _OVER["type"]:
            return
        elif event["type"] == "resume":
            seen = await _catch_up(desk, socket, conversation, min(event["after"], seen))
            continue
        await socket.send_json(event)


async def _tell_state(desk: Services, socket: web.WebSocketResponse, conversation: str) -> None:
    async with desk.store.read() as session:
        owner = await ownership.read(session, conversation)
    await socket.send_json({"type": "state", **owner.to_json()})


async def _catch_up(desk: Services, socket: web.WebSocketResponse, conversation: str, after: int) -> int:
    """Send what the transcript has after `after`; the last sequence number sent."""
    while True:
        async with desk.store.read() as session:
            messages = await transcript.after(session, conversation, after, limit=BATCH)
        for message in messages:
            await socket.send_json({"type": "message", "message": message})
        after = messages[-1]["seq"] if messages else after
        if len(messages) < BATCH:
            return after


async def _receive(
    desk: Services, socket: web.WebSocketResponse, conversation: str, subscription: Subscription
) -> None:
    async for message in socket:
        event = event_in(message.data) if message.type is WSMsgType.TEXT else None
        if event is None:
            continue
        if event["type"] == "typing":
            await tell_both(desk.fanout, conversation, {"type": "typing", "author": "learner", "until_ms": 6000})
        elif event["type"] == "read" and isinstance(event.get("seq"), int):
            await desk.conversations.read_up_to(conversation, event["seq"])
        elif event["type"] == "resume" and isinstance(event.get("after"), int):
            subscription.offer({"type": "resume", "after": max(0, event["after"])})


def event_in(text: str) -> dict[str, Any] | None:
    """What a client sent, if it makes sense; a stream is not closed for nonsense."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("type"), str) else None
