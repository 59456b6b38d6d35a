"""What a person decides: approving or declining a case, with the effects the rules name, audited, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import BadInput, Conflict, Forbidden, NotFound
from backend.ids import new_id
from backend.operations.base import Email
from backend.outbox import Outbox
from backend.policy.automatic import aid_approved
from backend.policy.decision import Outcome, to_plain
from backend.policy.facts import Account
from backend.policy.parameters import Parameters
from backend.store.accounts import load_account
from backend.store.desk_models import AuditRow, CaseRow
from backend.store.world_models import AidApplicationRow, EnrollmentRow, LearnerRow, PaymentRow, RefundRow


@dataclass(frozen=True)
class Ruling:
    """A case being decided: everything an effect may use."""

    session: AsyncSession
    case: CaseRow
    account: Account
    now: datetime
    params: Parameters
    reason: str | None


# What was left while nobody was there: whoever decides it writes the answer, which is sent by e-mail.
MESSAGE = "message"
Effect = Callable[[Ruling], Awaitable[list[Email]]]


class Cases:
    """Approves and declines cases. The effect and the audit row are one transaction, the caller's."""

    def __init__(self, params: Parameters, outbox: Outbox) -> None:
        self._params = params
        self._outbox = outbox

    async def decide(
        self, session: AsyncSession, case_id: str, staff_id: str, *, approve: bool, reason: str | None, now: datetime
    ) -> CaseRow:
        """Raises NotFound, Conflict for one that is decided already, Forbidden for one's own request, BadInput for a
        decline without a reason."""
        case = await session.scalar(select(CaseRow).where(CaseRow.id == case_id).with_for_update())
        if case is None:
            raise NotFound("There is no such case.")
        if case.status != "open":
            raise Conflict(f"This case was {case.status} already.", code="case_decided")
        if await asked_for_it(session, case, staff_id):
            raise Forbidden("You asked for this yourself: a second person has to decide it.", code="own_request")
        if (not approve or case.kind == MESSAGE) and not (reason or "").strip():
            raise BadInput("Expected a reason: the learner is told it.", field="reason")
        account = await load_account(session, case.learner_id, for_update=True) if case.learner_id else None
        effects = APPROVALS if approve else DECLINES
        if account is not None and case.kind in effects:
            ruling = Ruling(session, case, account, now, self._params, reason)
            for email in await effects[case.kind](ruling):
                self._outbox.owe_email(session, account.id, email.to, email.wording, email.values, now)
        if case.kind == MESSAGE and case.details.get("email"):
            values = {"answer": reason, "text": case.details["text"], "name": account.name if account else "there"}
            to = account.email if account else case.details["email"]
            self._outbox.owe_email(session, case.learner_id, to, "email_message_answered", values, now)
        case.status = "approved" if approve else "declined"
        case.decided_at, case.decided_by, case.reason = now, staff_id, reason
        session.add(_audit(case, staff_id, now))
        return case


async def asked_for_it(session: AsyncSession, case: CaseRow, staff_id: str) -> bool:
    """Whether this member said the yes that opened the case, or said it again while it was open."""
    actor = f"staff:{staff_id}"
    if case.details.get("requested_by") == actor:
        return True
    said = select(AuditRow.id).where(
        AuditRow.actor == actor,
        AuditRow.learner_id == case.learner_id,
        AuditRow.operation == case.details.get("operation", ""),
        AuditRow.target == case.about,
        AuditRow.outcome == Outcome.REFER_TO_AGENT.value,
        AuditRow.at >= case.opened_at,
    )
    return await session.scalar(said.limit(1)) is not None


def _audit(case: CaseRow, staff_id: str, now: datetime) -> AuditRow:
    return AuditRow(
        at=now,
        actor=f"staff:{staff_id}",
        learner_id=case.learner_id,
        conversation_id=case.conversation_id,
        operation=f"case_{case.kind}",
        target=case.about,
        outcome="granted" if case.status == "approved" else "refused",
        reasons=[f"case_{case.status}"],
        record={"case": case.id},
    )


