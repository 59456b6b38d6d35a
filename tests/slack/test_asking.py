"""Asking the knowledge: by mention, by direct message, on in the thread."""

from __future__ import annotations

from typing import Any

import pytest

from tests.slack.double import text_of
from tests.slack.office import SUPPORT, Office

DM = "D0SAM"


async def _answers(office: Office, channel: str = DM) -> list[dict[str, Any]]:
    await office.settle()
    return [message for message in office.slack.channels[channel] if message.get("bot_id") == "BBOT"]


async def test_a_direct_message_is_answered_as_the_help_page_does(office: Office) -> None:
    sam = await office.colleague("Sam")
    ts = await sam.message("how long do refunds take?", channel=DM, channel_type="im")
    (answer,) = await _answers(office)
    assert answer["thread_ts"] == ts
    page = await office.desk.call("GET", "/api/v1/search?q=how+long+do+refunds+take%3F")
    best = page.body["results"][0] if "results" in page.body else next(iter(page.body.values()))[0]
    text = text_of(answer)
    assert best["title"] in text and best["url"] in text
    assert "Sources: F16" in text and "refund.settlement_days = 7 days" in text and "in force since" in text


async def test_a_mention_is_answered_in_its_thread_and_follow_ups_need_no_mention(each_office: Office) -> None:
    office = each_office
    sam = await office.colleague("Sam")
    ts = office.slack.new_id("1773145000.")
    mention = {"type": "app_mention", "user": sam.user, "channel": SUPPORT, "ts": ts}
    await office.event({**mention, "text": "<@UBOT> can I get a refund for a specialization?"})
    # Slack sends the same words as a message as well.
    await office.event({**mention, "type": "message", "text": "<@UBOT> can I get a refund for a specialization?"})
    first = await _answers(office, SUPPORT)
    assert len(first) == 1 and first[0]["thread_ts"] == ts
    await sam.message("what about Coursera Plus?", {"ts": ts})
    second = (await _answers(office, SUPPORT))[1:]
    assert len(second) == 1 and "Refund of Coursera Plus" in text_of(second[0]) and second[0]["thread_ts"] == ts


async def test_a_new_question_in_a_thread_is_a_new_question(office: Office) -> None:
    sam = await office.colleague("Sam")
    ts = await sam.message("how long do refunds take?", channel=DM, channel_type="im")
    await sam.message("How do I reset a forgotten password?", {"ts": ts}, channel=DM, channel_type="im")
    assert "password" in (await _answers(office))[-1]["text"].partition(":")[0].lower()


async def test_other_talk_in_a_channel_is_left_alone(office: Office) -> None:
    sam = await office.colleague("Sam")
    await sam.message("how long do refunds take?")
    await sam.message("how long do refunds take?", {"ts": "1773000000.1"})
    assert await _answers(office, SUPPORT) == []


@pytest.mark.parametrize(
    "more", [{"bot_id": "B2"}, {"subtype": "bot_message", "bot_id": "B2"}, {"subtype": "message_changed"}]
)
async def test_bots_and_edits_are_not_answered(office: Office, more: dict[str, Any]) -> None:
    sam = await office.colleague("Sam")
    await sam.message("how long do refunds take?", channel=DM, channel_type="im", **more)
    assert await _answers(office) == []


async def test_what_the_articles_do_not_say_is_not_made_up(office: Office) -> None:
    sam = await office.colleague("Sam")
    await sam.message("zzzz qqqq", channel=DM, channel_type="im")
    assert "don't answer that" in text_of((await _answers(office))[-1])


async def test_a_question_in_a_conversations_thread_stays_among_staff(office: Office) -> None:
    sam = await office.colleague("Sam")
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    card = office.card("Waiting")
    await sam.press(card, "lectern_claim")
    before = await ana.transcript()
    ts = office.slack.new_id("1773145000.")
    text = "<@UBOT> how long do refunds take?"
    event = {"user": sam.user, "channel": SUPPORT, "ts": ts, "thread_ts": card["ts"], "text": text}
    await office.event({**event, "type": "app_mention"})
    await office.settle()
    assert "refund.settlement_days" in office.thread_text(card)
    assert await ana.transcript() == before
