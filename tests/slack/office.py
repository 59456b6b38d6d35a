"""A desk with a Slack workspace at its side, and the people who work there."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from backend.slack.desk import SlackDesk
from backend.staff import accounts
from backend.store.slack_models import SlackIncomingRow, SlackOutgoingRow
from tests.backend.running import Answer, Desk, running_desk
from tests.slack.double import TOKEN, SlackDouble, buttons, form, json_body, signed

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SUPPORT = "C0SUPPORT"


@dataclass
class Office:
    """Everything a test needs: the desk, the double, and ways for Slack's people to do something."""

    desk: Desk
    slack: SlackDouble
    # Set by a test in which something is given up on purpose.
    may_give_up: bool = False

    async def given_up(self) -> list[str]:
        """What was given up, coming or going: nothing, in most tests."""
        found: list[str] = []
        async with self.desk.services.store.read() as session:
            for model in (SlackIncomingRow, SlackOutgoingRow):
                query = select(model.last_error).where(model.last_error.like("gave up%"))
                found += [str(error) for error in (await session.scalars(query)).all()]
        return found

    @property
    def side(self) -> SlackDesk:
        assert self.desk.services.slack is not None
        return self.desk.services.slack

    async def settle(self) -> None:
        """Let everything happen that would in the background."""
        await self.side.settle()

    async def colleague(self, name: str, user: str | None = None, role: str = "agent", **about: Any) -> Person:
        """A member of staff with the same address in Slack."""
        email = f"{name.lower()}@desk.example"
        async with self.desk.services.store.write() as session:
            made = await accounts.create(session, email, name, role, "a long password", self.desk.services.clock.now())
        user = self.slack.user(user or f"U{name.upper()}", email, **about)
        return Person(self, user, name, made.id)

    def stranger(self, user: str = "USTRANGER") -> Person:
        """Somebody in Slack who is not staff."""
        return Person(self, self.slack.user(user, "stranger@elsewhere.example"), "Stranger", "")

    async def send(self, path: str, body: bytes, *, kind: str, headers: dict[str, str] | None = None) -> Answer:
        """One signed request of Slack's."""
        at = int(self.desk.services.clock.now().timestamp())
        sent = {"Content-Type": kind, **signed(SECRET, at, body), **(headers or {})}
        return await self.desk.call("POST", path, data=body, headers=sent)

    async def event(self, event: dict[str, Any], *, event_id: str | None = None, **more: Any) -> Answer:
        """An event of the Events API. What somebody wrote stands in its channel from then on."""
        self.slack.written(event)
        payload = {
            "token": "verification",
            "team_id": "T1",
            "api_app_id": "A1",
            "type": "event_callback",
            "event_id": event_id or self.slack.new_id("Ev"),
            "event_time": 1773144000,
            "authorizations": [{"team_id": "T1", "user_id": "UBOT", "is_bot": True}],
            "event": event,
        }
        return await self.send("/slack/events", json_body(payload), kind="application/json", **more)

    async def interaction(self, payload: dict[str, Any], **more: Any) -> Answer:
        body = form({"payload": json.dumps(payload)})
        return await self.send("/slack/interactions", body, kind="application/x-www-form-urlencoded", **more)

    def card(self, matching: str = "") -> dict[str, Any]:
        """The newest card of the support channel whose text matches."""
        cards = [root for root in self.slack.roots(SUPPORT) if re.search(matching, json.dumps(root), re.I)]
        return cards[-1]

    def thread_text(self, card: dict[str, Any]) -> str:
        return json.dumps(self.slack.thread(SUPPORT, card["ts"]), ensure_ascii=False)


