"""Refund of one payment: F16 (request a refund), F20 (refund policies), F46 (problems with payments).

Target: a payment's id, or a trialing subscription's (money back for a trial that was never charged).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.policy.decision import Decision, Reason, Remedy
from backend.policy.draft import Draft, because, offer, outside, person, read, rule, window_end
from backend.policy.facts import Account, Catalog, Certificate, Payment, Request, Subscription
from backend.policy.ledger import (
    APPLE,
    courses_paid_for,
    is_refunded,
    keeps_charging,
    offer_cancelling,
    refund_arrives_by,
    refunded_at,
    running_subscription,
    running_with_courses,
    window_basis,
)
from backend.policy.overrule import set_aside
from backend.policy.parameters import Parameters

OPERATION = "refund"
WINDOWED = ("course", "specialization_prepay", "plus")  # kinds a refund window is stated for


@dataclass(frozen=True)
class _Case:
    """What all tests of one refund look at."""

    account: Account
    payment: Payment
    request: Request
    draft: Draft

    @property
    def title(self) -> str:
        return self.account.catalog.title_of(self.payment.item)

    @property
    def subscription(self) -> Subscription | None:
        """The running subscription this charge belongs to."""
        return running_subscription(self.account, self.payment.item)

    def because(self, code: str, sources: str = "", **values: object) -> Reason:
        """A reason that speaks of this payment: its title, amount and instant go with every one."""
        payment = self.payment
        return because(code, sources, title=self.title, amount=payment.amount, paid_at=payment.at, **values)


@rule(OPERATION)
def decide_refund(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether one payment can be given back (F16, F20): every reason against it, or the one for it."""
    draft = Draft(OPERATION, target, as_of, params, overruled=set_aside(OPERATION, request))
    if target is None:
        return draft.needs(because("target_missing"))
    subscription = account.subscription(target)
    if subscription and subscription.status == "trialing":
        return _decide_trial(account, subscription, request, draft)
    payment = account.payment(target) or _latest_charge(account, subscription)
    if payment is None:
        return draft.needs(because("target_unknown", target=target))

    draft.target = payment.id
    case = _Case(account, payment, request, draft)
    _check_kind(case)
    _check_refunded_before(case)
    _check_completed(case)
    _check_seller(case)
    if payment.kind in WINDOWED:
        _check_window(case)
        _check_certificate(case)
    _check_channel(case)
    _check_part(case)
    if draft.reasons:
        return draft.refused()
    return _refer_plus(case) if payment.kind == "plus" else _grant(case)


def _latest_charge(account: Account, subscription: Subscription | None) -> Payment | None:
    """Somebody points at a subscription and means its newest charge."""
    if subscription is None:
        return None
    charges = [
        pay for pay in account.payments if pay.item == subscription.item and pay.kind in ("subscription", "plus")
    ]
    return max(charges, key=lambda payment: payment.at, default=None)


def _decide_trial(account: Account, trial: Subscription, request: Request, draft: Draft) -> Decision:
    """F20: a free trial comes before the first charge, so there is nothing to give back."""
    title = account.catalog.title_of(trial.item)
    draft.holds("the trial has been charged", False, "F20", trial_ends_at=trial.trial_ends_at)
    draft.deadline = trial.trial_ends_at
    reason = because("no_charge_during_trial", "F20", title=title, trial_ends_at=trial.trial_ends_at)
    draft.refuse(reason, offer_cancelling(account, trial))
    if draft.holds("asked for a part of it", _asks_for_part(request), "F10 F20"):
        draft.refuse(because("no_partial_refunds", "F10 F20", title=title))
    return draft.refused()


def _check_kind(case: _Case) -> None:
    """F10, F16, F20: charges of a Specialization subscription stay paid. F46: a trial's test charge comes back."""
    kind, draft, subscription = case.payment.kind, case.draft, case.subscription
    if draft.holds("it is a charge of a Specialization subscription", kind == "subscription", "F10 F16 F20 F46"):
        next_charge_at = subscription.period_ends_at if subscription else None
        reason = case.because("subscription_payment_not_refundable", "F10 F16 F20 F46", next_charge_at=next_charge_at)
        policy = read("subscription_refund_policy", "refund-policies/subscription-payments")
        draft.refuse(reason, offer_cancelling(case.account, subscription) if subscription else policy)
    if draft.holds("it is the test charge of a trial", kind == "trial_hold", "F46"):
        reason = case.because("test_charge_returned_automatically", "F46")
        draft.refuse(reason, read("test_charge_returns", "payment-problems/charged-twice"))
        if subscription and subscription.status == "trialing":  # still before the first real charge
            ends_at = subscription.trial_ends_at
            draft.note(because("no_charge_during_trial", "F20", title=case.title, trial_ends_at=ends_at))
            draft.instead(offer_cancelling(case.account, subscription))


