"""Where a course went, what a promotion is good for, whether a course can be audited (F00, F10, F22, F25, F38)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.policy.access import SUBSCRIBED, Way, access_to
from backend.policy.decision import Finding
from backend.policy.draft import offer, read
from backend.policy.facts import Account, Course, Enrollment, Promotion, Request
from backend.policy.findings import fine, info, problem, question
from backend.policy.parameters import Parameters
from backend.policy.work import course_meant


@question("missing_course")
def diagnose_missing_course(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Where a course went (F00, F10). Target: a course's or an enrolment's id, or none for all courses."""
    course = course_meant(account, target) if target else None
    if target and course is None:
        spec = account.catalog.specializations.get(target)
        if spec is None:
            yield info("target_unknown", target=target)
            return
        for id in spec.courses:
            yield _where_is(account, id, as_of, params)
    elif course:
        yield _where_is(account, course.id, as_of, params)
    else:
        yield from _all_courses(account, as_of, params)
    second = read("second_account", "multiple-accounts/other-address")
    yield info("maybe_another_account", "F00 F02", second)


def _all_courses(account: Account, as_of: datetime, params: Parameters) -> Iterator[Finding]:
    found = [_where_is(account, id, as_of, params) for id in dict.fromkeys(enr.course for enr in account.enrollments)]
    listed = [str(finding.values["title"]) for finding in found if finding.code == "on_enrollments_list"]
    page = read("enrollments_page", "enroll-in-a-course/see-your-courses")
    if listed:
        yield info("enrolled_courses", "F00 F21", page, titles=listed)
    else:
        yield problem("not_enrolled", "F00 F21", read("how_to_enroll", "enroll-in-a-course/how-to"))
    yield from (finding for finding in found if finding.code == "subscription_ended")


def _where_is(account: Account, course: str, as_of: datetime, params: Parameters) -> Finding:
    title = account.catalog.title_of(course)
    seats = [enr for enr in account.enrollments if enr.course == course]
    newest = max(seats, key=lambda enr: (enr.is_running, enr.since), default=None)
    over = _subscription_over(account, newest, as_of, params)
    if over:
        restart = read("start_again", "cancel-a-subscription/pause", title=over.title)
        return problem("subscription_ended", "F10", restart, title=title, by=over.title, ended_at=over.until)
    if newest and newest.is_running:
        page = read("enrollments_page", "enroll-in-a-course/see-your-courses")
        return fine("on_enrollments_list", "F00 F21", page, title=title, since=newest.since)
    how = read("how_to_enroll", "enroll-in-a-course/how-to")
    return problem("not_enrolled", "F00 F21", how, title=title, ended_at=newest.ended_at if newest else None)


def _subscription_over(account: Account, seat: Enrollment | None, as_of: datetime, params: Parameters) -> Way | None:
    """F10: courses held through a subscription leave My Courses with it."""
    if seat is None or seat.mode not in SUBSCRIBED:
        return None
    ways = access_to(account, seat.course, as_of, params, seat).ways
    if any(way.is_open for way in ways):
        return None
    return max(ways, key=lambda way: way.until.timestamp() if way.until else 0.0, default=None)


@question("promotion")
def diagnose_promotion(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """What a promotion is good for (F25). Target: a course's id, a promotion's code, or none for all promotions.

    Only promotions of this account are known; `details.course` names the course where the target is a code.
    """
    course = account.catalog.courses.get(target or "") or account.catalog.courses.get(
        str(request.details.get("course"))
    )
    code = target if target and course is None else None
    meant = [promo for promo in account.promotions if code is None or promo.code.casefold() == code.casefold()]
    if not meant:
        yield info("no_promotion", "F25", read("find_promotions", "promotions/find-and-use"), promotion=code)
        return
    found = [_promotion(account, promo, course) for promo in meant]
    usable = any(finding.code == "promotion_usable" for finding in found)
    for finding in found:
        is_beside = usable and finding.code == "promotion_not_for_course"
        yield Finding(
            finding.code, "info" if is_beside else finding.status, finding.sources, finding.values, finding.remedies
        )


def _promotion(account: Account, promo: Promotion, course: Course | None) -> Finding:
    """Used once is used, even after leaving the course or a refund. No course named in it: good for any."""
    titles = [account.catalog.title_of(id) for id in promo.courses]
    values = {"promotion": promo.code, "percent": promo.percent, "titles": titles or None}
    paid = [pay.at for pay in account.payments if pay.promotion == promo.code and pay.status != "failed"]
    used_at = promo.used_at or min(paid, default=None)
    if used_at:
        return problem("promotion_used", "F25", read("used_once", "promotions/only-once"), used_at=used_at, **values)
    if course and promo.courses and course.id not in promo.courses:
        other = read("not_for_this_course", "promotions/not-for-this-course")
        return problem("promotion_not_for_course", "F25", other, title=course.title, **values)
    how = read("use_promotion", "promotions/find-and-use")
    return fine("promotion_usable", "F25", how, title=course.title if course else None, **values)


@question("audit_option")
def diagnose_audit_option(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Whether a course can be audited (F22, F38). Target: a course's, an enrolment's or a Specialization's id."""
    spec = account.catalog.specializations.get(target or "")
    if spec:
        courses = [account.catalog.courses[id] for id in spec.courses if id in account.catalog.courses]
        titles = [course.title for course in courses if course.offers.audit and not course.capstone] or None
        missing = read("missing_audit", "enrollment-options/missing-audit")
        yield problem("no_audit_on_specialization_page", "F22", missing, title=spec.title, titles=titles)
        return
    course = course_meant(account, target)
    if course is None:
        yield info("target_unknown", target=target) if target else info("target_missing")
        return
    yield from _audit(course)


def _audit(course: Course) -> Iterator[Finding]:
    missing = read("missing_audit", "enrollment-options/missing-audit", title=course.title)
    aid = offer("apply_for_aid", "apply_for_aid", course.id, title=course.title)
    others = (missing, aid) if course.offers.aid else (missing,)
    full = read("about_full_course", "enrollment-options/full-course-no-certificate")
    if course.capstone:
        pay = read("pay_for_capstone", "capstone-projects/payment", title=course.title)
        yield problem("no_audit_for_capstone", "F22 F38", pay, title=course.title)
    elif course.offers.audit:
        yield fine("audit_offered", "F22", read("how_to_audit", "enrollment-options/how-to-audit"), title=course.title)
    elif not course.offers.full_no_certificate:
        yield problem("no_audit", "F22", *others, title=course.title)
    if course.offers.full_no_certificate:
        yield fine("full_course_without_certificate", "F22", full, title=course.title)
