"""The internal API: what the action server may ask, on an own loopback port, with the service token."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import ConfigDict, Field

from backend.errors import Unauthorized
from backend.http.keys import services
from backend.http.middleware import Next
from backend.http.routing import Body, Route
from backend.ids import same


class Understood(Body):
    """What the message was taken for: kept with the turn, and nothing is decided by it."""

    model_config = ConfigDict(extra="ignore")

    intent: str = Field(max_length=100)
    confidence: float
    section: str | None = Field(None, max_length=200)
    ranking: list[dict[str, Any]] = Field([], max_length=100)
    language: str | None = Field(None, max_length=10)


class Command(Body):
    """What the dialogue engine may ask for: `{"do": verb, …}`, see `dialogue/desk.py`.

    Nothing in it says whose account is meant, on what, or that a step was taken: those are the server's own records.
    """

    model_config = ConfigDict(extra="ignore")

    do: str = Field(max_length=40)
    section: str | None = None
    operation: str | None = None
    question: bool | str | None = None
    kind: str | None = None
    language: str | None = None
    why: str | None = None
    confidence: float | None = None
    near: list[dict[str, Any]] | None = None
    options: list[dict[str, Any]] | None = None
    alternatives: list[dict[str, Any]] | None = None
    understood: Understood | None = None


@web.middleware
async def service_only(request: web.Request, handler: Next) -> web.StreamResponse:
    """Only who holds the service token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = services(request).settings.service_token.get_secret_value()
    if scheme.lower() != "bearer" or not same(token, expected):
        raise Unauthorized("The internal API needs the service token.")
    return await handler(request)


async def act(request: web.Request, command: Command) -> Any:
    understood = command.understood.model_dump() if command.understood else None
    said = command.model_dump(exclude_none=True, exclude={"understood"})
    texts = await services(request).turns.act(request.match_info["turn"], said, understood)
    return {"replies": [{"text": text} for text in texts] or [{"text": ""}]}


ROUTES = (
    Route("POST", "/internal/v1/turns/{turn}", act, "Carry out what a running turn asks for", Command, auth="service"),
)