def _check_refunded_before(case: _Case) -> None:
    """F16: nothing is given back twice; say when it was, and by when the money arrives."""
    account, payment, draft = case.account, case.payment, case.draft
    if payment.kind == "trial_hold":  # whether or not it is back yet, it comes back by itself
        return
    if not draft.holds("it was refunded before", is_refunded(account, payment), "F16", status=payment.status):
        return
    expected_by = refund_arrives_by(account, payment, draft.as_of, draft.params)
    is_late = draft.holds(
        "the money should have arrived by now",
        expected_by is not None and draft.as_of > expected_by,
        "F16",
        parameter="refund.settlement_days",
        asked_at=draft.as_of,
        expected_by=expected_by,
    )
    waiting = read("wait_for_money", "request-a-refund/when-the-money-arrives", expected_by=expected_by)
    draft.refuse(
        case.because("already_refunded", "F16", refunded_at=refunded_at(account, payment), expected_by=expected_by),
        person("refund_not_arrived") if is_late else waiting,
    )


def _check_completed(case: _Case) -> None:
    """F46: without a completed payment there is nothing to give back; the bank may know of one."""
    status = case.payment.status
    if not case.draft.holds("the payment was completed", status in ("completed", "refunded"), "F46", status=status):
        case.draft.refuse(case.because("payment_not_completed", "F46", status=status), person("bank_shows_charge"))


def _check_seller(case: _Case) -> None:
    """Whoever took the money gives it back: Apple for the iOS app, a marketplace by its own policy (F05, F16, F20)."""
    via, draft = case.payment.via, case.draft
    if draft.holds("it was paid in the iOS app", via == APPLE, "F05 F16 F20", via=via):
        draft.refuse(case.because("paid_through_apple", "F05 F16 F20"), outside("ask_apple"))
    kind, _, marketplace = via.partition(":")
    if draft.holds("it was paid on a marketplace", kind == "marketplace", "F16 F20", via=via):
        reason = case.because("paid_through_marketplace", "F16 F20", marketplace=marketplace)
        draft.refuse(reason, outside("ask_marketplace", marketplace=marketplace))


def _check_window(case: _Case) -> None:
    """F16, F20, F15: so many days from paying, or from the listed start if that is later."""
    payment, draft = case.payment, case.draft
    window = draft.param("refund.window_days")
    basis = payment.at if payment.kind == "plus" else window_basis(payment, case.account.catalog)
    draft.deadline = window_end(basis, window.value)
    is_inside = draft.holds(
        "asked within the refund window",
        draft.as_of <= draft.deadline,
        "F15 F16 F20",
        parameter=window.name,
        asked_at=draft.as_of,
        paid_at=payment.at,
        window_starts_at=basis,
        window_days=window.value,
        deadline=draft.deadline,
    )
    if not is_inside:
        reason = case.because("refund_window_closed", "F16 F20", closed_at=draft.deadline, window_days=window.value)
        draft.refuse(reason, _after_the_window(case))


def _after_the_window(case: _Case) -> Remedy:
    """Past the window: end the next charge of Coursera Plus, else use what was paid for while it lasts."""
    if case.payment.kind != "plus":
        return read("keep_learning", "payment-policies/course-payment-access", title=case.title)
    if case.subscription:
        return offer_cancelling(case.account, case.subscription)
    return read("refund_policy", "request-a-refund/coursera-plus")


def _check_certificate(case: _Case) -> None:
    """A certificate ends the right to a refund, inside the window too (F16, F20)."""
    found = _certificate_against(case)
    if not case.draft.holds("a certificate has been earned", found is not None, "F16 F20", paid_at=case.payment.at):
        return
    course = case.account.catalog.title_of(found.course)
    case.draft.refuse(
        case.because("certificate_already_earned", "F16 F20", course=course, earned_at=found.earned_at),
        read("certificate_stays", "refund-policies/certificate-already-earned", course=course),
    )


