"""Why there is no certificate, and how far ID Verification is (F01, F03, F24, F33, F44, F45)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.policy.access import access_to, causes
from backend.policy.decision import Finding
from backend.policy.draft import person, read
from backend.policy.facts import Account, Course, Request, Specialization
from backend.policy.findings import fine, info, problem, question
from backend.policy.parameters import Parameters
from backend.policy.work import Work, as_decimal, course_meant, grade_so_far, percent, required, work_in

ID_PROGRAMS = ("degree", "mastertrack", "professional_certificate")


@question("why_no_certificate")
def diagnose_why_no_certificate(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Everything that stands between a learner and a certificate (F33, F01, F44, F45).

    Target: a course's, an enrolment's or a Specialization's id.
    """
    spec = account.catalog.specializations.get(target or "")
    course = course_meant(account, target)
    if spec:
        yield from _specialization(account, spec)
    elif course is None:
        yield info("target_unknown", target=target) if target else info("target_missing")
    elif account.certificate_for(course.id):
        earned_at = account.certificate_for(course.id).earned_at
        page = read("accomplishments_page", "certificate-problems/cannot-find")
        yield problem("already_issued", "F33 F45", page, title=course.title, earned_at=earned_at)
    elif not course.offers.certificate:
        yield problem("course_has_no_certificate", "F33", title=course.title)
    else:
        found = list(_course(account, course, as_of, params))
        yield from found
        if all(finding.status != "problem" for finding in found):
            wait = read("wait_a_few_days", "final-grade-problems/missing")
            yield problem("nothing_missing", "F33 F44", wait, person("certificate_not_here"), title=course.title)


def _specialization(account: Account, spec: Specialization) -> Iterator[Finding]:
    """F03: the Specialization's certificate comes with those of all its courses."""
    missing = [account.catalog.title_of(id) for id in spec.courses if account.certificate_for(id) is None]
    if missing:
        about = read("about_specialization_certificates", "specializations/certificates")
        yield problem("courses_without_certificate", "F03", about, title=spec.title, titles=missing)
    else:
        page = read("accomplishments_page", "certificate-problems/cannot-find")
        yield problem("already_issued", "F03 F45", page, title=spec.title)


def _course(account: Account, course: Course, as_of: datetime, params: Parameters) -> Iterator[Finding]:
    access = access_to(account, course.id, as_of, params)
    if access.seat is None:
        yield problem("not_enrolled", "F00 F21", read("how_to_enroll", "enroll-in-a-course/how-to"), title=course.title)
    yield from causes(access)
    if access.is_paid:
        yield fine("paid", "F33", title=course.title, until=access.open_ways[0].until)
    yield verification(account, course, params, as_of)
    yield from _work(account, course)


def needs_id(course: Course) -> bool:
    """F01: degrees, MasterTrack and Professional Certificates; or where the catalogue says so."""
    return course.verification == "id" or course.program in ID_PROGRAMS


def verification(account: Account, course: Course, params: Parameters, as_of: datetime) -> Finding:
    """F01, F33: the name, or the ID, that goes on the certificate. An approved ID verifies the name as well."""
    if needs_id(course):
        return id_verification(account, params, as_of, course.title)
    set_up = read("verify_name", "certificate-problems/no-certificate")
    if "approved" in (account.name_verification, account.id_verification):
        return fine("name_verified", "F33")
    if account.name_verification == "pending":
        return problem("name_verification_pending", "F33", set_up, title=course.title)
    return problem("name_verification_missing", "F33", set_up, title=course.title)


def id_verification(account: Account, params: Parameters, as_of: datetime, title: str | None) -> Finding:
    """F01: none, pending (usually a day), approved, or denied with the reason mailed."""
    if account.id_verification == "approved":
        return fine("id_verified", "F01")
    if account.id_verification == "pending":
        hours = params.value("id_verification.review_hours", as_of)
        return problem(
            "id_verification_pending", "F01 F33", read("result", "id-verification/result"), title=title, hours=hours
        )
    if account.id_verification == "denied":
        max_mb = params.value("id_verification.max_image_mb", as_of)
        again = read("set_up_again", "id-verification/set-up")
        accepted = read("accepted_ids", "id-verification/accepted-ids", max_mb=max_mb)
        return problem("id_verification_denied", "F01 F33", again, accepted, title=title, email=account.email)
    set_up = read("set_up_id", "id-verification/set-up")
    return problem("id_verification_missing", "F01 F33", set_up, title=title)


