"""The instant set for tests, kept so that a restarted backend takes the same one for the present."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from backend.store.desk_models import DeskStateRow

KEY = "test_clock"


async def keep_clock(session: AsyncSession, now: datetime | None) -> None:
    await session.merge(DeskStateRow(key=KEY, value={"now": now.isoformat() if now else None}))


async def kept_clock(session: AsyncSession) -> datetime | None:
    row = await session.get(DeskStateRow, KEY)
    return datetime.fromisoformat(row.value["now"]) if row and row.value.get("now") else None
