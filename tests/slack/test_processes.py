"""Two real backends on one database: Slack's events go to either, and everything is done once."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from backend.staff import accounts
from backend.store.base import Store, make_engine
from tests.backend.running import NOW, PATIENCE
from tests.slack.double import TOKEN, SlackDouble, form, json_body, signed, text_of
from tests.slack.office import SECRET, SUPPORT

ROOT = Path(__file__).parents[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _start(database: str, address: str, state: Path) -> tuple[asyncio.subprocess.Process, str]:
    port = _free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("LECTERN_")}
    settings = {
        "DATABASE_URL": database,
        "STATE_DIR": str(state),
        "PORT": str(port),
        "INTERNAL_PORT": str(_free_port()),
        "RASA_URL": "http://127.0.0.1:1",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_API_URL": address,
        "SLACK_SUPPORT_CHANNEL": SUPPORT,
        "SLACK_DIGEST_HOUR": "-1",
    }
    env |= {f"LECTERN_{name}": value for name, value in settings.items()}
    log = (state / f"{port}.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backend", "serve", cwd=ROOT, env=env, stdout=log, stderr=log
    )
    return process, f"http://127.0.0.1:{port}"


async def _until(holds: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = holds()
            if found if not asyncio.iscoroutine(found) else await found:
                return
        except (aiohttp.ClientError, OSError):
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen")


async def _send(http: aiohttp.ClientSession, url: str, body: bytes, kind: str) -> None:
    headers = {"Content-Type": kind, **signed(SECRET, int(time.time()), body)}
    async with http.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


@pytest.mark.timeout(180)
async def test_two_backends_share_the_work_and_do_nothing_twice(sqlite_url: str, tmp_path: Path) -> None:
    double = SlackDouble(channels={SUPPORT: []})
    sam = double.user("USAM", "sam@desk.example")
    store = Store(make_engine(sqlite_url))
    async with store.write() as session:
        await accounts.create(session, "sam@desk.example", "Sam", "agent", "a long password", NOW)
    await store.close()
    started = [await _start(sqlite_url, await double.start(), tmp_path) for _ in range(2)]
    try:
        async with aiohttp.ClientSession() as http:
            await _play(http, double, sam, [address for _, address in started])
    finally:
        for process, _ in started:
            process.terminate()
        assert [await asyncio.wait_for(process.wait(), PATIENCE) for process, _ in started] == [0, 0]
        await double.stop()


async def _play(http: aiohttp.ClientSession, double: SlackDouble, sam: str, desks: list[str]) -> None:
    async def answers(address: str) -> bool:
        async with http.get(f"{address}/healthz") as answer:
            return answer.status == 200

    for address in desks:
        await _until(lambda address=address: answers(address))

    # A learner at the first backend. The dialogue is away, so a person is offered.
    async with http.post(f"{desks[0]}/api/v1/conversations", json={"channel": "web"}) as answer:
        talk = await answer.json()
    path = f"/api/v1/conversations/{talk['id']}/messages"
    bearer = {"Authorization": f"Bearer {talk['token']}"}

    async def say(address: str, **body: Any) -> dict[str, Any]:
        async with http.post(address + path, json=body, headers=bearer) as answer:
            return await answer.json()

    offered = await say(desks[0], client_id="1", text="hello there")
    person = next(b["id"] for b in offered["messages"][-1]["buttons"] if "person" in b["title"].lower())
    await say(desks[1], client_id="2", press=person)
    await _until(lambda: double.roots(SUPPORT))
    card = double.roots(SUPPORT)[0]

    # Claimed by a press that Slack sends to both.
    press = {"type": "block_actions", "user": {"id": sam}, "trigger_id": double.trigger(), "channel": {"id": SUPPORT}}
    press |= {"container": {"message_ts": card["ts"], "channel_id": SUPPORT}, "response_url": double.response_url()}
    press |= {"actions": [{"type": "button", "action_id": "lectern_claim", "block_id": "b", "value": talk["id"]}]}
    body = form({"payload": json.dumps(press)})
    kind = "application/x-www-form-urlencoded"
    await asyncio.gather(*(_send(http, f"{address}/slack/interactions", body, kind) for address in desks))
    await _until(lambda: "With Sam" in text_of(card))

    # Replies, each to both, in their order.
    for number in range(5):
        event = {"type": "message", "channel": SUPPORT, "user": sam, "text": f"/reply line {number}"}
        event |= {"ts": f"1773145000.{number}", "thread_ts": card["ts"]}
        body = json_body({"type": "event_callback", "event_id": f"Ev{number}", "event": event})
        await asyncio.gather(*(_send(http, f"{address}/slack/events", body, "application/json") for address in desks))

    async def told() -> list[str]:
        async with http.get(f"{desks[1]}{path}?after=0", headers=bearer) as answer:
            return [m["text"] for m in (await answer.json())["messages"] if m["author"] == "agent"]

    async def all_told() -> bool:
        return len(await told()) >= 5

    await _until(all_told)
    assert sorted(await told()) == [f"line {number}" for number in range(5)]
    await _until(lambda: sum("Sent to the learner" in text_of(m) for m in double.thread(SUPPORT, card["ts"])) >= 5)
    await asyncio.sleep(2.5)
    assert len(double.roots(SUPPORT)) == 1 and double.responses == []
    shown = [text_of(message) for message in double.thread(SUPPORT, card["ts"])]
    assert [sum(f"line {number}" in text for text in shown) for number in range(5)] == [1] * 5
