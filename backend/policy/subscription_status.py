"""What an account's subscriptions are doing: next charge, trial end, price, why one ended (F10, F15, F17, F46)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.policy.decision import Finding
from backend.policy.draft import read, window_end
from backend.policy.facts import Account, Request, Subscription
from backend.policy.findings import info, problem, question
from backend.policy.ledger import APPLE, RUNNING, offer_cancelling, running_subscriptions
from backend.policy.money import Money
from backend.policy.parameters import Parameters
from backend.policy.subscriptions import trial_end


@question("subscription_status")
def diagnose_subscription_status(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Each subscription as it is. Target: a subscription's or an item's id, or none for all."""
    meant = [sub for sub in account.subscriptions if target in (None, sub.id, sub.item)]
    if not meant:
        title = account.catalog.title_of(target) if target else None
        yield info("no_subscription", "F10 F46", read("how_to_pay", "enrollment-options/specialization"), title=title)
    for subscription in meant:
        yield from _state(account, subscription, as_of, params)
        if subscription.status in RUNNING:
            yield from _worth_knowing(account, subscription, as_of)
    if any(sub.status in RUNNING for sub in meant):
        yield from others_beside_plus(account)


def _state(account: Account, subscription: Subscription, as_of: datetime, params: Parameters) -> Iterator[Finding]:
    title = account.catalog.title_of(subscription.item)
    common = {"title": title, "subscription": subscription.id, "plan": subscription.plan}
    if subscription.status == "trialing":
        ends_at = trial_end(subscription, as_of, params)
        remedy = offer_cancelling(account, subscription)
        price = _price(account, subscription)
        yield info("trial_running", "F10 F42", remedy, trial_ends_at=ends_at, price=price, **common)
    elif subscription.status == "active":
        yield info(
            "subscription_active",
            "F10 F15",
            offer_cancelling(account, subscription),
            next_charge_at=subscription.period_ends_at,
            price=_price(account, subscription),
            **common,
        )
    elif subscription.cancel_reason == "payment_failed":
        yield problem(
            "cancelled_payment_failed",
            "F46",
            read("update_payment", "payment-problems/subscription-canceled-by-itself"),
            resubscribe_from=subscription.period_ends_at,
            **common,
        )
    elif subscription.cancel_reason == "completed":
        yield info("completed", "F05 F10 F15", ended_at=subscription.cancelled_at, **common)
        yield from _capstone_after_the_end(account, subscription, as_of, params)
    else:
        restart = read("start_again", "cancel-a-subscription/pause", title=title)
        values = {**common, "ends_at": subscription.period_ends_at or subscription.trial_ends_at}
        values["cancelled_at"] = subscription.cancelled_at
        is_running_out = subscription.status == "cancelled"
        ended = info("subscription_inactive", "F10 F46", restart, **values)
        yield info("subscription_cancelled", "F10", restart, **values) if is_running_out else ended


def _price(account: Account, subscription: Subscription) -> Money | None:
    """What the next charge will be: the Specialization's monthly price, or what was charged for Plus last."""
    spec = account.catalog.specializations.get(subscription.item)
    if spec and spec.monthly_price:
        return spec.monthly_price
    charges = [
        pay for pay in account.payments if pay.item == subscription.item and pay.kind in ("subscription", "plus")
    ]
    newest = max(charges, key=lambda payment: payment.at, default=None)
    return newest.amount if newest else None


def _worth_knowing(account: Account, subscription: Subscription, as_of: datetime) -> Iterator[Finding]:
    title = account.catalog.title_of(subscription.item)
    if subscription.via == APPLE:
        yield info("started_through_apple", "F17", title=title)
    spec = account.catalog.specializations.get(subscription.item)
    if spec is None:
        return
    courses = [account.catalog.courses[id] for id in spec.courses if id in account.catalog.courses]
    if len(courses) > 1:
        titles = [course.title for course in courses]
        yield info("subscribed_to_whole_specialization", "F15", title=title, titles=titles)
    to_come = [course for course in courses if course.starts_at and course.starts_at > as_of]
    open_now = [course for course in courses if course not in to_come]
    if to_come and open_now and all(account.certificate_for(course.id) for course in open_now):
        yield info(
            "all_available_courses_done",
            "F15",
            offer_cancelling(account, subscription),
            title=title,
            titles=[course.title for course in to_come],
            starts_at=[course.starts_at for course in to_come],
        )


def _capstone_after_the_end(
    account: Account, subscription: Subscription, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """F10: a closed capstone stays free for a while after the charges ended by themselves."""
    spec = account.catalog.specializations.get(subscription.item)
    if spec is None or subscription.cancelled_at is None:
        return
    until = window_end(subscription.cancelled_at, params.value("access.capstone_after_auto_end_days", as_of))
    for id in spec.courses:
        course = account.catalog.courses.get(id)
        if course and course.capstone == "closed" and as_of <= until:
            yield info("capstone_free_until", "F10", course=id, title=course.title, until=until)


def others_beside_plus(account: Account) -> Iterator[Finding]:
    """F17: Coursera Plus does not end the subscriptions one had before; all of them charge."""
    running = running_subscriptions(account)
    others = [sub for sub in running if sub.item != "plus"]
    if others and len(others) < len(running):
        titles, ids = [account.catalog.title_of(sub.item) for sub in others], [sub.id for sub in others]
        remedies = [offer_cancelling(account, sub) for sub in others]
        yield info("other_subscriptions_keep_charging", "F17", *remedies, titles=titles, subscriptions=ids)
