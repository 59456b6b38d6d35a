"""Shows cases in the support channel, and takes what a second person decides about them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.slack.cards import Cards
from backend.slack.parts import Parts
from backend.staff.accounts import Member
from backend.store.desk_models import CaseRow, NoteRow, StaffRow
from backend.store.slack_models import SlackPostRow
from backend.store.world_models import LearnerRow

BATCH = 20
# Cases from long before Slack was connected are the console's.
RECENT = timedelta(days=14)


def about(case_id: str) -> str:
    return f"case:{case_id}"


class Casework:
    """Keeps the cards of cases true."""

    def __init__(self, parts: Parts, cards: Cards) -> None:
        self._parts = parts
        self._cards = cards

    async def round(self) -> int:
        """Post new cases and tell what became of the others; how many there were."""
        if not self._parts.support_channel:
            return 0
        query = (
            select(CaseRow.id)
            .outerjoin(SlackPostRow, SlackPostRow.about == "case:" + CaseRow.id)
            .where(
                or_(
                    and_(
                        SlackPostRow.about.is_(None),
                        CaseRow.status == "open",
                        CaseRow.opened_at >= self._parts.now - RECENT,
                    ),
                    and_(SlackPostRow.shown_version == 0, CaseRow.status != "open"),
                )
            )
            .order_by(CaseRow.opened_at)
            .limit(BATCH)
        )
        async with self._parts.services.store.read() as session:
            found = list((await session.scalars(query)).all())
        for case_id in found:
            async with self._parts.services.store.write() as session:
                await self._show(session, case_id)
        return len(found)

    async def _show(self, session: AsyncSession, case_id: str) -> None:
        case = await session.get(CaseRow, case_id, with_for_update=True)
        if case is None:
            return
        key = about(case_id)
        post = await session.get(SlackPostRow, key)
        learner = await session.get(LearnerRow, case.learner_id) if case.learner_id else None
        names = {row.id: row.name for row in (await session.scalars(select(StaffRow))).all()}
        card = self._cards.case(case, learner.name if learner else None, names, await self._reasons(session, case))
        if post is None:
            session.add(
                SlackPostRow(
                    about=key,
                    learner_id=case.learner_id,
                    channel=self._parts.support_channel,
                    created_at=self._parts.now,
                    shown_version=0,
                    shown_seq=0,
                    state={},
                )
            )
            card |= {"channel": self._parts.support_channel}
            await self._parts.outgoing.owe(session, f"{key}:root", "chat.postMessage", card, about=key)
            return
        post.shown_version = 1
        await self._parts.outgoing.owe(session, f"{key}:decided", "chat.update", card, about=key)

    @staticmethod
    async def _reasons(session: AsyncSession, case: CaseRow) -> list[str]:
        """Why a colleague asked for it: the note they left in the same moment."""
        asked_by = str(case.details.get("requested_by", "")).removeprefix("staff:")
        if not asked_by or not case.conversation_id:
            return []
        query = select(NoteRow.text).where(
            NoteRow.conversation_id == case.conversation_id,
            NoteRow.staff_id == asked_by,
            NoteRow.at == case.opened_at,
        )
        return list((await session.scalars(query)).all())

    async def decide(self, member: Member, case_id: str, *, approve: bool, reason: str) -> None:
        """The same service as the console's: once, and not by who asked for it."""
        await self._parts.services.desk_work.decide_case(member, case_id, approve=approve, reason=reason or None)
