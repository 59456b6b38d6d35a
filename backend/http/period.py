"""The time that figures are asked for: `from` and `to` of a query."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from backend.errors import BadInput
from backend.http.keys import services
from backend.store.world_readers import instant

LASTLY = timedelta(days=30)


def between(request: web.Request) -> tuple[datetime, datetime]:
    """From when until when; where it is not said, the last thirty days. Raises BadInput."""
    until = _instant(request, "to", services(request).clock.now())
    return _instant(request, "from", until - LASTLY), until


def _instant(request: web.Request, name: str, otherwise: datetime) -> datetime:
    text = request.query.get(name)
    try:
        return instant(text, otherwise) if text else otherwise
    except ValueError as error:
        raise BadInput(f"Expected {error}.", field=name) from error
