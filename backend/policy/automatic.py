"""What follows without anybody asking: pure answers the desk's scheduler and loaders carry out.

Each returns what happens as reasons, with the ids to change among their values; nothing if nothing follows.
"""

from __future__ import annotations

from datetime import datetime

from backend.policy.decision import Reason
from backend.policy.draft import because, window_end
from backend.policy.facts import Account, AidApplication, Specialization, Subscription
from backend.policy.ledger import RUNNING
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from backend.policy.plus import is_included


def trial_started(account: Account, trial: Subscription, lists: Lists | None = None) -> tuple[Reason, ...]:
    """F04, F49: starting a trial that includes a course cancels a pending application for it."""
    return tuple(
        because(
            "cancelled_by_trial",
            "F04 F49",
            application=application.id,
            title=account.catalog.title_of(application.course),
            trial=account.catalog.title_of(trial.item),
        )
        for application in account.aid
        if application.status == "submitted" and is_included(trial, application.course, account.catalog, lists)
    )


def aid_approved(
    account: Account, application: AidApplication, as_of: datetime, params: Parameters
) -> tuple[Reason, ...]:
    """F04, F49: approval enrols at once, for so many days; an e-mail says so."""
    valid_until = window_end(application.decided_at or as_of, params.value("aid.valid_days", as_of))
    title = account.catalog.title_of(application.course)
    return (
        because(
            "enrolled_by_aid",
            "F04 F49",
            application=application.id,
            course=application.course,
            title=title,
            valid_until=valid_until,
        ),
    )


def charge_failed(account: Account, subscription: Subscription) -> tuple[Reason, ...]:
    """F46: a charge that fails ends the subscription; a new one needs the paid period to be over."""
    if subscription.status not in RUNNING:
        return ()
    return (
        because(
            "cancelled_payment_failed",
            "F46",
            subscription=subscription.id,
            title=account.catalog.title_of(subscription.item),
            status="inactive",
            resubscribe_from=subscription.period_ends_at,
        ),
    )


def certificate_earned(
    account: Account, subscription: Subscription, as_of: datetime, params: Parameters
) -> tuple[Reason, ...]:
    """F05, F10, F15: a Specialization's charges end by themselves once every course has its certificate.

    A closed capstone is not counted, and stays free for a while; an open one counts, and closes with the subscription.
    """
    spec = account.catalog.specializations.get(subscription.item)
    if spec is None or subscription.status not in RUNNING or not is_completed(account, spec):
        return ()
    ended = because("completed", "F05 F10 F15", subscription=subscription.id, title=spec.title, ended_at=as_of)
    capstones = [
        (course, account.catalog.courses[course]) for course in spec.courses if course in account.catalog.courses
    ]
    free_until = window_end(as_of, params.value("access.capstone_after_auto_end_days", as_of))
    closed = (
        because("capstone_free_until", "F10", course=id, title=course.title, until=free_until)
        for id, course in capstones
        if course.capstone == "closed"
    )
    closing = (
        because("capstone_closes_with_subscription", "F10", course=id, title=course.title)
        for id, course in capstones
        if course.capstone == "open"
    )
    return (ended, *closed, *closing)


def is_completed(account: Account, spec: Specialization) -> bool:
    """Whether every course of it but a closed capstone has its certificate."""
    return not courses_without_certificate(account, spec)


def courses_without_certificate(account: Account, spec: Specialization) -> tuple[str, ...]:
    """The courses of a Specialization still without a certificate, a closed capstone left out (F05, F10, F15)."""
    courses = account.catalog.courses
    return tuple(
        id
        for id in spec.courses
        if account.certificate_for(id) is None and not (id in courses and courses[id].capstone == "closed")
    )
