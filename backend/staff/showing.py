"""A conversation as staff see it: transcript, learner, summary, who else is there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, presence, transcript
from backend.errors import NotFound
from backend.policy.decision import to_plain
from backend.staff.accounts import Member
from backend.staff.notes import notes_of
from backend.staff.queue import Queue
from backend.staff.summary import summary
from backend.store.accounts import learner_view, load_account
from backend.store.base import Store
from backend.store.console_models import HandoffRow
from backend.store.desk_models import CaseRow, ConversationRow, OwnershipRow, ProposalRow, RatingRow
from backend.store.desk_view import desk_view
from backend.store.live_models import DraftRow
from backend.wording import Wording

# How a conversation may have ended, for whoever closes it.
OUTCOMES = ("solved", "answered", "passed_on", "no_reply", "not_for_us", "abuse")
EARLIER = 20
LONGEST = 2000


class Showing:
    """Reads a conversation whole."""

    def __init__(self, store: Store, clock: Clock, queue: Queue, wording: Wording) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._wording = wording

    async def show(self, conversation_id: str, member: Member | None = None) -> dict[str, Any]:
        """The transcript with records, the learner's context, a summary from records, decisions and notes; with what
        `member` has begun to write. Raises NotFound."""
        async with self._store.read() as session:
            row = await session.get(ConversationRow, conversation_id)
            if row is None:
                raise NotFound("There is no such conversation.")
            owner = await ownership.read(session, conversation_id)
            messages = await transcript.after(session, conversation_id, 0, limit=LONGEST, staff=True)
            draft = await session.get(DraftRow, (conversation_id, member.id)) if member else None
            rating = await session.get(RatingRow, conversation_id)
            looking = await presence.viewers(session, [conversation_id], self._clock.now())
            return {
                "id": row.id,
                **owner.to_json(),
                **({"agent": {"id": owner.staff_id, "name": owner.agent_name}} if owner.state == "agent" else {}),
                "channel": row.channel,
                "page": row.page,
                "created_at": to_plain(row.created_at),
                "last_seq": row.last_seq,
                "read_by_learner": row.read_by_learner,
                "read_by_agent": row.read_by_agent,
                "topic": self._queue.topic(row),
                "viewers": looking.get(conversation_id, []),
                "messages": messages,
                "learner": await _learner(session, row.learner_id),
                "summary": await self._summary(session, row, messages),
                "decisions": [message["decision"] for message in messages if "decision" in message],
                "notes": await notes_of(session, conversation_id),
                "draft": draft.text if draft else "",
                "rating": {"score": rating.score, "comment": rating.comment} if rating else None,
                "history": await self._earlier(session, row),
                "outcomes": list(OUTCOMES),
            }

    async def _summary(
        self, session: AsyncSession, row: ConversationRow, messages: list[dict[str, Any]]
    ) -> dict[str, Any]:
        proposals = await session.scalars(
            select(ProposalRow).where(ProposalRow.conversation_id == row.id).order_by(ProposalRow.created_at)
        )
        account = await load_account(session, row.learner_id) if row.learner_id else None
        of_learner = CaseRow.learner_id == row.learner_id if row.learner_id else CaseRow.conversation_id == row.id
        cases = await session.scalars(select(CaseRow).where(of_learner).order_by(CaseRow.opened_at))
        why = await session.scalar(
            select(HandoffRow.why)
            .where(HandoffRow.conversation_id == row.id)
            .order_by(HandoffRow.began_at.desc(), HandoffRow.id.desc())
            .limit(1)
        )
        return summary(self._wording, messages, proposals.all(), account, cases.all(), why)

    async def _earlier(self, session: AsyncSession, row: ConversationRow) -> list[dict[str, Any]]:
        """The learner's other conversations, the latest first."""
        if row.learner_id is None:
            return []
        query = (
            select(ConversationRow, OwnershipRow.state)
            .join(OwnershipRow, OwnershipRow.conversation_id == ConversationRow.id)
            .where(ConversationRow.learner_id == row.learner_id, ConversationRow.id != row.id)
            .where(ConversationRow.channel != "slack")
            .order_by(ConversationRow.created_at.desc())
            .limit(EARLIER)
        )
        found = (await session.execute(query)).all()
        return [
            {"id": other.id, "at": to_plain(other.created_at), "state": state, "topic": self._queue.topic(other)}
            for other, state in found
        ]


async def _learner(session: AsyncSession, learner_id: str | None) -> dict[str, Any] | None:
    if learner_id is None:
        return None
    return {**await learner_view(session, learner_id), **await desk_view(session, learner_id)}
