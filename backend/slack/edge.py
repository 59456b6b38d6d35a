"""The door: what Slack sends is verified, kept in a table and acknowledged. The work is done afterwards.

Slack waits three seconds and sends again what was not acknowledged, so nothing here takes longer than one insert; a
repetition, to whichever process it goes, meets the key of the first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from backend.clock import Clock
from backend.errors import BadInput, Unauthorized
from backend.http.keys import services
from backend.http.routing import Route, json_answer, read_body, whole
from backend.services import Services
from backend.slack.dialogs import unfilled
from backend.slack.queue import put
from backend.store.slack_models import SlackIncomingRow

log = structlog.get_logger()
LARGEST = 1024 * 1024


class _DeskClock(SlackClock):
    """The desk's present for Slack's verifier."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


async def verified(request: web.Request) -> bytes:
    """The raw body, if Slack has signed it within five minutes. Raises Unauthorized before anything is parsed."""
    raw = await read_body(request, LARGEST)
    desk = services(request)
    verifier = SignatureVerifier(desk.settings.slack_signing_secret.get_secret_value(), _DeskClock(desk.clock))
    try:
        is_slack = verifier.is_valid(
            raw, request.headers.get("X-Slack-Request-Timestamp"), request.headers.get("X-Slack-Signature")
        )
    except (ValueError, TypeError):  # a time that is no number, a signature or a body that is no text
        is_slack = False
    if not is_slack:
        log.warning("slack.signature.refused", path=request.path)
        raise Unauthorized("This request is not signed by Slack, or too old.", code="bad_signature")
    return raw


def _form(raw: bytes) -> dict[str, str]:
    return dict(whole(dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))))


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        data = whole(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadInput("Expected JSON as Slack sends it.", code="malformed_json") from error
    if not isinstance(data, dict):
        raise BadInput("Expected a JSON object as Slack sends it.", code="malformed_json")
    return data


async def events(request: web.Request) -> Any:
    """The Events API, and its question whether this address is ours."""
    payload = _object(await verified(request))
    if payload.get("type") == "url_verification":
        return json_answer({"challenge": str(payload.get("challenge", ""))})
    if is_wanted(payload):
        await keep(services(request), "event", payload)
    return web.Response()


async def commands(request: web.Request) -> Any:
    """Slash commands."""
    payload = _form(await verified(request))
    if not payload.get("ssl_check"):
        await keep(services(request), "command", payload)
    return web.Response()


async def interactions(request: web.Request) -> Any:
    """Buttons and dialogs; a dialog that lacks what it needs is sent back at once."""
    payload = _object(_form(await verified(request)).get("payload", ""))
    refused = refusal(services(request), payload)
    if refused is not None:
        return json_answer(refused)
    await keep(services(request), "interaction", payload)
    return web.Response()


def refusal(desk: Services, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a dialog is sent back with; None when it can be taken."""
    block = unfilled(payload.get("view") or {}) if payload.get("type") == "view_submission" else None
    if block is None:
        return None
    key = "slack_needs_reason" if block == "reason" else "slack_not_sent_empty"
    return {"response_action": "errors", "errors": {block: desk.wording.say(key)}}


async def keep(desk: Services, kind: str, payload: dict[str, Any]) -> bool:
    """Keep it to be worked on; False for a repetition."""
    async with desk.store.write() as session:
        key, lane = key_of(kind, payload), lane_of(kind, payload)
        is_new = await put(session, SlackIncomingRow, key, lane, desk.clock.now(), kind=kind, payload=payload)
    log.debug("slack.received", kind=kind, new=is_new)
    if is_new and desk.slack is not None:
        desk.slack.incoming.wake()
    return is_new


def key_of(kind: str, payload: Mapping[str, Any]) -> str:
    """What a repetition has in common with the first: Slack's own id of it."""
    if kind == "event" and payload.get("event_id"):
        return f"event:{payload['event_id']}"
    if payload.get("type") == "view_submission":
        view = payload.get("view") or {}
        return f"view:{view.get('id')}:{view.get('root_view_id')}"
    if payload.get("trigger_id"):
        return f"{kind}:{payload['trigger_id']}"
    text = json.dumps(payload, sort_keys=True).encode()
    return f"{kind}:{hashlib.sha256(text).hexdigest()}"


def is_wanted(payload: Mapping[str, Any]) -> bool:
    """Not what bots say: that is mostly what we have said ourselves."""
    event = payload.get("event")
    return isinstance(event, dict) and not event.get("bot_id")


def lane_of(kind: str, payload: Mapping[str, Any]) -> str:
    """What has to be done in order: the messages of a thread, the dialogs one person sends off.

    A press or a command waits for nothing else: the dialog it may open has to be there within three seconds.
    """
    if kind == "event":
        event = payload.get("event") or {}
        return f"event:{event.get('channel')}:{event.get('thread_ts') or event.get('ts') or payload.get('event_id')}"
    if payload.get("type") == "view_submission":
        return f"user:{(payload.get('user') or {}).get('id')}"
    return key_of(kind, payload)


ROUTES = (
    Route("POST", "/slack/events", events, "Slack's Events API, signed by Slack", errors=(401,)),
    Route("POST", "/slack/commands", commands, "Slack's slash commands, signed by Slack", errors=(401,)),
    Route("POST", "/slack/interactions", interactions, "Slack's buttons and dialogs, signed by Slack", errors=(401,)),
)
