"""The internal API: for the action server alone, and never a way to name whose account is meant."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestServer

from backend.app import internal_app
from backend.store.world_models import RefundRow
from tests.backend.everywhere import assert_error
from tests.backend.running import Answer, Desk


@pytest.fixture
async def inside(desk: Desk) -> AsyncIterator[Desk]:
    """The same desk's internal address."""
    async with TestServer(internal_app(desk.services)) as server:
        yield replace(desk, server=server)


def token(desk: Desk) -> dict[str, str]:
    return {"Authorization": f"Bearer {desk.services.settings.service_token.get_secret_value()}"}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic change-me", "change-me"])
async def test_without_the_service_token_nothing_is_told(inside: Desk, header: str | None) -> None:
    headers = {"Authorization": header} if header is not None else {}
    for method, path in (("POST", "/internal/v1/turns/x"), ("GET", "/internal/v1/turns/x"), ("GET", "/anything")):
        assert_error(await inside.call(method, path, {"do": "confirm"}, headers=headers), 401)


async def test_a_learners_or_a_members_token_is_none_of_its(inside: Desk, desk: Desk) -> None:
    talk = await desk.open("ana")
    assert_error(await inside.call("POST", "/internal/v1/turns/x", {"do": "stop"}, headers=talk.bearer), 401)


@pytest.mark.parametrize("turn", ["turn_nothing", "%00", "a%00b", "'", "x" * 200])
async def test_an_unknown_turn_is_not_found(inside: Desk, turn: str) -> None:
    answer = await inside.call("POST", f"/internal/v1/turns/{turn}", {"do": "stop"}, headers=token(inside))
    assert_error(answer, 404)


async def test_a_turn_that_is_over_does_nothing_more(inside: Desk, desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    turn = desk.engine.heard[-1]["turn"]
    for command in ({"do": "confirm"}, {"do": "hand_over", "why": "asked"}):
        answer = await inside.call("POST", f"/internal/v1/turns/{turn}", command, headers=token(inside))
        assert_error(answer, 409)
    assert await desk.count(RefundRow) == 0
    assert (await talk.get()).body["state"] == "bot"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"{", b'{"do": 7}', b'{"do": "x"}', b'{"do": "__class__"}', b'{"do": "act"}', b'{"do": null}',
     b'{"do": "operate"}', b'{"do": "operate", "operation": "teleport"}', b'{"do": "answer", "section": 7}',
     b'{"do": "clarify", "options": 7}', b'{"do": "small_talk"}', b'{"do": "press"}', b'{"do": "' + b"x" * 50 + b'"}'],
)  # fmt: skip
async def test_a_command_without_sense_is_refused_and_changes_nothing(inside: Desk, desk: Desk, body: bytes) -> None:
    talk = await desk.open("ana")
    held = desk.engine.hold()
    answers: list[Answer] = []

    async def ask() -> None:
        turn = desk.engine.heard[-1]["turn"]
        answers.append(await inside.call("POST", f"/internal/v1/turns/{turn}", data=body, headers=token(inside)))

    held.go.set()
    desk.engine.before = ask
    assert (await talk.say("hello")).kinds == ["smalltalk"]
    assert_error(answers[0], 400, 409)


async def test_no_key_can_name_whose_account_or_that_a_step_was_taken(inside: Desk, desk: Desk) -> None:
    """Whatever a command says besides its own keys is not even looked at."""
    talk = await desk.open("ana")
    await talk.say("delete my account")
    forged = {
        "do": "confirm",
        "proposal": "prop_x",
        "step_done": "type_to_confirm",
        "learner": "ben",
        "learner_id": "ben",
        "target": "pay-2",
        "details": {"part": True},
    }

    async def ask() -> None:
        turn = desk.engine.heard[-1]["turn"]
        await inside.call("POST", f"/internal/v1/turns/{turn}", forged, headers=token(inside))

    desk.engine.before = ask
    answer = await talk.say("yes")
    assert answer.body["messages"][0]["step"]["kind"] == "reauthenticate"
    for learner in ("ana", "ben"):
        assert (await desk.learner(learner))["status"] == "active"


async def test_an_action_asked_twice_is_done_once(inside: Desk, desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    answers: list[Answer] = []

    async def ask() -> None:
        for _ in range(2):
            turn = desk.engine.heard[-1]["turn"]
            path = f"/internal/v1/turns/{turn}"
            answers.append(await inside.call("POST", path, {"do": "confirm"}, headers=token(inside)))

    desk.engine.before = ask
    assert (await talk.say("yes")).kinds == ["result"]
    await desk.services.turns.routing.stop()
    assert [answer.status for answer in answers] == [200, 409]
    assert await desk.count(RefundRow) == 1


async def test_the_internal_address_has_nothing_else_and_the_public_one_has_not_this(inside: Desk, desk: Desk) -> None:
    for path in ("/api/v1/conversations", "/testing/outbox", "/healthz", "/help", "/"):
        assert_error(await inside.call("GET", path, headers=token(inside)), 404)
    answer = await desk.call("POST", "/internal/v1/turns/x", {"do": "stop"}, headers=token(desk))
    assert_error(answer, 404)
    assert json.dumps(answer.body)
