"""Cancelling a subscription or a trial: F10, F17 (Apple, switching to Plus), F42 (trials), F46 (failed charges).

Target: a subscription's id, or what it is to (a Specialization's id, `plus`). A trial is ended by the operation
Target: a subscription's id, or what it is to (a Specialization's id, `plus`). A trial is ended by the operation
"""

from __future__ import annotations

from datetime import datetime

from backend.policy.decision import Decision, Outcome, Reason
from backend.policy.draft import Draft, because, offer, outside, read, rule, window_end
from backend.policy.facts import Account, Request, Subscription
from backend.policy.ledger import APPLE, RUNNING, offer_cancelling, running_subscriptions
from backend.policy.parameters import Parameters
from backend.policy.refund import decide_refund

CANCEL, CANCEL_TRIAL = "cancel_subscription", "cancel_trial"


@rule(CANCEL)
def decide_cancel_subscription(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether a subscription can be cancelled, and what that changes (F10)."""
    return _decide(account, Draft(CANCEL, target, as_of, params))


@rule(CANCEL_TRIAL)
def decide_cancel_trial(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether a free trial can be cancelled, and what that changes (F42)."""
    return _decide(account, Draft(CANCEL_TRIAL, target, as_of, params))


def trial_end(subscription: Subscription, as_of: datetime, params: Parameters) -> datetime:
    """When a trial ends: as its record says, else so many days after it began (F42)."""
    return subscription.trial_ends_at or window_end(subscription.since, params.value("trial.days", as_of))


def _decide(account: Account, draft: Draft) -> Decision:
    if draft.target is None:
        return draft.needs(because("target_missing"))
    subscription = _find(account, draft.target)
    if subscription is None:
        return draft.needs(because("target_unknown", target=draft.target))
    draft.target = subscription.id
    if subscription.status in RUNNING:
        draft.operation = CANCEL_TRIAL if subscription.status == "trialing" else CANCEL

    _check_status(account, subscription, draft)
    _check_seller(account, subscription, draft)
    _note_others(account, subscription, draft)
    if draft.reasons:
        return draft.refused()
    if subscription.status == "trialing":
        return _grant_trial(account, subscription, draft)
    if subscription.item == "plus":
        return _grant_plus(account, subscription, draft)
    return _grant_specialization(account, subscription, draft)


def _find(account: Account, target: str) -> Subscription | None:
    """By id; by what it is to, the running one before those that are over, the newest of these."""
    ranked = sorted(account.subscriptions, key=lambda sub: (sub.status in RUNNING, sub.since), reverse=True)
    return account.subscription(target) or next((sub for sub in ranked if sub.item == target), None)


def _check_status(account: Account, subscription: Subscription, draft: Draft) -> None:
    status, title = subscription.status, account.catalog.title_of(subscription.item)
    restart = read("start_again", "cancel-a-subscription/pause", title=title)
    if draft.holds("it is cancelled already", status == "cancelled", "F10", status=status):
        ends_at = subscription.period_ends_at or subscription.trial_ends_at
        reason = because(
            "already_cancelled", "F10", title=title, cancelled_at=subscription.cancelled_at, ends_at=ends_at
        )
        draft.refuse(reason, restart)
    if draft.holds("it is no longer active", status == "inactive", "F46", status=status):
        draft.refuse(because("not_active", "F46", title=title, ended_at=subscription.cancelled_at), restart)
    if draft.holds("its charge failed", subscription.cancel_reason == "payment_failed", "F46"):
        again_from = subscription.period_ends_at
        draft.note(because("cancelled_payment_failed", "F46", title=title, resubscribe_from=again_from))
        draft.instead(read("update_payment", "payment-problems/subscription-canceled-by-itself"))
    if draft.holds("it ended by completion", subscription.cancel_reason == "completed", "F10"):
        draft.note(because("completed", "F10", title=title))


def _check_seller(account: Account, subscription: Subscription, draft: Draft) -> None:
    """F17: what began with Apple is ended with Apple."""
    title = account.catalog.title_of(subscription.item)
    if draft.holds("it began in the iOS app", subscription.via == APPLE, "F17", via=subscription.via):
        draft.refuse(because("started_through_apple", "F17", title=title), outside("cancel_with_apple", title=title))


def _note_others(account: Account, subscription: Subscription, draft: Draft) -> None:
    """F17: each subscription charges by itself; ending one leaves the others running."""
    others = [sub for sub in running_subscriptions(account) if sub.id != subscription.id]
    if draft.holds("others keep charging", bool(others), "F17", subscriptions=[sub.id for sub in others]):
        titles = [account.catalog.title_of(sub.item) for sub in others]
        ids = [sub.id for sub in others]
        draft.note(because("other_subscriptions_keep_charging", "F17", titles=titles, subscriptions=ids))
        draft.instead(*(offer_cancelling(account, sub) for sub in others))


def _grant_trial(account: Account, subscription: Subscription, draft: Draft) -> Decision:
    """F42: nothing is charged; the material stays open until the trial is over."""
    title = account.catalog.title_of(subscription.item)
    ends_at = trial_end(subscription, draft.as_of, draft.params)
    draft.holds(
        "the trial is running",
        True,
        "F42",
        parameter="trial.days",
        began_at=subscription.since,
        trial_ends_at=ends_at,
    )
    draft.then(because("trial_access_until", "F42", title=title, until=ends_at), because("no_charge_follows", "F42"))
    return draft.granted(because("can_cancel_trial", "F42", title=title, trial_ends_at=ends_at))


def _grant_plus(account: Account, subscription: Subscription, draft: Draft) -> Decision:
    """F10: everything stays open until the paid period is over."""
    title, until = account.catalog.title_of("plus"), subscription.period_ends_at
    leaving = [enr.course for enr in account.enrollments if enr.is_running and enr.mode == "plus"]
    draft.then(
        because("paid_access_until", "F10", title=title, until=until),
        because("charges_stop", "F10", after=until),
        because("courses_leave_my_courses", "F10", titles=_titles(account, leaving)),
    )
    _keep(account, [cert.course for cert in account.certificates], draft, because("work_saved_until_reenrolled", "F10"))
    _separate_refund(account, draft)
    return draft.granted(because("can_cancel_plus", "F10", title=title, plan=subscription.plan, period_ends_at=until))


def _grant_specialization(account: Account, subscription: Subscription, draft: Draft) -> Decision:
    """F10, F15: charges stop and the paid material closes when the paid period is over."""
    spec = account.catalog.specializations.get(subscription.item)
    courses = spec.courses if spec else ()
    title, until = account.catalog.title_of(subscription.item), subscription.period_ends_at
    draft.then(
        because("charges_stop", "F10 F15", after=until),
        because("paid_material_closes", "F10 F15", title=title, at=until),
    )
    _keep(
        account,
        [cert.course for cert in account.certificates if cert.course in courses],
        draft,
        because("work_saved", "F10"),
    )
    return draft.granted(
        because("can_cancel_specialization", "F10 F15", title=title, plan=subscription.plan, period_ends_at=until)
    )


def _keep(account: Account, certified: list[str], draft: Draft, saved: Reason) -> None:
    """F10: what stays, and that no money comes back."""
    draft.then(
        because("certificates_stay", "F10", titles=_titles(account, certified)),
        saved,
        because("nothing_paid_comes_back", "F10"),
    )


def _separate_refund(account: Account, draft: Draft) -> None:
    """Cancelling gives nothing back; a Plus charge still refundable is a request of its own (F10, F16, F20)."""
    charges = [payment for payment in account.payments if payment.kind == "plus"]
    newest = max(charges, key=lambda payment: payment.at, default=None)
    if newest is None:
        return
    refund = decide_refund(account, newest.id, Request(), draft.as_of, draft.params)
    can_be = refund.outcome is Outcome.REFER_TO_AGENT and "plus_refund_needs_agent" in refund.codes
    if draft.holds("the last charge can be refunded", can_be, "F16 F20", payment=newest.id, deadline=refund.deadline):
        values = {"amount": newest.amount, "deadline": refund.deadline}
        draft.note(because("refund_is_its_own_request", "F16 F20", **values))
        draft.instead(offer("ask_for_refund", "refund", newest.id, **values))


def _titles(account: Account, courses: list[str]) -> list[str] | None:
    return [account.catalog.title_of(course) for course in courses] or None
