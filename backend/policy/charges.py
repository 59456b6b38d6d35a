"""Questions about money that has moved: is the refund on its way, was something charged twice (F16, F46)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from backend.policy.decision import Finding
from backend.policy.draft import offer, person, read
from backend.policy.facts import Account, Payment, Request
from backend.policy.findings import fine, info, problem, question
from backend.policy.ledger import (
    ONE_TIME,
    is_refunded,
    paid_until,
    refund_arrives_by,
    refunded_at,
)
from backend.policy.parameters import Parameters
from backend.policy.subscription_status import others_beside_plus

# Two charges for one thing closer than its shortest billing period are one too many. A month has at least 28 days.
BILLING_PERIOD = {"monthly": timedelta(days=28), "yearly": timedelta(days=365)}


@question("refund_status")
def diagnose_refund_status(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Where refunded money is (F16). Target: a payment's id, or none for all refunds."""
    asked = account.payment(target) if target else None
    if target and asked is None:
        yield info("target_unknown", target=target)
        return
    refunded = [pay for pay in account.payments if is_refunded(account, pay) and (asked is None or pay == asked)]
    for payment in sorted(refunded, key=lambda pay: refunded_at(account, pay) or pay.at, reverse=True):
        yield _where_the_money_is(account, payment, as_of, params)
    if not refunded:
        title = account.catalog.title_of(asked.item) if asked else None
        remedies = [offer("ask_for_refund", "refund", asked.id)] if asked else []
        yield info(
            "no_refund_on_record",
            "F16",
            *remedies,
            read("how_to_ask_for_refund", "request-a-refund/how-to-request"),
            title=title,
        )


def _where_the_money_is(account: Account, payment: Payment, as_of: datetime, params: Parameters) -> Finding:
    expected_by = refund_arrives_by(account, payment, as_of, params)
    values = {
        "title": account.catalog.title_of(payment.item),
        "amount": payment.amount,
        "payment": payment.id,
        "refunded_at": refunded_at(account, payment),
        "expected_by": expected_by,
    }
    if expected_by is None:  # refunded by somebody, nobody noted when
        return info("already_refunded", "F16", person("refund_not_arrived"), **values)
    if as_of <= expected_by:
        return info("refund_on_its_way", "F16", **values)
    return problem("refund_overdue", "F16", person("refund_not_arrived"), **values)


@question("double_charge")
def diagnose_double_charge(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Whether something was charged twice (F46). Target: a payment's or an item's id, or none for all charges."""
    asked = account.payment(target) if target else None
    item = asked.item if asked else target
    charges = [
        pay
        for pay in sorted(account.payments, key=lambda pay: pay.at)
        if pay.status != "failed" and not is_refunded(account, pay) and (item is None or pay.item == item)
    ]
    holds = [pay for pay in charges if pay.kind == "trial_hold"]
    real = [pay for pay in charges if pay.kind != "trial_hold"]
    doubles = [pair for pair in _neighbours(real) if _is_one_too_many(account, *pair, as_of, params)]

    for hold in holds:
        with_it = [hold, *(pay for pay in real if pay.item == hold.item)]
        values = _shown(account, with_it)
        yield info("test_charge_returned_automatically", "F46", test_charge=hold.amount, **values)
    for pair in doubles:
        remedies = [person("report_double_charge")]
        yield problem("possible_double_charge", "F46", *remedies, **_shown(account, pair))
    if not holds and not doubles:
        shown = _shown(account, charges)
        yield fine("no_double_charge", "F46", person("bank_shows_charge"), **shown)
    yield from others_beside_plus(account)


def _neighbours(charges: list[Payment]) -> Iterator[tuple[Payment, Payment]]:
    """Each charge with the next one for the same thing and of the same kind."""
    for index, first in enumerate(charges):
        same = (pay for pay in charges[index + 1 :] if (pay.item, pay.kind) == (first.item, first.kind))
        second = next(same, None)
        if second:
            yield first, second


def _is_one_too_many(account: Account, first: Payment, second: Payment, as_of: datetime, params: Parameters) -> bool:
    """Whether the second charge came before anything further was owed.

    A one-time payment is owed again only when its time is over; a subscription, when the next period begins.
    """
    if first.kind in ONE_TIME:
        return second.at <= paid_until(first, account.catalog, as_of, params)
    plan = next((sub.plan for sub in account.subscriptions if sub.item == second.item), "monthly")
    return second.at - first.at < BILLING_PERIOD[plan]


def _shown(account: Account, charges: Iterable[Payment]) -> dict[str, object]:
    """The charges as values: in step with each other, the oldest first."""
    shown = list(charges)
    return {
        "titles": [account.catalog.title_of(pay.item) for pay in shown],
        "amounts": [pay.amount for pay in shown],
        "paid_at": [pay.at for pay in shown],
        "payments": [pay.id for pay in shown],
    }
