"""What follows from the platform's events without anybody asking: carried out once, with audit row, mail and webhook.

The rules are `policy.automatic`; here is only what they change. The caller holds the one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.outbox import Outbox
from backend.policy import automatic
from backend.policy.decision import Reason, to_plain
from backend.policy.facts import Account
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from backend.store.desk_models import AuditRow
from backend.store.world_models import AidApplicationRow, SubscriptionRow

log = structlog.get_logger()
ACTOR = "platform"


class Automatic:
    """Each method takes the account as it stands after the event, and gives back what followed."""

    def __init__(self, params: Parameters, lists: Lists, outbox: Outbox) -> None:
        self._params = params
        self._lists = lists
        self._outbox = outbox

    async def subscription_started(
        self, session: AsyncSession, account: Account, subscription_id: str, now: datetime
    ) -> tuple[Reason, ...]:
        """F04 F49: a trial cancels the pending applications for the courses it includes."""
        started = account.subscription(subscription_id)
        if started is None or started.status != "trialing":
            return ()
        followed = automatic.trial_started(account, started, self._lists)
        for reason in followed:
            application = reason.values["application"]
            await session.execute(
                update(AidApplicationRow)
                .where(AidApplicationRow.learner_id == account.id, AidApplicationRow.id == application)
                .values(status="cancelled", decided_at=now)
            )
            self._record(session, account, "cancel_aid", application, [reason], now)
            self._mail(session, account, "email_aid_cancelled_by_trial", reason, now)
        return followed

    async def charge_failed(
        self, session: AsyncSession, account: Account, item: str, now: datetime
    ) -> tuple[Reason, ...]:
        """F46: a charge that fails ends the subscription it was for."""
        followed: list[Reason] = []
        for subscription in account.subscriptions:
            if subscription.item != item:
                continue
            for reason in automatic.charge_failed(account, subscription):
                ended = {"status": reason.values["status"], "cancelled_at": max(now, subscription.since)}
                await _change(session, account, subscription.id, **ended, cancel_reason="payment_failed")
                self._record(session, account, "end_subscription", subscription.id, [reason], now)
                self._mail(session, account, "email_subscription_payment_failed", reason, now)
                followed.append(reason)
        return tuple(followed)

    async def certificate_earned(
        self, session: AsyncSession, account: Account, course: str, now: datetime
    ) -> tuple[Reason, ...]:
        """F05 F10 F15: the charges of a Specialization end with the last certificate it needed."""
        followed: list[Reason] = []
        for subscription in account.subscriptions:
            spec = account.catalog.specializations.get(subscription.item)
            reasons = automatic.certificate_earned(account, subscription, now, self._params)
            if spec is None or course not in spec.courses or not reasons:
                continue
            ended = {"status": "cancelled", "cancelled_at": max(now, subscription.since)}
            await _change(session, account, subscription.id, **ended, cancel_reason="completed")
            self._record(session, account, "end_subscription", subscription.id, reasons, now)
            self._mail(session, account, "email_specialization_completed", reasons[0], now)
            followed += reasons
        return tuple(followed)

    def _mail(self, session: AsyncSession, account: Account, wording: str, reason: Reason, now: datetime) -> None:
        values = {**reason.values, "name": account.name}
        self._outbox.owe_email(session, account.id, account.email, wording, values, now)

    def _record(
        self,
        session: AsyncSession,
        account: Account,
        operation: str,
        target: str,
        reasons: Sequence[Reason],
        now: datetime,
    ) -> None:
        codes = [reason.code for reason in reasons]
        session.add(
            AuditRow(
                at=now,
                actor=ACTOR,
                learner_id=account.id,
                operation=operation,
                target=target,
                outcome="granted",
                reasons=codes,
                record={"reasons": [reason.to_json() for reason in reasons]},
            )
        )
        event = {"operation": operation, "target": target, "learner": account.id, "reasons": codes, "at": to_plain(now)}
        self._outbox.owe_webhook(session, account.id, {"event": f"{operation}.done", **event}, now)
        log.info("automatic.carried_out", operation=operation, reasons=codes)


async def _change(session: AsyncSession, account: Account, subscription_id: str, **values: object) -> None:
    await session.execute(
        update(SubscriptionRow)
        .where(SubscriptionRow.learner_id == account.id, SubscriptionRow.id == subscription_id)
        .values(**values)
    )