@dataclass
class Person:
    """Somebody in Slack."""

    office: Office
    user: str
    name: str
    staff_id: str

    async def command(self, text: str, **more: Any) -> Answer:
        """`/lectern …`, settled."""
        fields = {
            "token": "verification",
            "team_id": "T1",
            "team_domain": "desk",
            "channel_id": "C0OTHER",
            "channel_name": "other",
            "user_id": self.user,
            "user_name": self.name.lower(),
            "command": "/lectern",
            "text": text,
            "api_app_id": "A1",
            "response_url": self.office.slack.response_url(),
            "trigger_id": self.office.slack.trigger(),
            **more,
        }
        answer = await self.office.send("/slack/commands", form(fields), kind="application/x-www-form-urlencoded")
        await self.office.settle()
        return answer

    async def asks(self, text: str) -> dict[str, Any]:
        """A command; what this person alone is shown."""
        assert (await self.command(text)).status == 200
        return self.office.slack.responses[-1]

    async def message(
        self,
        text: str,
        thread: dict[str, Any] | None = None,
        channel: str = SUPPORT,
        *,
        settle: bool = True,
        **more: Any,
    ) -> str:
        """A message in a channel, maybe in a thread; its ts."""
        ts = self.office.slack.new_id("1773145000.")
        event = {
            "type": "message",
            "channel": channel,
            "user": self.user,
            "text": text,
            "ts": ts,
            "event_ts": ts,
            "channel_type": "channel",
            "client_msg_id": ts,
            **({"thread_ts": thread["ts"]} if thread else {}),
            **more,
        }
        assert (await self.office.event(event)).status == 200
        if settle:
            await self.office.settle()
        return ts

    async def press(self, shown: dict[str, Any], action: str, **more: Any) -> Answer:
        """Press a button of a message."""
        button = more.pop("button", None) or buttons(shown)[action]
        is_public = "ts" in shown
        container = {"type": "message", "message_ts": shown.get("ts", "1.1"), "channel_id": SUPPORT}
        payload = {
            "type": "block_actions",
            "user": {"id": self.user, "username": self.name.lower(), "team_id": "T1"},
            "api_app_id": "A1",
            "container": {**container, "is_ephemeral": not is_public},
            "trigger_id": self.office.slack.trigger(),
            "team": {"id": "T1", "domain": "desk"},
            "channel": {"id": SUPPORT, "name": "support"},
            "message": {"ts": shown["ts"], "text": shown.get("text")} if is_public else {},
            "response_url": self.office.slack.response_url(),
            "actions": [{**button, "block_id": "b", "action_ts": "1.2"}],
            **more,
        }
        if not is_public:
            payload.pop("message")
        answer = await self.office.interaction(payload)
        await self.office.settle()
        return answer

    async def press_in(self, view: dict[str, Any], action: str, **more: Any) -> Answer:
        """Press a button of a dialog."""
        button = more.pop("button", None) or buttons(view)[action]
        payload = {
            "type": "block_actions",
            "team": {"id": "T1", "domain": "desk"},
            "user": {"id": self.user, "username": self.name.lower(), "team_id": "T1"},
            "api_app_id": "A1",
            "trigger_id": self.office.slack.trigger(),
            "container": {"type": "view", "view_id": view["id"]},
            "view": {**view, "root_view_id": view["id"], "state": {"values": {}}},
            "actions": [{**button, "block_id": "b", "action_ts": "1.2"}],
            **more,
        }
        answer = await self.office.interaction(payload)
        await self.office.settle()
        return answer

    async def submit(self, view: dict[str, Any], text: str, **more: Any) -> Answer:
        """Fill the one box of a dialog and send it off."""
        block = next((one["block_id"] for one in view["blocks"] if one["type"] == "input"), "none")
        state = {"values": {block: {"value": {"type": "plain_text_input", "value": text}}}}
        payload = {
            "type": "view_submission",
            "team": {"id": "T1", "domain": "desk"},
            "user": {"id": self.user, "username": self.name.lower(), "team_id": "T1"},
            "api_app_id": "A1",
            "trigger_id": self.office.slack.trigger(),
            "view": {**view, "root_view_id": view["id"], "state": state},
            "response_urls": [],
            **more,
        }
        answer = await self.office.interaction(payload)
        await self.office.settle()
        return answer

    @property
    def told(self) -> list[str]:
        """What only this person was told in channels."""
        return [one["text"] for one in self.office.slack.private if one["user"] == self.user]


@asynccontextmanager
async def running_office(database_url: str, slack: SlackDouble | None = None, **changes: Any) -> AsyncIterator[Office]:
    """A desk connected to a workspace with a support channel."""
    double = slack or SlackDouble(channels={SUPPORT: [], "C0OTHER": []})
    address = await double.start()
    settings = {
        "slack_signing_secret": SECRET,
        "slack_bot_token": TOKEN,
        "slack_api_url": address,
        "slack_support_channel": SUPPORT,
        "slack_digest_hour": -1,
        **changes,
    }
    try:
        async with running_desk(database_url, **settings) as desk:
            await desk.load()
            office = Office(desk, double)
            yield office
            assert office.may_give_up or await office.given_up() == []
    finally:
        if slack is None:
            await double.stop()
