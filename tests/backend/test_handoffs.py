"""Each time people have a conversation is on record: when it was asked for and why, who came when, how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError

from backend.store import migrate
from backend.store.console_models import HandoffRow
from tests.backend.running import NOW, Console, Desk, Talk

MIGRATIONS = Path(migrate.__file__).parent / "migrations"


async def handoffs(talk: Talk) -> list[dict[str, Any]]:
    """The records of a conversation, oldest first, instants as seconds from the start of the test."""
    async with talk.desk.services.store.read() as session:
        query = select(HandoffRow).where(HandoffRow.conversation_id == talk.id).order_by(HandoffRow.id)
        rows = (await session.scalars(query)).all()
    names = ("began_at", "queued_at", "claimed_at", "first_reply_at", "left_at")
    return [
        {name: int((at - NOW).total_seconds()) if (at := getattr(row, name)) else None for name in names}
        | {name: getattr(row, name) for name in ("why", "urgency", "claimed_by", "outcome", "closed_as")}
        for row in rows
    ]


async def test_a_conversation_the_bot_keeps_has_no_record(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("hello")
    assert await handoffs(talk) == []


async def test_waiting_claiming_answering_and_giving_back_are_each_on_record(
    each_desk: Desk, each_sam: Console
) -> None:
    talk = await each_desk.open("ana")
    each_desk.wait(seconds=10)
    await talk.say("a person please")
    each_desk.wait(seconds=20)
    await each_sam.act(talk, "claim")
    each_desk.wait(seconds=5)
    await each_sam.write(talk, "hello")
    each_desk.wait(seconds=5)
    await each_sam.write(talk, "are you there?")
    each_desk.wait(seconds=5)
    await each_sam.act(talk, "release")
    expected = {"began_at": 10, "queued_at": 10, "claimed_at": 30, "first_reply_at": 35, "left_at": 45}
    said = {"why": "asked", "urgency": 0, "claimed_by": each_sam.id, "outcome": "released", "closed_as": None}
    assert await handoffs(talk) == [expected | said]


async def test_distress_is_urgent_on_record_too(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("i can't go on")
    (only,) = await handoffs(talk)
    assert (only["why"], only["urgency"], only["claimed_at"], only["left_at"]) == ("distress", 1, None, None)


async def test_leaving_the_queue_ends_the_wait_without_anybody(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("a person please")
    each_desk.wait(seconds=7)
    await talk.press("go on with the assistant")
    (only,) = await handoffs(talk)
    assert (only["outcome"], only["left_at"], only["claimed_by"]) == ("left_queue", 7, None)


async def test_what_is_taken_unasked_was_waited_for_by_nobody(each_desk: Desk, each_sam: Console) -> None:
    talk = await each_desk.open("ana")
    await each_sam.act(talk, "claim")
    (only,) = await handoffs(talk)
    assert (only["why"], only["queued_at"], only["claimed_at"], only["claimed_by"]) == ("taken", None, 0, each_sam.id)


async def test_passed_on_it_stays_one_record_and_put_back_it_becomes_a_second(
    each_desk: Desk, each_sam: Console
) -> None:
    kim, talk = await each_desk.staff("Kim"), await each_desk.open("ana")
    await talk.say("a person please")
    await each_sam.act(talk, "claim")
    each_desk.wait(seconds=5)
    await each_sam.act(talk, "transfer", {"to": kim.id})
    assert [one["claimed_by"] for one in await handoffs(talk)] == [each_sam.id]
    await kim.act(talk, "transfer", {})
    each_desk.wait(seconds=5)
    await kim.act(talk, "claim")
    await kim.act(talk, "close", {"outcome": "solved"})
    await kim.http.close()
    first, second = await handoffs(talk)
    assert (first["outcome"], first["left_at"], first["closed_as"]) == ("requeued", 5, None)
    assert (second["why"], second["queued_at"], second["claimed_at"], second["claimed_by"]) == (
        "transferred",
        5,
        10,
        kim.id,
    )
    assert (second["outcome"], second["left_at"], second["closed_as"]) == ("closed", 10, "solved")


async def test_what_was_closed_and_opened_again_is_counted_anew(each_desk: Desk, each_sam: Console) -> None:
    talk = await each_desk.open("ana")
    await each_sam.act(talk, "claim")
    await each_sam.act(talk, "close", {})
    await each_sam.act(talk, "reopen")
    first, second = await handoffs(talk)
    assert (first["outcome"], second["why"], second["left_at"]) == ("closed", "reopened", None)


async def test_a_conversation_cannot_be_with_people_twice_at_once(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("a person please")
    with pytest.raises(IntegrityError):
        async with each_desk.services.store.write() as session:
            session.add(HandoffRow(conversation_id=talk.id, began_at=NOW, queued_at=NOW, why="asked"))


async def test_an_upgrade_in_the_middle_keeps_who_waits_and_who_is_served(each_desk: Desk, each_sam: Console) -> None:
    waiting, served, alone = [await each_desk.open("ana") for _ in range(3)]
    await waiting.say("a person please")
    each_desk.wait(seconds=9)
    await each_sam.act(served, "claim")
    before = {talk.id: await handoffs(talk) for talk in (waiting, served, alone)}
    backfill = ScriptDirectory(str(MIGRATIONS)).get_revision("0005").module.BACKFILL
    async with each_desk.services.store.write() as session:
        await session.execute(delete(HandoffRow))
        await session.execute(text(backfill))
    after = {talk.id: await handoffs(talk) for talk in (waiting, served, alone)}
    assert after == before
    assert [len(after[talk.id]) for talk in (waiting, served, alone)] == [1, 1, 0]
