"""Slack failing, slow or asking for less: everything is delayed, nothing lost or doubled, and no learner waits."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from backend.clock import Clock
from backend.slack import sending
from backend.store.slack_models import SlackOutgoingRow
from tests.slack.double import Trouble, text_of
from tests.slack.office import SUPPORT, Office


async def _owed(office: Office) -> list[SlackOutgoingRow]:
    async with office.desk.services.store.read() as session:
        query = select(SlackOutgoingRow).where(SlackOutgoingRow.done_at.is_(None)).order_by(SlackOutgoingRow.id)
        return list((await session.scalars(query)).all())


async def _waiting(office: Office):
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    return ana


async def test_retry_after_is_honoured_to_the_second(office: Office) -> None:
    office.slack.troubles.append(Trouble(retry_after=30))
    await _waiting(office)
    assert len(office.slack.called("chat.postMessage")) == 1
    office.desk.wait(seconds=29)
    await office.settle()
    assert len(office.slack.called("chat.postMessage")) == 1
    office.desk.wait(seconds=1)
    await office.settle()
    assert len(office.slack.called("chat.postMessage")) == 2 and office.card("Waiting")


async def test_while_slack_asks_for_less_nothing_else_is_tried_either(office: Office) -> None:
    office.slack.troubles.append(Trouble(retry_after=30))
    await _waiting(office)
    ben = await office.desk.open("ben")
    await ben.say("a person please")
    await office.settle()
    assert len(office.slack.called("chat.postMessage")) == 1
    office.desk.wait(seconds=31)
    await office.settle()
    assert len(office.slack.roots(SUPPORT)) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(status=503),
        Trouble(error="internal_error"),
        Trouble(error="service_unavailable"),
        Trouble(error="invalid_auth"),
        Trouble(error="not_in_channel"),
        Trouble(error="channel_not_found"),
    ],
    ids=lambda trouble: trouble.error or str(trouble.status),
)
async def test_what_failed_is_tried_again_later_and_later(office: Office, trouble: Trouble) -> None:
    trouble.times = 3
    office.slack.troubles.append(trouble)
    await _waiting(office)
    assert [row.attempts for row in await _owed(office)] == [1]
    for seconds in (1, 5, 15):
        assert office.slack.roots(SUPPORT) == []
        office.desk.wait(seconds=seconds)
        await office.settle()
    assert len(office.slack.roots(SUPPORT)) == 1 and await _owed(office) == []


async def test_an_outage_delays_everything_in_its_order_and_no_learner_waits(office: Office) -> None:
    sam = await office.colleague("Sam")
    ana = await _waiting(office)
    card = office.card("Waiting")
    await sam.press(card, "lectern_claim")
    office.slack.troubles.append(Trouble(status=503, times=10_000))
    started = Clock.elapsed()
    for number in range(5):
        assert (await ana.say(f"line {number}")).status == 200
    assert Clock.elapsed() - started < 5
    for _ in range(4):
        await office.settle()
        office.desk.wait(minutes=20)
    assert "line 0" not in office.thread_text(card)
    office.slack.troubles.clear()
    for _ in range(6):
        office.desk.wait(minutes=20)
        await office.settle()
    lines = [text_of(message) for message in office.slack.thread(SUPPORT, card["ts"])]
    shown = [number for line in lines for number in range(5) if f"line {number}" in line]
    assert shown == [0, 1, 2, 3, 4]


async def test_an_answer_lost_on_its_way_does_not_double_the_message(office: Office, monkeypatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT", 0.2)
    await office.colleague("Sam")
    for number in range(5):  # more than one page of history to look through
        office.slack.written({"type": "message", "channel": SUPPORT, "text": "talk", "ts": f"1773144000.9{number}"})
    office.slack.troubles.append(Trouble(slow=0.5, after=True, only="chat.postMessage"))
    await _waiting(office)
    for number in range(5):
        office.slack.written({"type": "message", "channel": SUPPORT, "text": "talk", "ts": f"1773144001.9{number}"})
    assert [row.last_error for row in await _owed(office)] == ["unreachable: TimeoutError"]
    office.desk.wait(seconds=2)
    await office.settle()
    cards = [root for root in office.slack.roots(SUPPORT) if "Waiting" in str(root)]
    assert len(cards) == 1 and await _owed(office) == []
    assert len(office.slack.called("conversations.history")) >= 2


@pytest.mark.parametrize("unsure", [Trouble(status=502, after=True), Trouble(error="fatal_error", after=True)], ids=str)
async def test_a_try_that_may_have_got_through_is_looked_for_even_after_another(
    office: Office, unsure: Trouble
) -> None:
    office.slack.troubles += [unsure, Trouble(retry_after=5, only="chat.postMessage")]
    office.slack.troubles.append(Trouble(error="internal_error", only="conversations.history"))
    await _waiting(office)
    for _ in range(4):
        office.desk.wait(minutes=1)
        await office.settle()
    assert len(office.slack.roots(SUPPORT)) == 1 and await _owed(office) == []


async def test_what_slack_will_never_take_stops_nothing_else(office: Office) -> None:
    office.may_give_up = True
    sam = await office.colleague("Sam")
    ana = await _waiting(office)
    card = office.card("Waiting")
    await sam.press(card, "lectern_claim")
    office.slack.troubles.append(Trouble(error="msg_too_long", only="chat.postMessage"))
    await ana.say("first")
    await ana.say("second")
    await office.settle()
    assert "first" not in office.thread_text(card).replace("first come", "") and "second" in office.thread_text(card)
    assert await office.given_up() == ["gave up: msg_too_long"]


async def test_blocks_that_slack_refuses_do_not_cost_the_words(office: Office) -> None:
    office.slack.troubles.append(Trouble(error="invalid_blocks", only="chat.postMessage"))
    await _waiting(office)
    root = office.slack.roots(SUPPORT)[0]
    assert "blocks" not in root and "Waiting: Ana Silva" in root["text"]


async def test_an_answer_address_that_has_expired_is_let_go(office: Office) -> None:
    office.may_give_up = True
    sam = await office.colleague("Sam")
    url = office.slack.response_url()
    office.slack.expired_urls.add(url.rpartition("/")[2])
    await sam.command("help", response_url=url)
    assert office.slack.responses == [] and await _owed(office) == []
    office.slack.troubles.append(Trouble(status=429, retry_after=20, only="respond"))
    await sam.command("help")
    assert office.slack.responses == []
    office.desk.wait(seconds=20)
    await office.settle()
    assert len(office.slack.responses) == 1


async def test_while_nobody_can_be_looked_up_nothing_is_done_and_nothing_lost(office: Office) -> None:
    sam = await office.colleague("Sam")
    office.slack.troubles.append(Trouble(status=503, only="users.info"))
    await sam.command("status")
    assert office.slack.responses == []
    office.desk.wait(seconds=2)
    await office.settle()
    assert "waiting" in text_of(office.slack.responses[-1])


async def test_our_own_fault_is_told_and_given_up_after_a_while(office: Office, monkeypatch) -> None:
    office.may_give_up = True
    sam = await office.colleague("Sam")

    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(office.desk.services.engine, "ready", broken)
    await sam.command("status")
    for _ in range(6):
        office.desk.wait(minutes=10)
        await office.settle()
    assert "didn't work" in office.slack.responses[-1]["text"]
    assert await office.given_up() == ["gave up: RuntimeError"]


async def test_in_the_background_it_all_happens_by_itself(office: Office) -> None:
    """Started as in earnest: event, work, mirror and delivery without anybody driving them; stopped in between."""
    sam = await office.colleague("Sam")
    await office.side.start()
    try:
        ana = await office.desk.open("ana")
        await ana.say("a person please")
        await _until(lambda: office.slack.roots(SUPPORT))
        sam_card = office.card("Waiting")
        await office.desk.services.staff.claim(await office.side.parts.directory.member(sam.user, "x"), ana.id)
        await _until(lambda: office.slack.thread(SUPPORT, sam_card["ts"]))
        await ana.say("hello there")
        await _until(lambda: "hello there" in office.thread_text(sam_card))
    finally:
        await office.side.stop()


async def _until(holds) -> None:
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")
