"""What may never be true is refused by the database itself, whoever writes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.passwords import hash_password, needs_rehash, verify_password
from backend.store import world_models as models
from backend.store.base import Base, Store
from backend.store.world import apply_world

NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
EARLIER = NOW - timedelta(seconds=1)

# One good row of each table; each case below changes one thing about it.
GOOD: dict[type[Base], dict[str, Any]] = {
    models.PartnerRow: {"id": "p", "name": "P"},
    models.CourseRow: {"id": "c2", "title": "C"},
    models.AssignmentRow: {"course_id": "ml-basics", "id": "q2", "title": "Q"},
    models.SpecializationRow: {"id": "s", "title": "S"},
    models.SpecializationCourseRow: {"specialization_id": "empty", "course_id": "ml-basics", "position": 0},
    models.LearnerRow: {"id": "ben", "name": "B", "email": "b@example.org", "created_at": NOW},
    models.SignInRow: {"learner_id": "ana", "provider": "google"},
    models.EnrollmentRow: {"learner_id": "ana", "id": "enr-2", "course_id": "ml-basics", "mode": "paid", "since": NOW},
    models.PaymentRow: {
        "learner_id": "ana",
        "id": "pay-2",
        "kind": "course",
        "item": "ml-basics",
        "amount_minor": 0,
        "amount_currency": "USD",
        "at": NOW,
    },
    models.SubscriptionRow: {
        "learner_id": "ana",
        "id": "sub-2",
        "item": "plus",
        "plan": "yearly",
        "status": "active",
        "since": NOW,
    },
    models.CertificateRow: {"learner_id": "ana", "course_id": "ml-advanced", "earned_at": NOW},
    models.AidApplicationRow: {
        "learner_id": "ana",
        "id": "aid-2",
        "course_id": "ml-basics",
        "submitted_at": NOW,
        "words": 0,
    },
    models.SubmissionRow: {
        "learner_id": "ana",
        "course_id": "ml-basics",
        "assignment_id": "ml-q0",
        "status": "graded",
        "score": 1.0,
    },
    models.PromotionRow: {"learner_id": "ana", "code": "SUMMER", "percent": 100, "courses": []},
    models.RefundRow: {
        "learner_id": "ana",
        "id": "ref-1",
        "payment_id": "pay-1",
        "amount_minor": 1,
        "amount_currency": "USD",
        "requested_at": NOW,
        "expected_by": NOW,
    },
}

BAD: list[tuple[type[Base], dict[str, Any]]] = [
    (models.CourseRow, {"id": "plus"}),
    (models.CourseRow, {"price_minor": -1, "price_currency": "USD"}),
    (models.CourseRow, {"price_minor": 100}),
    (models.CourseRow, {"price_currency": "USD"}),
    (models.CourseRow, {"price_minor": 100, "price_currency": "US"}),
    (models.CourseRow, {"verification": "face"}),
    (models.CourseRow, {"program": "evening"}),
    (models.CourseRow, {"platform": "newest"}),
    (models.CourseRow, {"capstone": "ajar"}),
    (models.CourseRow, {"passing_threshold": 1.01}),
    (models.CourseRow, {"access_days": 0}),
    (models.CourseRow, {"partner_id": "nobody"}),
    (models.CourseRow, {"title": None}),
    (models.AssignmentRow, {"kind": "essay"}),
    (models.AssignmentRow, {"weight": -0.1}),
    (models.AssignmentRow, {"passing": 80}),
    (models.AssignmentRow, {"peer_reviews_needed": -1}),
    (models.AssignmentRow, {"reviews_to_give": -1}),
    (models.AssignmentRow, {"opens_after": "q2"}),
    (models.AssignmentRow, {"opens_after": "nothing"}),
    (models.AssignmentRow, {"course_id": "nowhere"}),
    (models.SpecializationRow, {"id": "plus"}),
    (models.SpecializationRow, {"prepay_price_minor": -1, "prepay_price_currency": "USD"}),
    (models.SpecializationRow, {"monthly_price_minor": 1}),
    (models.SpecializationCourseRow, {"course_id": "nowhere"}),
    (models.SpecializationCourseRow, {"specialization_id": "ml-spec", "course_id": "extra", "position": 0}),
    (models.LearnerRow, {"id": "ana"}),
    (models.LearnerRow, {"country": "BRA"}),
    (models.LearnerRow, {"status": "asleep"}),
    (models.LearnerRow, {"name_verification": "denied"}),
    (models.LearnerRow, {"id_verification": "lost"}),
    (models.LearnerRow, {"sso_linked": True}),
    (models.SignInRow, {"provider": "myspace"}),
    (models.SignInRow, {"provider": "facebook"}),
    (models.SignInRow, {"learner_id": "nobody"}),
    (models.EnrollmentRow, {"id": "enr-1"}),
    (models.EnrollmentRow, {"mode": "borrowed"}),
    (models.EnrollmentRow, {"completed_at": EARLIER}),
    (models.EnrollmentRow, {"ended_at": EARLIER}),
    (models.EnrollmentRow, {"course_id": "nowhere"}),
    (models.PaymentRow, {"id": "pay-1"}),
    (models.PaymentRow, {"amount_minor": -1}),
    (models.PaymentRow, {"amount_currency": "$"}),
    (models.PaymentRow, {"kind": "gift"}),
    (models.PaymentRow, {"kind": "plus"}),
    (models.PaymentRow, {"status": "paid"}),
    (models.PaymentRow, {"method": "cash"}),
    (models.PaymentRow, {"via": "phone"}),
    (models.PaymentRow, {"via": "marketplace:"}),
    (models.PaymentRow, {"refunded_at": EARLIER}),
    (models.PaymentRow, {"learner_id": "nobody"}),
    (models.SubscriptionRow, {"plan": "weekly"}),
    (models.SubscriptionRow, {"status": "paused"}),
    (models.SubscriptionRow, {"cancel_reason": "boredom"}),
    (models.SubscriptionRow, {"via": "marketplace:"}),
    (models.SubscriptionRow, {"period_ends_at": EARLIER}),
    (models.SubscriptionRow, {"trial_ends_at": EARLIER}),
    (models.SubscriptionRow, {"cancelled_at": EARLIER}),
    (models.CertificateRow, {"course_id": "ml-basics"}),
    (models.CertificateRow, {"course_id": "nowhere"}),
    (models.AidApplicationRow, {"words": -1}),
    (models.AidApplicationRow, {"status": "lost"}),
    (models.AidApplicationRow, {"decided_at": EARLIER}),
    (models.SubmissionRow, {"assignment_id": "ml-q1"}),
    (models.SubmissionRow, {"assignment_id": "nothing"}),
    (models.SubmissionRow, {"status": "eaten by the dog"}),
    (models.SubmissionRow, {"score": 1.01}),
    (models.SubmissionRow, {"peer_reviews_received": -1}),
    (models.SubmissionRow, {"reviews_given": -1}),
    (models.PromotionRow, {"code": "SPRING"}),
    (models.PromotionRow, {"percent": 101}),
    (models.RefundRow, {"payment_id": "nothing"}),
    (models.RefundRow, {"amount_minor": -1}),
    (models.RefundRow, {"expected_by": EARLIER}),
]


@pytest.fixture
async def peopled(store: Store, contract_world: str) -> Store:
    """A store with the contract's world, a Specialization without courses and an assignment nobody handed in."""
    extra = {
        "catalog": {
            "courses": [{"id": "extra", "title": "Extra"}],
            "specializations": [{"id": "empty", "title": "Empty"}],
        }
    }
    async with store.write() as session:
        await apply_world(session, contract_world, now=NOW)
        await apply_world(session, extra, now=NOW)
        unused = {"course_id": "ml-basics", "id": "ml-q0", "title": "Quiz 0"}
        await session.execute(insert(models.AssignmentRow), [unused])
    return store


