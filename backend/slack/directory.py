"""Which member of staff somebody in Slack is. Nobody else may look anything up, or act."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.errors import Forbidden
from backend.slack.queue import GiveUp, insert_new
from backend.slack.sending import Calls
from backend.staff.accounts import Member, member_of
from backend.store.base import Store
from backend.store.desk_models import AuditRow, StaffRow
from backend.store.slack_models import SlackMemberRow
from backend.wording import Wording

log = structlog.get_logger()
# A person leaves, or changes their address: what Slack says about somebody is asked again after this long.
TRUSTED = timedelta(hours=12)
# Not people of this workspace, whatever address they show.
NOT_OURS = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_invited_user")


class Directory:
    """Slack users to staff accounts: linked by an admin, or by the e-mail address that Slack has verified."""

    def __init__(self, store: Store, clock: Clock, calls: Calls, wording: Wording) -> None:
        self._store = store
        self._clock = clock
        self._calls = calls
        self._wording = wording

    async def member(self, user_id: str, doing: str) -> Member:
        """Raises Forbidden, with a record of who wanted what, for anybody who is not staff; Later if Slack is away."""
        now = self._clock.now()
        async with self._store.read() as session:
            known = await session.get(SlackMemberRow, user_id)
            row = await session.get(StaffRow, known.staff_id) if known else None
        if known is None or not (known.by_hand or now - known.checked_at < TRUSTED):
            row = await self._look_up(user_id)
        if row is None or not row.active:
            await self._refused(user_id, doing)
            raise Forbidden(self._wording.say("slack_not_linked"), code="not_linked")
        return member_of(row)

    async def _look_up(self, user_id: str) -> StaffRow | None:
        """Ask Slack, and keep what it says."""
        try:
            user = (await self._calls.call("users.info", user=user_id)).get("user") or {}
        except GiveUp:
            user = {}
        email = _verified_email(user)
        async with self._store.write() as session:
            row = await _staff_with(session, email) if email else None
            known = await session.get(SlackMemberRow, user_id)
            if row is None:
                if known is not None:
                    await session.delete(known)
                return None
            if known is None or known.staff_id != row.id:
                log.info("slack.member.linked", user=user_id, staff=row.id)
            values = {"user_id": user_id, "staff_id": row.id, "by_hand": False, "checked_at": self._clock.now()}
            if known is not None:
                known.staff_id, known.checked_at = row.id, values["checked_at"]
            else:
                await insert_new(session, SlackMemberRow, values)
            return row

    async def _refused(self, user_id: str, doing: str) -> None:
        log.warning("slack.refused", user=user_id, doing=doing)
        await self.record(f"slack:{user_id}", doing, "refused", "not_linked")

    async def record(
        self,
        actor: str,
        operation: str,
        outcome: str,
        reason: str,
        *,
        learner_id: str | None = None,
        target: str | None = None,
    ) -> None:
        """An entry of the audit log: ids only."""
        async with self._store.write() as session:
            session.add(
                AuditRow(
                    at=self._clock.now(),
                    actor=actor[:60],
                    learner_id=learner_id,
                    operation=operation[:40],
                    target=target[:100] if target else None,
                    outcome=outcome,
                    reasons=[reason],
                    record={"via": "slack"},
                )
            )


def _verified_email(user: dict[str, Any]) -> str | None:
    """The address of a full member of the workspace. Slack confirms addresses; one it has not, is none."""
    if any(user.get(mark) for mark in NOT_OURS) or user.get("is_email_confirmed") is False:
        return None
    email = (user.get("profile") or {}).get("email")
    return email.strip().lower() if isinstance(email, str) and "@" in email else None


async def _staff_with(session: AsyncSession, email: str) -> StaffRow | None:
    return await session.scalar(select(StaffRow).where(func.lower(StaffRow.email) == email, StaffRow.active))


async def link(session: AsyncSession, clock: Clock, user_id: str, email: str) -> Member | None:
    """Link by hand; None when there is no such member of staff."""
    row = await _staff_with(session, email.strip().lower())
    if row is None:
        return None
    await session.merge(SlackMemberRow(user_id=user_id, staff_id=row.id, by_hand=True, checked_at=clock.now()))
    return member_of(row)
