"""What helps an agent write: drafts that are kept, replies to use again, articles for what the learner asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations.turns import conversation
from backend.errors import Conflict, Forbidden, NotFound
from backend.ids import new_id
from backend.knowledge_service import KnowledgeService
from backend.staff.accounts import Member
from backend.store.base import Store
from backend.store.desk_models import CaseRow, ConversationRow, DeskStateRow, MessageRow
from backend.store.live_models import DraftRow, SavedReplyRow
from backend.store.world_models import LearnerRow

FIRST_REPLIES = Path(__file__).with_name("saved_replies.yml")
SEEDED = "saved_replies"
SUGGESTED = 3
# A thank-you or an "ok" has no article; the question is a little further up.
LOOKED_BACK = 3
_PLACEHOLDER = re.compile(r"{(\w+)}")


class Aids:
    """Drafts, saved replies and suggestions."""

    def __init__(self, store: Store, clock: Clock, knowledge: KnowledgeService) -> None:
        self._store = store
        self._clock = clock
        self._knowledge = knowledge

    async def keep_draft(self, member: Member, conversation_id: str, text: str) -> None:
        """What the member has begun to write there; an empty text forgets it. Raises NotFound."""
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            mine = (DraftRow.conversation_id == conversation_id, DraftRow.staff_id == member.id)
            await session.execute(delete(DraftRow).where(*mine))
            if text:
                now = self._clock.now()
                session.add(DraftRow(conversation_id=conversation_id, staff_id=member.id, text=text, at=now))

    # --- saved replies -----------------------------------------------------------------------------------------------

    async def replies(self, member: Member, conversation_id: str | None) -> list[dict[str, Any]]:
        """All saved replies by title; filled for a conversation if there is one. Raises NotFound."""
        await self._seed()
        async with self._store.read() as session:
            rows = (await session.scalars(select(SavedReplyRow).order_by(SavedReplyRow.title))).all()
            known = await _values(session, member, conversation_id)
        return [{**_json(row, member), "filled": filled(row.text, known)} for row in rows]

    async def _seed(self) -> None:
        """The replies the desk comes with, once: what was taken away stays away."""
        async with self._store.read() as session:
            if await session.get(DeskStateRow, SEEDED) is not None:
                return
        async with self._store.write() as session:
            if await session.get(DeskStateRow, SEEDED, with_for_update=True) is not None:
                return
            session.add(DeskStateRow(key=SEEDED, value={"seeded": True}))
            await session.flush()
            now = self._clock.now()
            session.add_all(SavedReplyRow(id=new_id("reply"), at=now, **reply) for reply in _first_replies())

    async def save_reply(
        self, member: Member, reply_id: str | None, title: str, text: str, shortcut: str | None
    ) -> dict[str, Any]:
        """A new reply, or another text for one. Raises NotFound, Forbidden, Conflict for a shortcut that is taken."""
        async with self._store.write() as session:
            if shortcut:
                taken = await session.scalar(select(SavedReplyRow).where(SavedReplyRow.shortcut == shortcut))
                if taken is not None and taken.id != reply_id:
                    raise Conflict(f"Another reply has this shortcut already: '{taken.title}'.", code="shortcut_taken")
            if reply_id is None:
                row = SavedReplyRow(id=new_id("reply"), staff_id=member.id)
                session.add(row)
            else:
                row = await _changeable(session, member, reply_id)
            row.title, row.text, row.shortcut, row.at = title, text, shortcut or None, self._clock.now()
            return _json(row, member)

    async def delete_reply(self, member: Member, reply_id: str) -> None:
        """Raises NotFound, Forbidden."""
        async with self._store.write() as session:
            await session.delete(await _changeable(session, member, reply_id))

    # --- suggestions -------------------------------------------------------------------------------------------------

    async def suggestions(self, conversation_id: str) -> list[dict[str, Any]]:
        """Sections for what the learner said last, each with the short answer. Raises NotFound."""
        async with self._store.read() as session:
            if await session.get(ConversationRow, conversation_id) is None:
                raise NotFound("There is no such conversation.")
            said = await session.scalars(
                select(MessageRow.text)
                .where(MessageRow.conversation_id == conversation_id, MessageRow.author == "learner")
                .order_by(MessageRow.seq.desc())
                .limit(LOOKED_BACK)
            )
        for text in said.all():
            hits = self._knowledge.searcher.query(text[:400], limit=SUGGESTED)
            if hits and hits[0].matched_words:
                return [
                    {**self._knowledge.citation(hit.section), "short": self._knowledge.short(hit.section)}
                    for hit in hits
                    if hit.matched_words
                ]
        return []


def filled(text: str, values: Mapping[str, str]) -> str:
    """A reply with what is known in the place of its placeholders; the others stay, to be seen."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


async def _values(session: AsyncSession, member: Member, conversation_id: str | None) -> dict[str, str]:
    """What placeholders stand for: `learner_name`, `first_name`, `agent_name`, `case`."""
    values = {"agent_name": member.name}
    row = await session.get(ConversationRow, conversation_id) if conversation_id else None
    if conversation_id and row is None:
        raise NotFound("There is no such conversation.", field="conversation")
    if row is None:
        return values
    learner = await session.get(LearnerRow, row.learner_id) if row.learner_id else None
    values |= {"learner_name": "there", "first_name": "there"}
    if learner is not None:
        values |= {"learner_name": learner.name, "first_name": learner.name.split()[0]}
    of_learner = CaseRow.learner_id == row.learner_id if row.learner_id else CaseRow.conversation_id == row.id
    query = select(CaseRow.id).where(of_learner, CaseRow.status == "open").order_by(CaseRow.opened_at.desc()).limit(1)
    case = await session.scalar(query)
    return {**values, **({"case": case} if case else {})}


async def _changeable(session: AsyncSession, member: Member, reply_id: str) -> SavedReplyRow:
    row = await session.get(SavedReplyRow, reply_id)
    if row is None:
        raise NotFound("There is no such saved reply.")
    if not _may_change(row, member):
        raise Forbidden("Only whoever wrote it, or a supervisor, may change this reply.", code="not_yours")
    return row


def _may_change(row: SavedReplyRow, member: Member) -> bool:
    """One's own; a supervisor's are all."""
    return row.staff_id == member.id or member.role != "agent"


def _json(row: SavedReplyRow, member: Member) -> dict[str, Any]:
    known = {"id": row.id, "title": row.title, "shortcut": row.shortcut, "text": row.text}
    return {**known, "may_change": _may_change(row, member)}


@cache
def _first_replies() -> list[dict[str, str]]:
    return list(yaml.safe_load(FIRST_REPLIES.read_text("utf-8")))
