"""Hours and who is there decide what a learner who wants a person hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from backend.conversations.hours import Hours
from backend.conversations.presence import ONLINE_LASTS
from backend.settings import Settings
from backend.store.desk_models import CaseRow
from backend.store.live_models import PresenceRow
from tests.backend.everywhere import assert_error
from tests.backend.running import NOW, Console, Desk, Talk, running_desk
from tests.backend.test_staff_live import watching

WEEK = "Mon-Fri 08:00-20:00; Sat 10:00-14:00"
OpenDesk = Callable[..., Any]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


# --- the hours themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-03-10T07:59:59", False),  # a Tuesday
        ("2026-03-10T08:00:00", True),
        ("2026-03-10T19:59:59", True),
        ("2026-03-10T20:00:00", False),
        ("2026-03-14T09:59:59", False),  # Saturday
        ("2026-03-14T10:00:00", True),
        ("2026-03-14T14:00:00", False),
        ("2026-03-15T12:00:00", False),  # Sunday
    ],
)
def test_it_is_open_from_the_minute_it_opens_until_the_one_it_closes(now: str, is_open: bool) -> None:
    assert Hours.parse(WEEK, "UTC").is_open(at(now)) is is_open


def test_hours_are_those_of_their_place_in_summer_and_winter() -> None:
    hours = Hours.parse("Mon-Sun 08:00-20:00", "Europe/Berlin")
    assert hours.is_open(at("2026-03-10T07:00:00"))
    assert not hours.is_open(at("2026-03-10T06:59:00"))
    assert hours.is_open(at("2026-07-10T06:00:00"))
    assert not hours.is_open(at("2026-07-10T18:00:00"))


@pytest.mark.parametrize(
    ("now", "opens", "said"),
    [
        ("2026-03-10T07:00:00", "2026-03-10T08:00:00", "Tuesday at 08:00 (UTC)"),
        ("2026-03-10T20:00:00", "2026-03-11T08:00:00", "Wednesday at 08:00 (UTC)"),
        ("2026-03-13T22:00:00", "2026-03-14T10:00:00", "Saturday at 10:00 (UTC)"),
        ("2026-03-14T14:00:00", "2026-03-16T08:00:00", "Monday at 08:00 (UTC)"),
    ],
)
def test_the_next_opening_is_known(now: str, opens: str, said: str) -> None:
    hours = Hours.parse(WEEK, "UTC")
    found = hours.opens_next(at(now))
    assert found == at(opens)
    assert hours.spoken(found) == said


def test_without_hours_it_is_always_open() -> None:
    hours = Hours.parse(" ", "UTC")
    assert hours.is_open(NOW)
    assert not hours.are_set
    assert hours.opens_next(NOW) is None


def test_days_may_be_listed_and_go_over_the_end_of_the_week() -> None:
    hours = Hours.parse("Sat-Mon,Wed 9:00-24:00; Wed 06:00-08:00", "UTC")
    opened = [hours.is_open(at(f"2026-03-{day:02}T23:59:00")) for day in range(9, 16)]
    assert opened == [True, False, True, False, False, True, True]
    assert hours.is_open(at("2026-03-11T07:00:00"))
    assert not hours.is_open(at("2026-03-11T08:30:00"))


@pytest.mark.parametrize("text", ["nonsense", "Mon 8-20", "Foo 08:00-20:00", "Mon 20:00-08:00", "Mon 25:00-26:00"])
def test_hours_nobody_can_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Hours.parse(text, "UTC")


def test_settings_name_hours_and_places_that_cannot_be() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(support_hours="always", support_timezone="Atlantis/Centre")
    assert "LECTERN_SUPPORT_HOURS must" in str(refused.value)
    assert "LECTERN_SUPPORT_TIMEZONE must" in str(refused.value)
    for hours in ("", WEEK, "mon,tue 8:00 - 24:00;", "Sat-Mon 00:00-24:00"):
        Settings(support_hours=hours, support_timezone="Europe/Berlin")
        Hours.parse(hours, "Europe/Berlin")


def test_hours_that_close_before_they_open_are_named_at_the_start() -> None:
    with pytest.raises(ValidationError, match="SUPPORT_HOURS"):
        Settings(support_hours="Mon 20:00-08:00")


# --- what the learner hears ------------------------------------------------------------------------------------------


@pytest.fixture
async def open_desk(sqlite_url: str, quick_parts: None) -> AsyncIterator[OpenDesk]:
    """A desk with hours."""

    @asynccontextmanager
    async def with_hours(hours: str = WEEK) -> AsyncIterator[tuple[Desk, Console]]:
        async with running_desk(sqlite_url, support_hours=hours) as desk:
            await desk.load()
            sam = await desk.staff("Sam")
            yield desk, sam
            await sam.http.close()

    yield with_hours


async def cases(desk: Desk) -> list[CaseRow]:
    async with desk.services.store.read() as session:
        return list((await session.scalars(select(CaseRow).order_by(CaseRow.opened_at))).all())


async def wants_a_person(desk: Desk, who: str | None = "ana", text: str = "a person please") -> Talk:
    talk = await desk.open(who)
    await talk.say(text)
    return talk


async def everybody_leaves(desk: Desk) -> None:
    """Wait until the closed consoles are known to be closed, and until that is no reload any more."""
    for _ in range(200):
        if not await desk.count(PresenceRow):
            break
        await asyncio.sleep(0.02)
    desk.wait(seconds=ONLINE_LASTS.total_seconds())


def said(talk: Talk) -> str:
    return "\n".join(talk.answers[-1].texts)


async def test_in_hours_with_somebody_there_the_learner_hears_the_place_and_an_estimate(open_desk: OpenDesk) -> None:
    async with open_desk() as (desk, sam), watching(sam):
        for minutes in (2, 7, 4):
            talk = await wants_a_person(desk)
            assert "min until" not in said(talk), "an estimate from too few"
            desk.wait(minutes=minutes)
            await desk.services.hub.beat()
            await sam.act(talk, "claim")
        talk = await wants_a_person(desk)
        assert talk.answers[-1].body["state"] == "queued"
        assert talk.answers[-1].body["position"] == 1
        assert "number 1" in said(talk)
        assert "about 4 min" in said(talk)
        assert await cases(desk) == []


async def test_out_of_hours_a_learner_leaves_it_and_is_answered_by_email(open_desk: OpenDesk) -> None:
    async with open_desk() as (desk, sam), watching(sam):
        desk.services.clock.set(at("2026-03-14T15:00:00"))
        await desk.services.hub.beat()
        talk = await desk.open("ana")
        await talk.say("my certificate has the wrong date")
        await talk.say("a person please")
        assert talk.answers[-1].body["state"] == "bot"
        assert "Monday at 08:00 (UTC)" in said(talk)
        assert "ana@example.org" in said(talk)
        (case,) = await cases(desk)
        assert (case.kind, case.status, case.learner_id) == ("message", "open", "ana")
        assert (case.conversation_id, case.details["email"]) == (talk.id, "ana@example.org")
        assert case.details["text"] == "my certificate has the wrong date\na person please"
        await sam.sign_in("sam@desk.example", "a long password")
        path = f"cases/{case.id}/approve"
        assert_error(await sam.call("POST", path, {}), 400)
        assert (await sam.call("POST", path, {"reason": "We have corrected the date."})).status == 200
        (mail,) = [owed for owed in await desk.owed() if owed["kind"] == "email"]
        assert mail["payload"]["to"] == "ana@example.org"
        assert "We have corrected the date." in mail["payload"]["body"]
        assert "my certificate has the wrong date" in mail["payload"]["body"]


async def test_in_hours_with_nobody_there_it_is_left_too(open_desk: OpenDesk) -> None:
    async with open_desk() as (desk, _):
        talk = await wants_a_person(desk)
        assert talk.answers[-1].body["state"] == "bot"
        assert "Nobody is here right now." in said(talk)
        assert len(await cases(desk)) == 1


async def test_what_is_said_afterwards_goes_with_the_same_case(open_desk: OpenDesk) -> None:
    async with open_desk() as (desk, _):
        talk = await wants_a_person(desk)
        await talk.say("it is about my invoice")
        await talk.say("a person please")
        assert "already" in said(talk)
        (case,) = await cases(desk)
        assert "it is about my invoice" in case.details["text"]


async def test_a_guest_is_asked_for_an_address(open_desk: OpenDesk) -> None:
    async with open_desk() as (desk, sam):
        talk = await wants_a_person(desk, None)
        assert "address" in said(talk)
        assert await cases(desk) == []
        await talk.say("how long does it take")
        assert talk.answers[-1].kinds[0] == "article", "a question in between is answered"
        await talk.say("a person please")
        await talk.say("sure, it's gus@example.org.")
        assert "gus@example.org" in said(talk)
        (case,) = await cases(desk)
        assert (case.learner_id, case.details["email"], case.conversation_id) == (None, "gus@example.org", talk.id)
        await sam.call("POST", f"cases/{case.id}/approve", {"reason": "Seven days."})
        (mail,) = [owed for owed in await desk.owed() if owed["kind"] == "email"]
        assert mail["payload"]["to"] == "gus@example.org"


async def test_a_guest_who_gives_no_address_is_left_alone(open_desk: OpenDesk) -> None:
    async with open_desk() as (desk, _):
        talk = await wants_a_person(desk, None)
        await talk.say("never mind")
        await talk.say("x@example.org")
        assert await cases(desk) == []


@pytest.mark.parametrize("now", ["2026-03-10T12:00:00", "2026-03-15T03:00:00"])
async def test_whoever_is_in_distress_is_always_queued_before_others(open_desk: OpenDesk, now: str) -> None:
    async with open_desk() as (desk, sam):
        desk.services.clock.set(at(now))
        talk = await wants_a_person(desk, text="i can't go on")
        assert talk.answers[-1].body["state"] == "queued"
        await sam.sign_in("sam@desk.example", "a long password")
        line = (await sam.get("conversations?state=queued")).body["conversations"][0]
        assert (line["id"], line["urgency"]) == (talk.id, 1)
        assert await cases(desk) == []


async def test_without_hours_and_before_anybody_was_ever_there_one_waits(desk: Desk) -> None:
    talk = await wants_a_person(desk)
    assert talk.answers[-1].body["state"] == "queued"
    assert "nobody is at the desk" not in said(talk)
    assert await cases(desk) == []


async def test_without_hours_the_learner_hears_that_nobody_is_there_and_may_leave_it(desk: Desk) -> None:
    sam = await desk.staff("Sam")
    async with watching(sam):
        there = await wants_a_person(desk)
    assert "nobody is at the desk" not in said(there)
    await everybody_leaves(desk)
    talk = await wants_a_person(desk)
    assert talk.answers[-1].body["state"] == "queued"
    assert "nobody is at the desk" in said(talk)
    await talk.press("e-mail")
    assert talk.answers[-1].body["state"] == "bot"
    (case,) = await cases(desk)
    assert (case.kind, case.details["email"]) == ("message", "ana@example.org")
    await sam.http.close()


async def test_who_comes_before_the_learner_leaves_a_message_keeps_the_conversation(desk: Desk) -> None:
    sam = await desk.staff("Sam")
    async with watching(sam):
        pass
    await everybody_leaves(desk)
    talk = await wants_a_person(desk)
    await sam.act(talk, "claim")
    await talk.press("e-mail")
    assert (await talk.get()).body["state"] == "agent"
    await sam.http.close()


@pytest.mark.parametrize(
    ("waits", "minutes"),
    [([1, 1], None), ([30, 59, 61], 1), ([61, 61, 61], 2), ([60] * 3, 1), ([600, 60, 120, 30, 240], 2)],
)
async def test_an_estimate_is_the_middle_one_of_recent_waits_in_whole_minutes(
    desk: Desk, waits: list[int], minutes: int | None
) -> None:
    sam = await desk.staff("Sam")
    async with watching(sam):
        for seconds in waits:
            talk = await wants_a_person(desk)
            desk.wait(seconds=seconds)
            await sam.act(talk, "claim")
        await desk.services.hub.beat()
        talk = await wants_a_person(desk)
        assert ("min until" in said(talk)) is (minutes is not None)
        if minutes is not None:
            assert f"about {minutes} min" in said(talk)
        desk.wait(hours=25)
        await desk.services.hub.beat()
        assert "min until" not in said(await wants_a_person(desk)), "waits of yesterday"
    await sam.http.close()
