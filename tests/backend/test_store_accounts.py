"""From the tables to the facts: an account is whole, brings the catalogue it touches, and can be held."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.errors import NotFound
from backend.policy.facts import (
    AidApplication,
    Assignment,
    Certificate,
    Course,
    Enrollment,
    Offers,
    Payment,
    Promotion,
    Specialization,
    Submission,
    Subscription,
)
from backend.policy.money import Money
from backend.store import world_models as models
from backend.store.accounts import learner_view, load_account, load_catalog
from backend.store.base import Store
from backend.store.world import apply_world

NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")


def at(value: str) -> datetime:
    return datetime.fromisoformat(f"{value}+00:00")


async def load(store: Store, source: Any) -> None:
    async with store.write() as session:
        await apply_world(session, source, now=NOW)


async def test_an_account_holds_every_fact_of_its_world(store: Store, contract_world: str) -> None:
    await load(store, contract_world)
    async with store.read() as session:
        account = await load_account(session, "ana")
    assert account is not None
    assert (account.id, account.name, account.email, account.country) == ("ana", "Ana Silva", "ana@example.org", "BR")
    assert (account.sign_ins, account.sso_organisation) == (("password", "facebook"), None)
    assert (account.name_verification, account.id_verification) == ("approved", "none")
    assert account.enrollments == (Enrollment("enr-1", "ml-basics", "paid", at("2026-03-01T09:00:00")),)
    paid = Payment(
        "pay-1", "course", "ml-basics", Money(7900, "USD"), at("2026-03-01T09:00:00"), "web", "completed", "visa"
    )
    assert account.payments == (paid,)
    assert account.subscriptions == (
        Subscription("sub-1", "ml-spec", "monthly", "active", at("2026-02-10T00:00:00"), at("2026-04-10T00:00:00")),
    )
    assert account.certificates == (Certificate("ml-basics", at("2026-03-08T00:00:00")),)
    assert account.aid == (AidApplication("aid-1", "ml-advanced", NOW - timedelta(days=9), 220, "submitted"),)
    assert account.submissions == (Submission("ml-basics", "ml-q1", "graded", 0.9),)
    assert account.promotions == (Promotion("SPRING", 20, ("ml-basics",)),)
    assert account.refunds == ()
    assert account.catalog.courses["ml-basics"] == Course(
        id="ml-basics",
        title="Machine Learning Basics",
        partner="Duke University",
        price=Money(7900, "USD"),
        starts_at=at("2026-01-05T00:00:00"),
        offers=Offers(),
        assignments=(Assignment("ml-q1", "Quiz 1", weight=0.4, passing=0.8),),
    )
    assert account.catalog.specializations == {
        "ml-spec": Specialization(
            "ml-spec",
            "Machine Learning Path",
            ("ml-basics", "ml-advanced"),
            "Duke University",
            Money(4900, "USD"),
            Money(19900, "USD"),
        )
    }


WIDE = {
    "catalog": {
        "courses": [{"id": id, "title": id.upper()} for id in ("z", "a", "b", "c", "d", "e")],
        "specializations": [
            {"id": "with-a", "title": "With A", "courses": ["b", "a"]},
            {"id": "paid", "title": "Paid", "courses": ["d"]},
            {"id": "other", "title": "Other", "courses": ["e"]},
            {"id": "with-b", "title": "With B only", "courses": ["b", "e"]},
        ],
    },
    "learners": [
        {
            "id": "ana",
            "name": "Ana",
            "email": "ana@example.org",
            "enrollments": [{"id": "enr-1", "course": "a", "since": "now"}],
            "payments": [{"id": "pay-1", "kind": "specialization_prepay", "item": "paid", "at": "now"}],
        },
        {"id": "ben", "name": "Ben", "email": "ben@example.org"},
    ],
}


async def test_an_account_brings_the_part_of_the_catalogue_it_touches(store: Store) -> None:
    await load(store, WIDE)
    async with store.read() as session:
        ana = await load_account(session, "ana")
        asking = await load_account(session, "ana", also=["z", "other"])
        ben = await load_account(session, "ben")
    assert ana is not None and asking is not None and ben is not None
    assert list(ana.catalog.specializations) == ["with-a", "paid"]
    assert list(ana.catalog.courses) == ["a", "b", "d"]
    assert list(asking.catalog.courses) == ["z", "a", "b", "d", "e"]
    assert list(asking.catalog.specializations) == ["with-a", "paid", "other"]
    assert (ben.catalog.courses, ben.catalog.specializations) == ({}, {})


async def test_the_whole_catalogue_keeps_its_order(store: Store) -> None:
    await load(store, WIDE)
    async with store.read() as session:
        catalog = await load_catalog(session)
    assert list(catalog.courses) == ["z", "a", "b", "c", "d", "e"]
    assert list(catalog.specializations) == ["with-a", "paid", "other", "with-b"]
    assert catalog.specializations["with-a"].courses == ("b", "a")


async def test_who_is_unknown_or_deleted_has_no_account(store: Store) -> None:
    await load(store, WIDE)
    async with store.write() as session:
        await session.execute(text("UPDATE learners SET status = 'deleted' WHERE id = 'ana'"))
    async with store.read() as session:
        assert await load_account(session, "ana") is None
        assert await load_account(session, "nobody") is None
        assert (await learner_view(session, "ana"))["status"] == "deleted"
        with pytest.raises(NotFound):
            await learner_view(session, "nobody")


async def test_an_account_shows_what_its_transaction_has_changed(store: Store) -> None:
    await load(store, WIDE)
    async with store.write() as session:
        payment = await session.get_one(models.PaymentRow, ("ana", "pay-1"))
        payment.status, payment.refunded_at = "refunded", NOW
        account = await load_account(session, "ana")
    assert account is not None
    assert account.payments[0].status == "refunded"


async def test_a_held_account_makes_the_next_one_wait(store: Store) -> None:
    """Two requests for one learner are decided one after the other: the second sees what the first has done."""
    await load(store, WIDE)
    held, seen = asyncio.Event(), []

    async def first() -> None:
        async with store.write() as session:
            await load_account(session, "ana", for_update=True)
            held.set()
            await asyncio.sleep(0.2)
            await session.execute(text("UPDATE payments SET status = 'refunded' WHERE learner_id = 'ana'"))

    async def second() -> None:
        await held.wait()
        async with store.write() as session:
            account = await load_account(session, "ana", for_update=True)
            assert account is not None
            seen.append(account.payments[0].status)

    await asyncio.gather(first(), second())
    assert seen == ["refunded"]
