"""Demo mode (LECTERN_DEMO=1): a visitor may be one of the demo world's learners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from pydantic import Field
from sqlalchemy import select

from backend.conversations.identity import sign_identity
from backend.errors import NotFound
from backend.http.keys import services
from backend.http.pages import HELP_CENTRE, not_found_page
from backend.http.routing import Body, Route
from backend.store.desk_view import desk_view
from backend.store.world_models import LearnerRow

ABOUT = Path(__file__).resolve().parents[2] / "demo" / "learners.yml"


class Whose(Body):
    learner: str = Field(min_length=1, max_length=200)


def about_learners() -> dict[str, str]:
    """One line about each demo learner, by id."""
    return dict(yaml.safe_load(ABOUT.read_text("utf-8")) or {})


async def list_learners(request: web.Request) -> Any:
    about = about_learners()
    async with services(request).store.read() as session:
        rows = (
            await session.scalars(select(LearnerRow).where(LearnerRow.id.in_(about), LearnerRow.status == "active"))
        ).all()
    known = {row.id: row.name for row in rows}
    return {"learners": [{"id": id, "name": known[id], "about": line} for id, line in about.items() if id in known]}


async def identity(request: web.Request, body: Whose) -> Any:
    desk = services(request)
    if body.learner not in about_learners():
        raise NotFound("There is no such demo learner.")
    secret = desk.settings.identity_secret.get_secret_value()
    return {"identity": sign_identity(body.learner, secret, desk.clock.now())}


async def mails(request: web.Request) -> Any:
    """The mails a demo learner was sent: nothing leaves the machine, so they are shown here."""
    learner = request.match_info["id"]
    if learner not in about_learners():
        raise NotFound("There is no such demo learner.")
    async with services(request).store.read() as session:
        return {"emails": (await desk_view(session, learner))["emails"]}


async def mail_page(request: web.Request) -> web.Response:
    """The same mails as a page, for a visitor."""
    learner = request.match_info["id"]
    if learner not in about_learners():
        return not_found_page(request)
    async with services(request).store.read() as session:
        row = await session.get(LearnerRow, learner)
        mails = (await desk_view(session, learner))["emails"]
    return request.app[HELP_CENTRE].mails(row.name if row else learner, mails)


_ANY = {"type": "object"}
ROUTES = (
    Route("GET", "/api/v1/demo/learners", list_learners, "The demo learners a visitor can be", None, _ANY),
    Route("POST", "/api/v1/demo/identity", identity, "Be a demo learner", Whose, _ANY, errors=(404,)),
    Route("GET", "/api/v1/demo/learners/{id}/emails", mails, "The mails a demo learner was sent", None, _ANY),
)
