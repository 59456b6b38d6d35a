"""A conversation is taken over from Slack, with the learner at the other end."""

from __future__ import annotations

from tests.slack.double import buttons, text_of
from tests.slack.office import SUPPORT, Office


async def test_a_takeover_from_slack_from_the_queue_to_the_end(each_office: Office) -> None:
    office = each_office
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


async def test_a_released_conversation_is_the_assistants_and_can_wait_again(office: Office) -> None:
    sam, mira = await office.colleague("Sam"), await office.colleague("Mira")
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    card = office.card("Waiting")
    await sam.press(card, "lectern_claim")
    await sam.press(card, "lectern_release")
    assert (await ana.get()).body["state"] == "bot"
    assert "With the assistant" in text_of(card) and not buttons(card)
    await ana.say("how long does a refund take?")
    await office.settle()
    assert "how long does a refund take" not in office.thread_text(card)

    await ana.say("no, a person please")
    await office.settle()
    again = office.slack.thread(SUPPORT, card["ts"])[-1]
    assert again["reply_broadcast"] is True and "waits again" in text_of(again)
    await mira.press(card, "lectern_claim")
    assert (await ana.get()).body["agent"] == {"name": "Mira"}
    assert "how long does a refund take" in office.thread_text(card)
    assert len(office.slack.roots(SUPPORT)) == 1


async def test_a_guest_can_be_taken_over_too(office: Office) -> None:
    sam = await office.colleague("Sam")
    guest = await office.desk.open()
    await guest.say("a person please")
    await office.settle()
    card = office.card("Waiting")
    assert "Guest" in text_of(card)
    await sam.press(card, "lectern_claim")
    assert "lectern_look" not in buttons(card)
    await sam.message("/reply Hello", card)
    assert (await guest.transcript())[-1]["text"] == "Hello"


async def test_a_transfer_in_the_console_is_seen_in_slack(office: Office) -> None:
    console, sam = await office.desk.staff("Rosa"), await office.colleague("Sam")
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await console.act(ana, "claim")
    await office.settle()
    assert office.slack.roots(SUPPORT) == []  # it never waited as far as Slack could see
    await console.act(ana, "transfer", {})
    await office.settle()
    card = office.card("Waiting")
    await sam.press(card, "lectern_claim")
    await sam.message("/reply from Slack", card)
    await office.desk.services.staff.transfer(
        await office.side.parts.directory.member(sam.user, "test"), ana.id, console.id
    )
    await office.settle()
    assert "With Rosa" in text_of(card) and "Rosa has it now" in office.thread_text(card)
    before = await ana.transcript()
    await sam.message("/reply still me", card)
    assert await ana.transcript() == before


async def test_the_card_leads_to_the_conversation_in_the_console(office: Office) -> None:
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    blocks = office.card("Waiting")["blocks"]
    links = [element["url"] for block in blocks for element in block.get("elements", ()) if "url" in element]
    assert [link.removeprefix(office.desk.services.settings.base_url) for link in links] == [f"/console/c/{ana.id}"]
    page = await office.desk.call("GET", f"/console/c/{ana.id}")
    assert page.status == 200 and "default-src 'self'" in page.headers["Content-Security-Policy"]
