"""From the tables to the facts the rules decide on: a learner's account, the catalogue, a learner as tests see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import NotFound
from backend.policy import facts
from backend.policy.money import Money
from backend.store import world_models as rows
from backend.store import world_vocabulary as words
from backend.store.base import Base


async def load_account(
    session: AsyncSession, learner_id: str, *, for_update: bool = False, also: Iterable[str] = ()
) -> facts.Account | None:
    """One learner, whole, with the part of the catalogue the account touches; None if unknown or deleted.

    The catalogue part holds every course the learner has anything to do with, every Specialization that contains one
    or is subscribed to or paid, and all courses of those. `also` names further courses or Specializations the request
    is about. With `for_update` the learner's row stays locked until the transaction ends (PostgreSQL; SQLite writers
    are alone anyway), so that two requests for one learner are decided one after the other.
    """
    learner = await _learner(session, learner_id, for_update=for_update)
    return None if learner is None or learner.status == "deleted" else await _account(session, learner, also)


async def load_catalog(session: AsyncSession) -> facts.Catalog:
    """Every course and Specialization there is."""
    return await _catalog(session, None, None)


async def learner_view(session: AsyncSession, learner_id: str) -> dict[str, Any]:
    """A learner in the world's shape (contracts §5), deleted ones too, without the password.

    Money is `79.00 USD`, instants are RFC 3339 with Z. Raises NotFound.
    """
    learner = await _learner(session, learner_id)
    if learner is None:
        raise NotFound(f"There is no learner {learner_id}.", field="learner")
    return _view(learner, await _account(session, learner, ()))


# --- reading -------------------------------------------------------------------------------------------------------


async def _learner(session: AsyncSession, learner_id: str, *, for_update: bool = False) -> Row[Any] | None:
    # Plain columns are read, never mapped objects: those could be old copies the session still holds. They do not
    # flush by themselves, so what the caller has changed is written first.
    await session.flush()
    table = rows.LearnerRow.__table__
    query = select(table).where(table.c.id == learner_id)
    return (await session.execute(query.with_for_update() if for_update else query)).one_or_none()


async def _all(session: AsyncSession, model: type[Base], learner_id: str, *order: str) -> Sequence[Row[Any]]:
    """The learner's rows of one table, in an order that does not depend on the database."""
    table = model.__table__
    query = select(table).where(table.c.learner_id == learner_id).order_by(*(table.c[name] for name in order))
    return (await session.execute(query)).all()


async def _account(session: AsyncSession, learner: Row[Any], also: Iterable[str]) -> facts.Account:
    own = learner.id
    sign_ins = {row.provider for row in await _all(session, rows.SignInRow, own)}
    enrollments = [_enrollment(row) for row in await _all(session, rows.EnrollmentRow, own, "since", "id")]
    payments = [_payment(row) for row in await _all(session, rows.PaymentRow, own, "at", "id")]
    subscriptions = [_subscription(row) for row in await _all(session, rows.SubscriptionRow, own, "since", "id")]
    certificates = [
        facts.Certificate(row.course_id, row.earned_at)
        for row in await _all(session, rows.CertificateRow, own, "earned_at", "course_id")
    ]
    aid = [_aid(row) for row in await _all(session, rows.AidApplicationRow, own, "submitted_at", "id")]
    submissions = [
        _submission(row) for row in await _all(session, rows.SubmissionRow, own, "course_id", "assignment_id")
    ]
    promotions = [
        facts.Promotion(row.code, row.percent, tuple(row.courses), row.used_at)
        for row in await _all(session, rows.PromotionRow, own, "code")
    ]
    refunds = [_refund(row) for row in await _all(session, rows.RefundRow, own, "requested_at", "id")]

    touched = {thing.course for things in (enrollments, certificates, aid, submissions) for thing in things}
    touched.update(course for promotion in promotions for course in promotion.courses)
    items = {thing.item for things in (payments, subscriptions) for thing in things} | set(also)
    return facts.Account(
        id=own,
        name=learner.name,
        email=learner.email,
        country=learner.country,
        email_confirmed=learner.email_confirmed,
        sign_ins=tuple(provider for provider in words.SIGN_INS if provider in sign_ins),
        sso_organisation=learner.sso_organisation,
        sso_linked=learner.sso_linked,
        name_verification=learner.name_verification,
        id_verification=learner.id_verification,
        enrollments=tuple(enrollments),
        payments=tuple(payments),
        subscriptions=tuple(subscriptions),
        certificates=tuple(certificates),
        aid=tuple(aid),
        submissions=tuple(submissions),
        promotions=tuple(promotions),
        refunds=tuple(refunds),
        catalog=await _catalog(session, touched | items, items),
    )


