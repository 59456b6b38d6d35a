"""The one way into Rasa: POST /webhooks/lectern/turn, for the backend only.

Asked with {"session", "turn", "text"} for words a person typed, or {"session", "turn", "intent"} for what the backend
made of a button; either may carry "context": {"topic", "asked"}. Answers {"replies": […]}. What cannot be used is 400,
a wrong secret 401, and anything that goes wrong inside 502; all as {"error": {"code", "message"}}. Nothing a person
wrote is ever logged here.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json

from bot.turn import BadTurn, Turn, parse_server_made, parse_typed

NAME = "lectern"
SECRET_VARIABLE = "LECTERN_RASA_SECRET"
# Shorter than the backend waits (8 s), so that it hears why instead of hanging up.
LIMIT_S = 7.0

log = structlog.get_logger()


class TurnFailed(Exception):
    """The turn could not be finished. `code` is static; nothing in here comes from the message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ReplyCollector(CollectingOutputChannel):
    """Keeps the replies of the actions in the order they were given."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        """The channel's name."""
        return NAME

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Takes the reply an action put under "custom"; Rasa's own texts and buttons are not for learners."""
        reply = (message.get("custom") or {}).get("reply")
        if isinstance(reply, dict):
            self.replies.append(reply)


class LecternChannel(InputChannel):
    """The backend's door into Rasa."""

    def __init__(self, secret: str) -> None:
        """`secret` is what the backend proves itself with; RasaException if there is none."""
        if not secret:
            raise RasaException(f"{SECRET_VARIABLE} is not set: the turn route does not open without a secret.")
        self._expected = f"Bearer {secret}".encode()

    @classmethod
    def name(cls) -> str:
        """The channel's name, which its routes begin with."""
        return NAME

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> LecternChannel:
        """The secret comes from the environment, never from a file."""
        return cls(os.environ.get(SECRET_VARIABLE, ""))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes."""
        routes = Blueprint(f"{NAME}_webhook")

        @routes.get("/")
        async def ready(request: Request) -> HTTPResponse:
            is_ready = _agent(request) is not None
            return json({"status": "ok" if is_ready else "starting"}, status=200 if is_ready else 503)

        @routes.post("/turn")
        async def turn(request: Request) -> HTTPResponse:
            if not self._is_allowed(request):
                return _error(401, "unauthorized", "This route is for the backend alone.")
            try:
                asked = Turn.from_json(request.body)
            except BadTurn as error:
                return _error(400, "bad_turn", str(error))
            try:
                return json(await asyncio.wait_for(take(asked, _agent(request), on_new_message), LIMIT_S))
            except asyncio.TimeoutError:
                return _failure(asked, TurnFailed("timeout", "The turn took too long."))
            except TurnFailed as error:
                return _failure(asked, error)

        return routes

    def _is_allowed(self, request: Request) -> bool:
        """Compared in constant time, so that the secret cannot be guessed from how long a refusal takes."""
        given = request.headers.get("authorization", "").encode("utf-8", "surrogatepass")
        return hmac.compare_digest(given, self._expected)


async def take(turn: Turn, agent: Any, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> dict[str, Any]:
    """One turn from words to replies; TurnFailed says what went wrong."""
    if agent is None:
        raise TurnFailed("not_ready", "No model is loaded yet.")
    parse = await _parse(turn, agent)
    collector = ReplyCollector()
    message = UserMessage(
        output_channel=collector,
        sender_id=turn.session,
        parse_data=parse,
        input_channel=NAME,
        metadata=turn.metadata,
    )
    try:
        await on_new_message(message)
    except Exception as error:
        raise TurnFailed("dialogue_failed", f"The dialogue raised {type(error).__name__}.") from error
    if not collector.replies:
        # Rasa catches what an action raises and goes on without its events: no reply is how one learns of it.
        raise TurnFailed("no_reply", "The action gave no reply.")
    return {"replies": collector.replies}


async def _parse(turn: Turn, agent: Any) -> dict[str, Any]:
    """What the turn means. Parsed here, so that no text passes through Rasa's own handling of messages."""
    if turn.intent is not None:
        return parse_server_made(turn)
    try:
        return parse_typed(turn, await agent.parse_words(turn.text, turn.metadata))
    except Exception as error:
        raise TurnFailed("not_understood", f"Understanding raised {type(error).__name__}.") from error


def _agent(request: Request) -> Any:
    agent = getattr(request.app.ctx, "agent", None)
    return agent if agent is not None and agent.is_ready() else None


def _failure(turn: Turn, error: TurnFailed) -> HTTPResponse:
    cause = type(error.__cause__).__name__ if error.__cause__ else None
    log.error("turn.failed", session=turn.session, turn=turn.id, code=error.code, cause=cause)
    return _error(502, error.code, error.message)


def _error(status: int, code: str, message: str) -> HTTPResponse:
    return json({"error": {"code": code, "message": message}}, status=status)
