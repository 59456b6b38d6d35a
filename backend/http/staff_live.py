"""The live side of the staff API: the stream, counts, reading and typing."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from backend.conversations.text import clean
from backend.http.keys import services
from backend.http.routing import Body, Route
from backend.http.staff import member
from backend.http.staff_stream import staff_stream


class ReadUpTo(Body):
    seq: int = Field(ge=0, lt=2**31)


async def counts(request: web.Request) -> Any:
    return await services(request).queue.counts_of(await member(request))


async def read_up_to(request: web.Request, body: ReadUpTo) -> Any:
    await services(request).live.read_up_to(await member(request), _id(request), body.seq)
    return {}


async def typing(request: web.Request) -> Any:
    await services(request).live.typing(await member(request), _id(request))
    return {}


def _id(request: web.Request) -> str:
    return clean(request.match_info["id"])


_S = "/api/v1/staff"
_C = f"{_S}/conversations/{{id}}"
_ANY = {"type": "object"}
ROUTES = (
    Route("GET", f"{_S}/stream", staff_stream, "Live events over a WebSocket", None, None, "staff", status=101),
    Route("GET", f"{_S}/counts", counts, "How many conversations of each kind, and cases", None, _ANY, "staff"),
    Route("POST", f"{_C}/read", read_up_to, "The owner has read up to a message", ReadUpTo, _ANY, "staff"),
    Route("POST", f"{_C}/typing", typing, "The owner types; the learner sees it", None, _ANY, "staff"),
)
