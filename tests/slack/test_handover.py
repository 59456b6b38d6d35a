"""A conversation is taken over from Slack, with the learner at the other end."""

from __future__ import annotations

from tests.slack.double import buttons, text_of
from tests.slack.office import SUPPORT, Office


async def test_a_takeover_from_slack_from_the_queue_to_the_end(office: Office) -> None:
    sam = await office.colleague("Sam")
    ana = await office.desk.open("ana")
    await ana.say("I want my money back")
    await ana.say("I'd rather talk to a person")
    await office.settle()
    card = office.card("Waiting")
    assert "Ana Silva" in text_of(card) and "rather talk to a person" in text_of(card)
    assert "refund" in text_of(card)

    await sam.press(card, "lectern_claim")
    assert (await ana.get()).body["agent"] == {"name": "Sam"}
    assert "With Sam" in text_of(card)
    assert set(buttons(card)) >= {"lectern_reply", "lectern_release", "lectern_close", "lectern_look"}

    await ana.say("are you there?")
    await office.settle()
    assert "are you there?" in office.thread_text(card)

    await sam.message(" /reply Yes, I'm *here*.", card)
    said = (await ana.transcript())[-1]
    assert said["text"] == "Yes, I'm **here**." and said["author"] == "agent" and said["agent"] == {"name": "Sam"}
    assert "Sent to the learner" in office.thread_text(card)

    await sam.press(card, "lectern_reply")
    await sam.submit(office.slack.views[-1], "And a second line.")
    assert (await ana.transcript())[-1]["text"] == "And a second line."

    await sam.press(card, "lectern_close")
    assert (await ana.get()).body["state"] == "closed"
    assert "Closed" in text_of(card) and not buttons(card)


async def test_what_was_said_before_the_claim_is_shown_with_it(office: Office) -> None:
    sam = await office.colleague("Sam")
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    await ana.say("still waiting, by the way")
    await office.settle()
    card = office.card("Waiting")
    assert office.slack.thread(SUPPORT, card["ts"]) == []
    await sam.press(card, "lectern_claim")
    assert "a person please" in office.thread_text(card)
    assert "still waiting, by the way" in office.thread_text(card)
