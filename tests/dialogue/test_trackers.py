"""What Rasa keeps of a turn: intents and actions, no words; and nothing that makes the next turn dearer."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.utils.endpoints import EndpointConfig

from bot.endpoint import LimitedEndpoint
from bot.tracker_store import KEPT_S, RoutingTrackerStore

WORDS = "please give me the money for World of Wine back"


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tracker.db'}"


@pytest.fixture
def store(address: str) -> RoutingTrackerStore:
    return RoutingTrackerStore(Domain.empty(), address)


def turn(store: TrackerStore, said_at: float | None = None) -> None:
    """A turn as Rasa keeps it."""

    async def kept() -> None:
        tracker = await store.get_or_create_tracker("session-1")
        tracker.update(UserUttered(WORDS, {"name": "do_refund"}, timestamp=said_at))
        tracker.update(ActionExecuted("action_operate", timestamp=said_at))
        await store.save(tracker)

    asyncio.run(kept())


def rows(address: str) -> list[tuple[str, str | None, str | None, str]]:
    with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as database:
        found = database.execute("SELECT type_name, intent_name, action_name, data FROM events ORDER BY id")
        return found.fetchall()


def test_a_turn_is_kept_as_its_intent_and_its_action(store: RoutingTrackerStore, address: str) -> None:
    turn(store)
    assert [row[:3] for row in rows(address)] == [
        ("user", "do_refund", None),
        ("action", None, "action_operate"),
    ]


def test_no_word_of_a_turn_is_kept(store: RoutingTrackerStore, address: str) -> None:
    turn(store)
    assert not any(word in row[3] for row in rows(address) for word in ("money", "Wine"))


def test_every_turn_begins_with_a_tracker_that_listens(store: RoutingTrackerStore, address: str) -> None:
    for _ in range(3):
        turn(store)
    tracker = asyncio.run(store.retrieve("session-1"))
    assert [event.action_name for event in tracker.events] == ["action_listen"]
    assert len(rows(address)) == 6


def test_a_month_later_a_turn_is_forgotten(store: RoutingTrackerStore, address: str) -> None:
    turn(store, said_at=time.time() - KEPT_S - 60)
    turn(store, said_at=time.time() - KEPT_S + 60)
    RoutingTrackerStore(Domain.empty(), address)
    assert len(rows(address)) == 2


def test_a_turn_of_the_running_desk_is_kept_without_its_words(desk, backend, environment: dict[str, str]) -> None:
    status, _ = desk.turn(text="refund my Wine course please", session="kept-1")
    assert status == 200
    kept = rows(environment["LECTERN_TRACKER_URL"])
    assert ("user", backend.asked[0][2]["understood"]["intent"]) in {row[:2] for row in kept}
    assert not any("Wine" in row[3] for row in kept)


def action_server(peers: set) -> web.AppRunner:
    """An action server that remembers who connected."""

    async def webhook(request: web.Request) -> web.Response:
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response({"events": [], "responses": []})

    app = web.Application()
    app.router.add_post("/webhook", webhook)
    return web.AppRunner(app)


async def started(server: web.AppRunner, port: int = 0) -> int:
    """Its port."""
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", port).start()
    return server.addresses[0][1]


def test_calls_of_actions_share_a_connection_and_survive_its_end() -> None:
    async def call() -> tuple[int, int]:
        peers: set = set()
        first, second = action_server(peers), action_server(peers)
        port = await started(first)
        endpoint = LimitedEndpoint.limiting(EndpointConfig(f"http://127.0.0.1:{port}/webhook"))
        for _ in range(5):
            await endpoint.request(json={})
        before = len(peers)
        await first.cleanup()  # the server goes away and comes back
        await started(second, port)
        await endpoint.request(json={})
        await endpoint.close()
        await second.cleanup()
        return before, len(peers)

    assert asyncio.run(call()) == (1, 2)
