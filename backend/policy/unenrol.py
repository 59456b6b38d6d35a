"""Leaving a course or all of a Specialization: F11 (unenroll), F04 (aid), F15 (subscriptions go on).

Target: an enrolment's id, a course's id, or a Specialization's id (then every course of it that allows it).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from backend.policy.decision import Decision, Outcome, Reason
from backend.policy.draft import Draft, because, offer, outside, person, read, rule, window_end
from backend.policy.facts import Account, AidApplication, Course, Enrollment, Payment, Request
from backend.policy.ledger import courses_paid_for, is_refunded, keeps_charging, offer_cancelling, running_with_courses
from backend.policy.overrule import set_aside
from backend.policy.parameters import Parameters
from backend.policy.refund import decide_refund

OPERATION = "unenroll"
PROGRAMS = ("degree", "mastertrack", "business")  # these have their own way out (F11)


@dataclass(frozen=True)
class _Case:
    """One enrolment and what all tests of leaving it look at. Each has a draft of its own."""

    account: Account
    enrollment: Enrollment
    draft: Draft

    @property
    def course(self) -> Course | None:
        return self.account.catalog.courses.get(self.enrollment.course)

    @property
    def title(self) -> str:
        return self.account.catalog.title_of(self.enrollment.course)


@rule(OPERATION)
def decide_unenroll(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether a course, or which courses of a Specialization, can be left (F11)."""
    draft = Draft(OPERATION, target, as_of, params, overruled=set_aside(OPERATION, request))
    if target is None:
        return draft.needs(because("target_missing"))
    enrollment = _find(account, target)
    spec = account.catalog.specializations.get(target)
    if enrollment is None and spec:
        running = [enr for enr in account.enrollments if enr.is_running and enr.course in spec.courses]
        return _decide_all(account, running, draft) if running else _not_enrolled(account, draft)
    if enrollment is None:
        known = target in account.catalog.courses
        return _not_enrolled(account, draft) if known else draft.needs(because("target_unknown", target=target))
    draft.target = enrollment.id
    if not draft.holds("still enrolled", enrollment.is_running, "F11", ended_at=enrollment.ended_at):
        draft.refuse(
            because(
                "not_enrolled", "F11", title=account.catalog.title_of(enrollment.course), ended_at=enrollment.ended_at
            ),
            read("how_to_enroll", "enroll-in-a-course/how-to"),
        )
        return draft.refused()
    return _decide_one(_Case(account, enrollment, draft))


def _find(account: Account, target: str) -> Enrollment | None:
    """By its id, or by its course's: the running enrolment before one that ended."""
    ranked = sorted(account.enrollments, key=lambda enr: (enr.is_running, enr.since), reverse=True)
    return next((enr for enr in ranked if enr.id == target), None) or next(
        (enr for enr in ranked if enr.course == target), None
    )


def _not_enrolled(account: Account, draft: Draft) -> Decision:
    title = account.catalog.title_of(draft.target or "")
    draft.holds("enrolled", False, "F11", target=draft.target)
    draft.refuse(because("not_enrolled", "F11", title=title), read("how_to_enroll", "enroll-in-a-course/how-to"))
    return draft.refused()


def _decide_one(case: _Case) -> Decision:
    draft = case.draft
    _check_certificate(case)
    _check_payment(case)
    _check_aid(case)
    _check_course(case)
    for subscription in running_with_courses(case.account, [case.enrollment.course]):
        draft.note(keeps_charging(case.account, subscription))
        draft.instead(offer_cancelling(case.account, subscription))
    if draft.reasons:
        return draft.refused()
    draft.then(
        because("work_no_longer_reachable", "F11", titles=[case.title]),
        because("deadlines_go", "F11", titles=[case.title]),
    )
    values = {"title": case.title, "course": case.enrollment.course, "enrollments": [case.enrollment.id]}
    if draft.set_aside:
        return draft.granted(because("unenroll_overruled", **values))
    return draft.granted(because("can_unenroll", "F11", **values))


def _check_certificate(case: _Case) -> None:
    """F11: a course completed with its certificate stays. The certificate confirms the completion (F45)."""
    found = case.account.certificate_for(case.enrollment.course)
    earned_at = found.earned_at if found else None
    completed_at = case.enrollment.completed_at
    if case.draft.holds(
        "completed and its certificate earned",
        found is not None,
        "F11 F45",
        completed_at=completed_at,
        earned_at=earned_at,
    ):
        case.draft.refuse(
            because("completed_with_certificate", "F11", title=case.title, earned_at=earned_at),
            read("certificate_stays", "unenroll-from-a-course/cannot-unenroll", course=case.title),
        )


