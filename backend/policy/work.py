"""Assignments and what was handed in for them, as the diagnoses on course work read them (F24, F33, F44)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from backend.policy.access import seat_in
from backend.policy.facts import Account, Assignment, Course, Submission

DONE = ("submitted", "graded")


@dataclass(frozen=True)
class Work:
    """One assignment of a course and what the learner handed in for it, if anything."""

    course: Course
    assignment: Assignment
    submission: Submission | None

    @property
    def title(self) -> str:
        return self.assignment.title

    @property
    def is_draft(self) -> bool:
        return self.submission is not None and self.submission.status == "draft"

    @property
    def is_submitted(self) -> bool:
        """Handed in; a draft is not (F24)."""
        return self.submission is not None and self.submission.status in DONE

    @property
    def is_graded(self) -> bool:
        return self.submission is not None and self.submission.status == "graded"

    @property
    def score(self) -> Decimal:
        """The score as a share of 1; 0 where there is none."""
        return as_decimal(self.submission.score) if self.is_graded and self.submission.score is not None else Decimal(0)

    @property
    def is_passed(self) -> bool:
        passing = self.assignment.passing
        return self.is_graded and (passing is None or self.score >= as_decimal(passing))

    @property
    def lacks_reviews(self) -> bool:
        """Handed in, and fewer peers have reviewed it than it needs (F24, F33)."""
        return self.is_waiting and self.submission.peer_reviews_received < self.assignment.peer_reviews_needed

    @property
    def owes_reviews(self) -> bool:
        """Handed in, and the learner has reviewed fewer peers than asked (F33)."""
        return self.is_waiting and self.submission.reviews_given < self.assignment.reviews_to_give

    @property
    def is_waiting(self) -> bool:
        """Handed in and not graded."""
        return self.is_submitted and not self.is_graded


def work_in(account: Account, course: Course) -> tuple[Work, ...]:
    """Every assignment of a course with its submission."""
    handed_in = {sub.assignment: sub for sub in account.submissions if sub.course == course.id}
    return tuple(Work(course, assignment, handed_in.get(assignment.id)) for assignment in course.assignments)


def course_meant(account: Account, target: str | None) -> Course | None:
    """By the course's id or an enrolment's; without either, the only course one is enrolled in."""
    found = account.catalog.courses.get(target or "")
    by_seat = next((enr.course for enr in account.enrollments if enr.id == target), None)
    if found or by_seat:
        return found or account.catalog.courses.get(by_seat)
    seats = list({enr.course for enr in account.enrollments if enr.is_running})
    return account.catalog.courses.get(seats[0]) if target is None and len(seats) == 1 else None


def work_meant(account: Account, target: str | None) -> tuple[Work, ...]:
    """By `course/assignment`, an assignment's id (in a course enrolled in, else any), or all of a course meant."""
    course_id, _, assignment_id = (target or "").rpartition("/")
    courses = account.catalog.courses.values()
    ranked = sorted(courses, key=lambda course: seat_in(account, course.id) is None)
    for course in ranked:
        if course_id in ("", course.id):
            found = tuple(work for work in work_in(account, course) if work.assignment.id == assignment_id)
            if found:
                return found
    course = course_meant(account, target)
    return work_in(account, course) if course else ()


def grade_so_far(works: Iterable[Work]) -> Decimal:
    """F44: the sum of score x weight. Honors assignments do not touch the grade (F26)."""
    return sum((work.score * as_decimal(work.assignment.weight) for work in counted(works)), Decimal(0))


def counted(works: Iterable[Work]) -> list[Work]:
    """Those that count for the grade (F26)."""
    return [work for work in works if not work.assignment.honors]


def required(works: Iterable[Work]) -> list[Work]:
    """Those a certificate needs (F26, F33)."""
    return [work for work in counted(works) if work.assignment.required]


def as_decimal(number: float) -> Decimal:
    """A share as it was written: 0.7 is 0.7."""
    return Decimal(str(number))


def percent(share: float | Decimal) -> str:
    """For people: `85%`, `66.7%`."""
    shown = (Decimal(str(share)) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{shown.normalize():f}%"
