"""Socket Mode: the same payloads over a socket that we open, for a desk Slack cannot reach."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from backend.errors import ServiceError
from backend.slack.edge import is_wanted, keep, refusal

if TYPE_CHECKING:
    from backend.slack.desk import SlackDesk

log = structlog.get_logger()
KINDS = {"events_api": "event", "slash_commands": "command", "interactive": "interaction"}
AGAIN = 10.0


class SocketMode:
    """Keeps what comes over the socket, as the routes do, and acknowledges only what was kept."""

    def __init__(self, slack: SlackDesk, http: aiohttp.ClientSession, app_token: str) -> None:
        self._slack = slack
        self._token = app_token
        web = slack.parts.calls.client
        self._web = AsyncWebClient(token=None, base_url=web.base_url, session=http, retry_handlers=[])

    async def run(self) -> None:
        """Connect, and stay connected."""
        client = SocketModeClient(app_token=self._token, web_client=self._web)
        client.socket_mode_request_listeners.append(self.taken)
        try:
            while True:
                try:
                    await client.connect_to_new_endpoint()
                    log.info("slack.socket.connected")
                    break
                except Exception as error:  # Slack away at our start; afterwards the client reconnects by itself
                    log.warning("slack.socket.failed", error=type(error).__name__)
                    await asyncio.sleep(AGAIN)
            await asyncio.Event().wait()
        finally:
            await client.close()

    async def taken(self, client: Any, request: SocketModeRequest) -> None:
        """One envelope. What could not be kept is not acknowledged: Slack sends it again."""
        kind, payload = KINDS.get(request.type), dict(request.payload or {})
        answer: dict[str, Any] | None = None
        if kind is not None and (kind != "event" or is_wanted(payload)):
            desk = self._slack.parts.services
            answer = refusal(desk, payload) if kind == "interaction" else None
            try:
                if answer is None and await keep(desk, kind, payload):
                    self._slack.incoming.wake()
            except ServiceError as error:
                log.warning("slack.socket.unavailable", code=error.code)
                return
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=answer))
