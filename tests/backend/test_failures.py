"""The table of failures (design): what the learner gets when something is away, slow, broken or killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend.app import internal_app
from backend.errors import DialogueUnavailable, ServiceError, StoreUnavailable
from backend.rasa_client import RasaClient
from backend.store.base import Store, make_engine
from backend.store.desk_models import MessageRow, TurnRow
from backend.store.world_models import LearnerRow, RefundRow
from tests.backend.everywhere import assert_error
from tests.backend.running import Answer, Desk, Talk, running_desk
from tests.backend.stand_in import Held

FAILED = "isn't answering right now"


def assert_honest(answer: Answer) -> None:
    """One sentence that says so, and the offer of a person."""
    assert answer.status == 200
    (message,) = answer.body["messages"]
    assert FAILED in message["text"]
    assert [button["title"] for button in message["buttons"]] == ["Talk to a person"]


async def kept_turns(desk: Desk) -> list[TurnRow]:
    async with desk.services.store.read() as session:
        return list((await session.scalars(select(TurnRow).order_by(TurnRow.created_at))).all())


# --- Rasa or the action server ---------------------------------------------------------------------------------------


async def test_with_rasa_away_the_learner_gets_one_honest_sentence_and_the_turn_is_kept(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    each_desk.engine.away = True
    answer = await talk.say("refund please", "one")
    assert_honest(answer)
    (turn,) = await kept_turns(each_desk)
    assert (turn.text, turn.failure) == ("refund please", "dialogue_unavailable")
    assert turn.finished_at is not None
    assert (await talk.say("refund please", "one")).body == answer.body
    each_desk.engine.away = False
    assert (await talk.say("refund please")).kinds == ["decision"]


async def test_the_button_for_a_person_works_while_rasa_is_away(desk: Desk) -> None:
    talk = await desk.open("ana")
    desk.engine.away = True
    await talk.say("refund please")
    answer = await talk.press("person")
    assert (answer.body["state"], answer.body["position"], answer.kinds) == ("queued", 1, ["handoff"])
    assert (await talk.press("assistant instead")).body["state"] == "bot"


async def test_a_yes_counts_while_rasa_is_away_as_its_meaning_is_the_backends(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    each_desk.engine.away = True
    assert (await talk.press("Refund .*79")).kinds == ["result"]
    assert await each_desk.count(RefundRow) == 1


async def test_what_was_carried_out_is_told_even_if_rasa_breaks_off_afterwards(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    each_desk.engine.fails_after = True
    answer = await talk.say("yes")
    assert answer.kinds == ["result"]
    assert "Done" in answer.texts[0]
    assert await each_desk.count(RefundRow) == 1


async def test_an_action_that_comes_too_late_does_nothing(each_desk: Desk) -> None:
    """Rasa gave up, the learner was told, and then the action server asks."""
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    each_desk.engine.away = True
    await talk.say("i suppose so")
    turn = each_desk.engine.heard[-1]["turn"]
    headers = {"Authorization": f"Bearer {each_desk.services.settings.service_token.get_secret_value()}"}
    answer = await internal(each_desk, turn, {"do": "confirm"}, headers)
    assert_error(answer, 409)
    assert await each_desk.count(RefundRow) == 0


async def test_an_action_that_is_refused_leaves_nothing_half_done(desk: Desk) -> None:
    talk, taken = await desk.open("ana"), []
    for command in (
        {},
        {"do": "nonsense"},
        {"do": "press"},
        {"do": "operate", "operation": "teleport"},
        {"do": "answer", "section": 7},
        {"do": "diagnose", "question": "why_me"},
        {"do": "small_talk", "kind": "flirt"},
    ):

        async def refused(command: dict[str, Any] = command) -> None:
            try:
                await desk.services.turns.act(desk.engine.heard[-1]["turn"], command)
            except ServiceError as error:
                raise DialogueUnavailable("the action failed") from error
            taken.append(command)

        desk.engine.before = refused
        assert_honest(await talk.say("hello"))
    assert taken == []
    assert {(turn.understood, turn.failure) for turn in await kept_turns(desk)} == {(None, "dialogue_unavailable")}


async def test_a_press_that_breaks_is_told_honestly_and_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")

    async def broken(*_: Any, **__: Any) -> Any:
        raise LookupError("a defect of ours")

    monkeypatch.setattr(desk.services.operations, "confirm", broken)
    for away in (False, True):
        desk.engine.away = away
        assert_honest(await talk.press("Refund .*79"))
    assert await desk.count(RefundRow) == 0


async def test_a_turn_takes_no_longer_than_rasa_is_given(sqlite_url: str, quick_parts: None) -> None:
    async with fake_rasa(slow) as url, running_desk(sqlite_url, rasa_url=url, turn_timeout=0.3) as desk:
        await desk.load()
        desk.services.turns._engine = client(desk.http, url, 0.3)
        talk = await desk.open("ana")
        async with asyncio.timeout(5):
            assert_honest(await talk.say("refund please"))


# --- what Rasa answers -----------------------------------------------------------------------------------------------


async def slow(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.json_response({})


def answering(status: int, body: bytes, content_type: str = "application/json") -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type=content_type)

    return answer


class _Server:
    def __init__(self, handler: Any) -> None:
        app = web.Application()
        app.router.add_post("/webhooks/lectern/turn", handler)
        app.router.add_get("/webhooks/lectern/", answering(200, b"{}"))
        self._server = TestServer(app)

    async def __aenter__(self) -> str:
        await self._server.start_server(shutdown_timeout=0.1)
        return str(self._server.make_url("")).rstrip("/")

    async def __aexit__(self, *_: Any) -> None:
        await self._server.close()


def fake_rasa(handler: Any) -> _Server:
    return _Server(handler)


def client(http: aiohttp.ClientSession, url: str, timeout: float = 2) -> RasaClient:
    return RasaClient(http, url, "secret", timeout)


@pytest.mark.parametrize(
    "handler",
    [
        answering(502, b'{"error": {"code": "x", "message": "y"}}'),
        answering(500, b"oops", "text/plain"),
        answering(401, b"{}"),
        answering(404, b""),
        answering(302, b""),
        answering(200, b"not json"),
        answering(200, b"{}", "text/html"),
        answering(200, b"[]"),
        answering(200, b"null"),
        answering(200, b"\xff\xfe"),
    ],
)
async def test_an_answer_of_rasa_that_is_not_as_agreed_counts_as_none(handler: Any) -> None:
    async with fake_rasa(handler) as url, aiohttp.ClientSession() as http:
        with pytest.raises(DialogueUnavailable):
            await client(http, url).turn(session="s", turn="t", text="hello")


async def test_rasa_is_given_the_secret_the_turn_and_nothing_more() -> None:
    seen: dict[str, Any] = {}

    async def look(request: web.Request) -> web.Response:
        seen.update(await request.json(), secret=request.headers["Authorization"])
        return web.json_response({"replies": []})

    async with fake_rasa(look) as url, aiohttp.ClientSession() as http:
        await client(http, url).turn(session="s", turn="t", text="/restart", context={"topic": None})
        assert seen.pop("secret") == "Bearer secret"
        assert seen == {"session": "s", "turn": "t", "text": "/restart", "context": {"topic": None}}
        assert await client(http, url).ready()


async def test_nobody_listening_counts_as_away(unused_tcp_port: int) -> None:
    async with aiohttp.ClientSession() as http:
        away = client(http, f"http://127.0.0.1:{unused_tcp_port}")
        assert not await away.ready()
        with pytest.raises(DialogueUnavailable), structlog.testing.capture_logs() as logs:
            await away.turn(session="s", turn="t", text="words nobody may log")
    assert "nobody may log" not in str(logs)


# --- the database ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Desk, Talk, pytest.MonkeyPatch]]:
    """A desk whose database can be taken away: every connection is refused."""
    talk = await desk.open("ana")
    yield desk, talk, monkeypatch


def take_away(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(desk.services.store.engine.sync_engine.pool, "connect", refuse)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT 1", {}, Exception("unable to open database file")),
        DBAPIError("SELECT 1", {}, Exception("the connection is closed"), connection_invalidated=True),
        PoolTimeoutError("QueuePool limit reached"),
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_with_the_database_away_every_route_says_so_and_ready_turns_red(
    away: tuple[Desk, Talk, pytest.MonkeyPatch], error: Exception
) -> None:
    desk, talk, monkeypatch = away
    with monkeypatch.context() as broken:
        take_away(desk, broken, error)
        for answer in (
            await talk.say("refund please", "one"),
            await talk.get(),
            await talk.get("/messages"),
            await talk.post("rating", {"score": 5}),
            await desk.call("POST", "/api/v1/conversations", {"channel": "web"}),
            await desk.call("POST", "/api/v1/staff/session", {"email": "sam@desk.example", "password": "x"}),
            await desk.call("GET", "/testing/learners/ana"),
        ):
            assert_error(answer, 503)
            assert answer.code == "store_unavailable"
            assert "Nothing was changed" in answer.body["error"]["message"]
        ready = await desk.call("GET", "/readyz")
        assert (ready.status, ready.body["parts"]) == (503, {"store": False, "dialogue": True})
        assert (await desk.call("GET", "/healthz")).status == 200
        assert (await desk.call("GET", "/api/v1/articles")).status == 200
    assert (await desk.call("GET", "/readyz")).status == 200
    assert (await talk.say("refund please", "one")).kinds == ["decision"]


async def test_ready_turns_red_while_rasa_is_away(desk: Desk) -> None:
    desk.engine.away = True
    ready = await desk.call("GET", "/readyz")
    assert (ready.status, ready.body["parts"]) == (503, {"store": True, "dialogue": False})


async def test_a_database_that_refuses_a_row_is_not_away(each_desk: Desk) -> None:
    with pytest.raises(DBAPIError):
        async with each_desk.services.store.write() as session:
            session.add(MessageRow(id="m", conversation_id="nothing", seq=1, at=each_desk.services.clock.now()))
            await session.flush()


@pytest.mark.parametrize("address", ["{url}_which_is_not_there", "postgresql://127.0.0.1:{port}/x", "{user}"])
async def test_a_database_that_cannot_be_opened_is_away(
    migrated_postgres: str, unused_tcp_port: int, address: str
) -> None:
    user = make_url(migrated_postgres).set(username="nobody_of_this_name").render_as_string(hide_password=False)
    store = Store(make_engine(address.format(url=migrated_postgres, port=unused_tcp_port, user=user)))
    for opened in (store.read, store.write):
        with pytest.raises(StoreUnavailable):
            async with opened() as session:
                await session.execute(select(1))
    await store.close()


async def test_two_transactions_that_wait_for_each_other_are_told_to_try_again(each_desk: Desk) -> None:
    """A deadlock ends one of them; that one has changed nothing."""
    if each_desk.services.store.dialect != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    first, second = asyncio.Event(), asyncio.Event()

    async def lock(mine: str, theirs: str, reached: asyncio.Event, other: asyncio.Event) -> None:
        async with each_desk.services.store.write() as session:
            await session.execute(select(LearnerRow).where(LearnerRow.id == mine).with_for_update())
            reached.set()
            await other.wait()
            await session.execute(select(LearnerRow).where(LearnerRow.id == theirs).with_for_update())

    outcomes = await asyncio.gather(
        lock("ana", "ben", first, second), lock("ben", "ana", second, first), return_exceptions=True
    )
    assert sorted(type(outcome) for outcome in outcomes if outcome) == [StoreUnavailable]


async def test_connections_the_database_has_closed_are_made_anew(each_desk: Desk) -> None:
    if each_desk.services.store.dialect != "postgresql":
        pytest.skip("SQLite closes no connections")
    talk = await each_desk.open("ana")
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    async with each_desk.services.store.write() as session:
        await session.execute(text(f"{ended} AND pid <> pg_backend_pid()"))
    statuses = [(await talk.say("hello")).status for _ in range(3)]
    assert statuses[-1] == 200
    assert set(statuses) <= {200, 503}


# --- a turn cut off in its middle ------------------------------------------------------------------------------------


async def test_a_turn_broken_off_before_its_end_goes_on_where_it_stopped(each_desk: Desk) -> None:
    """Between the two transactions: what was sent is kept, and nothing is done."""
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    button = talk.button("Refund .*79")

    async def cut() -> None:
        raise asyncio.CancelledError

    each_desk.engine.before = cut
    with pytest.raises((aiohttp.ClientError, AssertionError)):
        assert (await talk.press_id(button, "yes")).status == 200
    each_desk.engine.before = None
    assert await each_desk.count(RefundRow) == 0
    assert (await talk.press_id(button, "yes")).kinds == ["result"]
    assert await each_desk.count(RefundRow) == 1
    assert [message["seq"] for message in await talk.transcript()] == [1, 2, 3, 4, 5]


async def test_an_answer_is_there_before_rasa_is_done_with_it_and_so_is_the_next(desk: Desk) -> None:
    talk = await desk.open("ana")
    desk.engine.after = still_busy = Held()
    assert (await talk.say("hello")).kinds == ["smalltalk"]
    assert (await talk.say("refund please")).kinds == ["decision"]
    assert (await talk.press("Refund .*79")).kinds == ["result"]
    assert still_busy.reached.is_set()
    still_busy.go.set()
    await desk.services.turns.routing.stop()
    assert {turn.failure for turn in await kept_turns(desk)} == {None}


async def test_what_rasa_does_after_the_answer_cannot_undo_it(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    desk.engine.fails_after = True
    answer = await talk.press_id(talk.button("Refund .*79"), "yes")
    assert answer.kinds == ["result"]
    assert (await talk.press_id("any", "yes")).body == answer.body
    assert {turn.failure for turn in await kept_turns(desk)} == {None}


async def internal(desk: Desk, turn: str, command: Any, headers: dict[str, str]) -> Answer:
    """A request to the internal API, as the action server makes it."""
    server = TestServer(internal_app(desk.services))
    await server.start_server()
    try:
        url = server.make_url(f"/internal/v1/turns/{turn}")
        data = command if isinstance(command, bytes) else json.dumps(command).encode()
        async with desk.http.post(url, data=data, headers=headers) as answer:
            return Answer(answer.status, await answer.json(), answer.headers.copy())
    finally:
        await server.close()