async def add(session: AsyncSession, model: type[Base], **changed: Any) -> None:
    await session.execute(insert(model), [{**GOOD[model], **changed}])


async def test_every_good_row_is_taken(peopled: Store) -> None:
    async with peopled.write() as session:
        for model in GOOD:
            await add(session, model)


async def test_no_bad_row_is_taken(peopled: Store) -> None:
    taken = []
    for model, changed in BAD:
        try:
            async with peopled.write() as session:
                await add(session, model, **changed)
        except IntegrityError:
            continue
        except Exception as error:
            # PostgreSQL says of text too long for its column that it is no value at all.
            assert "too long" in str(error), (model.__tablename__, changed, error)
            continue
        taken.append((model.__tablename__, changed))
    assert taken == []


async def test_a_payment_is_given_back_once(peopled: Store) -> None:
    async with peopled.write() as session:
        await add(session, models.RefundRow)
    with pytest.raises(IntegrityError):
        async with peopled.write() as session:
            await add(session, models.RefundRow, id="ref-2")


async def test_two_accounts_may_have_one_address(peopled: Store) -> None:
    async with peopled.write() as session:
        await add(session, models.LearnerRow, email="ana@example.org")


async def test_an_instant_without_a_zone_is_refused(peopled: Store) -> None:
    with pytest.raises(Exception, match="stored with their zone"):
        async with peopled.write() as session:
            await add(session, models.EnrollmentRow, since=NOW.replace(tzinfo=None))


def test_a_password_is_known_by_its_hash_alone() -> None:
    stored = hash_password("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hash_password("correct horse") != stored, "each hash has its own salt"
    assert verify_password(stored, "correct horse")
    assert not verify_password(stored, "Correct horse")
    assert not needs_rehash(stored)


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=1,t=1,p=1$x$y"])
def test_no_password_opens_an_account_without_one(stored: str | None) -> None:
    for guess in ("", "nobody has this password", "correct horse"):
        assert not verify_password(stored, guess)
