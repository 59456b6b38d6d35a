"""The staff API (contracts §3): a cookie says who, a CSRF header guards what changes."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field, field_validator

from backend.conversations.text import clean, message_text
from backend.errors import BadInput, Forbidden
from backend.http.keys import services
from backend.http.middleware import own_origin
from backend.http.period import between
from backend.http.routing import Body, Line, Route
from backend.staff.accounts import Member
from backend.staff.showing import OUTCOMES

COOKIE = "lectern_staff"


class Message(Body):
    client_id: str = Field(min_length=1, max_length=100)
    text: str


class Note(Body):
    text: str


class Transfer(Body):
    to: Line | None = Field(None, max_length=60)


class Close(Body):
    outcome: Line | None = Field(None, max_length=60)

    @field_validator("outcome")
    @classmethod
    def _one_of_them(cls, outcome: str | None) -> str | None:
        if outcome not in (None, *OUTCOMES):
            raise ValueError(f"expected one of {', '.join(OUTCOMES)}")
        return outcome


class Ruling(Body):
    reason: str | None = Field(None, max_length=2000)


async def member(request: web.Request) -> Member:
    """Who is signed in; what changes something needs the CSRF header and one of our own pages."""
    changes = request.method not in ("GET", "HEAD")
    if changes and not own_origin(request):
        raise Forbidden("This site may not act for staff.", code="foreign_origin")
    csrf = request.headers.get("X-CSRF-Token")
    return await services(request).staff.signed_in(request.cookies.get(COOKIE), csrf, changes=changes)


async def list_conversations(request: web.Request) -> Any:
    asks = {name: clean(request.query[name]) or None for name in ("state", "assignee", "q") if name in request.query}
    listed = await services(request).queue.list(
        await member(request), asks.get("state"), asks.get("assignee"), asks.get("q")
    )
    return {"conversations": listed}


async def show(request: web.Request) -> Any:
    by = await member(request)
    return await services(request).showing.show(_id(request), by)


async def claim(request: web.Request) -> Any:
    return await services(request).staff.claim(await member(request), _id(request))


async def release(request: web.Request) -> Any:
    return await services(request).staff.release(await member(request), _id(request))


async def transfer(request: web.Request, body: Transfer) -> Any:
    return await services(request).staff.transfer(await member(request), _id(request), body.to)


async def close(request: web.Request, body: Close) -> Any:
    return await services(request).staff.close(await member(request), _id(request), body.outcome)


async def reopen(request: web.Request) -> Any:
    return await services(request).staff.reopen(await member(request), _id(request))


async def write(request: web.Request, body: Message) -> Any:
    by, client_id = await member(request), clean(body.client_id)
    if not client_id:
        raise BadInput("Expected an id of your own in 'client_id'.", field="client_id")
    text = message_text(body.text, services(request).settings.max_message_chars)
    return {"message": await services(request).staff.write(by, _id(request), client_id, text)}


async def note(request: web.Request, body: Note) -> Any:
    by = await member(request)
    text = message_text(body.text, services(request).settings.max_message_chars)
    return {"note": await services(request).notes.add(by, _id(request), text)}


async def approve(request: web.Request, body: Ruling) -> Any:
    by = await member(request)
    return {"case": await services(request).desk_work.decide_case(by, _id(request), approve=True, reason=body.reason)}


async def decline(request: web.Request, body: Ruling) -> Any:
    by = await member(request)
    return {"case": await services(request).desk_work.decide_case(by, _id(request), approve=False, reason=body.reason)}


async def stats(request: web.Request) -> Any:
    await member(request)
    return await services(request).desk_work.stats(*between(request))


async def unanswered(request: web.Request) -> Any:
    await member(request)
    return {"unanswered": await services(request).staff.unanswered()}


def _id(request: web.Request) -> str:
    return clean(request.match_info["id"])


_S = "/api/v1/staff"
_C = f"{_S}/conversations/{{id}}"
_ANY = {"type": "object"}
ROUTES = (
    Route(
        "GET",
        f"{_S}/conversations",
        list_conversations,
        "Conversations by state, assignee or words",
        None,
        _ANY,
        "staff",
        query=("state", "assignee", "q"),
    ),
    Route(
        "GET", _C, show, "A conversation with transcript, learner, summary, decisions and notes", None, _ANY, "staff"
    ),
    Route(
        "POST",
        f"{_C}/claim",
        claim,
        "Take it; 409 with the owner's name when somebody has it",
        None,
        "State",
        "staff",
        errors=(409,),
    ),
    Route("POST", f"{_C}/release", release, "Give it back to the bot", None, "State", "staff"),
    Route("POST", f"{_C}/transfer", transfer, "Pass it on, or back to the queue", Transfer, "State", "staff"),
    Route("POST", f"{_C}/close", close, "Close it", Close, "State", "staff"),
    Route(
        "POST", f"{_C}/reopen", reopen, "Put a closed one back into the queue", None, "State", "staff", errors=(409,)
    ),
    Route("POST", f"{_C}/messages", write, "Write to the learner, once per client_id", Message, _ANY, "staff"),
    Route("POST", f"{_C}/notes", note, "A private note", Note, _ANY, "staff"),
    Route("POST", f"{_S}/cases/{{id}}/approve", approve, "Approve a case", Ruling, _ANY, "staff", errors=(409,)),
    Route("POST", f"{_S}/cases/{{id}}/decline", decline, "Decline a case", Ruling, _ANY, "staff", errors=(409,)),
    Route("GET", f"{_S}/stats", stats, "Counts from the records", None, _ANY, "staff", query=("from", "to")),
    Route("GET", f"{_S}/unanswered", unanswered, "Questions nobody could answer", None, _ANY, "staff"),
)
