"""The facts rules decide on: one learner's account and the part of the catalogue it touches.

The names are the world's (contracts §6). Everything is frozen, instants are aware UTC, money is `Money`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backend.policy.money import Money


@dataclass(frozen=True)
class Assignment:
    id: str
    title: str
    kind: str = "quiz"
    weight: float = 0.0
    passing: float | None = None
    required: bool = True
    honors: bool = False
    opens_after: str | None = None
    locked_by_staff: bool = False
    peer_reviews_needed: int = 0
    reviews_to_give: int = 0


@dataclass(frozen=True)
class Offers:
    certificate: bool = True
    audit: bool = True
    aid: bool = True
    full_no_certificate: bool = False


@dataclass(frozen=True)
class Course:
    id: str
    title: str
    partner: str | None = None  # the partner's name, not its id: the lists of F14 speak of names
    price: Money | None = None
    starts_at: datetime | None = None
    offers: Offers = Offers()
    verification: str = "name"
    program: str = "none"
    platform: str = "new"
    passing_threshold: float | None = None
    access_days: int | None = None
    capstone: str | None = None
    assignments: tuple[Assignment, ...] = ()


@dataclass(frozen=True)
class Specialization:
    id: str
    title: str
    courses: tuple[str, ...]
    partner: str | None = None
    monthly_price: Money | None = None
    prepay_price: Money | None = None


@dataclass(frozen=True)
class Catalog:
    """Courses and Specializations by id, in the catalogue's order."""

    courses: Mapping[str, Course] = field(default_factory=dict)
    specializations: Mapping[str, Specialization] = field(default_factory=dict)

    def specializations_with(self, course: str) -> tuple[Specialization, ...]:
        return tuple(spec for spec in self.specializations.values() if course in spec.courses)

    def title_of(self, item: str) -> str:
        """The title of a course, a Specialization or Coursera Plus, by id."""
        if item == "plus":
            return "Coursera Plus"
        found = self.courses.get(item) or self.specializations.get(item)
        return found.title if found else item


@dataclass(frozen=True)
class Enrollment:
    id: str
    course: str
    mode: str
    since: datetime
    completed_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True)
class Payment:
    id: str
    kind: str
    item: str
    amount: Money
    at: datetime
    via: str = "web"
    status: str = "completed"
    method: str | None = None
    promotion: str | None = None
    refunded_at: datetime | None = None


@dataclass(frozen=True)
class Subscription:
    id: str
    item: str
    plan: str
    status: str
    since: datetime
    period_ends_at: datetime | None = None
    trial_ends_at: datetime | None = None
    via: str = "web"
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None


@dataclass(frozen=True)
class Certificate:
    course: str
    earned_at: datetime


@dataclass(frozen=True)
class AidApplication:
    id: str
    course: str
    submitted_at: datetime
    words: int
    status: str
    decided_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Submission:
    course: str
    assignment: str
    status: str
    score: float | None = None
    peer_reviews_received: int = 0
    reviews_given: int = 0


@dataclass(frozen=True)
class Promotion:
    code: str
    percent: int
    courses: tuple[str, ...]
    used_at: datetime | None = None


@dataclass(frozen=True)
class Refund:
    id: str
    payment: str
    amount: Money
    requested_at: datetime
    expected_by: datetime


@dataclass(frozen=True)
class Account:
    """One learner, whole. A guest has no account."""

    id: str
    name: str
    email: str
    country: str | None = None
    email_confirmed: bool = True
    sign_ins: tuple[str, ...] = ("password",)
    sso_organisation: str | None = None
    sso_linked: bool = False
    name_verification: str = "none"
    id_verification: str = "none"
    enrollments: tuple[Enrollment, ...] = ()
    payments: tuple[Payment, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    aid: tuple[AidApplication, ...] = ()
    submissions: tuple[Submission, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    refunds: tuple[Refund, ...] = ()
    catalog: Catalog = Catalog()

    def payment(self, id: str) -> Payment | None:
        return next((payment for payment in self.payments if payment.id == id), None)

    def subscription(self, id: str) -> Subscription | None:
        return next((subscription for subscription in self.subscriptions if subscription.id == id), None)

    def certificate_for(self, course: str) -> Certificate | None:
        return next((certificate for certificate in self.certificates if certificate.course == course), None)


@dataclass(frozen=True)
class Request:
    """What is asked besides the target: the channel and the details an operation collects.

    `details` by operation: refund `{part: bool}`; change_name `{name: str}`; apply_for_aid `{education, goals,
    circumstances: str, pledge: bool}`; unlink_login `{provider: str}`; report_problem `{kind, link, text: str}`.
    `overruled`: codes of refusals a supervisor sets aside (policy/overrule says which can be); never from a learner.
    """

    channel: str = "web"
    details: Mapping[str, Any] = field(default_factory=dict)
    overruled: tuple[str, ...] = ()
