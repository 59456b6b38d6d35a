"""Private notes of staff on conversations, and whom they name with an @."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations.fanout import LIVE, Fanout
from backend.conversations.turns import conversation
from backend.ids import new_id
from backend.policy.decision import to_plain
from backend.staff.accounts import Member
from backend.store.base import Store
from backend.store.desk_models import NoteRow, StaffRow
from backend.store.live_models import MentionRow

LISTED = 100


class Notes:
    """Writes notes; the learner never sees them."""

    def __init__(self, store: Store, clock: Clock, fanout: Fanout) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout

    async def add(self, member: Member, conversation_id: str, text: str) -> dict[str, Any]:
        """A note. Whoever it names is told. Raises NotFound."""
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            row = NoteRow(
                id=new_id("note"), conversation_id=conversation_id, staff_id=member.id, at=self._clock.now(), text=text
            )
            session.add(row)
            await session.flush()
            colleagues = (await session.scalars(select(StaffRow).where(StaffRow.active))).all()
            names = {one.id: one.name for one in colleagues if one.id != member.id}
            named = mentioned(text, names)
            session.add_all(MentionRow(note_id=row.id, staff_id=staff_id) for staff_id in named)
            note = _json(row, member.name, named)
        await self._fanout.publish(LIVE, {"type": "note", "conversation": conversation_id, "note": note})
        if named:
            mention = {"note": row.id, "conversation": conversation_id, "by": member.name, "text": text}
            event = {"type": "mention", "mention": {**mention, "at": to_plain(row.at), "seen": False}}
            await self._fanout.publish(LIVE, {**event, "staff": named})
        return note

    async def mentions(self, member: Member) -> list[dict[str, Any]]:
        """Notes that name this member, the latest first."""
        query = (
            select(MentionRow, NoteRow, StaffRow.name)
            .join(NoteRow, NoteRow.id == MentionRow.note_id)
            .join(StaffRow, StaffRow.id == NoteRow.staff_id)
            .where(MentionRow.staff_id == member.id)
            .order_by(NoteRow.at.desc(), NoteRow.id)
            .limit(LISTED)
        )
        async with self._store.read() as session:
            rows = (await session.execute(query)).all()
        return [
            {
                "note": note.id,
                "conversation": note.conversation_id,
                "by": name,
                "text": note.text,
                "at": to_plain(note.at),
                "seen": mention.seen_at is not None,
            }
            for mention, note, name in rows
        ]

    async def saw_mentions(self, member: Member) -> None:
        """All of them have been seen."""
        async with self._store.write() as session:
            await session.execute(
                update(MentionRow)
                .where(MentionRow.staff_id == member.id, MentionRow.seen_at.is_(None))
                .values(seen_at=self._clock.now())
            )


def mentioned(text: str, names: Mapping[str, str]) -> list[str]:
    """The ids of those a text names: `@Dana Scott`, or `@Dana` where there is only one of that first name."""
    firsts = Counter(_first(name) for name in names.values())
    found = []
    for staff_id, name in names.items():
        ways = [name, *([_first(name)] if firsts[_first(name)] == 1 else [])]
        pattern = "|".join(re.escape(way) for way in ways)
        if re.search(rf"(?<![\w@])@(?:{pattern})(?!\w)", text, re.I):
            found.append(staff_id)
    return found


def _first(name: str) -> str:
    return name.split()[0].casefold()


async def notes_of(session: AsyncSession, conversation_id: str) -> list[dict[str, Any]]:
    """A conversation's notes, the oldest first."""
    rows = await session.execute(
        select(NoteRow, StaffRow.name)
        .join(StaffRow, StaffRow.id == NoteRow.staff_id)
        .where(NoteRow.conversation_id == conversation_id)
        .order_by(NoteRow.at, NoteRow.id)
    )
    found = rows.all()
    named = await session.execute(
        select(MentionRow.note_id, MentionRow.staff_id).where(MentionRow.note_id.in_([row.id for row, _ in found]))
    )
    mentions = list(named.all())
    return [_json(row, name, [staff for note, staff in mentions if note == row.id]) for row, name in found]


def _json(row: NoteRow, name: str, named: Iterable[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "staff": row.staff_id,
        "name": name,
        "at": to_plain(row.at),
        "text": row.text,
        "mentions": list(named),
    }
