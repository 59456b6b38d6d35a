"""Routes what was kept to its listener, by Bolt. Whoever sent it was acknowledged before; here the work is done."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult

from backend.errors import ServiceError, Unavailable
from backend.slack.listeners import Deeds, actions, commands, events, views
from backend.slack.parts import place_of
from backend.slack.queue import GiveUp, Later
from backend.store.slack_models import SlackIncomingRow

log = structlog.get_logger()
# A payload that makes our own code fail so often will not do better.
TRIES = 5


def make_bolt(deeds: Deeds) -> AsyncApp:
    """A Bolt app that only routes: requests were verified at the door, and there is one workspace."""
    quiet = logging.getLogger("backend.slack.bolt")
    # Bolt tells of requests nobody listens to with parts of their bodies.
    quiet.setLevel(logging.CRITICAL)

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=deeds.parts.calls.client.token or "none"
        )

    app = AsyncApp(
        logger=quiet,
        signing_secret="verified at the door",
        authorize=authorize,
        client=deeds.parts.calls.client,
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        ignoring_self_events_enabled=False,
    )
    for kind in (events, commands, actions, views):
        kind.register(app, deeds)

    @app.error
    async def failed(error: Exception, context: Any) -> None:
        context["failure"] = error

    return app


class Inbox:
    """The work of the incoming queue."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds
        self._app = make_bolt(deeds)

    async def process(self, row: SlackIncomingRow) -> None:
        """Raises Later, GiveUp, or whatever a listener raised; what the desk refuses is told to the person instead."""
        place = place_of(row.kind, row.payload, row.key)
        request = AsyncBoltRequest(mode="socket_mode", body=dict(row.payload), context={"place": place})
        await self._app.async_dispatch(request)
        failure = request.context.get("failure")
        if failure is None or isinstance(failure, GiveUp):
            if failure is not None:
                await self._tell(row, self._worded(failure))
            return
        if isinstance(failure, ServiceError) and not isinstance(failure, Unavailable):
            await self._tell(row, failure.message)
            return
        if isinstance(failure, (Later, Unavailable)) or row.attempts < TRIES:
            if not isinstance(failure, (Later, Unavailable)):
                log.error("slack.listener.failed", kind=row.kind, id=row.id, exc_info=failure)
            raise failure
        await self._tell(row, self._deeds.parts.say("failed"))
        raise GiveUp(type(failure).__name__) from failure

    def _worded(self, failure: GiveUp) -> str:
        late = "trigger" in str(failure)
        return self._deeds.parts.say("too_late" if late else "failed")

    async def _tell(self, row: SlackIncomingRow, text: str) -> None:
        place = place_of(row.kind, row.payload, row.key)
        if place.user:
            await self._deeds.parts.tell(place, text, what="refused")
