"""A conversation by mail, earlier conversations, and what readers say of a page: for whom they are, and nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from backend.conversations.records import ALL_GUESTS, PER_ADDRESS, PER_CONVERSATION
from backend.ids import new_id
from backend.store.desk_models import OutboxRow
from backend.store.erase import erase_learner
from backend.store.help_models import PageFeedbackRow, TranscriptMailRow
from tests.backend.running import Desk, Talk


async def mailed(talk: Talk, **body: str) -> tuple[int, dict]:
    answer = await talk.post("email", body)
    return answer.status, answer.body


async def mails(desk: Desk) -> list[dict]:
    async with desk.services.store.read() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.kind == "email").order_by(OutboxRow.created_at))
        return [row.payload for row in rows.all()]


async def test_a_learners_conversation_goes_to_the_address_on_record(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    assert await mailed(talk) == (200, {"sent_to": "a…@example.org"})
    (mail,) = await mails(each_desk)
    assert mail["to"] == "ana@example.org"
    assert "You, 10 March 2026, 12:00 UTC:\nrefund please" in mail["body"]
    assert "Machine Learning Basics" in mail["body"] and "**" not in mail["body"]


async def test_a_learners_conversation_goes_to_no_other_address(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("hello")
    assert (await mailed(talk, email="else@example.org"))[0] == 400
    assert await mails(desk) == []
    assert (await mailed(talk, email="Ana@example.org"))[0] == 200


async def test_a_guest_types_an_address_and_gets_no_links_of_their_own(each_desk: Desk) -> None:
    talk = await each_desk.open()
    await talk.say("hello, buy at https://spam.example/x or www.spam.example or spam-shop.com/now " + "word " * 200)
    assert await mailed(talk, email="guest@example.net") == (200, {"sent_to": "g…@example.net"})
    (mail,) = await mails(each_desk)
    assert mail["to"] == "guest@example.net" and "guest" in mail["body"]
    assert "spam" not in mail["body"] and mail["body"].count("word") < 130


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a b@c.de", "a@x.de,b@y.de", "a@x.de\nBcc: b@y.de", "<a@x.de>"]
)
async def test_a_guest_has_to_give_one_address(desk: Desk, address: str) -> None:
    talk = await desk.open()
    await talk.say("hello")
    assert (await mailed(talk, email=address))[0] == 400
    assert await mails(desk) == []


async def test_nothing_is_sent_while_nothing_was_said(desk: Desk) -> None:
    talk = await desk.open("ana")
    status, body = await mailed(talk)
    assert (status, body["error"]["code"]) == (409, "nothing_said")


async def test_a_conversation_is_sent_so_often_in_a_day_and_no_more(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("hello")
    for _ in range(PER_CONVERSATION):
        assert (await mailed(talk))[0] == 200
    answer = await talk.post("email", {})
    assert answer.status == 429 and int(answer.headers["Retry-After"]) == 24 * 3600 + 1
    each_desk.wait(days=1)
    assert (await mailed(talk))[0] == 200


async def test_guests_together_send_one_address_so_much_in_a_day(each_desk: Desk) -> None:
    statuses = []
    for _ in range(PER_ADDRESS + 1):
        talk = await each_desk.open()
        await talk.say("hello")
        statuses.append((await mailed(talk, email="Victim@example.net"))[0])
    assert statuses == [200] * PER_ADDRESS + [429]
    assert (await mailed(talk, email="other@example.net"))[0] == 200


async def test_all_guests_together_send_so_much_in_an_hour(desk: Desk, now: datetime) -> None:
    talk = await desk.open()
    await talk.say("hello")
    rows = [
        TranscriptMailRow(
            conversation_id=(await desk.open()).id, to_hash=new_id("hash"), outbox_id=new_id("out"), at=now
        )
        for _ in range(ALL_GUESTS)
    ]
    async with desk.services.store.write() as session:
        session.add_all(rows)
    assert (await mailed(talk, email="guest@example.net"))[0] == 429
    learner = await desk.open("ana")
    await learner.say("hello")
    assert (await mailed(learner))[0] == 200


async def test_an_address_a_guest_typed_is_kept_in_the_mail_only(desk: Desk) -> None:
    talk = await desk.open()
    await talk.say("hello")
    await mailed(talk, email="guest@example.net")
    async with desk.services.store.read() as session:
        row = (await session.scalars(select(TranscriptMailRow))).one()
    assert row.to_hash is not None and len(row.to_hash) == 64


async def test_erasing_a_learner_takes_the_mails_of_their_conversations(each_desk: Desk, now: datetime) -> None:
    talk = await each_desk.open()
    await talk.say("hello")
    await mailed(talk, email="guest@example.net")
    await talk.post("identity", {"identity": each_desk.identity("ana")})
    async with each_desk.services.store.write() as session:
        await erase_learner(session, "ana", now)
    assert await each_desk.count(TranscriptMailRow) == 0
    assert await mails(each_desk) == []


# --- earlier conversations -------------------------------------------------------------------------------------------


async def test_a_learner_reads_their_earlier_conversations_and_nobody_elses(each_desk: Desk) -> None:
    first, silent, other = await each_desk.open("ana"), await each_desk.open("ana"), await each_desk.open("ben")
    await first.say("refund please")
    await first.press("Refund .*79")
    await other.say("hello from ben")
    talk = await each_desk.open("ana")
    (line,) = (await talk.get("/history")).body["conversations"]
    assert (line["id"], line["about"], line["state"]) == (first.id, "refund please", "bot")
    read = (await talk.get(f"/history/{first.id}")).body
    assert [message["text"] for message in read["messages"]] == [each["text"] for each in await first.transcript()]
    assert not any({"buttons", "step", "proposal", "record"} & set(message) for message in read["messages"])
    assert (await talk.get(f"/history/{other.id}")).status == 404
    assert (await talk.get("/history/nonsense")).status == 404
    assert silent.id != line["id"]


async def test_a_guest_has_no_earlier_conversations(each_desk: Desk) -> None:
    before, talk = await each_desk.open(), await each_desk.open()
    await before.say("hello")
    assert (await talk.get("/history")).body == {"conversations": []}
    assert (await talk.get(f"/history/{before.id}")).status == 404


async def test_an_earlier_conversation_needs_the_token_of_the_present_one(desk: Desk) -> None:
    first, talk = await desk.open("ana"), await desk.open("ben")
    await first.say("refund please")
    answer = await desk.call("GET", f"{first.path}/history", headers=talk.bearer)
    assert answer.status == 404


# --- what a client knows again after a reload ------------------------------------------------------------------------


async def test_a_learners_message_bears_the_id_it_was_sent_with(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please", "my-own-id")
    sent = [message.get("client_id") for message in await talk.transcript()]
    assert sent == [None, "my-own-id", None]


async def test_a_button_that_was_pressed_says_so_in_the_transcript(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    await talk.press("Refund .*79")
    used = {
        button["title"]: button.get("used") for each in await talk.transcript() for button in each.get("buttons", ())
    }
    assert [title for title, was in used.items() if was] == ["Refund $79.00"]


# --- was this page helpful -------------------------------------------------------------------------------------------


async def test_what_a_reader_says_of_a_page_is_counted_for_staff(each_desk: Desk, now: datetime) -> None:
    for answer, section in (("yes", ""), ("no", ""), ("no", "time-limit"), ("no", "no-such-section")):
        form = {"helpful": answer, "section": section}
        said = await each_desk.call("POST", "/help/request-a-refund/helpful", data=form, allow_redirects=False)
        assert said.status == 303
    async with each_desk.services.store.write() as session:
        session.add(PageFeedbackRow(page="old", helpful=True, at=now - timedelta(days=31)))
    agent = await each_desk.staff()
    pages = (await agent.get("pages-feedback")).body["pages"]
    await agent.http.close()
    assert [(each["page"], each["section"], each["helpful"], each["not_helpful"]) for each in pages] == [
        ("request-a-refund", None, 1, 2),
        ("request-a-refund", "time-limit", 0, 1),
    ]
    assert (await each_desk.call("GET", "/api/v1/staff/pages-feedback")).status == 401


@pytest.mark.parametrize("answer", ["", "maybe", "yes&helpful=no"])
async def test_nonsense_about_a_page_is_not_kept(desk: Desk, answer: str) -> None:
    said = await desk.call("POST", "/help/request-a-refund/helpful", data={"helpful": answer}, allow_redirects=False)
    assert said.status == 404
    assert await desk.count(PageFeedbackRow) == 0
