"""The platform's tables: the catalogue, the learners and what hangs on them (contracts §6).

A learner's own things carry ids that are only unique for that learner, so their keys are (learner_id, id). Money is
two columns, whole minor units and a currency. What may never be true is refused by the schema, not only by the code.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.store import world_vocabulary as words
from backend.store.base import Base


def one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    """The column holds one of the words, or nothing where it may be null."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in allowed)})", name=f"{column}_known")


def via_known() -> CheckConstraint:
    """How it was paid: one of our own ways, or a marketplace with its name."""
    prefix, length = words.MARKETPLACE, len(words.MARKETPLACE)
    own = ", ".join(repr(word) for word in words.VIAS)
    return CheckConstraint(
        f"via IN ({own}) OR (substr(via, 1, {length}) = '{prefix}' AND length(via) > {length})", name="via_known"
    )


def money(name: str, *, optional: bool = False) -> tuple[CheckConstraint, ...]:
    """An amount is never negative and always has a currency."""
    checks = [
        CheckConstraint(f"{name}_minor >= 0", name=f"{name}_not_negative"),
        CheckConstraint(f"length({name}_currency) = 3", name=f"{name}_currency_known"),
    ]
    if optional:
        checks.append(CheckConstraint(f"({name}_minor IS NULL) = ({name}_currency IS NULL)", name=f"{name}_whole"))
    return tuple(checks)


def share(column: str) -> CheckConstraint:
    """A part of a whole: 0 to 1."""
    return CheckConstraint(f"{column} BETWEEN 0 AND 1", name=f"{column}_is_a_share")


def count(column: str) -> CheckConstraint:
    return CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative")


def not_before(later: str, earlier: str) -> CheckConstraint:
    return CheckConstraint(f"{later} >= {earlier}", name=f"{later}_not_before_{earlier}")


def learner_key() -> Mapped[str]:
    """First part of the key of everything that is a learner's."""
    return mapped_column(ForeignKey("learners.id", ondelete="CASCADE"), primary_key=True)


# --- the catalogue -------------------------------------------------------------------------------------------------


