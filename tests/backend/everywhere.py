"""Every route of the public address with an address, credentials and a body that fit, to be spoilt one at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from backend.app import public_routes
from backend.http.routing import Route
from backend.store import desk_models, world_models
from tests.backend.running import Answer, Console, Desk, Talk

# A value that fits, for every field any body has.
FITTING: dict[str, Any] = {
    "channel": "web",
    "identity": "no.real.identity",
    "page": "/help/request-a-refund",
    "client_id": "fits",
    "text": "hello",
    "password": "not the password",
    "score": 4,
    "seq": 1,
    "title": "Greeting",
    "comment": "thanks",
    "helpful": True,
    "email": "nobody@desk.example",
    "operation": "refund",
    "target": "pay-1",
    "learner": "ana",
    "code": "123456",
    "name": "Kim",
    "role": "agent",
    "yes": "on the phone",
    "reason": "our page was down",
    "group": "ask_nothing",
    "now": "2026-03-10T12:00:00Z",
}
# Nothing a mistaken request may touch.
PRECIOUS = (
    world_models.LearnerRow,
    world_models.EnrollmentRow,
    world_models.PaymentRow,
    world_models.RefundRow,
    world_models.SubscriptionRow,
    desk_models.ProposalRow,
    desk_models.ConfirmationRow,
    desk_models.AuditRow,
    desk_models.CaseRow,
    desk_models.OutboxRow,
    desk_models.StaffRow,
)


@dataclass
class Everywhere:
    """A desk with a conversation that a member of staff has claimed, and a way to reach each of its routes."""

    desk: Desk
    talk: Talk
    console: Console
    message: str

    @property
    def routes(self) -> list[Route]:
        return public_routes(self.desk.services.settings)

    @property
    def with_body(self) -> list[Route]:
        return [route for route in self.routes if route.body is not None]

    @property
    def of_conversation(self) -> list[Route]:
        """Those that a conversation's token opens."""
        return [route for route in self.routes if route.path.startswith("/api/v1/conversations/{id}")]

    def path(self, route: Route) -> str:
        names = {
            "id": "ana" if "/learners/" in route.path else self.talk.id,
            "mid": self.message,
            "article": "request-a-refund",
            "learner": "ana",
        }
        return re.sub(r"{(\w+)}", lambda match: names.get(match[1], "something"), route.path)

    def headers(self, route: Route) -> dict[str, str]:
        return self.talk.bearer if route.auth == "conversation" else {"X-CSRF-Token": self.console.csrf}

    def body(self, route: Route) -> dict[str, Any]:
        """A body with everything that has to be there."""
        return {name: FITTING.get(name) for name in required(route.body)} if route.body else {}

    async def send(self, route: Route, data: Any = None, *, path: str | None = None, **options: Any) -> Answer:
        """The route with `data` as its body, and credentials unless `headers` says otherwise."""
        options.setdefault("headers", self.headers(route))
        self.desk.http.cookie_jar.update_cookies(
            {cookie.key: cookie.value for cookie in self.console.http.cookie_jar} if "headers" in options else {}
        )
        body = {"data": data} if isinstance(data, bytes) else {"body": data}
        return await self.desk.call(route.method, path or self.path(route), **body, **options)

    async def precious(self) -> list[tuple[Any, ...]]:
        """All rows that only an allowed, confirmed wish may change."""
        async with self.desk.services.store.read() as session:
            return [
                tuple(getattr(row, column.key) for column in model.__mapper__.column_attrs)
                for model in PRECIOUS
                for row in (await session.scalars(select(model).order_by(*model.__mapper__.primary_key))).all()
            ]


def required(model: type[BaseModel]) -> list[str]:
    """The fields a body must have; of two that exclude each other, the first."""
    named = [name for name, field in model.model_fields.items() if field.is_required()]
    return named + [name for name in ("text", "password") if name in model.model_fields and name not in named]


async def everywhere(desk: Desk) -> Everywhere:
    talk, console = await desk.open("ana"), await desk.staff()
    await talk.say("hello")
    assert (await console.act(talk, "claim")).status == 200
    return Everywhere(desk, talk, console, (await talk.transcript())[-2]["id"])


def assert_error(answer: Answer, *statuses: int) -> None:
    """The one shape of every error: code, a sentence, the request's id, and nothing else but the field."""
    assert answer.status in statuses, answer
    assert set(answer.body) == {"error"}, answer
    error = answer.body["error"]
    assert set(error) - {"field"} == {"code", "message", "request_id"}, answer
    assert re.fullmatch(r"[a-z_]+", error["code"]), answer
    assert re.fullmatch(r"[A-Z].*[.?!]", error["message"], re.S), answer
    assert len(error["message"]) < 400, answer
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
