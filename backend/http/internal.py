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


class Command(Body):
    """`{"do": verb, …}`: see `dialogue/desk.py`. Nothing in it says whose account is meant."""

    model_config = ConfigDict(extra="allow")

    do: str = Field(max_length=40)


@web.middleware
async def service_only(request: web.Request, handler: Next) -> web.StreamResponse:
    """Only who holds the service token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = services(request).settings.service_token.get_secret_value()
    if scheme.lower() != "bearer" or not same(token, expected):
        raise Unauthorized("The internal API needs the service token.")
    return await handler(request)


async def act(request: web.Request, command: Command) -> Any:
    texts = await services(request).turns.act(request.match_info["turn"], command.model_dump())
    return {"replies": [{"text": text} for text in texts] or [{"text": ""}]}


ROUTES = (
    Route("POST", "/internal/v1/turns/{turn}", act, "Carry out what a running turn asks for", Command, auth="service"),
)