@question("id_verification_status")
def diagnose_id_verification_status(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """How far ID Verification is, and which courses need it (F01)."""
    courses = [account.catalog.courses.get(enr.course) for enr in account.enrollments if enr.is_running]
    titles = [course.title for course in courses if course and needs_id(course)]
    if not titles and account.id_verification == "none":
        yield info("id_verification_not_needed", "F01", read("who_needs_it", "id-verification/who-needs-it"))
        return
    found = id_verification(account, params, as_of, None)
    status = "info" if found.code == "id_verification_pending" else found.status
    yield Finding(found.code, status, found.sources, {**found.values, "titles": titles}, found.remedies)


def _work(account: Account, course: Course) -> Iterator[Finding]:
    """F33, F44: every required assignment graded and passed; or, in cumulative courses, the threshold met."""
    works = work_in(account, course)
    if course.passing_threshold is not None:
        yield from _cumulative(course, works)
        return
    yield from _not_there_yet(required(works))
    for work in required(works):
        if work.is_graded and not work.is_passed:
            passing = percent(work.assignment.passing or 0)
            retry = read("resubmit", "quiz-and-assignment-problems/disagree-with-grade")
            yield problem(
                "assignment_not_passed", "F33", retry, title=work.title, score=percent(work.score), passing=passing
            )
    passed = [work.title for work in required(works) if work.is_passed]
    if passed:
        yield fine("assignments_passed", "F33", titles=passed)


def _cumulative(course: Course, works: tuple[Work, ...]) -> Iterator[Finding]:
    """F33: what counts is the grade so far; what is not graded yet explains it and is no cause by itself."""
    grade, threshold = grade_so_far(works), as_decimal(course.passing_threshold or 0)
    values = {"title": course.title, "grade": percent(grade), "threshold": percent(threshold)}
    if grade >= threshold:
        yield fine("passing_threshold_met", "F33", **values)
        return
    yield problem(
        "below_passing_threshold", "F33 F44", read("how_grades_add_up", "final-grade-problems/calculation"), **values
    )
    for finding in _not_there_yet([work for work in works if not work.assignment.honors]):
        yield Finding(finding.code, "info", finding.sources, finding.values, finding.remedies)


def _not_there_yet(works: list[Work]) -> Iterator[Finding]:
    """Not handed in, or handed in and not graded, each for what it waits for."""
    missing = [work for work in works if not work.is_submitted]
    if missing:
        drafts = [work.title for work in missing if work.is_draft]
        submit = read("submit_draft", "quiz-and-assignment-problems/submission-missing")
        titles = [work.title for work in missing]
        yield problem("assignment_not_submitted", "F24 F33", submit, titles=titles, drafts=drafts or None)
    waiting = [work.title for work in works if work.is_waiting and not (work.lacks_reviews or work.owes_reviews)]
    if waiting:
        yield problem(
            "awaiting_grade", "F33", read("check_back", "certificate-problems/no-certificate"), titles=waiting
        )
    for work in works:
        yield from peer_reviews(work)


def peer_reviews(work: Work) -> Iterator[Finding]:
    """F33: reviews still to come from peers, and still owed to peers."""
    submission, assignment = work.submission, work.assignment
    if work.lacks_reviews:
        have, need = submission.peer_reviews_received, assignment.peer_reviews_needed
        wait = read("ask_in_forum", "quiz-and-assignment-problems/no-grade")
        yield problem("too_few_peer_reviews_received", "F24 F33", wait, title=work.title, have=have, need=need)
    if work.owes_reviews:
        have, need = submission.reviews_given, assignment.reviews_to_give
        review = read("review_peers", "certificate-problems/no-certificate")
        yield problem("too_few_peer_reviews_given", "F33", review, title=work.title, have=have, need=need)
