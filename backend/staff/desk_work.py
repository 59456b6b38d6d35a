"""What staff decide and count: cases and figures."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from backend.clock import Clock
from backend.conversations.fanout import STAFF, Fanout
from backend.operations.cases import Cases, case_json
from backend.staff.accounts import Member
from backend.staff.casework import worded_cases
from backend.store.base import Store
from backend.store.desk_models import AuditRow, CaseRow, ConversationRow, MessageRow, OwnershipRow, RatingRow
from backend.wording import Wording


class DeskWork:
    """Cases and statistics of the staff API."""

    def __init__(self, store: Store, clock: Clock, fanout: Fanout, cases: Cases, wording: Wording) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._cases = cases
        self._wording = wording

    async def list_cases(self, member: Member, status: str | None) -> list[dict[str, Any]]:
        """Cases, the urgent and the oldest first."""
        query = select(CaseRow).order_by(CaseRow.urgent.desc(), CaseRow.opened_at).limit(500)
        if status is not None:
            query = query.where(CaseRow.status == status)
        async with self._store.read() as session:
            rows = (await session.scalars(query)).all()
            return await worded_cases(session, self._wording, member.id, rows)

    async def decide_case(self, member: Member, case_id: str, *, approve: bool, reason: str | None) -> dict[str, Any]:
        """Approve or decline, once, in the member's name."""
        async with self._store.write() as session:
            case = await self._cases.decide(
                session, case_id, member.id, approve=approve, reason=reason, now=self._clock.now()
            )
            told = case_json(case)
        await self._fanout.publish(STAFF, {"type": "case", "case": case_id})
        return told

    async def stats(self, since: datetime, until: datetime) -> dict[str, Any]:
        """Counts from the records between two instants; each reconciles with the rows it counts."""
        async with self._store.read() as session:
            # What a member keeps about a learner from Slack is nobody's conversation.
            within = (ConversationRow.created_at >= since, ConversationRow.created_at < until)
            within += (ConversationRow.channel != "slack",)
            opened = await session.scalar(select(func.count()).select_from(ConversationRow).where(*within))
            states = await session.execute(
                select(OwnershipRow.state, func.count())
                .join(ConversationRow, ConversationRow.id == OwnershipRow.conversation_id)
                .where(*within)
                .group_by(OwnershipRow.state)
            )
            said = await session.execute(
                select(MessageRow.author, func.count())
                .where(MessageRow.at >= since, MessageRow.at < until)
                .group_by(MessageRow.author)
            )
            acted = await session.execute(
                select(AuditRow.operation, AuditRow.outcome).where(AuditRow.at >= since, AuditRow.at < until)
            )
            ratings = (
                await session.scalars(select(RatingRow.score).where(RatingRow.at >= since, RatingRow.at < until))
            ).all()
            operations = Counter(f"{operation}.{outcome}" for operation, outcome in acted)
            return {
                "conversations": opened,
                "by_state": dict(states.all()),
                "messages": dict(said.all()),
                "operations": dict(operations),
                "ratings": {"count": len(ratings), "mean": sum(ratings) / len(ratings) if ratings else None},
            }
