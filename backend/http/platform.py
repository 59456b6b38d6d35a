"""The platform's way in: it tells what has happened to a learner's account, signed as our own webhooks are.

The sender signs `<delivery id>.<timestamp>.<body>` with `LECTERN_WEBHOOK_SECRET` (`Lectern-Delivery`,
`Lectern-Timestamp`, `Lectern-Signature`). A delivery that comes again changes nothing.
"""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import Field, model_validator

from backend.errors import Unauthorized
from backend.http.keys import services
from backend.http.routing import BODY_LIMIT, Body, Line, Route, read_body, validated
from backend.outbox import signed_delivery

RECORD_OF = {"subscription_started": "subscription", "charge_failed": "payment", "certificate_earned": "certificate"}


class PlatformEvent(Body):
    """What happened, with the record it happened to in the world's shape (contracts §6)."""

    type: Literal["subscription_started", "charge_failed", "certificate_earned"]
    learner: Line = Field(min_length=1, max_length=100)
    subscription: dict[str, Any] | None = None
    payment: dict[str, Any] | None = None
    certificate: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _brings_its_record(self) -> PlatformEvent:
        brought = [name for name in RECORD_OF.values() if getattr(self, name) is not None]
        if brought != [RECORD_OF[self.type]]:
            raise ValueError(f"expected '{RECORD_OF[self.type]}', and no other record, with '{self.type}'")
        return self

    @property
    def record(self) -> dict[str, Any]:
        return getattr(self, RECORD_OF[self.type])


async def take_event(request: web.Request) -> Any:
    delivery, event = await signed_event(request)
    return await services(request).platform.take(delivery, event.type, event.learner, event.record)


async def signed_event(request: web.Request) -> tuple[str, PlatformEvent]:
    """The delivery's id and what it says. Raises Unauthorized before anything in it is looked at, and BadInput."""
    raw, desk = await read_body(request, BODY_LIMIT), services(request)
    secret = desk.settings.webhook_secret.get_secret_value()
    delivery = signed_delivery(raw, request.headers, secret, desk.clock.now())
    if delivery is None:
        raise Unauthorized("The event is not signed, or was signed with another secret or more than 5 minutes ago.")
    return delivery, validated(raw, PlatformEvent)


ROUTES = (
    Route(
        "POST",
        "/api/v1/platform/events",
        take_event,
        "The platform tells what happened to an account; signed, once per delivery",
        answer={"type": "object"},
        errors=(400, 401, 404, 413),
    ),
)
