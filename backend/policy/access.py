"""Which ways into the paid version of a course an account has, and which it had (F04, F10, F15, F46, F49)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from backend.policy.aid import valid_until
from backend.policy.decision import Finding, Remedy
from backend.policy.draft import offer, read, window_end
from backend.policy.facts import Account, Enrollment, Subscription
from backend.policy.findings import problem
from backend.policy.ledger import courses_paid_for, is_refunded, paid_until
from backend.policy.parameters import Parameters
from backend.policy.subscriptions import trial_end

FREE = ("audit", "full_no_certificate", "preenrolled")  # a seat without payment
SUBSCRIBED = ("subscription", "plus", "trial")


@dataclass(frozen=True)
class Way:
    """One way into the paid version: by `kind`, to `until` (None: no end known), open or over."""

    kind: str  # payment | prepayment | aid | subscription | plus | capstone
    title: str
    is_open: bool
    until: datetime | None = None


@dataclass(frozen=True)
class Access:
    """All ways of one account into one course, and the seat it has there."""

    course: str
    title: str
    seat: Enrollment | None
    ways: tuple[Way, ...]

    @property
    def open_ways(self) -> tuple[Way, ...]:
        return tuple(way for way in self.ways if way.is_open)

    @property
    def is_paid(self) -> bool:
        return bool(self.open_ways)


def access_to(
    account: Account, course: str, as_of: datetime, params: Parameters, seat: Enrollment | None = None
) -> Access:
    """Every way in, open or over.

    The seat (the running one unless given) says how the course is held; the records say until when.
    """
    seat = seat or seat_in(account, course)
    ways = [*_by_payment(account, course, as_of, params), *_by_aid(account, course, as_of, params)]
    if seat is None or seat.mode not in FREE:
        ways += _by_subscription(account, course, seat, as_of, params)
    if not ways and seat is not None:
        ways += _by_word_of_the_seat(account, seat, as_of, params)
    return Access(course, account.catalog.title_of(course), seat, tuple(ways))


def seat_in(account: Account, course: str) -> Enrollment | None:
    """The running enrolment in a course."""
    return next((enr for enr in account.enrollments if enr.course == course and enr.is_running), None)


def causes(access: Access) -> Iterator[Finding]:
    """Why the paid version is closed: what is over, each kind once, or that it was never paid; nothing if open."""
    if access.is_paid:
        return
    for code, kinds in _OVER.items():
        over = [way for way in access.ways if way.kind in kinds]
        if over:
            latest = max(over, key=lambda way: way.until.timestamp() if way.until else 0.0)
            yield _closed(code, access, latest)
    if not access.ways:
        mode = access.seat.mode if access.seat else None
        yield problem("not_paid", "F22 F33", *_ways_to_pay(access), title=access.title, mode=mode)


_OVER = {
    "payment_expired": ("payment", "prepayment"),
    "aid_expired": ("aid",),
    "subscription_ended": ("subscription", "plus", "capstone"),
}


def _closed(code: str, access: Access, way: Way) -> Finding:
    values = {"title": access.title, "by": way.title, "ended_at": way.until}
    if code == "payment_expired":
        pay = read("pay_again", "payment-problems/more-time", title=access.title)
        return problem("payment_expired", "F15 F46", pay, **values)
    if code == "aid_expired":
        again = offer("apply_again", "apply_for_aid", access.course, title=access.title)
        return problem("aid_expired", "F49", again, read("pay_instead", "financial-aid-problems/expired"), **values)
    restart = read("start_again", "cancel-a-subscription/pause", title=way.title)
    return problem("subscription_ended", "F10 F46", restart, **values)


def _ways_to_pay(access: Access) -> tuple[Remedy, ...]:
    upgrade = read("upgrade", "enrollment-options/upgrade", title=access.title)
    return (upgrade, offer("apply_for_aid", "apply_for_aid", access.course, title=access.title))


def _by_payment(account: Account, course: str, as_of: datetime, params: Parameters) -> Iterator[Way]:
    for payment in account.payments:
        if payment.status != "completed" or is_refunded(account, payment):
            continue
        if course in courses_paid_for(payment, account.catalog):
            until = paid_until(payment, account.catalog, as_of, params)
            kind = "payment" if payment.kind == "course" else "prepayment"
            yield Way(kind, account.catalog.title_of(payment.item), as_of <= until, until)


def _by_aid(account: Account, course: str, as_of: datetime, params: Parameters) -> Iterator[Way]:
    for application in account.aid:
        if application.course == course and application.status == "approved":
            until = valid_until(application, as_of, params)
            yield Way("aid", account.catalog.title_of(course), as_of <= until, until)


def _by_subscription(
    account: Account, course: str, seat: Enrollment | None, as_of: datetime, params: Parameters
) -> Iterator[Way]:
    """A Specialization's for its courses; Coursera Plus for a seat taken through a subscription."""
    catalog = account.catalog
    for subscription in account.subscriptions:
        spec = catalog.specializations.get(subscription.item)
        if spec and course in spec.courses:
            yield _way_of(subscription, "subscription", spec.title, as_of, params)
            free_until = _capstone_free_until(account, subscription, course, as_of, params)
            if free_until:
                yield Way("capstone", spec.title, as_of <= free_until, free_until)
        elif subscription.item == "plus" and seat and seat.mode in SUBSCRIBED:
            yield _way_of(subscription, "plus", catalog.title_of("plus"), as_of, params)


def _way_of(subscription: Subscription, kind: str, title: str, as_of: datetime, params: Parameters) -> Way:
    if subscription.status == "trialing":
        return Way(kind, title, True, trial_end(subscription, as_of, params))
    if subscription.status == "active":
        return Way(kind, title, True)
    paid_to = subscription.period_ends_at or subscription.trial_ends_at
    if subscription.status == "cancelled":  # runs to the end of what was paid
        return Way(kind, title, paid_to is None or as_of <= paid_to, paid_to)
    return Way(kind, title, False, subscription.cancelled_at or paid_to)


def _capstone_free_until(
    account: Account, subscription: Subscription, course: str, as_of: datetime, params: Parameters
) -> datetime | None:
    """F10: a closed capstone stays free for a while after the charges ended by completion."""
    found = account.catalog.courses.get(course)
    is_closed = found is not None and found.capstone == "closed"
    if not is_closed or subscription.cancel_reason != "completed" or subscription.cancelled_at is None:
        return None
    return window_end(subscription.cancelled_at, params.value("access.capstone_after_auto_end_days", as_of))


def _by_word_of_the_seat(account: Account, seat: Enrollment, as_of: datetime, params: Parameters) -> Iterator[Way]:
    """Nothing on record: a paid seat is believed unless a payment for it failed; a subscribed one needs one running."""
    title = account.catalog.title_of(seat.course)
    tried = any(seat.course in courses_paid_for(payment, account.catalog) for payment in account.payments)
    if seat.mode == "paid" and not tried:
        yield Way("payment", title, True)
    if seat.mode == "aid":  # approval enrols at once, so the seat began with it (F04)
        until = window_end(seat.since, params.value("aid.valid_days", as_of))
        yield Way("aid", title, as_of <= until, until)
    if seat.mode in SUBSCRIBED:
        yield Way("subscription", title, False)
