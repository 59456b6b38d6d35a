"""Nothing internal ever reaches a learner: every kind of message there is, tried in a conversation's thread."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backend.running import Talk
from tests.slack.double import buttons
from tests.slack.office import SUPPORT, Office, Person

SECRET_WORDS = "she is lying about the certificate"
FILE = {"id": "F1", "name": "notes.txt", "url_private": "https://files.example/F1"}


async def claimed(office: Office) -> tuple[Person, Talk, dict[str, Any]]:
    sam = await office.colleague("Sam")
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    card = office.card("Waiting")
    await sam.press(card, "lectern_claim")
    return sam, ana, card


# What Slack sends for everything that can be done in a thread. `text` comes from the case.
PLAIN: list[dict[str, Any]] = [
    {},
    {"subtype": "file_share", "files": [FILE], "upload": True},
    {"files": [FILE]},
    {"subtype": "me_message"},
    {"subtype": "thread_broadcast"},
    {"subtype": "bot_message", "bot_id": "B1", "username": "a bot"},
    {"bot_id": "B1", "app_id": "A2"},
    {"subtype": "message_replied"},
    {"subtype": "channel_topic", "topic": "x"},
    {"subtype": "channel_join"},
    {"subtype": "channel_purpose", "purpose": "x"},
    {"subtype": "reminder_add"},
    {"subtype": "pinned_item"},
    {"subtype": "assistant_app_thread"},
    {"subtype": "document_mention"},
    {"subtype": "huddle_thread"},
    {"attachments": [{"text": "a forwarded message"}]},
    {"subtype": "something_new"},
    {"hidden": True},
    {"edited": {"user": "USAM", "ts": "1.2"}},
]
# Only the first of all kinds, a plain new message, may carry a reply.
TEXTS = [SECRET_WORDS, f"/lectern {SECRET_WORDS}", f"note\n/reply {SECRET_WORDS}", f"> /reply {SECRET_WORDS}"]
TEXTS += [
    f"/replyall {SECRET_WORDS}",
    f"`/reply {SECRET_WORDS}`",
    f"reply {SECRET_WORDS}",
    f"<@UBOT> /reply {SECRET_WORDS}",
]
TEXTS += [f"/reply <@UMIRA> {SECRET_WORDS}", f"/reply <!here> {SECRET_WORDS}", f"/reply {SECRET_WORDS} <#C1|secret>"]


async def test_no_kind_of_message_reaches_the_learner_unless_it_is_a_plain_reply(office: Office) -> None:
    sam, ana, card = await claimed(office)
    before = await ana.transcript()
    for text in TEXTS:
        await sam.message(text, card, settle=False)
    for more in filter(None, PLAIN):
        for text in (SECRET_WORDS, f"/reply {SECRET_WORDS}"):
            await sam.message(text, card, settle=False, **more)
    await office.settle()
    assert await ana.transcript() == before
    # And one that is meant gets through, so that the test has tried the right door.
    await sam.message("/reply Hello Ana", card)
    assert [message["text"] for message in await ana.transcript(before[-1]["seq"])] == ["Hello Ana"]


async def test_an_edit_a_deletion_and_a_reaction_change_nothing_for_the_learner(office: Office) -> None:
    sam, ana, card = await claimed(office)
    ts = await sam.message(SECRET_WORDS, card)
    before = await ana.transcript()
    inner = {"type": "message", "user": sam.user, "text": f"/reply {SECRET_WORDS}", "ts": ts, "thread_ts": card["ts"]}
    changed = {
        "type": "message",
        "subtype": "message_changed",
        "channel": SUPPORT,
        "ts": "1773145900.1",
        "hidden": True,
    }
    await office.event({**changed, "message": inner, "previous_message": {**inner, "text": SECRET_WORDS}})
    await office.event({**changed, "subtype": "message_deleted", "deleted_ts": ts, "previous_message": inner})
    await office.event({"type": "reaction_added", "user": sam.user, "reaction": "eyes", "item": {"channel": SUPPORT}})
    await office.settle()
    assert await ana.transcript() == before


async def test_what_staff_say_among_themselves_is_a_note_in_the_console(office: Office) -> None:
    sam, ana, card = await claimed(office)
    await sam.message(SECRET_WORDS, card)
    seen = await office.desk.services.showing.show(ana.id)
    assert [note["text"] for note in seen["notes"]] == [SECRET_WORDS]
    data = await office.desk.call(
        "GET", "/api/v1/learners/ana/data", headers={"Authorization": f"Bearer {office.desk.identity('ana')}"}
    )
    assert SECRET_WORDS not in str(data.body)


async def test_a_reply_that_was_not_sent_is_told_to_its_writer_alone(office: Office) -> None:
    sam, _, card = await claimed(office)
    await sam.message("/reply see the file", card, subtype="file_share", files=[FILE])
    assert "not sent" in sam.told[-1]
    await sam.message("/reply ask <@UMIRA>", card)
    assert "mentions a colleague" in sam.told[-1]
    await sam.message("/reply", card)
    assert "write something" in sam.told[-1]


@pytest.mark.parametrize("who", ["colleague", "stranger"])
async def test_only_who_has_the_conversation_may_reply(office: Office, who: str) -> None:
    _, ana, card = await claimed(office)
    before = await ana.transcript()
    other = await office.colleague("Mira") if who == "colleague" else office.stranger()
    await other.message("/reply I take over", card)
    assert await ana.transcript() == before
    assert ("Sam has this conversation" in other.told[-1]) if who == "colleague" else ("staff" in other.told[-1])
    await other.press(card, "lectern_reply")
    if who == "stranger":
        assert office.slack.views == []
    else:
        await other.submit(office.slack.views[-1], "I take over")
    assert await ana.transcript() == before


async def test_a_reply_after_the_release_is_refused(office: Office) -> None:
    sam, ana, card = await claimed(office)
    await sam.press(card, "lectern_reply")
    view = office.slack.views[-1]
    await sam.press(card, "lectern_release")
    before = await ana.transcript()
    await sam.message("/reply one more thing", card)
    await sam.submit(view, "one more thing")
    assert await ana.transcript() == before
    assert (await ana.get()).body["state"] == "bot"


async def test_what_a_learner_writes_calls_nobody_and_makes_no_link(office: Office) -> None:
    _, ana, card = await claimed(office)
    await ana.say("<!channel> *bold* <https://evil.example|click> <@USAM> & more")
    await office.settle()
    thread = office.thread_text(card)
    assert "<!channel>" not in thread and "<@USAM>" not in thread and "<https://evil" not in thread
    assert "&lt;!channel&gt;" in thread and "&amp; more" in thread


async def test_two_who_claim_at_once_get_one_owner(office: Office) -> None:
    _, ana, card = await claimed(office)
    mira = await office.colleague("Mira")
    await mira.press(
        {**card, "blocks": [{"elements": [{"type": "button", "action_id": "lectern_claim", "value": ana.id}]}]},
        "lectern_claim",
    )
    assert (await ana.get()).body["agent"] == {"name": "Sam"}
    assert "Sam has this conversation already" in office.slack.responses[-1]["text"]
    assert "lectern_claim" not in buttons(card)


async def test_a_claim_in_the_console_is_seen_in_slack_and_the_other_way_round(office: Office) -> None:
    console = await office.desk.staff("Rosa")
    sam = await office.colleague("Sam")
    ana = await office.desk.open("ana")
    await ana.say("a person please")
    await office.settle()
    card = office.card("Waiting")
    assert (await console.act(ana, "claim")).status == 200
    await office.settle()
    assert "With Rosa" in str(card["blocks"])
    await console.write(ana, "Hello from the console")
    await office.settle()
    assert "Hello from the console" in office.thread_text(card)
    await sam.press(card, "lectern_release")
    assert (await ana.get()).body["agent"] == {"name": "Rosa"}
    assert "Rosa has this conversation" in office.slack.responses[-1]["text"]
