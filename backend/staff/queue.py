"""The queue as staff see it: conversations as lines, and how many there are of each kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, presence
from backend.conversations.agenda import Agenda
from backend.errors import BadInput
from backend.knowledge_service import KnowledgeService
from backend.policy.decision import to_plain
from backend.staff.accounts import Member
from backend.store.base import Store
from backend.store.desk_models import CaseRow, ConversationRow, MessageRow, OwnershipRow, StaffRow
from backend.store.world_models import LearnerRow
from backend.wording import Wording

LISTED = 200
EVERY_STATE = "all"
# What a member keeps about a learner from Slack is nobody's conversation.
_LISTABLE = ConversationRow.channel != "slack"


class Queue:
    """Reads conversations as lines. The same line is told by the list and by the stream."""

    def __init__(self, store: Store, clock: Clock, knowledge: KnowledgeService, wording: Wording) -> None:
        self._store = store
        self._clock = clock
        self._knowledge = knowledge
        self._wording = wording

    async def list(
        self, member: Member, state: str | None, assignee: str | None, q: str | None
    ) -> list[dict[str, Any]]:
        """Conversations, the urgent and the longest waiting first. `assignee`: a staff id or `me`; `q`: words said."""
        if state not in (None, EVERY_STATE, *ownership.ALLOWED):
            raise BadInput(f"Expected {EVERY_STATE} or one of {', '.join(sorted(ownership.ALLOWED))}.", field="state")
        query = _lines().limit(LISTED)
        if state not in (None, EVERY_STATE):
            query = query.where(OwnershipRow.state == state)
        if assignee is not None:
            query = query.where(OwnershipRow.staff_id == (member.id if assignee == "me" else assignee))
        if q:
            words = f"%{q.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
            said = select(MessageRow.id).where(
                and_(MessageRow.conversation_id == ConversationRow.id, MessageRow.text.ilike(words, escape="!"))
            )
            query = query.where(or_(LearnerRow.name.ilike(words, escape="!"), said.exists()))
        async with self._store.read() as session:
            return await self._read(session, query)

    async def lines(self, conversation_ids: Collection[str]) -> list[dict[str, Any]]:
        """The lines of these conversations, as far as they exist."""
        async with self._store.read() as session:
            return await self._read(session, _lines().where(ConversationRow.id.in_(list(conversation_ids))))

    async def waiting_ids(self) -> list[str]:
        """Who waits. When one of them goes the others move up."""
        query = select(OwnershipRow.conversation_id).where(OwnershipRow.state == "queued").limit(LISTED)
        async with self._store.read() as session:
            return list((await session.scalars(query)).all())

    async def _read(self, session: AsyncSession, query: Select[Any]) -> list[dict[str, Any]]:
        now = self._clock.now()
        rows = (await session.execute(query.execution_options(populate_existing=True))).all()
        ids = [row.id for row, *_ in rows]
        around = {
            "last": await _last_said(session, ids),
            "unread": await _unread(session, ids),
            "viewers": await presence.viewers(session, ids, now),
            "position": await ownership.waiting(session)
            if any(owner.state == "queued" for _, owner, *_ in rows)
            else {},
        }
        return [self._line(row, owner, agent, learner, around, now) for row, owner, agent, learner in rows]

    def _line(
        self,
        row: ConversationRow,
        owner: OwnershipRow,
        agent: str | None,
        learner: str | None,
        around: Mapping[str, Mapping[str, Any]],
        now: datetime,
    ) -> dict[str, Any]:
        last = around["last"].get(row.id)
        present = ownership.Owner(owner.state, owner.version, owner.staff_id, agent, around["position"].get(row.id))
        return {
            "id": row.id,
            **present.to_json(),
            **({"agent": {"id": owner.staff_id, "name": agent}} if owner.state == "agent" else {}),
            "learner": {"id": row.learner_id, "name": learner} if row.learner_id else None,
            "channel": row.channel,
            "why": owner.why,
            "urgent": owner.urgency > 0,
            "urgency": owner.urgency,
            "queued_at": to_plain(owner.queued_at),
            "waiting_seconds": max(0, int((now - owner.queued_at).total_seconds())) if owner.queued_at else None,
            "updated_at": to_plain(row.updated_at),
            "last_message": {"text": last.text, "at": to_plain(last.at)} if last else None,
            "last_seq": row.last_seq,
            "topic": self.topic(row),
            "unread": around["unread"].get(row.id, 0),
            "viewers": around["viewers"].get(row.id, []),
        }

    def topic(self, row: ConversationRow) -> str | None:
        """What it is about: the operation last spoken of, else the section last answered."""
        agenda = Agenda.from_json(row.agenda)
        operation = (agenda.about or {}).get("operation")
        if operation and self._wording.has(f"button_{operation}"):
            return self._wording.say(f"button_{operation}")
        if agenda.topic and self._knowledge.has(agenda.topic):
            return self._knowledge.section(agenda.topic).title
        return None

    async def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many of each kind, for everybody; and how many each member has, by their id."""
        async with self._store.read() as session:
            states = await session.execute(
                select(OwnershipRow.state, OwnershipRow.staff_id, OwnershipRow.urgency, func.count())
                .join(ConversationRow, ConversationRow.id == OwnershipRow.conversation_id)
                .where(_LISTABLE)
                .group_by(OwnershipRow.state, OwnershipRow.staff_id, OwnershipRow.urgency)
            )
            found = dict.fromkeys(("queued", "bot", "agent", "closed", "urgent"), 0)
            mine: dict[str, int] = {}
            for state, staff_id, urgency, count in states.all():
                found[state] += count
                found["urgent"] += count if urgency and state == "queued" else 0
                if staff_id:
                    mine[staff_id] = mine.get(staff_id, 0) + count
            cases = select(func.count()).select_from(CaseRow).where(CaseRow.status == "open")
            found["cases"] = int(await session.scalar(cases) or 0)
        return found, mine

    async def counts_of(self, member: Member) -> dict[str, int]:
        """The same with what this member has, as `mine`."""
        found, mine = await self.counts()
        return {**found, "mine": mine.get(member.id, 0)}


