"""Is it alive, is it ready."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy import text

from backend.errors import StoreUnavailable
from backend.http.keys import services
from backend.http.routing import Route, json_answer


async def alive(request: web.Request) -> Any:
    return {"status": "ok"}


async def ready(request: web.Request) -> Any:
    """200 when the database and Rasa answer; 503 saying which does not."""
    desk = services(request)
    try:
        async with desk.store.read() as session:
            await session.execute(text("SELECT 1"))
        store = True
    except StoreUnavailable:
        store = False
    parts = {"store": store, "dialogue": await desk.engine.ready()}
    is_ready = all(parts.values())
    return json_answer({"status": "ok" if is_ready else "not_ready", "parts": parts}, 200 if is_ready else 503)


_ANY = {"type": "object"}
ROUTES = (
    Route("GET", "/healthz", alive, "The backend runs", None, _ANY),
    Route("GET", "/readyz", ready, "Everything the desk needs answers", None, _ANY, errors=(503,)),
)
