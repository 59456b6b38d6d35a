"""What readers said of the help pages, for staff; the pages themselves take it (`backend/http/pages.py`)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from backend.http.keys import services
from backend.http.period import between
from backend.http.routing import Route
from backend.http.staff import member
from backend.policy.decision import to_plain
from backend.store.page_feedback import feedback_by_page


async def by_page(request: web.Request) -> Any:
    await member(request)
    since, until = between(request)
    async with services(request).store.read() as session:
        pages = await feedback_by_page(session, since, until)
    return {"from": to_plain(since), "to": to_plain(until), "pages": pages}


_COUNT = {"type": "integer", "minimum": 0}
_PAGE = {
    "type": "object",
    "properties": {
        "page": {"type": "string", "description": "the article's id"},
        "section": {"type": ["string", "null"]},
        "helpful": _COUNT,
        "not_helpful": _COUNT,
        "last_at": {"type": "string", "format": "date-time"},
    },
}
_ANSWER = {"type": "object", "properties": {"pages": {"type": "array", "items": _PAGE}}}

ROUTES = (
    Route(
        "GET",
        "/api/v1/staff/pages-feedback",
        by_page,
        "Whether the help pages helped, the worst first",
        None,
        _ANSWER,
        "staff",
        query=("from", "to"),
    ),
)
