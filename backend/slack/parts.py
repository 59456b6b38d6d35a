"""What every piece of the Slack side uses, and the way back to the person who asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from backend.dialogue.decisions import DecisionSpeaker
from backend.services import Services
from backend.slack.blocks import Json, message
from backend.slack.directory import Directory
from backend.slack.sending import Calls, Outgoing


@dataclass(frozen=True)
class Place:
    """Where somebody in Slack did something, and by which key it is known: everything done for it is done once."""

    key: str
    user: str
    channel: str = ""
    thread_ts: str | None = None
    response_url: str | None = None

    def to_json(self) -> Json:
        """To be carried by a dialog."""
        kept = {"channel": self.channel, "thread_ts": self.thread_ts, "response_url": self.response_url}
        return {name: value for name, value in kept.items() if value}

    def carried(self, data: Mapping[str, Any]) -> Place:
        """The place a dialog was opened from."""
        return replace(self, **{name: data[name] for name in ("channel", "thread_ts", "response_url") if name in data})


def place_of(kind: str, payload: Mapping[str, Any], key: str) -> Place:
    """Where a payload of Slack's comes from."""
    if kind == "command":
        return Place(
            key, str(payload.get("user_id", "")), str(payload.get("channel_id", "")), None, payload.get("response_url")
        )
    if kind == "event":
        event = payload.get("event") or {}
        thread = event.get("thread_ts") or event.get("ts")
        return Place(key, str(event.get("user") or ""), str(event.get("channel") or ""), thread)
    user = str((payload.get("user") or {}).get("id", ""))
    if "view" in payload:
        return Place(key, user).carried(carried_by(payload["view"]))
    container, shown = payload.get("container") or {}, payload.get("message") or {}
    channel = (payload.get("channel") or {}).get("id") or container.get("channel_id") or ""
    thread = shown.get("thread_ts") or container.get("thread_ts")
    return Place(key, user, channel, thread or container.get("message_ts"), payload.get("response_url"))


def carried_by(view: Mapping[str, Any]) -> Json:
    """What a dialog of ours carries."""
    try:
        data = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


@dataclass(frozen=True)
class Parts:
    """The desk's services and the ways to Slack."""

    services: Services
    calls: Calls
    outgoing: Outgoing
    directory: Directory
    speaker: DecisionSpeaker

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def shows_personal_data(self) -> bool:
        return self.services.settings.slack_personal_data

    @property
    def support_channel(self) -> str:
        return self.services.settings.slack_support_channel

    @property
    def alert_channel(self) -> str:
        return self.services.settings.slack_alert_channel or self.support_channel

    def console_url(self, conversation_id: str) -> str:
        """Where the console shows the conversation; it asks whoever is not signed in to do so there."""
        return f"{self.services.settings.base_url}/console/c/{conversation_id}"

    def say(self, key: str, values: Mapping[str, Any] | None = None, **more: Any) -> str:
        """A sentence of `data/slack/responses.yml`."""
        return self.services.wording.say(f"slack_{key}", values, **more)

    async def tell(
        self,
        place: Place,
        text: str,
        blocks: Iterable[Json] = (),
        *,
        what: str = "told",
        replace_original: bool = False,
    ) -> None:
        """Answer the person alone: nobody else sees it."""
        body = message(text, blocks)
        if place.response_url:
            also = {"response_type": "ephemeral", "replace_original": False}
            payload = {**body, **also, "response_url": place.response_url}
            await self.owe(f"{place.key}:{what}", "respond", payload, lane=f"user:{place.user}")
            return
        thread = {"thread_ts": place.thread_ts} if place.thread_ts else {}
        where = {"channel": place.channel or place.user, "user": place.user, **thread}
        method = "chat.postEphemeral" if place.channel else "chat.postMessage"
        where = where if place.channel else {"channel": place.user}
        await self.owe(f"{place.key}:{what}", method, {**body, **where}, lane=f"user:{place.user}")

    async def owe(self, key: str, method: str, payload: Json, **more: Any) -> None:
        """A call of its own, without a cause in the database."""
        async with self.services.store.write() as session:
            await self.outgoing.owe(session, key, method, payload, **more)