async def _catalog(
    session: AsyncSession, courses: Collection[str] | None, specializations: Collection[str] | None
) -> facts.Catalog:
    """The part of the catalogue around these courses and Specializations; None: all of it."""
    places = rows.SpecializationCourseRow.__table__
    places_query = select(places).order_by(places.c.position)
    if courses is not None:
        around = select(places.c.specialization_id).where(places.c.course_id.in_(courses))
        places_query = places_query.where(
            or_(places.c.specialization_id.in_(around), places.c.specialization_id.in_(specializations or ()))
        )
    in_order: dict[str, list[str]] = defaultdict(list)
    for place in await session.execute(places_query):
        in_order[place.specialization_id].append(place.course_id)

    wanted_specs = wanted_courses = None
    if courses is not None:
        wanted_specs = set(in_order) | set(specializations or ())
        wanted_courses = set(courses) | {course for several in in_order.values() for course in several}
    assignments: dict[str, list[facts.Assignment]] = defaultdict(list)
    for row in await _entries(session, rows.AssignmentRow, wanted_courses, key="course_id"):
        assignments[row.course_id].append(_assignment(row))
    found_courses = await _entries(session, rows.CourseRow, wanted_courses)
    found_specs = await _entries(session, rows.SpecializationRow, wanted_specs)
    return facts.Catalog(
        courses={row.id: _course(row, assignments[row.id]) for row in found_courses},
        specializations={row.id: _specialization(row, in_order[row.id]) for row in found_specs},
    )


async def _entries(
    session: AsyncSession, model: type[Base], wanted: Collection[str] | None, *, key: str = "id"
) -> Sequence[Row[Any]]:
    """Entries of a catalogue table in the catalogue's order, with `partner`, its partner's name, where it has one."""
    table, partners = model.__table__, rows.PartnerRow.__table__
    query = select(table)
    if "partner_id" in table.c:
        query = query.add_columns(partners.c.name.label("partner")).outerjoin(partners)
    if wanted is not None:
        if not wanted:
            return ()
        chosen: ColumnElement[bool] = table.c[key].in_(sorted(wanted))
        query = query.where(chosen)
    return (await session.execute(query.order_by(table.c.position, table.c.id))).all()


# --- one row, one fact ---------------------------------------------------------------------------------------------


def _money(row: Row[Any], name: str) -> Money | None:
    minor = getattr(row, f"{name}_minor")
    return None if minor is None else Money(minor, getattr(row, f"{name}_currency"))


def _enrollment(row: Row[Any]) -> facts.Enrollment:
    return facts.Enrollment(row.id, row.course_id, row.mode, row.since, row.completed_at, row.ended_at)


def _payment(row: Row[Any]) -> facts.Payment:
    return facts.Payment(
        id=row.id,
        kind=row.kind,
        item=row.item,
        amount=Money(row.amount_minor, row.amount_currency),
        at=row.at,
        via=row.via,
        status=row.status,
        method=row.method,
        promotion=row.promotion,
        refunded_at=row.refunded_at,
    )


def _subscription(row: Row[Any]) -> facts.Subscription:
    return facts.Subscription(
        id=row.id,
        item=row.item,
        plan=row.plan,
        status=row.status,
        since=row.since,
        period_ends_at=row.period_ends_at,
        trial_ends_at=row.trial_ends_at,
        via=row.via,
        cancelled_at=row.cancelled_at,
        cancel_reason=row.cancel_reason,
    )


