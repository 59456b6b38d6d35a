"""Calls Slack's Web API: what is owed, from the table; and the few that have to be answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.slack.queue import GiveUp, Later, put
from backend.store.base import Store
from backend.store.slack_models import SlackOutgoingRow, SlackPostRow

log = structlog.get_logger()
TIMEOUT = 10.0
PAGE = 100
# Nothing mends these: the next try would end the same way. Everything else (a wrong token, a channel the app was not
# invited to, an outage) is mended by somebody, and until then the call stays owed.
HOPELESS = frozenset(
    """
    invalid_blocks invalid_blocks_format msg_too_long no_text message_not_found cant_update_message cant_delete_message
    edit_window_closed thread_not_found invalid_arguments expired_trigger_id exchanged_trigger_id trigger_exchanged
    invalid_trigger_id expired_url used_url no_active_hooks user_not_in_channel user_not_found
    """.split()
)
EVENT = "lectern_message"
# What Slack says when something may have been done all the same; and what we call every such try.
UNSURE = frozenset(("internal_error", "fatal_error", "service_unavailable", "request_timeout"))
UNHEARD = "unreachable"
# Methods that read take no JSON.
READS = frozenset(("users.info", "conversations.history", "conversations.replies"))


class Calls:
    """The Web API with a time limit, and one pause for everything while Slack asks for less."""

    def __init__(self, http: aiohttp.ClientSession, clock: Clock, base_url: str, token: str) -> None:
        self.client = AsyncWebClient(token=token, base_url=f"{base_url.rstrip('/')}/", session=http, retry_handlers=[])
        self._clock = clock
        self._not_before: dict[str, datetime] = {}

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call. Raises Later when Slack asks to wait or cannot be reached, GiveUp when it will never work."""
        waits = (self._not_before.get(method) or self._clock.now()) - self._clock.now()
        if waits > timedelta(0):
            raise Later("ratelimited", waits.total_seconds())
        try:
            async with asyncio.timeout(TIMEOUT):
                how = {"http_verb": "GET", "params": arguments} if method in READS else {"json": arguments}
                answer = await self.client.api_call(method, **how)
        except SlackApiError as error:
            raise self._refused(method, error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Later(f"{UNHEARD}: {type(error).__name__}") from error
        data = answer.data
        return dict(data) if isinstance(data, Mapping) else {}

    def _refused(self, method: str, error: SlackApiError) -> Later | GiveUp:
        response = error.response
        data = getattr(response, "data", None)
        code = str(data.get("error", "unknown")) if isinstance(data, Mapping) else "unreadable"
        status = getattr(response, "status_code", 500)
        if status == 429 or code in ("ratelimited", "rate_limited"):
            seconds = _seconds(getattr(response, "headers", {}))
            self._not_before[method] = self._clock.now() + timedelta(seconds=seconds)
            return Later("ratelimited", seconds)
        if status >= 500 or code in UNSURE:
            return Later(f"{UNHEARD}: {code if status < 500 else status}")
        return GiveUp(code) if code in HOPELESS else Later(code)

    async def pages(self, method: str, key: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
        """Every entry of a method that answers in pages."""
        cursor = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            answer = await self.call(method, limit=PAGE, **arguments, **more)
            for entry in answer.get(key) or ():
                yield entry
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """Answer a command or a press by its own address. Raises Later, GiveUp."""
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await AsyncWebhookClient(url, session=self.client.session, retry_handlers=[]).send_dict(
                    dict(body)
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Later(f"{UNHEARD}: {type(error).__name__}") from error
        if answer.status_code == 429:
            raise Later("ratelimited", _seconds(answer.headers))
        if answer.status_code >= 500:
            raise Later(f"http_{answer.status_code}")
        if answer.status_code >= 400:
            raise GiveUp(str(answer.body)[:60] or f"http_{answer.status_code}")


def _seconds(headers: Mapping[str, Any]) -> float:
    """What Retry-After says; a header may come as a list, or not at all."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), 1)
    value = value[0] if isinstance(value, list) else value
    try:
        return min(3600.0, max(1.0, float(value)))
    except ValueError:
        return 1.0


class Outgoing:
    """Writes down what is owed to Slack, in the transaction of its cause."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def owe(self, session: AsyncSession, key: str, method: str, payload: Mapping[str, Any], **more: Any) -> bool:
        """A call, once for each key. `about`: the post it makes, changes, or (with `in_thread`) answers; one post's
        calls are made in order. `lane`: another order to keep."""
        about, lane = more.get("about"), more.get("lane")
        body = {**payload, **({"in_thread": True} if more.get("in_thread") else {})}
        return await put(
            session,
            SlackOutgoingRow,
            key,
            lane or about or key,
            self._clock.now(),
            method=method,
            about=about,
            payload=body,
        )


class Sender:
    """Makes the calls that are owed (the work of a queue)."""

    def __init__(self, store: Store, calls: Calls) -> None:
        self._store = store
        self._calls = calls

    async def send(self, row: SlackOutgoingRow) -> Mapping[str, Any]:
        """Raises Later, GiveUp."""
        payload = dict(row.payload)
        if row.method == "respond":
            await self._calls.respond(payload.pop("response_url"), payload)
            return {}
        in_thread = payload.pop("in_thread", False)
        post = await self._post(row.about) if row.about else None
        if row.method in ("chat.update", "chat.delete") and "ts" not in payload:
            if post is None or post.ts is None:
                raise GiveUp("never_posted")
            payload |= {"channel": post.channel, "ts": post.ts}
        elif in_thread:
            if post is None or post.ts is None:
                raise GiveUp("never_posted")
            payload |= {"channel": post.channel, "thread_ts": post.ts}
        if row.method != "chat.postMessage":
            await self._calls.call(row.method, **payload)
            return {}
        return await self._say(row, payload, None if in_thread else post)

    async def _say(self, row: SlackOutgoingRow, payload: dict[str, Any], root: SlackPostRow | None) -> dict[str, Any]:
        """Post a message, once even if the answer to the first try was lost on its way."""
        payload |= {"metadata": {"event_type": EVENT, "event_payload": {"key": row.key}}}
        try:
            answer = await self._arrived(row, payload) if row.attempts > 1 else None
            answer = answer or await self._calls.call("chat.postMessage", **payload)
        except Later as error:
            # That an earlier try may have got through must not be forgotten over a later one.
            if (row.last_error or "").startswith(UNHEARD) and not str(error).startswith(UNHEARD):
                raise Later(f"{UNHEARD}, then {error}", error.seconds) from error
            raise
        except GiveUp as error:
            # How it looks must not cost what it says.
            if "blocks" not in payload or str(error) not in ("invalid_blocks", "invalid_blocks_format"):
                raise
            log.error("slack.blocks.refused", id=row.id)
            answer = await self._calls.call("chat.postMessage", **{k: v for k, v in payload.items() if k != "blocks"})
        channel, ts = answer.get("channel") or payload["channel"], answer["ts"]
        if root is not None:
            async with self._store.write() as session:
                await session.execute(
                    update(SlackPostRow).where(SlackPostRow.about == row.about).values(channel=channel, ts=ts)
                )
        return {"channel": channel, "ts": ts}

    async def _arrived(self, row: SlackOutgoingRow, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """The message, if an earlier try got through without our hearing of it: found by the key it carries."""
        if row.last_error is not None and not row.last_error.startswith(UNHEARD):
            return None  # every try so far was refused; without any word of them a process was ended in the middle
        where = {"channel": payload["channel"], "include_all_metadata": 1}
        method = "conversations.history"
        if payload.get("thread_ts"):
            method, where["ts"] = "conversations.replies", payload["thread_ts"]
        where["oldest"] = str(row.created_at.timestamp() - 60)
        async for message in self._calls.pages(method, "messages", **where):
            carried = (message.get("metadata") or {}).get("event_payload") or {}
            if carried.get("key") == row.key:
                return {"channel": payload["channel"], "ts": message["ts"]}
        return None

    async def _post(self, about: str) -> SlackPostRow | None:
        async with self._store.read() as session:
            return await session.scalar(select(SlackPostRow).where(SlackPostRow.about == about))