def _lines() -> Select[Any]:
    return (
        select(ConversationRow, OwnershipRow, StaffRow.name, LearnerRow.name)
        .join(OwnershipRow, OwnershipRow.conversation_id == ConversationRow.id)
        .outerjoin(StaffRow, StaffRow.id == OwnershipRow.staff_id)
        .outerjoin(LearnerRow, LearnerRow.id == ConversationRow.learner_id)
        .where(_LISTABLE)
        .order_by(OwnershipRow.urgency.desc(), OwnershipRow.queued_at.asc().nulls_last())
        .order_by(ConversationRow.updated_at.desc())
    )


async def _last_said(session: AsyncSession, ids: Collection[str]) -> dict[str, MessageRow]:
    """The learner's last message in each."""
    last = (
        select(MessageRow.conversation_id, func.max(MessageRow.seq).label("seq"))
        .where(MessageRow.conversation_id.in_(ids), MessageRow.author == "learner")
        .group_by(MessageRow.conversation_id)
        .subquery()
    )
    query = select(MessageRow).join(
        last, and_(MessageRow.conversation_id == last.c.conversation_id, MessageRow.seq == last.c.seq)
    )
    return {row.conversation_id: row for row in (await session.scalars(query)).all()}


async def _unread(session: AsyncSession, ids: Collection[str]) -> dict[str, int]:
    """How much each learner said that no agent has read."""
    query = (
        select(MessageRow.conversation_id, func.count())
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(
            MessageRow.conversation_id.in_(ids),
            MessageRow.author == "learner",
            MessageRow.seq > ConversationRow.read_by_agent,
        )
        .group_by(MessageRow.conversation_id)
    )
    return {conversation_id: int(count) for conversation_id, count in await session.execute(query)}
