"""Where a payment stands, how long it lasts, and why one is asked to pay again (F15, F46)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.policy.access import access_to, causes
from backend.policy.decision import Finding, Remedy
from backend.policy.draft import person, read
from backend.policy.facts import Account, Payment, Request
from backend.policy.findings import info, problem, question
from backend.policy.ledger import ONE_TIME, courses_paid_for, is_refunded, paid_until, refund_arrives_by, refunded_at
from backend.policy.parameters import Parameters


@question("payment_status")
def diagnose_payment_status(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Each payment as it stands (F15, F46). Target: a payment's, course's or Specialization's id, or none for all."""
    meant = [pay for pay in account.payments if target in (None, pay.id, pay.item, *_covered(account, pay))]
    for payment in sorted(meant, key=lambda pay: pay.at, reverse=True):
        yield _state(account, payment, as_of, params)
    if not meant:
        title = account.catalog.title_of(target) if target else None
        look = read("check_bank", "payment-problems/payment-not-showing")
        second = read("second_account", "multiple-accounts/other-address")
        yield problem("not_on_record", "F46", look, second, person("bank_shows_charge"), title=title)


def _covered(account: Account, payment: Payment) -> tuple[str, ...]:
    return courses_paid_for(payment, account.catalog)


def _state(account: Account, payment: Payment, as_of: datetime, params: Parameters) -> Finding:
    title = account.catalog.title_of(payment.item)
    values = {"title": title, "amount": payment.amount, "paid_at": payment.at, "payment": payment.id}
    if payment.kind == "trial_hold" and payment.status != "failed" and not is_refunded(account, payment):
        return info("test_charge_returned_automatically", "F46", **values)
    if payment.status == "pending":
        return problem("pending", "F46", read("check_bank", "payment-problems/payment-not-showing"), **values)
    if payment.status == "failed":
        again = read("try_another_way_to_pay", "payment-problems/error-when-paying")
        methods = read("accepted_methods", "accepted-payment-methods/cards")
        return problem("declined", "F46", again, methods, method=payment.method, **values)
    if is_refunded(account, payment):
        arrives = refund_arrives_by(account, payment, as_of, params)
        return info("already_refunded", "F16", refunded_at=refunded_at(account, payment), expected_by=arrives, **values)
    if payment.kind not in ONE_TIME:
        return info("charge_completed", "F46", kind=payment.kind, **values)
    return _lasts(account, payment, as_of, params)


def _lasts(account: Account, payment: Payment, as_of: datetime, params: Parameters) -> Finding:
    """F15, F46: a one-time payment lasts so long from paying or the start, whichever is later (conflict 9)."""
    until = paid_until(payment, account.catalog, as_of, params)
    values = {"title": account.catalog.title_of(payment.item), "amount": payment.amount, "payment": payment.id}
    values = {**values, "paid_at": payment.at, "expires_at": until}
    if as_of <= until:
        return info("expires_on", "F15 F46", _about_its_length(payment), **values)
    return problem("expired_pay_again", "F15 F46", read("no_extensions", "payment-problems/more-time"), **values)


def _about_its_length(payment: Payment) -> Remedy:
    if payment.kind == "course":
        return read("how_long_it_lasts", "payment-policies/course-payment-access")
    return read("how_long_it_lasts", "payment-policies/prepayment-access")


@question("why_asked_to_pay_again")
def diagnose_why_asked_to_pay_again(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Why somebody who paid is asked to pay (F46): the time is over, or the payment was for something else.

    Target: a course's or Specialization's id, or none: then every payment whose time is over.
    """
    paid = [pay for pay in account.payments if _counts(account, pay)]
    fitting = [pay for pay in paid if target in (None, pay.id, pay.item, *_covered(account, pay))]
    states = [_lasts(account, pay, as_of, params) for pay in fitting]
    valid = [state for state in states if state.code == "expires_on"]
    if target is None:
        yield from states
    elif states:  # the newest says how it is: an old one that expired matters only if none followed
        yield valid[0] if valid else max(states, key=lambda state: state.values["expires_at"])
    course = account.catalog.courses.get(target or "")
    if course and not valid:
        yield from (
            cause for cause in causes(access_to(account, course.id, as_of, params)) if cause.code in _OTHER_ENDS
        )
    others = [pay for pay in paid if pay not in fitting]
    if target and others and (valid or not states):
        yield _other_course(account, target, others)
    if not paid:
        look = read("check_bank", "payment-problems/payment-not-showing")
        second = read("second_account", "multiple-accounts/other-address")
        yield problem("not_on_record", "F46", look, second, person("bank_shows_charge"))
    elif target is None and not [state for state in states if state.status == "problem"]:
        yield _other_course(account, None, paid)


_OTHER_ENDS = ("aid_expired", "subscription_ended")


def _counts(account: Account, payment: Payment) -> bool:
    return payment.kind in ONE_TIME and payment.status == "completed" and not is_refunded(account, payment)


def _other_course(account: Account, target: str | None, paid: list[Payment]) -> Finding:
    return problem(
        "other_course",
        "F46",
        read("compare_courses", "payment-problems/asked-to-pay-again"),
        title=account.catalog.title_of(target) if target else None,
        paid_titles=[account.catalog.title_of(payment.item) for payment in paid],
    )