def _aid(row: Row[Any]) -> facts.AidApplication:
    return facts.AidApplication(
        row.id, row.course_id, row.submitted_at, row.words, row.status, row.decided_at, row.reason
    )


def _submission(row: Row[Any]) -> facts.Submission:
    return facts.Submission(
        course=row.course_id,
        assignment=row.assignment_id,
        status=row.status,
        score=row.score,
        peer_reviews_received=row.peer_reviews_received,
        reviews_given=row.reviews_given,
    )


def _refund(row: Row[Any]) -> facts.Refund:
    amount = Money(row.amount_minor, row.amount_currency)
    return facts.Refund(row.id, row.payment_id, amount, row.requested_at, row.expected_by)


def _assignment(row: Row[Any]) -> facts.Assignment:
    return facts.Assignment(
        id=row.id,
        title=row.title,
        kind=row.kind,
        weight=row.weight,
        passing=row.passing,
        required=row.required,
        honors=row.honors,
        opens_after=row.opens_after,
        locked_by_staff=row.locked_by_staff,
        peer_reviews_needed=row.peer_reviews_needed,
        reviews_to_give=row.reviews_to_give,
    )


def _course(row: Row[Any], assignments: Iterable[facts.Assignment]) -> facts.Course:
    return facts.Course(
        id=row.id,
        title=row.title,
        partner=row.partner,
        price=_money(row, "price"),
        starts_at=row.starts_at,
        offers=facts.Offers(row.offers_certificate, row.offers_audit, row.offers_aid, row.offers_full_no_certificate),
        verification=row.verification,
        program=row.program,
        platform=row.platform,
        passing_threshold=row.passing_threshold,
        access_days=row.access_days,
        capstone=row.capstone,
        assignments=tuple(assignments),
    )


def _specialization(row: Row[Any], courses: Iterable[str]) -> facts.Specialization:
    return facts.Specialization(
        id=row.id,
        title=row.title,
        courses=tuple(courses),
        partner=row.partner,
        monthly_price=_money(row, "monthly_price"),
        prepay_price=_money(row, "prepay_price"),
    )


# --- the world's shape ---------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """A fact's value as the world file writes it."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Money):
        return value.to_yaml()
    return list(value) if isinstance(value, tuple) else value


def _keys(fact: Any, *names: str) -> dict[str, Any]:
    return {name: _plain(getattr(fact, name)) for name in names}


def _view(learner: Row[Any], account: facts.Account) -> dict[str, Any]:
    sso = {"organisation": account.sso_organisation, "linked": account.sso_linked}
    return {
        **_keys(account, "id", "name", "email", "country", "email_confirmed", "sign_ins"),
        "sso": sso if account.sso_organisation is not None else None,
        **_keys(account, "name_verification", "id_verification"),
        "status": learner.status,
        "enrollments": [
            {**_keys(one, "id", "course", "mode", "since", "completed_at"), "ended": not one.is_running}
            for one in account.enrollments
        ],
        "payments": [
            _keys(one, "id", "kind", "item", "amount", "at", "via", "status", "method", "promotion", "refunded_at")
            for one in account.payments
        ],
        "subscriptions": [
            _keys(
                one,
                "id",
                "item",
                "plan",
                "status",
                "since",
                "trial_ends_at",
                "period_ends_at",
                "via",
                "cancelled_at",
                "cancel_reason",
            )
            for one in account.subscriptions
        ],
        "certificates": [_keys(one, "course", "earned_at") for one in account.certificates],
        "aid": [
            _keys(one, "id", "course", "submitted_at", "words", "status", "decided_at", "reason") for one in account.aid
        ],
        "submissions": [
            _keys(one, "assignment", "status", "score", "peer_reviews_received", "reviews_given")
            for one in account.submissions
        ],
        "promotions": [_keys(one, "code", "percent", "courses", "used_at") for one in account.promotions],
        "refunds": [_keys(one, "id", "payment", "amount", "requested_at", "expected_by") for one in account.refunds],
    }
