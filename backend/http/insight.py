"""The staff API's figures: what happened between two days, as JSON and as CSV, and a draft for what nobody answered."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web
from pydantic import Field

from backend.conversations.text import clean
from backend.http.keys import services
from backend.http.period import between
from backend.http.routing import Body, Route
from backend.http.staff import member


class Group(Body):
    """`group`: the id of any question of it."""

    group: str = Field(max_length=60)


async def insight(request: web.Request) -> Any:
    await member(request)
    return await services(request).insight.between(*between(request))


async def insight_csv(request: web.Request) -> Any:
    await member(request)
    table = clean(request.query.get("table", "figures"))
    text = await services(request).insight.csv(*between(request), table)
    name = f"{re.sub(r'[^a-z_]', '', table)}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


async def draft(request: web.Request, body: Group) -> Any:
    await member(request)
    return {"markdown": await services(request).insight.draft_section(clean(body.group))}


_S = "/api/v1/staff"
_ANY = {"type": "object"}
ROUTES = (
    Route("GET", f"{_S}/insight", insight, "Figures with what they count", None, _ANY, "staff", query=("from", "to")),
    Route(
        "GET",
        f"{_S}/insight.csv",
        insight_csv,
        "One table of the figures as CSV",
        None,
        None,
        "staff",
        query=("from", "to", "table"),
    ),
    Route(
        "POST",
        f"{_S}/unanswered/draft",
        draft,
        "A section's skeleton for a group of unanswered questions",
        Group,
        _ANY,
        "staff",
    ),
)
