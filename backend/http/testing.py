"""The testing surface (contracts §5): exists only with LECTERN_TESTING=1."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field

from backend.conversations.identity import sign_identity
from backend.conversations.text import clean
from backend.errors import BadInput, NotFound
from backend.http.keys import services
from backend.http.routing import Body, Line, Route, read_body
from backend.policy.decision import to_plain
from backend.store.accounts import learner_view
from backend.store.desk_view import desk_view, forget, undelivered
from backend.store.kept_clock import keep_clock
from backend.store.world import apply_world
from backend.store.world_models import LearnerRow
from backend.store.world_readers import instant

WORLD_LIMIT = 8 * 1024 * 1024


class SetClock(Body):
    now: str | None = Field(max_length=60)


class Whose(Body):
    learner: Line = Field(min_length=1, max_length=200)


async def put_world(request: web.Request) -> Any:
    desk = services(request)
    raw = await read_body(request, WORLD_LIMIT)
    async with desk.store.write() as session:
        world = await apply_world(session, raw, now=desk.clock.now(), on_replace=(forget,))
        if world.now is not None:
            desk.clock.set(world.now)
            await keep_clock(session, world.now)
    return {"learners": list(world.learners), "now": to_plain(desk.clock.now())}


async def put_clock(request: web.Request, body: SetClock) -> Any:
    desk = services(request)
    now = _instant(body.now, desk.clock.now()) if body.now is not None else None
    async with desk.store.write() as session:
        await keep_clock(session, now)
    desk.clock.set(now)
    return {"now": to_plain(desk.clock.now())}


def _instant(text: str, now: datetime) -> datetime:
    try:
        return instant(text, now)
    except ValueError as error:
        raise BadInput(f"Expected {error}.", field="now") from error


async def identity(request: web.Request, body: Whose) -> Any:
    desk = services(request)
    async with desk.store.read() as session:
        if await session.get(LearnerRow, body.learner) is None:
            raise NotFound("There is no such learner.")
    secret = desk.settings.identity_secret.get_secret_value()
    return {"identity": sign_identity(body.learner, secret, desk.clock.now())}


async def show_learner(request: web.Request) -> Any:
    learner = clean(request.match_info["id"])
    async with services(request).store.read() as session:
        return {**await learner_view(session, learner), **await desk_view(session, learner)}


async def show_outbox(request: web.Request) -> Any:
    async with services(request).store.read() as session:
        return {"outbox": await undelivered(session)}


_ANY = {"type": "object"}
ROUTES = (
    Route("PUT", "/testing/world", put_world, "Replace what a world names and set the clock", None, _ANY),
    Route("PUT", "/testing/clock", put_clock, "Set the present, or let it run", SetClock, _ANY),
    Route("POST", "/testing/identity", identity, "An identity as the platform would sign it", Whose, _ANY),
    Route("GET", "/testing/learners/{id}", show_learner, "Everything about a learner", None, _ANY),
    Route("GET", "/testing/outbox", show_outbox, "E-mails and webhooks not yet delivered", None, _ANY),
)
