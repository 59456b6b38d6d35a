"""What no single value of a world shows: references that lead nowhere, names taken twice, circles.

A reference may lead to an entry of the world itself or to one the database holds already. `find_needs` says what to
look up there; `check` judges when it is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.store.world_schema import Entry, Reading
from backend.store.world_vocabulary import PLUS

COURSE, SPECIALIZATION, PLUS_ITEM = "a course", "a Specialization", "plus"

# What each kind of payment can be for (policies §1); a trial's test charge comes with whatever is tried.
_PAID_FOR = {
    "course": (COURSE,),
    "specialization_prepay": (SPECIALIZATION,),
    "subscription": (SPECIALIZATION, COURSE, PLUS_ITEM),
    "plus": (PLUS_ITEM,),
    "trial_hold": (SPECIALIZATION, COURSE, PLUS_ITEM),
}
_SUBSCRIBED_TO = (SPECIALIZATION, PLUS_ITEM)


@dataclass(frozen=True)
class Known:
    """What the database holds of the ids a world speaks of; `assignments` gives each one's courses."""

    partners: frozenset[str] = frozenset()
    courses: frozenset[str] = frozenset()
    specializations: frozenset[str] = frozenset()
    assignments: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """Ids to look up in the database."""

    partners: frozenset[str]
    items: frozenset[str]
    assignments: frozenset[str]


def find_needs(world: Entry) -> Needs:
    """Every id the world speaks of: also its own, as one of its courses may be a Specialization in the database."""
    catalog = _catalog(world)
    items = {entry["id"] for name in ("courses", "specializations") for entry in catalog[name] if "id" in entry}
    items.update(value for _, value in _courses_named(world))
    items.update(thing["item"] for thing in _things(world, "payments", "subscriptions") if "item" in thing)
    partners = {
        entry["partner"] for name in ("courses", "specializations") for entry in catalog[name] if entry.get("partner")
    }
    assignments = {thing["assignment"] for thing in _things(world, "submissions") if "assignment" in thing}
    return Needs(frozenset(partners), frozenset(items), frozenset(assignments))


def check(world: Entry, known: Known | None, reading: Reading) -> None:
    """Report what is wrong, and give each submission its `course`.

    `known` None: the database has not been asked, so whatever may be there is not a problem yet.
    """
    _Check(world, known, reading).run()


def _catalog(world: Entry) -> Mapping[str, Any]:
    return {"partners": [], "courses": [], "specializations": [], **world.get("catalog", {})}


def _things(world: Entry, *names: str) -> Iterator[Entry]:
    for learner in world.get("learners", ()):
        for name in names:
            yield from learner.get(name, ())


def _courses_named(world: Entry) -> Iterator[tuple[str, str]]:
    """(path, id) of every place that must name a course."""
    for holder in (*_catalog(world)["specializations"], *_things(world, "promotions")):
        for at, course in enumerate(holder.get("courses", ())):
            yield f"{holder.at('courses')}[{at}]", course
    for thing in _things(world, "enrollments", "certificates", "aid"):
        if "course" in thing:
            yield thing.at("course"), thing["course"]


