"""A running desk for tests: the real backend on a real database, with a stand-in for Rasa; and those who use it."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select

from backend.app import build_services, create_app
from backend.conversations.identity import sign_identity
from backend.services import Services
from backend.settings import Settings
from backend.staff import accounts
from backend.store.accounts import learner_view
from backend.store.desk_view import desk_view, forget, undelivered
from backend.store.world import apply_world
from tests.backend.stand_in import StandIn

NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
# Seconds to wait for what must come: far more than it takes, as a busy machine may stand still for some.
PATIENCE = 30.0
SECRET = "the secret of the platform, long enough for every algorithm there is to try"

# Ana may have her course refunded, Ben has two courses to choose from, Cleo signs in with Google and has nothing.
WORLD = """
now: 2026-03-10T12:00:00Z
catalog:
  courses:
    - {id: ml-basics, title: Machine Learning Basics, price: 79.00 USD}
    - {id: ux, title: Introduction to User Experience, price: 59.00 USD}
learners:
  - id: ana
    name: Ana Silva
    email: ana@example.org
    password: correct horse
    enrollments: [{id: enr-1, course: ml-basics, mode: paid, since: 2026-03-01T09:00:00Z}]
    payments: [{id: pay-1, kind: course, item: ml-basics, amount: 79.00 USD, at: 2026-03-01T09:00:00Z}]
  - id: ben
    name: Ben Okafor
    email: ben@example.org
    enrollments:
      - {id: enr-1, course: ml-basics, mode: paid, since: 2026-03-01T09:00:00Z}
      - {id: enr-2, course: ux, mode: paid, since: 2026-03-02T09:00:00Z}
    payments:
      - {id: pay-1, kind: course, item: ml-basics, amount: 79.00 USD, at: 2026-03-01T09:00:00Z}
      - {id: pay-2, kind: course, item: ux, amount: 59.00 USD, at: 2026-03-02T09:00:00Z}
  - {id: cleo, name: Cleo Marchand, email: cleo@example.org, sign_ins: [google]}
"""


@dataclass
class Answer:
    """An HTTP answer: status, JSON body and headers."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.body["error"]["code"])

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.body["messages"]]

    @property
    def kinds(self) -> list[str]:
        return [message["answer"]["kind"] for message in self.body["messages"] if "answer" in message]


@dataclass
class Desk:
    """The backend behind a real socket. `engine` is what stands in for Rasa."""

    services: Services
    engine: StandIn
    server: TestServer
    http: aiohttp.ClientSession

    def url(self, path: str) -> str:
        return str(self.server.make_url("/")).rstrip("/") + path

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """One request. `body` is sent as JSON, `data=` as it is."""
        sent = {"json": body} if body is not None else {}
        async with self.http.request(method, self.url(path), **sent, **options) as answer:
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, await (answer.json() if is_json else answer.text()), answer.headers.copy())

    async def load(self, world: Any = WORLD) -> None:
        """Load a world and take its present for the desk's."""
        async with self.services.store.write() as session:
            loaded = await apply_world(session, world, now=NOW, on_replace=(forget,))
        self.services.clock.set(loaded.now or NOW)

    def wait(self, **how_long: float) -> datetime:
        """Move the desk's clock on."""
        self.services.clock.set(self.services.clock.now() + timedelta(**how_long))
        return self.services.clock.now()

    def identity(self, learner: str, **claims: Any) -> str:
        return sign_identity(learner, SECRET, self.services.clock.now(), **claims)

    async def open(self, learner: str | None = None, **body: Any) -> Talk:
        """A new conversation, of a guest or of a learner."""
        if learner is not None:
            body["identity"] = self.identity(learner)
        answer = await self.call("POST", "/api/v1/conversations", {"channel": "web", **body})
        assert answer.status == 201, answer
        return Talk(self, answer.body["id"], answer.body["token"], [answer])

    async def learner(self, learner: str) -> dict[str, Any]:
        """Everything about a learner, as the testing surface shows it."""
        async with self.services.store.read() as session:
            return {**await learner_view(session, learner), **await desk_view(session, learner)}

    async def owed(self) -> list[dict[str, Any]]:
        """What has not been delivered yet."""
        async with self.services.store.read() as session:
            return await undelivered(session)

    async def count(self, model: Any, *where: Any) -> int:
        """How many rows of a table."""
        async with self.services.store.read() as session:
            return int(await session.scalar(select(func.count()).select_from(model).where(*where)) or 0)

    async def staff(self, name: str = "Sam", role: str = "agent") -> Console:
        """A member of staff, signed in. The account is made if there is none of this name."""
        email = f"{name.lower()}@desk.example"
        async with self.services.store.write() as session:
            await accounts.create(session, email, name, role, "a long password", self.services.clock.now())
        console = Console(self, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)), name)
        await console.sign_in(email, "a long password")
        return console


