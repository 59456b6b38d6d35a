"""Tell: the queue over its limit, deliveries that fail, a digest of the day. Each once, whichever process sees it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.slack import blocks
from backend.slack.blocks import Json
from backend.slack.lookup import CHANNEL
from backend.slack.parts import Parts
from backend.slack.queue import insert_new
from backend.slack.text import escape, mrkdwn, quoted
from backend.store.desk_models import (
    ConversationRow,
    MessageRow,
    OutboxRow,
    OwnershipRow,
    UnansweredRow,
)
from backend.store.slack_models import SlackPostRow

# A delivery that failed so often is not a hiccup.
FAILS = 4
TOP = 5
ANSWERED = ("article", "decision", "diagnosis", "result")


class Telling:
    """Alerts and the digest."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings = parts.services.settings

    async def round(self) -> None:
        """Say what there is to say now."""
        if not self._parts.alert_channel:
            return
        async with self._parts.services.store.read() as session:
            queued = await session.scalar(
                select(func.count()).select_from(OwnershipRow).where(OwnershipRow.state == "queued")
            )
            failing = await session.scalar(
                select(func.count())
                .select_from(OutboxRow)
                .where(OutboxRow.delivered_at.is_(None), OutboxRow.attempts >= FAILS)
            )
        limit = self._settings.slack_queue_limit
        await self._alert("queue", (queued or 0) > limit, {"count": queued or 0, "limit": limit})
        await self._alert("deliveries", bool(failing), {"count": failing or 0})
        await self._digest()

    async def _alert(self, kind: str, holds: bool, values: dict[str, Any]) -> None:
        """Once when it begins, once when it is over."""
        about, now = f"alert:{kind}", self._parts.now
        async with self._parts.services.store.read() as session:
            row = await session.get(SlackPostRow, about)
        if holds == bool(row and row.shown_seq):
            return
        async with self._parts.services.store.write() as session:
            await self._first(session, about, now)
            row = await session.get_one(SlackPostRow, about, with_for_update=True)
            if holds == bool(row.shown_seq):
                return
            row.shown_seq, row.shown_version = int(holds), row.shown_version + 1
            text = self._parts.say(f"alert_{kind}" if holds else f"alert_{kind}_over", values)
            body = {**blocks.message(text, [blocks.section(mrkdwn(text))]), "channel": self._parts.alert_channel}
            key = f"{about}:{row.shown_version}"
            await self._parts.outgoing.owe(session, key, "chat.postMessage", body, lane=about)

    # --- the digest ------------------------------------------------------------------------------------------------

    async def _digest(self) -> None:
        """The last 24 hours up to the set hour, once a day; later on the same day if nobody was there at the hour."""
        hour, now = self._settings.slack_digest_hour, self._parts.now
        if hour < 0 or now.hour < hour:
            return
        until = now.replace(hour=hour, minute=0, second=0, microsecond=0)
        key = f"digest:{until:%Y-%m-%d}"
        async with self._parts.services.store.read() as session:
            if await session.get(SlackPostRow, key) is not None:
                return
            body = self._worded(until, await self._figures(session, until - timedelta(days=1), until))
        async with self._parts.services.store.write() as session:
            if await self._first(session, key, now):
                body |= {"channel": self._parts.alert_channel}
                await self._parts.outgoing.owe(session, key, "chat.postMessage", body, about=key)

    async def _first(self, session: AsyncSession, about: str, now: datetime) -> bool:
        """Whether this process is the first to tell it."""
        values = {"about": about, "channel": self._parts.alert_channel, "created_at": now}
        return await insert_new(session, SlackPostRow, {**values, "shown_version": 0, "shown_seq": 0, "state": {}})

    async def _figures(self, session: AsyncSession, since: datetime, until: datetime) -> dict[str, Any]:
        """Counted from the records of the day."""
        opened = await session.scalar(
            select(func.count())
            .select_from(ConversationRow)
            .where(
                ConversationRow.created_at >= since,
                ConversationRow.created_at < until,
                ConversationRow.channel != CHANNEL,
            )
        )
        within = (MessageRow.at >= since, MessageRow.at < until)
        written = await session.scalar(
            select(func.count()).select_from(MessageRow).where(*within, MessageRow.author == "learner")
        )
        said = await session.execute(
            select(MessageRow.conversation_id, MessageRow.extras).where(*within, MessageRow.author == "bot")
        )
        kinds = [(conversation, (extras.get("answer") or {}).get("kind")) for conversation, extras in said]
        asked = await session.execute(
            select(UnansweredRow.text).where(UnansweredRow.at >= since, UnansweredRow.at < until)
        )
        questions = Counter(" ".join(text.casefold().split())[:200] for (text,) in asked)
        return {
            "opened": opened or 0,
            "written": written or 0,
            "answered": sum(kind in ANSWERED for _, kind in kinds),
            "handed_over": len({conversation for conversation, kind in kinds if kind == "handoff"}),
            "unanswered": sum(questions.values()),
            "top": questions.most_common(TOP),
        }

    def _worded(self, until: datetime, figures: dict[str, Any]) -> Json:
        title = self._parts.say("digest_title", at=until)
        shown = [blocks.section(f"*{escape(title)}*"), blocks.section(mrkdwn(self._parts.say("digest", figures)))]
        if figures["top"] and self._parts.shows_personal_data:
            lines = [quoted(self._parts.say("digest_line", count=count, text=text)) for text, count in figures["top"]]
            shown.append(blocks.section("\n".join([escape(self._parts.say("digest_top")), *lines])))
        return blocks.message(title, shown)