class PartnerRow(Base):
    """A university or a company that offers courses."""

    __tablename__ = "partners"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class CourseRow(Base):
    """A course. Without a price it is free or only comes with a subscription."""

    __tablename__ = "courses"
    __table_args__ = (
        *money("price", optional=True),
        one_of("verification", words.VERIFICATIONS),
        one_of("program", words.PROGRAMS),
        one_of("platform", words.PLATFORMS),
        one_of("capstone", words.CAPSTONES),
        share("passing_threshold"),
        CheckConstraint("access_days > 0", name="access_days_positive"),
        CheckConstraint(f"id <> '{words.PLUS}'", name="id_not_reserved"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    title: Mapped[str]
    partner_id: Mapped[str | None] = mapped_column(ForeignKey("partners.id"))
    price_minor: Mapped[int | None] = mapped_column(BigInteger)
    price_currency: Mapped[str | None] = mapped_column(String(3))
    starts_at: Mapped[datetime | None]
    offers_certificate: Mapped[bool] = mapped_column(default=True)
    offers_audit: Mapped[bool] = mapped_column(default=True)
    offers_aid: Mapped[bool] = mapped_column(default=True)
    offers_full_no_certificate: Mapped[bool] = mapped_column(default=False)
    verification: Mapped[str] = mapped_column(default="name")
    program: Mapped[str] = mapped_column(default="none")
    platform: Mapped[str] = mapped_column(default="new")
    passing_threshold: Mapped[float | None]
    access_days: Mapped[int | None]
    capstone: Mapped[str | None]


class AssignmentRow(Base):
    """One piece of course work. `opens_after` names another of the same course."""

    __tablename__ = "assignments"
    __table_args__ = (
        # Checked at the end of the transaction: assignments of a course are written in any order.
        ForeignKeyConstraint(
            ["course_id", "opens_after"],
            ["assignments.course_id", "assignments.id"],
            name="fk_assignments_opens_after",
            deferrable=True,
            initially="DEFERRED",
        ),
        one_of("kind", words.ASSIGNMENT_KINDS),
        share("weight"),
        share("passing"),
        count("peer_reviews_needed"),
        count("reviews_to_give"),
        CheckConstraint("opens_after <> id", name="opens_after_another"),
    )

    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    title: Mapped[str]
    kind: Mapped[str] = mapped_column(default="quiz")
    weight: Mapped[float] = mapped_column(default=0.0)
    passing: Mapped[float | None]
    required: Mapped[bool] = mapped_column(default=True)
    honors: Mapped[bool] = mapped_column(default=False)
    opens_after: Mapped[str | None]
    locked_by_staff: Mapped[bool] = mapped_column(default=False)
    peer_reviews_needed: Mapped[int] = mapped_column(default=0)
    reviews_to_give: Mapped[int] = mapped_column(default=0)


class SpecializationRow(Base):
    """A series of courses, subscribed to by the month or prepaid."""

    __tablename__ = "specializations"
    __table_args__ = (
        *money("monthly_price", optional=True),
        *money("prepay_price", optional=True),
        CheckConstraint(f"id <> '{words.PLUS}'", name="id_not_reserved"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    title: Mapped[str]
    partner_id: Mapped[str | None] = mapped_column(ForeignKey("partners.id"))
    monthly_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    monthly_price_currency: Mapped[str | None] = mapped_column(String(3))
    prepay_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    prepay_price_currency: Mapped[str | None] = mapped_column(String(3))


class SpecializationCourseRow(Base):
    """A course's place in a Specialization; the order matters, aid is applied for in it."""

    __tablename__ = "specialization_courses"
    __table_args__ = (UniqueConstraint("specialization_id", "position"),)

    specialization_id: Mapped[str] = mapped_column(
        ForeignKey("specializations.id", ondelete="CASCADE"), primary_key=True
    )
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]


# --- a learner and what hangs on them ------------------------------------------------------------------------------


class LearnerRow(Base):
    """One account. A deleted one keeps its row, without personal data, for the records that name its id.

    E-mail addresses are not unique: two accounts of one person are a thing the help desk is asked about.
    """

    __tablename__ = "learners"
    __table_args__ = (
        one_of("name_verification", words.NAME_VERIFICATIONS),
        one_of("id_verification", words.ID_VERIFICATIONS),
        one_of("status", words.LEARNER_STATUSES),
        CheckConstraint("length(country) = 2", name="country_known"),
        CheckConstraint("sso_organisation IS NOT NULL OR NOT sso_linked", name="sso_linked_to_something"),
        Index("ix_learners_email_lower", text("lower(email)")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    country: Mapped[str | None] = mapped_column(String(2))
    password_hash: Mapped[str | None]
    email_confirmed: Mapped[bool] = mapped_column(default=True)
    sso_organisation: Mapped[str | None]
    sso_linked: Mapped[bool] = mapped_column(default=False)
    name_verification: Mapped[str] = mapped_column(default="none")
    id_verification: Mapped[str] = mapped_column(default="none")
    status: Mapped[str] = mapped_column(default="active")
    tokens_void_before: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SignInRow(Base):
    """A way this learner can sign in."""

    __tablename__ = "sign_ins"
    __table_args__ = (one_of("provider", words.SIGN_INS),)

    learner_id: Mapped[str] = learner_key()
    provider: Mapped[str] = mapped_column(primary_key=True)


class EnrollmentRow(Base):
    """A learner in a course. `ended_at` is when they left or were taken out; the row stays for the record."""

    __tablename__ = "enrollments"
    __table_args__ = (
        one_of("mode", words.ENROLLMENT_MODES),
        not_before("completed_at", "since"),
        not_before("ended_at", "since"),
    )

    learner_id: Mapped[str] = learner_key()
    id: Mapped[str] = mapped_column(primary_key=True)
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id"), index=True)
    mode: Mapped[str] = mapped_column(default="paid")
    since: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PaymentRow(Base):
    """A charge. `item` is a course's id, a Specialization's id or `plus`, so it cannot be a foreign key."""

    __tablename__ = "payments"
    __table_args__ = (
        *money("amount"),
        one_of("kind", words.PAYMENT_KINDS),
        one_of("status", words.PAYMENT_STATUSES),
        one_of("method", words.PAYMENT_METHODS),
        via_known(),
        CheckConstraint(f"kind <> 'plus' OR item = '{words.PLUS}'", name="plus_pays_for_plus"),
        not_before("refunded_at", "at"),
    )

    learner_id: Mapped[str] = learner_key()
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    item: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    amount_currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime]
    via: Mapped[str] = mapped_column(default="web")
    status: Mapped[str] = mapped_column(default="completed")
    method: Mapped[str | None]
    promotion: Mapped[str | None]
    refunded_at: Mapped[datetime | None]


class SubscriptionRow(Base):
    """A monthly Specialization or Coursera Plus (`item` is then `plus`)."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        one_of("plan", words.SUBSCRIPTION_PLANS),
        one_of("status", words.SUBSCRIPTION_STATUSES),
        one_of("cancel_reason", words.CANCEL_REASONS),
        via_known(),
        not_before("period_ends_at", "since"),
        not_before("trial_ends_at", "since"),
        not_before("cancelled_at", "since"),
    )

    learner_id: Mapped[str] = learner_key()
    id: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str]
    plan: Mapped[str]
    status: Mapped[str]
    since: Mapped[datetime]
    trial_ends_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]
    via: Mapped[str] = mapped_column(default="web")
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]


class CertificateRow(Base):
    """A Course Certificate; it stays its learner's whatever happens to payment or enrolment."""

    __tablename__ = "certificates"

    learner_id: Mapped[str] = learner_key()
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id"), primary_key=True, index=True)
    earned_at: Mapped[datetime]


class AidApplicationRow(Base):
    """An application for financial aid; `words` counts its three texts together."""

    __tablename__ = "aid_applications"
    __table_args__ = (one_of("status", words.AID_STATUSES), count("words"), not_before("decided_at", "submitted_at"))

    learner_id: Mapped[str] = learner_key()
    id: Mapped[str] = mapped_column(primary_key=True)
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id"), index=True)
    submitted_at: Mapped[datetime]
    words: Mapped[int]
    status: Mapped[str] = mapped_column(default="submitted")
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class SubmissionRow(Base):
    """A learner's work for one assignment; `score` is a share of the assignment's points."""

    __tablename__ = "submissions"
    __table_args__ = (
        # A world that takes an assignment out of a course takes the work for it along.
        ForeignKeyConstraint(
            ["course_id", "assignment_id"],
            ["assignments.course_id", "assignments.id"],
            name="fk_submissions_assignment",
            ondelete="CASCADE",
        ),
        Index("ix_submissions_assignment", "course_id", "assignment_id"),
        one_of("status", words.SUBMISSION_STATUSES),
        share("score"),
        count("peer_reviews_received"),
        count("reviews_given"),
    )

    learner_id: Mapped[str] = learner_key()
    course_id: Mapped[str] = mapped_column(primary_key=True)
    assignment_id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    score: Mapped[float | None]
    peer_reviews_received: Mapped[int] = mapped_column(default=0)
    reviews_given: Mapped[int] = mapped_column(default=0)


class PromotionRow(Base):
    """A discount code given to a learner for some courses."""

    __tablename__ = "promotions"
    __table_args__ = (CheckConstraint("percent BETWEEN 0 AND 100", name="percent_possible"),)

    learner_id: Mapped[str] = learner_key()
    code: Mapped[str] = mapped_column(primary_key=True)
    percent: Mapped[int]
    courses: Mapped[list[Any]]
    used_at: Mapped[datetime | None]


class RefundRow(Base):
    """Money on its way back, made when a refund is carried out; a payment is given back once."""

    __tablename__ = "refunds"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "payment_id"],
            ["payments.learner_id", "payments.id"],
            name="fk_refunds_payment",
            ondelete="CASCADE",
        ),
        UniqueConstraint("learner_id", "payment_id"),
        *money("amount"),
        not_before("expected_by", "requested_at"),
    )

    learner_id: Mapped[str] = learner_key()
    id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    amount_currency: Mapped[str] = mapped_column(String(3))
    requested_at: Mapped[datetime]
    expected_by: Mapped[datetime]
