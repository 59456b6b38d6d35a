"""Keeps and counts what readers said of the help pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.policy.decision import to_plain
from backend.store.help_models import PageFeedbackRow


def keep_feedback(session: AsyncSession, page: str, section: str | None, helpful: bool, now: datetime) -> None:
    session.add(PageFeedbackRow(page=page, section=section, helpful=helpful, at=now))


async def feedback_by_page(session: AsyncSession, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Each page, or section where one was meant, with its counts from `since` to `until`; the worst first."""
    row = PageFeedbackRow
    yes = func.sum(case((row.helpful, 1), else_=0))
    query = (
        select(row.page, row.section, yes, func.count() - yes, func.max(row.at))
        .where(row.at >= since, row.at <= until)
        .group_by(row.page, row.section)
        .order_by((func.count() - yes).desc(), row.page, row.section)
    )
    return [
        {"page": page, "section": section, "helpful": int(good), "not_helpful": int(bad), "last_at": to_plain(last)}
        for page, section, good, bad, last in (await session.execute(query)).all()
    ]
