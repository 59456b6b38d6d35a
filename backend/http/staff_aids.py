"""What helps an agent write: drafts, notes and mentions, saved replies, suggested articles."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from backend.conversations.text import clean, message_text
from backend.errors import BadInput
from backend.http.keys import services
from backend.http.routing import Body, Line, Route
from backend.http.staff import member


class Draft(Body):
    text: str


class SavedReply(Body):
    title: Line = Field(min_length=1, max_length=100)
    text: str
    shortcut: Line | None = Field(None, max_length=30)


async def keep_draft(request: web.Request, body: Draft) -> Any:
    by, text = await member(request), clean(body.text)
    if len(text) > services(request).settings.max_message_chars:
        raise BadInput("That is longer than a message may be.", field="text")
    await services(request).aids.keep_draft(by, _id(request), text)
    return {}


async def mentions(request: web.Request) -> Any:
    return {"mentions": await services(request).notes.mentions(await member(request))}


async def saw_mentions(request: web.Request) -> Any:
    await services(request).notes.saw_mentions(await member(request))
    return {}


async def list_replies(request: web.Request) -> Any:
    conversation = clean(request.query.get("conversation", "")) or None
    return {"replies": await services(request).aids.replies(await member(request), conversation)}


async def add_reply(request: web.Request, body: SavedReply) -> Any:
    return await _save(request, None, body)


async def change_reply(request: web.Request, body: SavedReply) -> Any:
    return await _save(request, _id(request), body)


async def _save(request: web.Request, reply: str | None, body: SavedReply) -> Any:
    by, title = await member(request), clean(body.title)[:100]
    if not title:
        raise BadInput("Expected a title.", field="title")
    text = message_text(body.text, services(request).settings.max_message_chars)
    shortcut = clean(body.shortcut or "").casefold()
    return {"reply": await services(request).aids.save_reply(by, reply, title, text, shortcut)}


async def delete_reply(request: web.Request) -> Any:
    await services(request).aids.delete_reply(await member(request), _id(request))
    return {}


async def suggestions(request: web.Request) -> Any:
    await member(request)
    return {"suggestions": await services(request).aids.suggestions(_id(request))}


def _id(request: web.Request) -> str:
    return clean(request.match_info["id"])


_S = "/api/v1/staff"
_C = f"{_S}/conversations/{{id}}"
_R = f"{_S}/saved-replies"
_ANY = {"type": "object"}
ROUTES = (
    Route("PUT", f"{_C}/draft", keep_draft, "Keep what one has begun to write", Draft, _ANY, "staff"),
    Route("GET", f"{_C}/suggestions", suggestions, "Sections for what the learner said last", None, _ANY, "staff"),
    Route("GET", f"{_S}/mentions", mentions, "Notes that name one", None, _ANY, "staff"),
    Route("POST", f"{_S}/mentions/seen", saw_mentions, "All mentions have been seen", None, _ANY, "staff"),
    Route(
        "GET",
        _R,
        list_replies,
        "Saved replies, filled for a conversation",
        None,
        _ANY,
        "staff",
        query=("conversation",),
    ),
    Route("POST", _R, add_reply, "A new saved reply", SavedReply, _ANY, "staff", errors=(409,)),
    Route("PUT", f"{_R}/{{id}}", change_reply, "Change a saved reply", SavedReply, _ANY, "staff", errors=(409,)),
    Route("DELETE", f"{_R}/{{id}}", delete_reply, "Take a saved reply away", None, _ANY, "staff"),
)