def _certificate_against(case: _Case) -> Certificate | None:
    payment, account = case.payment, case.account
    if payment.kind == "plus":  # our reading: one earned with this charge, not one from long before
        return next((cert for cert in account.certificates if cert.earned_at >= payment.at), None)
    courses = courses_paid_for(payment, account.catalog)
    return next((cert for cert in account.certificates if cert.course in courses), None)


def _check_channel(case: _Case) -> None:
    """F16: not from inside the mobile app. Said only when nothing else stands in the way."""
    draft, channel = case.draft, case.request.channel
    if draft.reasons or not draft.holds("asked from inside the mobile app", channel == "mobile", "F05 F16"):
        return
    reason = case.because("refund_needs_website", "F05 F16", deadline=draft.deadline)
    if case.payment.kind == "plus":  # a person sees to it anyway
        draft.note(reason)
    else:
        draft.refuse(reason, read("use_website", "request-a-refund/in-the-mobile-app"), person("no_computer"))


def _check_part(case: _Case) -> None:
    """F10, F20: no part of a payment is given back; the whole of it may be."""
    draft, payment = case.draft, case.payment
    if not draft.holds("asked for a part of it", _asks_for_part(case.request), "F10 F20"):
        return
    if not draft.reasons:
        draft.instead(offer("full_refund", OPERATION, payment.id, amount=payment.amount, deadline=draft.deadline))
    course = case.request.details.get("course")
    named = case.account.catalog.title_of(course) if course else None
    draft.refuse(case.because("no_partial_refunds", "F10 F20", course=named))
    if payment.kind in ("specialization_prepay", "subscription"):
        draft.instead(read("pay_by_course", "refund-policies/partial-refunds"))


def _asks_for_part(request: Request) -> bool:
    return request.details.get("part") is True


def _refer_plus(case: _Case) -> Decision:
    """F16, F20: a Coursera Plus charge is given back by a person, not by the site."""
    draft = case.draft
    draft.then(case.because("case_opened", "F16 F20", kind="plus_refund"))
    if case.subscription:  # giving a charge back does not end the next one
        draft.instead(offer_cancelling(case.account, case.subscription))
    if draft.set_aside:
        return draft.referred(case.because("plus_refund_overruled"))
    return draft.referred(case.because("plus_refund_needs_agent", "F16 F20", deadline=draft.deadline))


def _grant(case: _Case) -> Decision:
    account, draft, payment, catalog = case.account, case.draft, case.payment, case.account.catalog
    paid_for = courses_paid_for(payment, catalog)
    left = [enr.course for enr in account.enrollments if enr.is_running and enr.course in paid_for]
    free = [course for course in left if _has_free_version(catalog, course)]
    if left:
        titles = [catalog.title_of(course) for course in left]
        draft.then(because("unenrolled_from_courses", "F16", titles=titles, courses=left))
    if free:
        titles = [catalog.title_of(course) for course in free]
        draft.then(because("free_version_needs_new_enrollment", "F16", titles=titles))

    days = draft.param("refund.settlement_days").value
    expected_by = window_end(draft.as_of, days)
    draft.then(because("confirmation_email", "F16", email=account.email))
    draft.then(because("money_arrives_by", "F16", amount=payment.amount, expected_by=expected_by, days=days))
    if payment.promotion:
        draft.then(because("promotion_stays_used", "F25", promotion=payment.promotion))
    charged = [case.subscription] if payment.kind == "subscription" and case.subscription else []
    for subscription in (*charged, *running_with_courses(account, left)):
        draft.note(keeps_charging(account, subscription))
        draft.instead(offer_cancelling(account, subscription))
    if draft.set_aside:
        return draft.granted(case.because("refund_overruled"))
    return draft.granted(case.because("within_refund_window", "F16 F20", deadline=draft.deadline))


def _has_free_version(catalog: Catalog, course: str) -> bool:
    found = catalog.courses.get(course)
    return found is not None and (found.offers.audit or found.offers.full_no_certificate)
