"""A double of Slack's Web API: a small HTTP server of our own that behaves as the API is documented to.

Tokens; `ok: false` errors; 429 with `Retry-After`; cursors; threads; ephemeral messages and response addresses that
expire; dialogs by a trigger that is good once. It also sends: events, commands and interactions, signed as Slack signs.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

TOKEN = "xoxb-the-double"
APP_TOKEN = "xapp-the-double"
# Methods that read take a query or a form, never JSON.
FORM_ONLY = ("users.info", "conversations.history", "conversations.replies")
PAGE = 3


@dataclass
class Call:
    """What was called with which arguments, and what was answered."""

    method: str
    arguments: dict[str, Any]
    answer: dict[str, Any]


@dataclass
class Trouble:
    """What the next calls meet. `times`: how many; `only`: of which method."""

    error: str | None = None
    status: int = 200
    retry_after: int | None = None
    slow: float = 0
    after: bool = False  # done first, and then the answer is lost
    times: int = 1
    only: str | None = None


@dataclass
class SlackDouble:
    """A workspace. `users` and `channels` are what it knows; `calls` what was asked of it."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    private: list[dict[str, Any]] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    responses: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    triggers: set[str] = field(default_factory=set)
    expired_urls: set[str] = field(default_factory=set)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    server: TestServer | None = None
    _count: Any = field(default_factory=lambda: itertools.count(1))

    async def start(self) -> str:
        """The base address of the API; a second start changes nothing."""
        if self.server is not None:
            return str(self.server.make_url("/api/"))
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/respond/{id}", self._respond)
        app.router.add_get("/socket", self._socket)
        self.server = TestServer(app)
        await self.server.start_server(access_log=None)
        return str(self.server.make_url("/api/"))

    async def stop(self) -> None:
        if self.server:
            await self.server.close()

    def user(self, user_id: str, email: str, **more: Any) -> str:
        """Somebody in the workspace."""
        self.users[user_id] = {
            "id": user_id,
            "team_id": "T1",
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_email_confirmed": True,
            "profile": {"email": email, "real_name": user_id},
            **more,
        }
        return user_id

    def written(self, event: dict[str, Any]) -> None:
        """Somebody wrote a message."""
        if event.get("type") in ("message", "app_mention") and event.get("text") is not None:
            listed = self.channels.setdefault(event["channel"], [])
            if not any(message["ts"] == event["ts"] for message in listed):
                listed.append(dict(event))

    # --- what the API does -----------------------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if request.content_type == "application/json":
            arguments = await request.json()
        else:
            arguments = {**dict(request.query), **dict(await request.post())}
        trouble = next((one for one in self.troubles if one.only in (None, method)), None)
        if trouble:
            trouble.times -= 1
            if trouble.times <= 0:
                self.troubles.remove(trouble)
            if trouble.after:
                self._answer(request, method, arguments)
            if trouble.slow:
                await asyncio.sleep(trouble.slow)
            if trouble.retry_after is not None:
                headers = {"Retry-After": str(trouble.retry_after)}
                return self._json(method, arguments, {"ok": False, "error": "ratelimited"}, 429, headers)
            if trouble.status != 200:
                return web.Response(status=trouble.status, text="upstream connect error")
            if trouble.error:
                return self._json(method, arguments, {"ok": False, "error": trouble.error})
        return self._json(method, arguments, self._answer(request, method, arguments))

    def _json(
        self, method: str, arguments: dict[str, Any], answer: dict[str, Any], status: int = 200, headers: Any = None
    ) -> web.Response:
        self.calls.append(Call(method, arguments, answer))
        return web.json_response(answer, status=status, headers=headers)

    def _answer(self, request: web.Request, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        token = APP_TOKEN if method == "apps.connections.open" else TOKEN
        if request.headers.get("Authorization") != f"Bearer {token}":
            return {"ok": False, "error": "invalid_auth" if "Authorization" in request.headers else "not_authed"}
        if method in FORM_ONLY and request.content_type == "application/json":
            return {"ok": False, "error": "invalid_arguments"}
        does = getattr(self, "_" + method.replace(".", "_"), None)
        return does(arguments) if does else {"ok": False, "error": "unknown_method"}

    def _chat_postMessage(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = arguments.get("channel", "")
        channel = f"D{channel}" if channel in self.users else channel
        if channel.startswith("D"):
            self.channels.setdefault(channel, [])
        if channel not in self.channels:
            return {"ok": False, "error": "channel_not_found"}
        if not arguments.get("text") and not arguments.get("blocks"):
            return {"ok": False, "error": "no_text"}
        if len(arguments.get("text", "")) > 40000:
            return {"ok": False, "error": "msg_too_long"}
        if not are_valid(arguments.get("blocks") or []):
            return {"ok": False, "error": "invalid_blocks"}
        root = arguments.get("thread_ts")
        if root and not any(message["ts"] == root for message in self.channels[channel]):
            return {"ok": False, "error": "thread_not_found"}
        message = {**arguments, "ts": f"1773144000.{next(self._count):06}", "user": "UBOT", "bot_id": "BBOT"}
        self.channels[channel].append(message)
        return {"ok": True, "channel": channel, "ts": message["ts"], "message": message}

    def _chat_update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        message = self._find(arguments)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        if not are_valid(arguments.get("blocks") or []):
            return {"ok": False, "error": "invalid_blocks"}
        message.update({"text": arguments.get("text"), "blocks": arguments.get("blocks", []), "edited": True})
        return {"ok": True, "channel": arguments["channel"], "ts": message["ts"]}

    def _chat_delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        message = self._find(arguments)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        self.channels[arguments["channel"]].remove(message)
        return {"ok": True}

    def _find(self, arguments: dict[str, Any]) -> dict[str, Any] | None:
        listed = self.channels.get(arguments.get("channel", ""), [])
        return next((message for message in listed if message["ts"] == arguments.get("ts")), None)

    def _chat_postEphemeral(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments.get("user") not in self.users:
            return {"ok": False, "error": "user_not_in_channel"}
        self.private.append(arguments)
        return {"ok": True, "message_ts": f"1773144000.{next(self._count):06}"}

    def _users_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        user = self.users.get(arguments.get("user", ""))
        return {"ok": True, "user": user} if user else {"ok": False, "error": "user_not_found"}

    def _views_update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Only what is there can be changed, into something that is a dialog."""
        if not is_valid_view(arguments["view"]):
            return {"ok": False, "error": "invalid_arguments"}
        number = next((n for n, view in enumerate(self.views) if view["id"] == arguments["view_id"]), None)
        if number is None:
            return {"ok": False, "error": "not_found"}
        self.views[number] = {**arguments["view"], "id": arguments["view_id"], "hash": "2.x"}
        return {"ok": True, "view": self.views[number]}

    def _views_open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        trigger = arguments.get("trigger_id", "")
        if trigger not in self.triggers:
            return {"ok": False, "error": "expired_trigger_id"}
        self.triggers.discard(trigger)
        if not is_valid_view(arguments["view"]):
            return {"ok": False, "error": "invalid_arguments"}
        view = {**arguments["view"], "id": f"V{next(self._count)}", "hash": "1.x"}
        self.views.append(view)
        return {"ok": True, "view": view}

    def _conversations_history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        listed = [m for m in self.channels.get(arguments["channel"], []) if not m.get("thread_ts")]
        return self._page(listed[::-1], arguments)

    def _conversations_replies(self, arguments: dict[str, Any]) -> dict[str, Any]:
        root = arguments["ts"]
        return self._page(
            [m for m in self.channels.get(arguments["channel"], []) if root in (m["ts"], m.get("thread_ts"))], arguments
        )

    @staticmethod
    def _page(listed: list[dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
        start = int(arguments.get("cursor") or 0)
        more = start + PAGE < len(listed)
        shown = listed[start : start + PAGE]
        if str(arguments.get("include_all_metadata")) not in ("1", "true"):
            shown = [{key: value for key, value in message.items() if key != "metadata"} for message in shown]
        cursor = str(start + PAGE) if more else ""
        return {"ok": True, "messages": shown, "has_more": more, "response_metadata": {"next_cursor": cursor}}

    async def _respond(self, request: web.Request) -> web.Response:
        if request.match_info["id"] in self.expired_urls:
            return web.Response(status=404, text="expired_url")
        trouble = next((one for one in self.troubles if one.only == "respond"), None)
        if trouble:
            self.troubles.remove(trouble)
            return web.Response(status=trouble.status, headers={"Retry-After": str(trouble.retry_after or 1)})
        body = await request.json()
        if not are_valid(body.get("blocks") or []):
            return web.Response(status=400, text="invalid_blocks")
        self.responses.append({**body, "id": request.match_info["id"]})
        return web.Response(text="ok")

    def _apps_connections_open(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        assert self.server is not None
        return {"ok": True, "url": str(self.server.make_url("/socket")).replace("http", "ws", 1)}

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        """Socket Mode: says hello, passes on what `over_socket` is given, and keeps what is acknowledged."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.acknowledged.append(message.json())
        return socket

    async def over_socket(self, kind: str, payload: dict[str, Any]) -> str:
        """Send an envelope; its id."""
        envelope = self.new_id("env")
        told = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": True}
        await self.sockets[-1].send_json(told)
        return envelope

    # --- looking at it ---------------------------------------------------------------------------------------------

    def thread(self, channel: str, root: str) -> list[dict[str, Any]]:
        return [message for message in self.channels[channel] if message.get("thread_ts") == root]

    def roots(self, channel: str) -> list[dict[str, Any]]:
        return [message for message in self.channels[channel] if not message.get("thread_ts")]

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    # --- what Slack sends ------------------------------------------------------------------------------------------

    def new_id(self, kind: str) -> str:
        return f"{kind}{next(self._count):08}"

    def trigger(self) -> str:
        trigger = f"{next(self._count)}.1.abc"
        self.triggers.add(trigger)
        return trigger

    def response_url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url(f"/respond/{next(self._count)}"))


def are_valid(blocks: list[dict[str, Any]], most: int = 50) -> bool:
    """Whether blocks have Slack's form: by Slack's own models, and by the limits of its documentation."""
    try:
        for block in Block.parse_all(blocks):
            block.validate_json()
    except SlackObjectFormationError:
        return False
    return len(blocks) <= most and all(_within_limits(block) for block in blocks)


def _within_limits(block: dict[str, Any]) -> bool:
    elements = block.get("elements", [])
    if block["type"] == "section":
        return 1 <= len(block["text"]["text"]) <= 3000 and _is_valid_button(block.get("accessory"))
    if block["type"] == "context":
        return 1 <= len(elements) <= 10 and all(1 <= len(element["text"]) <= 3000 for element in elements)
    if block["type"] == "actions":
        ids = [element["action_id"] for element in elements]
        return 1 <= len(elements) <= 25 and len(set(ids)) == len(ids) and all(map(_is_valid_button, elements))
    return block["type"] in ("divider", "header", "input")


def _is_valid_button(button: dict[str, Any] | None) -> bool:
    if not button:
        return True
    return 1 <= len(button["text"]["text"]) <= 75 and len(button.get("value", "")) <= 2000


def is_valid_view(view: dict[str, Any]) -> bool:
    """Whether a dialog has Slack's form; one with a box needs a button to send it off."""
    try:
        View(**view).validate_json()
    except SlackObjectFormationError:
        return False
    has_box = any(block["type"] == "input" for block in view["blocks"])
    fits = len(view["title"]["text"]) <= 24 and len(view.get("private_metadata", "")) <= 3000
    return fits and are_valid(view["blocks"], 100) and (not has_box or "submit" in view)


def signed(secret: str, at: int, body: bytes) -> dict[str, str]:
    """The headers Slack would send with this body."""
    digest = hmac.new(secret.encode(), b"v0:%d:%s" % (at, body), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}


def form(fields: dict[str, Any]) -> bytes:
    return urlencode(fields).encode()


def json_body(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()


def text_of(message: dict[str, Any]) -> str:
    """Everything a reader sees of a message or a dialog."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.extend(str(value[key]) for key in ("text", "url") if isinstance(value.get(key), str))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk({key: value for key, value in message.items() if key in ("text", "blocks", "title", "submit")})
    return "\n".join(found)


def buttons(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons of a message by action id; of several with one id, by `id:title`."""
    found: dict[str, dict[str, Any]] = {}
    for block in message.get("blocks") or ():
        for element in [*block.get("elements", ()), block.get("accessory")]:
            if isinstance(element, dict) and element.get("type") == "button":
                found.setdefault(element["action_id"], element)
    return found