@dataclass
class Talk:
    """A learner's side of a conversation."""

    desk: Desk
    id: str
    token: str
    answers: list[Answer] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/api/v1/conversations/{self.id}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(self, what: str, body: Any) -> Answer:
        return self._kept(await self.desk.call("POST", f"{self.path}/{what}", body, headers=self.bearer))

    async def get(self, what: str = "") -> Answer:
        return await self.desk.call("GET", self.path + what, headers=self.bearer)

    async def say(self, text: str, client_id: str | None = None) -> Answer:
        return await self.post("messages", {"client_id": client_id or uuid.uuid4().hex, "text": text})

    async def press(self, title: str, client_id: str | None = None) -> Answer:
        """Press the newest button whose title matches."""
        return await self.press_id(self.button(title), client_id)

    async def press_id(self, button: str, client_id: str | None = None) -> Answer:
        return await self.post("messages", {"client_id": client_id or uuid.uuid4().hex, "press": button})

    def button(self, title: str) -> str:
        """The id of the newest button whose title matches."""
        for answer in reversed(self.answers):
            for message in answer.body.get("messages", ()):
                for button in message.get("buttons", ()):
                    if re.search(title, button["title"], re.I):
                        return str(button["id"])
        raise AssertionError(f"no button matches {title!r}")

    async def transcript(self, after: int = 0) -> list[dict[str, Any]]:
        answer = await self.get(f"/messages?after={after}")
        assert answer.status == 200, answer
        return list(answer.body["messages"])

    def _kept(self, answer: Answer) -> Answer:
        if answer.status < 400:
            self.answers.append(answer)
        return answer


@dataclass
class Console:
    """A member of staff's side: an own browser with its cookie and CSRF token."""

    desk: Desk
    http: aiohttp.ClientSession
    name: str
    csrf: str = ""
    id: str = ""

    async def sign_in(self, email: str, password: str) -> Answer:
        answer = await self.call("POST", "session", {"email": email, "password": password})
        if answer.status == 200:
            self.csrf, self.id = answer.body["csrf"], answer.body["staff"]["id"]
        return answer

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        return await replace(self.desk, http=self.http).call(
            method, f"/api/v1/staff/{path}", body, headers=headers, **options
        )

    async def get(self, path: str) -> Answer:
        return await self.call("GET", path)

    async def act(self, talk: Talk, what: str, body: Any = None) -> Answer:
        """`claim`, `release`, `messages`, … on a conversation."""
        return await self.call("POST", f"conversations/{talk.id}/{what}", body if body is not None else {})

    async def write(self, talk: Talk, text: str, client_id: str | None = None) -> Answer:
        return await self.act(talk, "messages", {"client_id": client_id or uuid.uuid4().hex, "text": text})


def settings_for(database_url: str, **changes: Any) -> Settings:
    """Settings of a desk for tests; no limits but those in `changes`."""
    return Settings(
        **{"database_url": database_url, "testing": True, "demo": True, "identity_secret": SECRET, **changes}
    )


@asynccontextmanager
async def running_desk(database_url: str, **changes: Any) -> AsyncIterator[Desk]:
    """A desk on an existing database, stopped when the block ends. Its courier does not run: tests deliver by hand."""
    settings = settings_for(database_url, **changes)
    async with aiohttp.ClientSession() as http:
        engine = StandIn()
        services = build_services(settings, http, engine)
        engine.turns = services.turns
        services.clock.set(NOW)
        await services.fanout.start()
        server = TestServer(create_app(settings, services))
        await server.start_server(access_log=None)
        try:
            yield Desk(services, engine, server, http)
        finally:
            await server.close()
            await services.fanout.stop()
            await services.store.close()
