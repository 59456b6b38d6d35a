"""Requests nobody can grant: each with its own reason, and with what can be done instead.

`restore_account` is the exception: a person looks at it, at once (D50). Guests may ask all of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from backend.policy.decision import Decision
from backend.policy.draft import Draft, Rule, because, offer, outside, person, read, rule, window_end
from backend.policy.facts import Account, Course, Request, Subscription
from backend.policy.ledger import (
    courses_paid_for,
    is_refunded,
    next_charge_at,
    offer_cancelling,
    paid_until,
    running_subscriptions,
)
from backend.policy.parameters import Parameters
from backend.policy.refund import decide_refund

Wish = Callable[["Account | None", Request, Draft], Decision]


def _transfer_payment(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F31, F46: a payment stays with its course and its account. What can still be refunded can be paid again there."""
    payments = account.payments if account else ()
    for payment in payments:
        if draft.target not in (None, payment.id, payment.item):
            continue
        decision = decide_refund(account, payment.id, Request(), draft.as_of, draft.params)
        if draft.holds("the payment can be refunded instead", decision.is_actionable, "F16 F20", payment=payment.id):
            title = account.catalog.title_of(payment.item)
            draft.instead(offer("refund_instead", "refund", payment.id, title=title, deadline=decision.deadline))
    draft.instead(read("pay_again_elsewhere", "payment-problems/transfer-to-another-course"))
    return draft.refused(because("payments_not_transferable", "F04 F31 F46"))


def _transfer_aid(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F04: aid holds for the one course it was approved for."""
    held = _course(account, draft.target)
    draft.instead(offer("apply_for_other_course", "apply_for_aid"), read("about_aid", "financial-aid/transfer"))
    return draft.refused(because("aid_not_transferable", "F04", title=held.title if held else None))


def _gift(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F31: everybody pays from the account that will take the course; a school or an employer may have a program."""
    pay_yourself = read("how_to_pay_yourself", "accepted-payment-methods/paying-for-somebody-else")
    draft.instead(outside("ask_school_or_employer"), pay_yourself)
    return draft.refused(because("no_gifts", "F31"))


def _pause_subscription(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F10: there is no pause; cancelling and starting again keeps the work."""
    meant = _meant(running_subscriptions(account) if account else (), draft.target)
    for subscription in meant:
        draft.instead(offer_cancelling(account, subscription))
    draft.instead(read("how_to_start_again", "cancel-a-subscription/pause"))
    title = account.catalog.title_of(meant[0].item) if len(meant) == 1 else None
    charge = next_charge_at(meant[0]) if len(meant) == 1 else None
    draft.note(because("work_saved_deadlines_reset", "F10"))
    return draft.refused(because("no_pause", "F10", title=title, next_charge_at=charge))


def _merge_accounts(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F02, F37: one account each; nothing can be moved. Whether another account exists is never said."""
    draft.instead(read("keep_one_account", "multiple-accounts/keep-one"), person("help_choosing_account"))
    return draft.refused(because("accounts_cannot_be_merged", "F02 F31 F37"))


def _reset_progress(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F21: coursework stays; taking it again counts the latest grade."""
    course = _course(account, draft.target)
    draft.instead(read("retake", "enroll-in-a-course/retake"))
    return draft.refused(because("progress_cannot_be_reset", "F21", title=course.title if course else None))


def _change_grade(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F24, F44: grades are the instructor's; nobody here explains or changes one."""
    draft.instead(
        read("resubmit", "quiz-and-assignment-problems/disagree-with-grade"),
        read("ask_in_forum", "final-grade-problems/disagree"),
        offer("report_course_error", "report_problem"),
    )
    course = _course(account, draft.target)
    if course and draft.holds("it is a degree course", course.program == "degree", "F44", course=course.id):
        draft.instead(outside("degree_support", title=course.title))
    return draft.refused(because("instructor_decides", "F24 F44", title=course.title if course else None))


def _hurry_aid(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F04: no application is rushed; the date it is decided by can be told."""
    review = draft.param("aid.review_days")
    pending = [
        application
        for application in (account.aid if account else ())
        if application.status == "submitted" and draft.target in (None, application.id, application.course)
    ]
    for application in pending:
        decision_by = window_end(application.submitted_at, review.value)
        is_late = draft.holds(
            "the time for the review is over",
            draft.as_of > decision_by,
            "F04 F49",
            parameter=review.name,
            submitted_at=application.submitted_at,
            decision_by=decision_by,
        )
        title = account.catalog.title_of(application.course)
        draft.note(because("application_under_review", "F04 F49", title=title, decision_by=decision_by))
        if is_late:
            draft.instead(person("aid_review_overdue", title=title, decision_by=decision_by))
    draft.instead(read("audit_meanwhile", "financial-aid/review-time"))
    return draft.refused(because("aid_cannot_be_hurried", "F04", days=review.value))


def _extension(account: Account | None, request: Request, draft: Draft) -> Decision:
    """F46: paid access is not prolonged; a subscription lasts as long as it is paid."""
    for payment in account.payments if account else ():
        items = (payment.id, payment.item, *courses_paid_for(payment, account.catalog))
        if payment.status != "completed" or is_refunded(account, payment) or draft.target not in (None, *items):
            continue
        if not courses_paid_for(payment, account.catalog):
            continue
        expires_at = paid_until(payment, account.catalog, draft.as_of, draft.params)
        is_over = draft.holds(
            "the paid time is over", draft.as_of > expires_at, "F15 F46", payment=payment.id, expires_at=expires_at
        )
        values = {"title": account.catalog.title_of(payment.item), "expires_at": expires_at}
        expired = because("expired_pay_again", "F15 F46", **values)
        draft.note(expired if is_over else because("expires_on", "F15 F46", **values))
    draft.instead(read("more_time", "payment-problems/more-time"))
    return draft.refused(because("no_extensions", "F15 F46"))


def _restore_account(account: Account | None, request: Request, draft: Draft) -> Decision:
    """D50: deleting is for good as far as the desk goes; a person is told at once."""
    draft.then(because("case_opened", "D50", kind="restore_account", urgent=True))
    draft.instead(person("ask_person_now"))
    return draft.referred(because("restore_needs_agent", "D50"))


def _meant(subscriptions: Iterable[Subscription], target: str | None) -> tuple[Subscription, ...]:
    return tuple(sub for sub in subscriptions if target in (None, sub.id, sub.item))


def _course(account: Account | None, target: str | None) -> Course | None:
    return account.catalog.courses.get(target or "") if account else None


def _as_rule(name: str, wish: Wish) -> Rule:
    @rule(name, guests=True)
    def decide(
        account: Account | None, target: str | None, request: Request, as_of: datetime, params: Parameters
    ) -> Decision:
        return wish(account, request, Draft(name, target, as_of, params))

    decide.__doc__ = wish.__doc__
    return decide


WISHES: Mapping[str, Rule] = MappingProxyType(
    {
        name: _as_rule(name, wish)
        for name, wish in (
            ("transfer_payment", _transfer_payment),
            ("transfer_aid", _transfer_aid),
            ("gift", _gift),
            ("pause_subscription", _pause_subscription),
            ("merge_accounts", _merge_accounts),
            ("reset_progress", _reset_progress),
            ("change_grade", _change_grade),
            ("hurry_aid", _hurry_aid),
            ("extension", _extension),
            ("restore_account", _restore_account),
        )
    }
)