def case_json(case: CaseRow) -> dict[str, Any]:
    """A case as staff see it."""
    return {
        "id": case.id,
        "kind": case.kind,
        "status": case.status,
        "about": case.about,
        "learner": case.learner_id,
        "conversation": case.conversation_id,
        "details": case.details,
        "urgent": case.urgent,
        "opened_at": to_plain(case.opened_at),
        "decided_at": to_plain(case.decided_at),
        "decided_by": case.decided_by,
        "reason": case.reason,
    }


async def _refund_plus(ruling: Ruling) -> list[Email]:
    """F16 F20: the charge is given back; the subscription is its own matter (conflict 5)."""
    account, now = ruling.account, ruling.now
    payment = account.payment(ruling.case.about or "")
    if payment is None or payment.status != "completed" or payment.refunded_at is not None:
        raise Conflict("This payment cannot be refunded any more.", code="payment_not_refundable")
    days = ruling.params.value("refund.settlement_days", now)
    await ruling.session.execute(
        update(PaymentRow)
        .where(PaymentRow.learner_id == account.id, PaymentRow.id == payment.id)
        .values(status="refunded", refunded_at=now)
    )
    refund = RefundRow(
        learner_id=account.id,
        id=new_id("refund"),
        payment_id=payment.id,
        amount_minor=payment.amount.minor,
        amount_currency=payment.amount.currency,
        requested_at=now,
        expected_by=now + timedelta(days=days),
    )
    ruling.session.add(refund)
    title = account.catalog.title_of(payment.item)
    values = {
        "amount": payment.amount,
        "title": title,
        "days": days,
        "expected_by": refund.expected_by,
        "name": account.name,
    }
    return [Email("email_plus_refund_approved", values, account.email)]


async def _approve_aid(ruling: Ruling) -> list[Email]:
    """F04 F49: approval enrols at once."""
    account, now = ruling.account, ruling.now
    await _decide_aid(ruling, "approved", None)
    application = next(aid for aid in account.aid if aid.id == ruling.case.about)
    enrolled = aid_approved(account, application, now, ruling.params)[0].values
    ruling.session.add(
        EnrollmentRow(learner_id=account.id, id=new_id("enr"), course_id=application.course, mode="aid", since=now)
    )
    return [Email("email_aid_approved", {**enrolled, "name": account.name}, account.email)]


async def _decline_aid(ruling: Ruling) -> list[Email]:
    await _decide_aid(ruling, "denied", ruling.reason)
    application = next(aid for aid in ruling.account.aid if aid.id == ruling.case.about)
    values = {"title": ruling.account.catalog.title_of(application.course), "reason": ruling.reason}
    return [Email("email_aid_denied", {**values, "name": ruling.account.name}, ruling.account.email)]


async def _decide_aid(ruling: Ruling, status: str, reason: str | None) -> None:
    changed = await ruling.session.execute(
        update(AidApplicationRow)
        .where(
            AidApplicationRow.learner_id == ruling.account.id,
            AidApplicationRow.id == ruling.case.about,
            AidApplicationRow.status == "submitted",
        )
        .values(status=status, decided_at=ruling.now, reason=reason)
    )
    if changed.rowcount != 1:
        raise Conflict("This application is not under review any more.", code="application_decided")


async def _change_name(ruling: Ruling) -> list[Email]:
    """F33: the reviewed name becomes the account's."""
    name = ruling.case.details["name"]
    await ruling.session.execute(update(LearnerRow).where(LearnerRow.id == ruling.account.id).values(name=name))
    return [Email("email_name_changed", {"name": name}, ruling.account.email)]


def _tell(wording: str) -> Effect:
    async def effect(ruling: Ruling) -> list[Email]:
        values = {"name": ruling.account.name, "reason": ruling.reason}
        return [Email(wording, values, ruling.account.email)]

    return effect


APPROVALS: Mapping[str, Effect] = {
    "plus_refund": _refund_plus,
    "aid_review": _approve_aid,
    "name_change": _change_name,
}
DECLINES: Mapping[str, Effect] = {
    "plus_refund": _tell("email_plus_refund_declined"),
    "aid_review": _decline_aid,
    "name_change": _tell("email_name_declined"),
}
