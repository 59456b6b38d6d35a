"""Socket Mode: the same, over a socket that the desk opens; no route is needed."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.slack.double import APP_TOKEN, SlackDouble, text_of
from tests.slack.office import SUPPORT, running_office


async def _until(holds: Any) -> None:
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


async def test_what_comes_over_the_socket_is_kept_acknowledged_and_done_once(
    sqlite_url: str, quick_parts: None
) -> None:
    double = SlackDouble(channels={SUPPORT: []})
    settings = {"slack_app_token": APP_TOKEN, "slack_signing_secret": ""}
    try:
        async with running_office(sqlite_url, double, **settings) as office:
            sam = await office.colleague("Sam")
            assert (await office.desk.call("POST", "/slack/events", data=b"{}")).status == 404
            await office.side.start()
            await _until(lambda: double.sockets)
            command = {"command": "/lectern", "text": "help", "user_id": sam.user, "channel_id": "C1"}
            command |= {"trigger_id": "1.1.a", "response_url": double.response_url()}
            envelopes = [await double.over_socket("slash_commands", command) for _ in range(2)]
            await _until(lambda: len(double.acknowledged) == 2 and double.responses)
            assert sorted(one["envelope_id"] for one in double.acknowledged) == sorted(envelopes)
            assert len(double.responses) == 1 and "What I can do" in text_of(double.responses[0])
            view = {"id": "V1", "callback_id": "lectern_reply", "state": {"values": {}}, "private_metadata": "{}"}
            await double.over_socket("interactive", {"type": "view_submission", "user": {"id": "U1"}, "view": view})
            await _until(lambda: len(double.acknowledged) == 3)
            assert double.acknowledged[-1]["payload"]["response_action"] == "errors"
            await office.side.stop()
    finally:
        await double.stop()
