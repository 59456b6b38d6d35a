"""Shows conversations and cases in the support channel: the desk's records against what Slack shows.

Nothing is sent from where it happens. Each round compares who owns a conversation, and how far its transcript goes,
with what its card and thread were last told, and owes the difference, in one transaction. So nothing that happened
while Slack or this process was away is lost, and of several processes one tells it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import transcript
from backend.slack.cards import Cards
from backend.slack.parts import Parts
from backend.slack.queue import put
from backend.store.desk_models import ConversationRow, OwnershipRow, StaffRow
from backend.store.slack_models import SlackOutgoingRow, SlackPostRow
from backend.store.world_models import LearnerRow

log = structlog.get_logger()
BATCH = 20
# Who owns a conversation is followed this long after it was first posted, and whenever it waits.
WATCHED = timedelta(days=30)
# How much of what was said before is shown when somebody takes over.
SO_FAR = 10


def about(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


class Mirror:
    """Keeps cards and threads true."""

    def __init__(self, parts: Parts, cards: Cards) -> None:
        self._parts = parts
        self._store = parts.services.store
        self._cards = cards

    async def round(self) -> int:
        """Tell what has changed; how many conversations were behind."""
        if not self._parts.support_channel:
            return 0
        behind = await self._behind()
        for conversation_id, owner_changed in behind:
            # The summary is read by the staff service in a transaction of its own, before the one that tells it.
            seen = await self._parts.services.showing.show(conversation_id) if owner_changed else None
            async with self._store.write() as session:
                await self._catch_up(session, conversation_id, seen)
        return len(behind) + await self._erased()

    async def _behind(self) -> list[tuple[str, bool]]:
        """Conversations of which something has to be told, and whether that is a change of owner."""
        key = "conversation:" + OwnershipRow.conversation_id
        changed = or_(SlackPostRow.about.is_(None), SlackPostRow.shown_version != OwnershipRow.version)
        said = and_(OwnershipRow.state == "agent", SlackPostRow.shown_seq < ConversationRow.last_seq)
        query = (
            select(OwnershipRow.conversation_id, changed)
            .join(ConversationRow, ConversationRow.id == OwnershipRow.conversation_id)
            .order_by(OwnershipRow.since)
            .limit(BATCH)
        )
        waiting = query.outerjoin(SlackPostRow, SlackPostRow.about == key).where(
            OwnershipRow.state == "queued", changed
        )
        shown = query.join(SlackPostRow, SlackPostRow.about == key).where(
            SlackPostRow.created_at >= self._parts.now - WATCHED, or_(changed, said)
        )
        async with self._store.read() as session:
            rows = [row for one in (waiting, shown) for row in (await session.execute(one)).all()]
        return [(conversation_id, bool(owner_changed)) for conversation_id, owner_changed in dict.fromkeys(rows)]

    async def _catch_up(self, session: AsyncSession, conversation_id: str, seen: dict[str, Any] | None) -> None:
        row = await session.get(ConversationRow, conversation_id, with_for_update=True)
        owner = await session.get(OwnershipRow, conversation_id)
        if row is None or owner is None:
            return
        staff = await session.get(StaffRow, owner.staff_id) if owner.staff_id else None
        name = staff.name if staff else None
        post = await session.get(SlackPostRow, about(conversation_id), with_for_update=True)
        if seen is None and (post is None or post.shown_version != owner.version):
            return  # changed hands in this moment: the next round tells it
        if post is None:
            await self._first(session, row, owner, seen)
            return
        if post.shown_version != owner.version:
            await self._owner_changed(session, post, row, owner, name, seen)
        if owner.state == "agent" and post.shown_seq < row.last_seq:
            await self._said(session, post, row)
        elif owner.state in ("bot", "closed"):
            post.shown_seq = row.last_seq

    async def _first(
        self, session: AsyncSession, row: ConversationRow, owner: OwnershipRow, seen: dict[str, Any]
    ) -> None:
        """A conversation that waits gets its card."""
        now, key = self._parts.now, about(row.id)
        if owner.state != "queued":
            return
        session.add(
            SlackPostRow(
                about=key,
                learner_id=row.learner_id,
                channel=self._parts.support_channel,
                shown_version=owner.version,
                shown_seq=row.last_seq,
                state={"state": owner.state},
                created_at=now,
            )
        )
        card = {**self._cards.conversation(seen, owner, None), "channel": self._parts.support_channel}
        await self._owe(session, f"{key}:root", "chat.postMessage", card, key)
        await self._alert(session, row, owner)

    async def _owner_changed(
        self,
        session: AsyncSession,
        post: SlackPostRow,
        row: ConversationRow,
        owner: OwnershipRow,
        name: str | None,
        seen: dict[str, Any],
    ) -> None:
        key, version = post.about, owner.version
        was = post.state
        post.shown_version, post.state = version, {"state": owner.state, "name": name}
        post.learner_id = row.learner_id or post.learner_id
        card = self._cards.conversation(seen, owner, name)
        await self._owe(session, f"{key}:card:{version}", "chat.update", card, key)
        told = self._cards.owner(owner, name, was.get("name"))
        # Who waits again has to be seen in the channel, not only at the end of a thread.
        again = {"reply_broadcast": True} if owner.state == "queued" else {}
        await self._owe(session, f"{key}:owner:{version}", "chat.postMessage", {**told, **again}, key, in_thread=True)
        if owner.state == "agent" and was.get("state") != "agent":
            before = await transcript.after(session, row.id, max(0, post.shown_seq - SO_FAR))
            before = [message for message in before if message["seq"] <= post.shown_seq]
            for number, so_far in enumerate(self._cards.so_far(before)):
                await self._owe(
                    session, f"{key}:before:{version}:{number}", "chat.postMessage", so_far, key, in_thread=True
                )
        await self._alert(session, row, owner)

    async def _said(self, session: AsyncSession, post: SlackPostRow, row: ConversationRow) -> None:
        """What was said since the thread last heard."""
        learner = await session.get(LearnerRow, row.learner_id) if row.learner_id else None
        name = learner.name if learner else None
        post.learner_id = row.learner_id or post.learner_id
        for message in await transcript.after(session, row.id, post.shown_seq, limit=200):
            post.shown_seq = message["seq"]
            for number, body in enumerate(self._cards.message(message, name)):
                key = f"{post.about}:said:{message['seq']}:{number}"
                await self._owe(session, key, "chat.postMessage", body, post.about, in_thread=True)

    async def _alert(self, session: AsyncSession, row: ConversationRow, owner: OwnershipRow) -> None:
        """Somebody in distress, or whose account was taken over, must not wait for the queue to be looked at."""
        if owner.state != "queued" or not owner.urgency:
            return
        key = f"alert:urgent:{row.id}:{owner.version}"
        body = {**self._cards.urgent(row, owner), "channel": self._parts.alert_channel}
        await self._owe(session, key, "chat.postMessage", body, None)

    async def _owe(
        self,
        session: AsyncSession,
        key: str,
        method: str,
        body: dict[str, Any],
        of: str | None,
        *,
        in_thread: bool = False,
    ) -> None:
        await self._parts.outgoing.owe(session, key, method, body, about=of, in_thread=in_thread)

    # --- a deleted account -----------------------------------------------------------------------------------------

    async def _erased(self) -> int:
        """When a learner's account is deleted, what was shown of them here goes too."""
        query = (
            select(SlackPostRow.about)
            .join(LearnerRow, LearnerRow.id == SlackPostRow.learner_id)
            .where(LearnerRow.status == "deleted")
            .limit(BATCH)
        )
        async with self._store.read() as session:
            gone = list((await session.scalars(query)).all())
        for key in gone:
            async with self._store.write() as session:
                await self._take_away(session, key)
        return len(gone)

    async def _take_away(self, session: AsyncSession, key: str) -> None:
        post = await session.get(SlackPostRow, key, with_for_update=True)
        if post is None or post.learner_id is None:
            return
        post.learner_id = None
        rows = (await session.scalars(select(SlackOutgoingRow).where(SlackOutgoingRow.about == key))).all()
        now = self._parts.now
        for row in rows:
            if row.done_at is None:
                row.done_at, row.payload, row.last_error = now, {}, "erased"
            elif row.ts:
                where = {"channel": row.channel, "ts": row.ts}
                await put(
                    session,
                    SlackOutgoingRow,
                    f"{row.key}:erase",
                    f"erase:{key}",
                    now,
                    method="chat.delete",
                    about=None,
                    payload=where,
                )
        log.info("slack.erased", about=key)