class _Check:
    def __init__(self, world: Entry, known: Known | None, reading: Reading) -> None:
        self.world = world
        self.reading = reading
        self.asked = known is not None
        self.known = known or Known()
        self.catalog = _catalog(world)
        self.partners = self._ids("partners")
        self.courses = self._ids("courses")
        self.specializations = self._ids("specializations")

    def _ids(self, name: str) -> dict[str, Entry]:
        return {entry["id"]: entry for entry in self.catalog[name] if "id" in entry}

    def run(self) -> None:
        self._check_names()
        for entry in (*self.catalog["courses"], *self.catalog["specializations"]):
            partner = entry.get("partner")
            if partner and partner not in self.partners and partner not in self.known.partners:
                self._missing(entry.at("partner"), "the id of a partner", partner)
        for course in self.catalog["courses"]:
            self._check_opening(course)
        for path, course in _courses_named(self.world):
            self._check_item(path, course, (COURSE,))
        for payment in _things(self.world, "payments"):
            if "item" in payment:
                self._check_item(payment.at("item"), payment["item"], _PAID_FOR.get(payment.get("kind", ""), ()))
        for subscription in _things(self.world, "subscriptions"):
            if "item" in subscription:
                self._check_item(subscription.at("item"), subscription["item"], _SUBSCRIBED_TO)
        for learner in self.world.get("learners", ()):
            self._check_submissions(learner)

    def _missing(self, path: str, expected: str, found: str) -> None:
        if self.asked:
            self.reading.problem(path, f"expected {expected} in this world or loaded before; there is no {found!r}")

    def _check_names(self) -> None:
        """Courses, Specializations and `plus` are all called items, so no two may share a name."""
        for entry in (*self.catalog["courses"], *self.catalog["specializations"]):
            if entry.get("id") == PLUS:
                self.reading.problem(entry.at("id"), f"expected another id; {PLUS!r} means Coursera Plus")
        for name, entry in self.specializations.items():
            if name in self.courses:
                taken = self.courses[name].at("id")
                self.reading.problem(entry.at("id"), f"expected one of its own; {name!r} is taken by {taken}")
            elif name in self.known.courses:
                self.reading.problem(entry.at("id"), f"expected one of its own; {name!r} is a course loaded before")
        for name in self.courses.keys() & self.known.specializations - self.specializations.keys():
            path = self.courses[name].at("id")
            self.reading.problem(path, f"expected one of its own; {name!r} is a Specialization loaded before")

    def _kind(self, item: str) -> str | None:
        if item == PLUS:
            return PLUS_ITEM
        if item in self.courses or (item in self.known.courses and item not in self.specializations):
            return COURSE
        return SPECIALIZATION if item in self.specializations or item in self.known.specializations else None

    def _check_item(self, path: str, item: str, kinds: Sequence[str]) -> None:
        if not kinds:  # the payment's kind itself could not be read; that is reported already
            return
        expected = " or ".join(kind if kind == PLUS_ITEM else f"the id of {kind}" for kind in kinds)
        kind = self._kind(item)
        if kind is None and PLUS_ITEM in kinds and len(kinds) == 1:
            self.reading.problem(path, f"expected {expected}; got {item!r}")
        elif kind is None:
            self._missing(path, expected, item)
        elif kind not in kinds:
            self.reading.problem(path, f"expected {expected}; {item!r} is {kind}")

    def _check_opening(self, course: Entry) -> None:
        assignments = {one["id"]: one for one in course.get("assignments", ()) if "id" in one}
        for name, assignment in assignments.items():
            after = assignment.get("opens_after")
            if after is None:
                continue
            if after not in assignments:
                what = f"expected the id of another assignment of this course; there is no {after!r}"
                self.reading.problem(assignment.at("opens_after"), what)
            elif _opens_in_circle(name, assignments):
                self.reading.problem(assignment.at("opens_after"), f"{name!r} would open only after itself")

    def _check_submissions(self, learner: Entry) -> None:
        own = [one["course"] for one in learner.get("enrollments", ()) if "course" in one]
        own += [one["course"] for one in learner.get("certificates", ()) if "course" in one]
        for submission in learner.get("submissions", ()):
            assignment = submission.get("assignment")
            courses = self._courses_with(assignment) if assignment else []
            submission["course"] = next(
                (course for course in own if course in courses), courses[0] if courses else None
            )
            if assignment and not courses:
                self._missing(submission.at("assignment"), "the id of an assignment", assignment)

    def _courses_with(self, assignment: str) -> list[str]:
        """The courses that have it: of this world first; one loaded before counts unless this world replaces it."""
        found = [
            name
            for name, course in self.courses.items()
            if any(one.get("id") == assignment for one in course.get("assignments", ()))
        ]
        return found + [course for course in self.known.assignments.get(assignment, ()) if course not in self.courses]


def _opens_in_circle(name: str, assignments: Mapping[str, Entry]) -> bool:
    step, seen = assignments[name].get("opens_after"), set()
    while step is not None and step in assignments and step not in seen:
        if step == name:
            return True
        seen.add(step)
        step = assignments[step].get("opens_after")
    return False
