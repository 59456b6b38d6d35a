"""What an account's payments and subscriptions say: read by the rules on refunds, leaving, deleting and access."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from backend.policy.decision import Reason, Remedy
from backend.policy.draft import because, offer, outside, window_end
from backend.policy.facts import Account, Catalog, Payment, Subscription
from backend.policy.parameters import Parameters

RUNNING = ("trialing", "active")  # a subscription that will charge (again) unless it is cancelled
ONE_TIME = ("course", "specialization_prepay")
APPLE = "ios_app"


def running_subscriptions(account: Account) -> tuple[Subscription, ...]:
    """Every subscription that will charge unless it is cancelled."""
    return tuple(sub for sub in account.subscriptions if sub.status in RUNNING)


def running_subscription(account: Account, item: str) -> Subscription | None:
    """The running subscription to `item`, a Specialization's id or `plus`."""
    return next((sub for sub in running_subscriptions(account) if sub.item == item), None)


def running_with_courses(account: Account, courses: Iterable[str]) -> tuple[Subscription, ...]:
    """Running Specialization subscriptions that include one of these courses, and Plus if one is held through it."""
    wanted = set(courses)
    through_plus = any(enr.is_running and enr.mode == "plus" and enr.course in wanted for enr in account.enrollments)

    def includes(subscription: Subscription) -> bool:
        spec = account.catalog.specializations.get(subscription.item)
        return bool(wanted & set(spec.courses)) if spec else subscription.item == "plus" and through_plus

    return tuple(sub for sub in running_subscriptions(account) if includes(sub))


def offer_cancelling(account: Account, subscription: Subscription) -> Remedy:
    """How this subscription is ended: here, or with Apple where it began (F10, F17, F42)."""
    title = account.catalog.title_of(subscription.item)
    if subscription.via == APPLE:
        return outside("cancel_with_apple", title=title)
    if subscription.status == "trialing":
        ends_at = subscription.trial_ends_at
        return offer("cancel_trial", "cancel_trial", subscription.id, title=title, trial_ends_at=ends_at)
    next_charge_at = subscription.period_ends_at
    return offer(
        "cancel_subscription", "cancel_subscription", subscription.id, title=title, next_charge_at=next_charge_at
    )


def keeps_charging(account: Account, subscription: Subscription) -> Reason:
    """F11, F15: leaving courses never ends a subscription."""
    return because(
        "unenrolling_keeps_charging",
        "F11 F15",
        title=account.catalog.title_of(subscription.item),
        subscription=subscription.id,
        next_charge_at=next_charge_at(subscription),
    )


def next_charge_at(subscription: Subscription) -> datetime | None:
    """When a running subscription charges next: after its trial, else when the paid period is over."""
    return subscription.trial_ends_at if subscription.status == "trialing" else subscription.period_ends_at


def window_basis(payment: Payment, catalog: Catalog) -> datetime:
    """When the time for a refund, and paid access, begin: paying, or the listed start if that is later (F15, F20)."""
    course = payment.item
    if payment.kind == "specialization_prepay":
        found = catalog.specializations.get(payment.item)
        course = found.courses[0] if found and found.courses else ""
    listed = catalog.courses.get(course)
    starts_at = listed.starts_at if listed else None
    return max(payment.at, starts_at) if starts_at else payment.at


def courses_paid_for(payment: Payment, catalog: Catalog) -> tuple[str, ...]:
    """The courses a one-time payment opens: its own, or all of a prepaid Specialization."""
    if payment.kind == "course":
        return (payment.item,)
    found = catalog.specializations.get(payment.item)
    return found.courses if found and payment.kind == "specialization_prepay" else ()


def paid_until(payment: Payment, catalog: Catalog, as_of: datetime, params: Parameters) -> datetime:
    """The last instant of the access a one-time payment gives (F15, F46).

    A course may have a length of its own; a prepayment has the prepayments'.
    """
    course = catalog.courses.get(payment.item)
    if payment.kind == "specialization_prepay":
        days = params.value("access.prepay_days", as_of)
    elif course and course.access_days is not None:
        days = course.access_days
    else:
        days = params.value("access.course_payment_days", as_of)
    return window_end(window_basis(payment, catalog), days)


def refunded_at(account: Account, payment: Payment) -> datetime | None:
    """When this payment was given back; None if it was not, or if nobody noted when."""
    asked = next((refund.requested_at for refund in account.refunds if refund.payment == payment.id), None)
    return payment.refunded_at or asked


def is_refunded(account: Account, payment: Payment) -> bool:
    return payment.status == "refunded" or refunded_at(account, payment) is not None


def refund_arrives_by(account: Account, payment: Payment, as_of: datetime, params: Parameters) -> datetime | None:
    """By when refunded money arrives: as promised when it was asked for, else by the rule (F16)."""
    promised = next((refund.expected_by for refund in account.refunds if refund.payment == payment.id), None)
    if promised or payment.refunded_at is None:
        return promised
    return window_end(payment.refunded_at, params.value("refund.settlement_days", as_of))
