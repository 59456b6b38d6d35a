"""The staff API about learners: look, search, decide on trial, act in a conversation, and the list of cases."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from backend.conversations.text import clean
from backend.http.keys import services
from backend.http.routing import Body, Route
from backend.http.staff import member
from backend.staff.acts import LONGEST_WORDS, Wish


class Wanted(Body):
    operation: str = Field(max_length=60)
    target: str | None = Field(None, max_length=200)
    details: dict[str, Any] | None = Field(None, max_length=20)

    def wish(self) -> Wish:
        target = clean(self.target) if self.target else None
        return Wish(self.operation, target or None, self.details)


class CarryOut(Wanted):
    yes: str = Field(max_length=LONGEST_WORDS)


class Overrule(Wanted):
    reason: str = Field(max_length=LONGEST_WORDS)
    yes: str = Field(max_length=LONGEST_WORDS)


async def search(request: web.Request) -> Any:
    by = await member(request)
    return await services(request).learners.search(by, clean(request.query.get("q", ""))[:200])


async def show(request: web.Request) -> Any:
    by = await member(request)
    return await services(request).learners.show(by, clean(request.match_info["id"]))


async def decide(request: web.Request, body: Wanted) -> Any:
    by, wish = await member(request), body.wish()
    learner = clean(request.match_info["learner"])
    return await services(request).learners.decide(by, learner, wish.operation, wish.target, wish.details)


async def list_cases(request: web.Request) -> Any:
    by = await member(request)
    status = clean(request.query.get("status", "")) or None
    return {"cases": await services(request).desk_work.list_cases(by, status)}


async def offer(request: web.Request, body: Wanted) -> Any:
    by = await member(request)
    return await services(request).acts.offer(by, clean(request.match_info["id"]), body.wish())


async def carry_out(request: web.Request, body: CarryOut) -> Any:
    by = await member(request)
    return await services(request).acts.carry_out(by, clean(request.match_info["id"]), body.wish(), body.yes)


async def overrule(request: web.Request, body: Overrule) -> Any:
    by, conversation = await member(request), clean(request.match_info["id"])
    return await services(request).acts.overrule(by, conversation, body.wish(), body.reason, body.yes)


_S = "/api/v1/staff"
_C = f"{_S}/conversations/{{id}}"
_ANY = {"type": "object"}
ROUTES = (
    Route(
        "GET",
        f"{_S}/learners",
        search,
        "Learners by name, address or id, with their latest conversations",
        None,
        _ANY,
        "staff",
        query=("q",),
    ),
    Route(
        "GET",
        f"{_S}/learners/{{id}}",
        show,
        "A learner: account, audit, cases, conversations, and what could be done",
        None,
        _ANY,
        "staff",
    ),
    Route(
        "POST",
        f"{_S}/learners/{{learner}}/decide",
        decide,
        "The rule's answer in words, with its trace and what one may do with it; changes nothing",
        Wanted,
        _ANY,
        "staff",
    ),
    Route("GET", f"{_S}/cases", list_cases, "Cases by status, in words", None, _ANY, "staff", query=("status",)),
    Route(
        "POST",
        f"{_C}/offer",
        offer,
        "Offer it in the chat, in the member's name: the learner's button is the yes",
        Wanted,
        _ANY,
        "staff",
        errors=(409,),
    ),
    Route(
        "POST",
        f"{_C}/carry-out",
        carry_out,
        "Do it on the learner's word, which is put down",
        CarryOut,
        _ANY,
        "staff",
        errors=(409,),
    ),
    Route(
        "POST",
        f"{_C}/overrule",
        overrule,
        "Do what the rule refuses, where it may be overruled (supervisors)",
        Overrule,
        _ANY,
        "staff",
        errors=(409,),
    ),
)