def _check_payment(case: _Case) -> None:
    """F11: what was paid once and cannot be refunded, for whatever reason, stays; what still can, is offered first."""
    payment = _payment_for(case)
    if payment is None:
        return
    draft, amount = case.draft, payment.amount
    refund = decide_refund(case.account, payment.id, Request(), draft.as_of, draft.params)
    if draft.holds(
        "its payment can be refunded",
        refund.outcome is Outcome.GRANTED,
        "F11 F16 F20",
        payment=payment.id,
        reasons=list(refund.codes),
        deadline=refund.deadline,
    ):
        values = {"title": case.account.catalog.title_of(payment.item), "amount": amount, "deadline": refund.deadline}
        draft.note(because("payment_still_refundable", "F11 F16", payment=payment.id, **values))
        draft.instead(offer("refund_and_leave", "refund", payment.id, **values))
        return
    draft.refuse(
        because(
            "paid_and_not_refundable",
            "F11",
            title=case.title,
            amount=amount,
            paid_at=payment.at,
            payment=payment.id,
            refund_reasons=list(refund.codes),
        ),
        read("keep_learning", "payment-policies/course-payment-access", title=case.title),
    )


def _payment_for(case: _Case) -> Payment | None:
    """The newest completed one-time payment that opens this course; one given back opens nothing any more."""
    account = case.account
    paid = [
        payment
        for payment in account.payments
        if payment.status == "completed"
        and not is_refunded(account, payment)
        and case.enrollment.course in courses_paid_for(payment, account.catalog)
    ]
    return max(paid, key=lambda payment: payment.at, default=None)


def _check_aid(case: _Case) -> None:
    """F04, F11: two weeks to leave a course held on aid, from its approval (conflict 2: no course before that)."""
    if case.enrollment.mode != "aid":
        return
    application = _approved_for(case)
    approved_at = (application.decided_at if application else None) or case.enrollment.since
    window = case.draft.param("aid.unenroll_days")
    left_by = window_end(approved_at, window.value)
    if not case.draft.holds(
        "within the time to leave a course held on aid",
        case.draft.as_of <= left_by,
        "F04 F11",
        parameter=window.name,
        approved_at=approved_at,
        left_by=left_by,
    ):
        case.draft.refuse(
            because(
                "aid_older_than_two_weeks",
                "F04 F11",
                title=case.title,
                approved_at=approved_at,
                closed_at=left_by,
                days=window.value,
            ),
            read("about_leaving_with_aid", "financial-aid/leave"),
        )
    else:
        case.draft.deadline = left_by


def _approved_for(case: _Case) -> AidApplication | None:
    approved = [aid for aid in case.account.aid if aid.course == case.enrollment.course and aid.status == "approved"]
    return max(approved, key=lambda aid: aid.decided_at or aid.submitted_at, default=None)


def _check_course(case: _Case) -> None:
    """F11: the old platform and programs with a process of their own."""
    course, draft = case.course, case.draft
    if course is None:
        return
    if draft.holds("signed up on the old platform", course.platform == "old", "F11", platform=course.platform):
        draft.refuse(because("old_platform", "F11", title=case.title), person("ask_person"))
    if draft.holds("part of a program", course.program in PROGRAMS, "F11", program=course.program):
        draft.refuse(
            because("program_managed", "F11", title=case.title, program=course.program),
            outside("ask_program", program=course.program),
            read("about_programs", "unenroll-from-a-course/programs"),
        )


def _decide_all(account: Account, running: list[Enrollment], draft: Draft) -> Decision:
    """Leave every course that allows it; name those that do not, each with its reasons (F11)."""
    draft.overruled = frozenset()  # each has to be overruled by itself
    each = [_decide_one(_Case(account, enr, _empty(draft, enr.id))) for enr in running]
    can = [(enr, one) for enr, one in zip(running, each, strict=True) if one.outcome is Outcome.GRANTED]
    cannot = [reason for one in each if one.outcome is not Outcome.GRANTED for reason in one.reasons]
    for one in each:
        draft.trace.extend(one.trace)
        draft.instead(*one.remedies)
        draft.note(*(note for note in one.notes if note not in draft.notes))
    if not can:
        for reason in cannot:
            draft.refuse(reason)
        return draft.refused()
    draft.note(*cannot)
    titles = [account.catalog.title_of(enr.course) for enr, _ in can]
    draft.then(
        because("work_no_longer_reachable", "F11", titles=titles),
        because("deadlines_go", "F11", titles=titles),
    )
    return draft.granted(_can_leave(account, draft, [enr for enr, _ in can], titles))


def _can_leave(account: Account, draft: Draft, leaving: list[Enrollment], titles: list[str]) -> Reason:
    title = account.catalog.title_of(draft.target or "")
    return because("can_unenroll", "F11", title=title, titles=titles, enrollments=[enr.id for enr in leaving])


def _empty(draft: Draft, target: str) -> Draft:
    """An empty draft about one of several targets."""
    fresh: dict[str, list] = {
        name: [] for name in ("reasons", "notes", "consequences", "remedies", "trace", "set_aside")
    }
    return replace(draft, target=target, deadline=None, **fresh)
