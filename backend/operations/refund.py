"""Refund a payment (F16 F20): the payment is marked, the money promised, the enrolments it paid for end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from backend.ids import new_id
from backend.operations.base import Candidate, Done, Email, Operation, Work
from backend.operations.matching import by_name
from backend.policy.facts import Account, Payment
from backend.policy.ledger import courses_paid_for
from backend.store.world_models import EnrollmentRow, PaymentRow, RefundRow
from backend.wording import spoken

# How a learner may call what they paid for, besides its title.
KIND_WORDS = {
    "specialization_prepay": ("specialization", "prepayment", "whole specialization"),
    "subscription": ("subscription", "monthly charge", "monthly payment"),
    "plus": ("plus", "coursera plus", "membership"),
    "trial_hold": ("trial", "free trial", "test charge", "trial charge"),
}

# "half of it", "a partial refund", "the unused months": asking for less than was paid.
_PART = re.compile(
    r"\b(?:partial(?:ly)?|pro[- ]?rated?|half(?: of)?|part of|some of (?:it|my money|the money)|"
    r"(?:a|one|some|only|just|the (?:other|unused|remaining))\s+(?:part|portion|half|third|bit)|"
    r"unused (?:part|time|months?|days|weeks)|remaining (?:months?|weeks?|days))\b",
    re.I,
)


class Refund(Operation):
    """Target: a payment's id, or the id of a subscription still in its trial."""

    name = "refund"

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        """Every payment, the newest first, and trials without one."""
        payments = sorted(account.payments, key=lambda payment: payment.at, reverse=True)
        found = [self._payment(account, payment) for payment in payments]
        charged = {payment.item for payment in payments}
        for subscription in account.subscriptions:
            if subscription.status == "trialing" and subscription.item not in charged:
                title = account.catalog.title_of(subscription.item)
                found.append(Candidate(subscription.id, title, "free trial", ("trial", "free trial")))
        labels = Counter(each.label for each in found)
        return [each if labels[each.label] == 1 else self._told_apart(account, each) for each in found]

    @staticmethod
    def _told_apart(account: Account, candidate: Candidate) -> Candidate:
        """Two payments of one course on one day: the time of day and what became of them tell which is which."""
        payment = account.payment(candidate.target)
        if payment is None:
            return candidate
        return replace(candidate, detail=f"{candidate.detail}, {payment.at:%H:%M} UTC, {payment.status}")

    @staticmethod
    def _payment(account: Account, payment: Payment) -> Candidate:
        detail = f"{spoken(payment.amount)}, {payment.at.day} {payment.at:%B %Y}"
        amount = payment.amount.amount
        dates = (f"{payment.at.day} {payment.at:%B}", f"{payment.at:%B} {payment.at.day}")
        words = (*KIND_WORDS.get(payment.kind, ()), amount, amount.partition(".")[0], *dates)
        return Candidate(payment.id, account.catalog.title_of(payment.item), detail, words)

    def part_in(
        self, text: str, account: Account, candidates: Sequence[Candidate]
    ) -> tuple[str, dict[str, Any]] | None:
        """One course of a prepaid Specialization: asking for its money is asking for a part of the prepayment."""
        paid_alone = {payment.item for payment in account.payments if payment.kind == "course"}
        paid_by = {
            course: payment.id
            for payment in account.payments
            if payment.kind == "specialization_prepay"
            for course in courses_paid_for(payment, account.catalog)
            if course not in paid_alone
        }
        parts = [Candidate(course, account.catalog.title_of(course)) for course in paid_by]
        named = by_name(text, [*candidates, *parts]).only if parts else None
        if named not in parts:
            return None
        return paid_by[named.target], {"part": True, "course": named.target}

    async def carry_out(self, work: Work) -> Done:
        account, now = work.learner, work.now
        payment = account.payment(work.decision.target or "")
        if payment is None:
            raise LookupError(f"a granted refund has no payment: {work.decision.target!r}")
        promised = {consequence.code: consequence.values for consequence in work.decision.consequences}
        arrives = promised["money_arrives_by"]
        await work.session.execute(
            update(PaymentRow)
            .where(PaymentRow.learner_id == account.id, PaymentRow.id == payment.id)
            .values(status="refunded", refunded_at=now)
        )
        work.session.add(
            RefundRow(
                learner_id=account.id,
                id=new_id("refund"),
                payment_id=payment.id,
                amount_minor=payment.amount.minor,
                amount_currency=payment.amount.currency,
                requested_at=now,
                expected_by=arrives["expected_by"],
            )
        )
        await self._end_enrollments(work, promised.get("unenrolled_from_courses", {}).get("courses", ()))
        values = {
            "amount": payment.amount,
            "title": account.catalog.title_of(payment.item),
            "expected_by": arrives["expected_by"],
            "days": arrives["days"],
            "name": account.name,
        }
        return Done(values, [Email("email_refund", values, account.email)])

    @staticmethod
    async def _end_enrollments(work: Work, courses: Sequence[str]) -> None:
        """Leave exactly the courses that were named before the yes."""
        query = select(EnrollmentRow).where(
            EnrollmentRow.learner_id == work.learner.id,
            EnrollmentRow.course_id.in_(courses),
            EnrollmentRow.ended_at.is_(None),
        )
        for row in (await work.session.scalars(query)).all():
            row.ended_at = max(work.now, row.since)

    def details(self, text: str) -> dict[str, Any]:
        """`part`: whether only a part of the money is asked for."""
        return {"part": True} if _PART.search(text) else {}
