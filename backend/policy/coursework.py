"""Why an assignment is locked or has no grade, and what the final grade is made of (F22, F24, F44, F46, F49)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.policy.access import access_to, causes
from backend.policy.decision import Finding, Remedy
from backend.policy.draft import outside, read
from backend.policy.facts import Account, Course, Request
from backend.policy.findings import fine, info, problem, question
from backend.policy.parameters import Parameters
from backend.policy.work import Work, as_decimal, counted, course_meant, grade_so_far, percent, work_in, work_meant


@question("why_assignment_locked")
def diagnose_why_assignment_locked(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Everything that keeps an assignment locked (F24, F46, F49).

    Target: an assignment's id (or `course/assignment`), or a course's for all of its assignments.
    """
    works = work_meant(account, target)
    if not works:
        yield info("target_unknown", target=target) if target else info("target_missing")
        return
    course = works[0].course
    found = [
        *_paid_version(account, course, as_of, params),
        *(cause for work in works for cause in _own(account, work)),
    ]
    yield from found
    if all(finding.status != "problem" for finding in found):
        refresh = read("try_again", "quiz-and-assignment-problems/locked")
        yield fine("not_locked", "F24", refresh, title=course.title, titles=[work.title for work in works])


def _paid_version(account: Account, course: Course, as_of: datetime, params: Parameters) -> Iterator[Finding]:
    """Whether the paid version is open. The full course without a certificate has all assignments (F22)."""
    access = access_to(account, course.id, as_of, params)
    if course.starts_at and course.starts_at > as_of:
        start = read("before_the_start", "degree-sessions/before-the-start")
        yield problem("course_not_started", "F15 F47", start, title=course.title, starts_at=course.starts_at)
    if access.seat is None:
        yield problem("not_enrolled", "F00 F21", read("how_to_enroll", "enroll-in-a-course/how-to"), title=course.title)
    elif access.seat.mode != "full_no_certificate":
        yield from causes(access)
    if access.is_paid:
        yield fine("paid", "F46", title=course.title, until=access.open_ways[0].until)


def _own(account: Account, work: Work) -> Iterator[Finding]:
    """F24: an earlier assignment first; in degree courses the staff unlocks."""
    by_id = {other.assignment.id: other for other in work_in(account, work.course)}
    earlier = by_id.get(work.assignment.opens_after or "")
    if earlier and not earlier.is_submitted:
        about = read("how_to_unlock", "quiz-and-assignment-problems/locked")
        yield problem("earlier_assignment_required", "F24", about, title=work.title, earlier=earlier.title)
    if work.assignment.locked_by_staff:
        yield problem("degree_staff_must_unlock", "F24", *_degree_support(work.course), title=work.title)


@question("why_no_grade")
def diagnose_why_no_grade(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Why handed-in work has no grade (F24). Target: an assignment's id, or a course's for all of its assignments."""
    works = work_meant(account, target)
    if not works:
        yield info("target_unknown", target=target) if target else info("target_missing")
        return
    pending = [work for work in works if not work.is_graded and work.submission]
    for work in pending:
        yield from _ungraded(work)
    yield from _not_handed_in([work for work in works if not work.submission], is_cause=not pending)
    graded = [work for work in works if work.is_graded]
    if graded:
        scores = [percent(work.score) for work in graded]
        yield fine("graded", "F24", titles=[work.title for work in graded], scores=scores)


def _ungraded(work: Work) -> Iterator[Finding]:
    submission, assignment = work.submission, work.assignment
    if work.is_draft:
        submit = read("submit_draft", "quiz-and-assignment-problems/submission-missing")
        yield problem("still_a_draft", "F24", submit, title=work.title)
    elif work.lacks_reviews:
        have, need = submission.peer_reviews_received, assignment.peer_reviews_needed
        ask = read("ask_in_forum", "quiz-and-assignment-problems/no-grade")
        yield problem("awaiting_peer_reviews", "F24", ask, title=work.title, have=have, need=need)
    else:
        refresh = read("check_back", "quiz-and-assignment-problems/no-grade")
        yield problem("under_grading", "F24", refresh, title=work.title)
    if work.owes_reviews:  # F33: no grade before these; the article on grades does not name it as a cause
        have, need = submission.reviews_given, assignment.reviews_to_give
        review = read("review_peers", "certificate-problems/no-certificate")
        yield info("too_few_peer_reviews_given", "F33", review, title=work.title, have=have, need=need)


def _not_handed_in(works: list[Work], is_cause: bool) -> Iterator[Finding]:
    """Nothing there: the cause if it is all there is, else only worth knowing."""
    if not works:
        return
    titles, second = [work.title for work in works], read("second_account", "multiple-accounts/other-address")
    if is_cause:
        yield problem("not_submitted", "F24", second, titles=titles)
    else:
        yield info("not_submitted", "F24", titles=titles)


@question("final_grade")
def diagnose_final_grade(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """The sum of score x weight, shown assignment by assignment (F44). Target: a course's or an enrolment's id."""
    course = course_meant(account, target)
    if course is None:
        yield info("target_unknown", target=target) if target else info("target_missing")
        return
    works = counted(work_in(account, course))
    for work in works:
        yield _line(work)
    waiting = [work.title for work in works if not work.is_graded]
    grade = percent(grade_so_far(works))
    support = _degree_support(course)
    if waiting:
        later = read("final_grade_appears_later", "final-grade-problems/missing")
        yield info("grade_so_far", "F44", later, *support, title=course.title, grade=grade, waiting=waiting)
    elif works:
        how = read("how_grades_add_up", "final-grade-problems/calculation")
        yield info("final_grade", "F44", how, *support, title=course.title, grade=grade)
    else:
        yield info("no_graded_assignments", "F44", title=course.title)
    if course.passing_threshold is not None:
        yield _against_threshold(course, works)


def _line(work: Work) -> Finding:
    weight = as_decimal(work.assignment.weight)
    values = {"title": work.title, "weight": percent(weight)}
    if work.is_graded:
        points = percent(work.score * weight)
        return info("assignment_grade", "F44", score=percent(work.score), points=points, **values)
    return info("assignment_without_grade", "F44", **values)


def _against_threshold(course: Course, works: list[Work]) -> Finding:
    grade, threshold = grade_so_far(works), as_decimal(course.passing_threshold or 0)
    values = {"title": course.title, "grade": percent(grade), "threshold": percent(threshold)}
    if grade >= threshold:
        return fine("passing_threshold_met", "F33 F44", **values)
    return problem("below_passing_threshold", "F33 F44", **values)


def _degree_support(course: Course) -> tuple[Remedy, ...]:
    """F44: degree learners have an address of their own, told in the Onboarding Course."""
    return (outside("degree_support", title=course.title),) if course.program == "degree" else ()
