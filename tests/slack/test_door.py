"""The door: only what Slack has signed, within five minutes, once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from backend.store.slack_models import SlackIncomingRow
from tests.backend.running import Desk, running_desk
from tests.slack.double import form, json_body, signed
from tests.slack.office import SECRET, SUPPORT, Office, running_office

PATHS = ("/slack/events", "/slack/commands", "/slack/interactions")


def _mention(text: str = "<@UBOT> how long do refunds take?") -> dict[str, Any]:
    return {"type": "app_mention", "user": "UANY", "text": text, "ts": "1773145000.1", "channel": SUPPORT}


async def test_without_a_secret_there_is_no_route(desk_without_slack: Desk) -> None:
    for path in PATHS:
        assert (await desk_without_slack.call("POST", path, data=b"{}")).status == 404
    assert desk_without_slack.services.slack is None


@pytest.fixture
async def desk_without_slack(sqlite_url: str, quick_parts: None) -> Any:
    async with running_desk(sqlite_url) as desk:
        yield desk


async def test_the_address_is_confirmed(office: Office) -> None:
    body = json_body({"type": "url_verification", "token": "x", "challenge": "3eZbrw1aBm"})
    answer = await office.send("/slack/events", body, kind="application/json")
    assert (answer.status, answer.body) == (200, {"challenge": "3eZbrw1aBm"})


def _spoilt(body: bytes, at: int) -> dict[str, dict[str, str]]:
    right = signed(SECRET, at, body)
    return {
        "no signature": {},
        "no time": {"X-Slack-Signature": right["X-Slack-Signature"]},
        "another secret": signed("another secret", at, body),
        "another body": signed(SECRET, at, body + b" "),
        "another time": {**right, "X-Slack-Request-Timestamp": str(at + 1)},
        "too old": signed(SECRET, at - 301, body),
        "from the future": signed(SECRET, at + 301, body),
        "no number": {**right, "X-Slack-Request-Timestamp": "yesterday"},
        "endless number": {**right, "X-Slack-Request-Timestamp": "9" * 5000},
        "no hash": {**right, "X-Slack-Signature": "v0="},
        "other letters": {**right, "X-Slack-Signature": "v0=\u00e9\u00e9"},
        "another version": {**right, "X-Slack-Signature": right["X-Slack-Signature"].replace("v0", "v1")},
    }


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_not_signed_is_refused_before_it_is_read(office: Office, path: str) -> None:
    at = int(office.desk.services.clock.now().timestamp())
    body = b"{this is not even JSON"
    for why, headers in _spoilt(body, at).items():
        answer = await office.desk.call("POST", path, data=body, headers=headers)
        assert answer.status == 401, why
        assert answer.code == "bad_signature", why
    assert await office.desk.count(SlackIncomingRow) == 0


async def test_five_minutes_to_the_second_are_still_good(office: Office) -> None:
    at = int(office.desk.services.clock.now().timestamp())
    for old in (at - 300, at + 300):
        body = json_body({"type": "url_verification", "challenge": "c"})
        answer = await office.desk.call("POST", "/slack/events", data=body, headers=signed(SECRET, old, body))
        assert answer.status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000])
async def test_nonsense_with_a_signature_is_a_bad_request(office: Office, body: bytes) -> None:
    for path in ("/slack/events", "/slack/interactions"):
        answer = await office.send(path, body, kind="application/json")
        assert answer.status in (400, 401), answer


async def test_odd_characters_are_no_reason_to_fail(office: Office) -> None:
    body = json_body({"type": "event_callback", "event_id": "E\x00v", "event": {**_mention("a \x00 b \ud800 refund")}})
    assert (await office.send("/slack/events", body, kind="application/json")).status == 200
    fields = {"command": "/lectern", "text": "learner a\x00na", "user_id": "U1", "trigger_id": "1\x00"}
    body = form({**fields, "channel_id": "C1", "response_url": office.slack.response_url()})
    assert (await office.send("/slack/commands", body, kind="application/x-www-form-urlencoded")).status == 200
    office.slack.written(_mention())
    await office.settle()
    assert len(office.slack.called("chat.postMessage")) == 1


async def test_a_body_without_end_is_not_read(office: Office) -> None:
    answer = await office.send("/slack/events", b" " * (1024 * 1024 + 1), kind="application/json")
    assert answer.status == 413


async def test_an_event_that_comes_again_is_answered_once(office: Office) -> None:
    for number in range(4):
        headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"} if number else {}
        assert (await office.event(_mention(), event_id="Ev1", headers=headers)).status == 200
        await office.settle()
    assert len(office.slack.called("chat.postMessage")) == 1


async def test_a_replayed_request_does_nothing(office: Office) -> None:
    at = int(office.desk.services.clock.now().timestamp())
    fields = {"command": "/lectern", "text": "help", "user_id": "U1", "channel_id": "C1", "trigger_id": "9.9.z"}
    body = form({**fields, "response_url": office.slack.response_url()})
    for _ in range(3):
        answer = await office.desk.call("POST", "/slack/commands", data=body, headers=signed(SECRET, at, body))
        assert answer.status == 200
        await office.settle()
    assert len(office.slack.responses) == 1


async def test_it_is_acknowledged_before_any_work_is_done(office: Office) -> None:
    answer = await office.event(_mention())
    assert answer.status == 200 and answer.body == ""
    assert office.slack.calls == []
    assert await office.desk.count(SlackIncomingRow, SlackIncomingRow.done_at.is_(None)) == 1
    await office.settle()
    assert len(office.slack.called("chat.postMessage")) == 1


async def test_what_was_kept_is_done_after_a_restart_and_its_words_are_let_go(
    sqlite_url: str, quick_parts: None
) -> None:
    async with running_office(sqlite_url) as office:
        await office.event(_mention())
        async with running_office(sqlite_url, office.slack) as again:
            await again.settle()
            assert len(again.slack.called("chat.postMessage")) == 1
            async with again.desk.services.store.read() as session:
                row = await session.get(SlackIncomingRow, 1)
                assert row is not None and row.payload == {} and row.done_at is not None


async def test_two_processes_take_each_event_once(office: Office, sqlite_url: str) -> None:
    """The same event sent to both, both at work at the same time."""
    async with running_office(sqlite_url, office.slack) as other:
        for number in range(6):
            event = {**_mention(), "ts": f"1773145000.{number}"}
            await asyncio.gather(office.event(event, event_id=f"E{number}"), other.event(event, event_id=f"E{number}"))
        await asyncio.gather(office.settle(), other.settle())
        await asyncio.gather(office.settle(), other.settle())
    threads = [call.arguments["thread_ts"] for call in office.slack.called("chat.postMessage")]
    assert sorted(threads) == [f"1773145000.{number}" for number in range(6)]


async def test_a_certificate_check_is_answered(office: Office) -> None:
    answer = await office.send("/slack/commands", form({"ssl_check": "1", "token": "x"}), kind="text/plain")
    assert answer.status == 200
    assert await office.desk.count(SlackIncomingRow) == 0


async def test_what_nobody_listens_to_is_let_go(office: Office) -> None:
    await office.event({"type": "team_join", "user": {"id": "U9"}})
    await office.interaction({"type": "shortcut", "callback_id": "x", "trigger_id": "1.1", "user": {"id": "U9"}})
    await office.settle()
    assert office.slack.calls == []
    assert await office.desk.count(SlackIncomingRow, SlackIncomingRow.done_at.is_(None)) == 0


def test_the_app_asks_for_no_more_than_it_uses() -> None:
    import yaml

    manifest = yaml.safe_load((Path(__file__).parents[2] / "slack-manifest.yml").read_text("utf-8"))
    scopes = {
        "app_mentions:read",
        "channels:history",
        "chat:write",
        "commands",
        "groups:history",
        "im:history",
        "users:read",
        "users:read.email",
    }
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == scopes
    assert set(manifest["oauth_config"]["scopes"]) == {"bot"}
    settings = manifest["settings"]
    assert set(settings["event_subscriptions"]["bot_events"]) == {
        "app_mention",
        "message.channels",
        "message.groups",
        "message.im",
    }
    urls = [settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]]
    urls += [command["url"] for command in manifest["features"]["slash_commands"]]
    assert {"/slack/" + url.rpartition("/")[2] for url in urls} == set(PATHS)
    assert len(json.dumps(manifest)) < 10_000
