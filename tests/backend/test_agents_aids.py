"""What helps an agent: the summary from records, drafts, notes that name somebody, saved replies, suggestions."""

from __future__ import annotations

from typing import Any

import pytest

from backend.staff.aids import filled
from backend.staff.notes import mentioned
from backend.staff.summary import revived
from backend.store.desk_models import NoteRow
from backend.store.erase import erase_learner
from backend.store.live_models import DraftRow, MentionRow, SavedReplyRow
from tests.backend.everywhere import assert_error
from tests.backend.running import NOW, PATIENCE, Console, Desk, Talk
from tests.backend.test_staff_live import event_of, watching


async def shown(console: Console, talk: Talk) -> dict[str, Any]:
    answer = await console.get(f"conversations/{talk.id}")
    assert answer.status == 200, answer
    return dict(answer.body)


# --- the summary -----------------------------------------------------------------------------------------------------


async def test_the_summary_says_what_is_wanted_decided_and_tried_and_what_matters(each_sam: Console) -> None:
    desk = each_sam.desk
    talk = await desk.open("ana")
    await talk.say("refund please")
    desk.wait(minutes=1)
    await talk.say("yes")
    await talk.say("i want a refund again")
    await talk.say("a person please")
    summary = (await shown(each_sam, talk))["summary"]
    assert "Machine Learning Basics" in summary["wants"]
    first, again = summary["decided"]
    assert (first["operation"], first["title"], first["outcome"]) == ("refund", "Machine Learning Basics", "granted")
    assert [reason["code"] for reason in first["reasons"]] == ["within_refund_window"]
    assert "$79" in first["reasons"][0]["text"]
    assert "15 March 2026" in first["reasons"][0]["text"]
    assert first["reasons"][0]["sources"]
    assert again["outcome"] == "refused"
    tried = [(one["operation"], one["title"], one["state"]) for one in summary["tried"]]
    assert tried == [("refund", "Machine Learning Basics", "confirmed")]
    facts = {fact["label"]: fact["value"] for fact in summary["facts"]}
    assert facts["E-mail"] == "ana@example.org (confirmed)"
    assert facts["Last payment"] == "$79.00 for Machine Learning Basics, 1 March 2026 (refunded)"
    assert facts["Last refund"].startswith("$79.00, expected by")
    assert "Courses" not in facts
    assert summary["asked"] == ["yes", "i want a refund again", "a person please"]
    assert summary["why"] == "asked for a person"


async def test_why_somebody_waited_is_known_after_the_claim(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await talk.say("i can't go on")
    await sam.act(talk, "claim")
    assert (await shown(sam, talk))["summary"]["why"]


async def test_of_a_guest_only_what_was_said_is_known(desk: Desk, sam: Console) -> None:
    talk = await desk.open()
    await talk.say("the moon is made of cheese")
    found = await shown(sam, talk)
    assert found["summary"] == {
        "wants": "the moon is made of cheese",
        "why": None,
        "asked": ["the moon is made of cheese"],
        "decided": [],
        "tried": [],
        "facts": [],
        "proposals": [],
    }
    assert (found["learner"], found["history"]) == (None, [])


async def test_a_question_that_was_answered_is_named_by_its_section(desk: Desk, sam: Console) -> None:
    talk = await desk.open()
    await talk.say("how long do i have")
    section = desk.services.knowledge.section("request-a-refund/time-limit")
    assert (await shown(sam, talk))["summary"]["wants"] == section.title


def test_values_of_a_record_are_said_as_they_were() -> None:
    assert str(revived({"amount": "79.00", "currency": "USD"})) == "$79.00"
    assert revived("2026-03-10T12:00:00Z") == NOW
    assert revived(["2026-03-10T12:00:00Z", "ml-basics", 7]) == [NOW, "ml-basics", 7]


async def test_a_conversation_shows_who_is_there_what_was_read_and_earlier_ones(
    desk: Desk, sam: Console, kim: Console
) -> None:
    earlier = await desk.open("ana")
    await earlier.say("refund please")
    desk.wait(hours=1)
    talk, other = await desk.open("ana"), await desk.open("ben")
    await sam.act(talk, "claim")
    await talk.post("rating", {"score": 4, "comment": "kind"})
    async with watching(kim) as socket:
        await socket.send_json({"type": "viewing", "conversation": talk.id, "typing": True})
        await event_of(socket, "presence", conversation=talk.id)
        found = await shown(sam, talk)
    assert found["agent"] == {"id": sam.id, "name": "Sam"}
    assert found["viewers"] == [{"id": kim.id, "name": "Kim", "typing": True}]
    assert (found["read_by_learner"], found["read_by_agent"]) == (0, 0)
    assert found["rating"] == {"score": 4, "comment": "kind"}
    assert [(one["id"], one["state"]) for one in found["history"]] == [(earlier.id, "bot")]
    assert other.id not in str(found["history"])
    assert "solved" in found["outcomes"]


async def test_a_conversation_is_closed_with_one_of_the_outcomes(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    assert_error(await sam.act(talk, "close", {"outcome": "whatever"}), 400)
    assert (await talk.get()).body["state"] == "agent"
    outcome = (await shown(sam, talk))["outcomes"][0]
    assert (await sam.act(talk, "close", {"outcome": outcome})).status == 200


# --- drafts ----------------------------------------------------------------------------------------------------------


async def test_a_draft_is_kept_for_who_wrote_it(desk: Desk, sam: Console, kim: Console) -> None:
    talk = await desk.open("ana")
    for text in ("Dear", "Dear Ana", "Dear Ana, I"):
        assert (await sam.call("PUT", f"conversations/{talk.id}/draft", {"text": text})).status == 200
    assert (await shown(sam, talk))["draft"] == "Dear Ana, I"
    assert (await shown(kim, talk))["draft"] == ""
    await sam.call("PUT", f"conversations/{talk.id}/draft", {"text": ""})
    assert await desk.count(DraftRow) == 0
    assert_error(await sam.call("PUT", f"conversations/{talk.id}/draft", {"text": "x" * 4001}), 400)
    assert_error(await sam.call("PUT", "conversations/nothing/draft", {"text": "x"}), 404)


async def test_what_was_written_about_an_erased_learner_goes_with_them(each_sam: Console) -> None:
    desk = each_sam.desk
    kim = await desk.staff("Kim")
    await kim.http.close()
    talk, other = await desk.open("ana"), await desk.open("ben")
    for one in (talk, other):
        await each_sam.call("PUT", f"conversations/{one.id}/draft", {"text": "Dear"})
        await each_sam.act(one, "notes", {"text": "@Kim look"})
    async with desk.services.store.write() as session:
        await erase_learner(session, "ana", NOW)
    assert [await desk.count(model) for model in (DraftRow, NoteRow, MentionRow)] == [1, 1, 1]


# --- notes -----------------------------------------------------------------------------------------------------------


async def test_who_is_named_in_a_note_is_told_and_can_say_that_it_was_seen(
    desk: Desk, sam: Console, kim: Console
) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    async with watching(kim) as kims, watching(sam) as sams:
        answer = await sam.act(talk, "notes", {"text": "@kim could you look? @Nobody too"})
        note = answer.body["note"]
        assert (note["name"], note["mentions"]) == ("Sam", [kim.id])
        assert (await event_of(sams, "note"))["note"] == note
        told = await event_of(kims, "mention")
        assert told["mention"] == (await kim.get("mentions")).body["mentions"][0]
        assert (told["mention"]["by"], told["mention"]["seen"]) == ("Sam", False)
        await sams.send_json({"type": "ping"})
        while (event := await sams.receive_json(timeout=PATIENCE))["type"] != "pong":
            assert event["type"] != "mention"
    assert (await shown(sam, talk))["notes"] == [note]
    assert (await sam.get("mentions")).body["mentions"] == []
    await sam.call("POST", "mentions/seen")
    assert [one["seen"] for one in (await kim.get("mentions")).body["mentions"]] == [False]
    await kim.call("POST", "mentions/seen")
    assert [one["seen"] for one in (await kim.get("mentions")).body["mentions"]] == [True]
    assert "@kim" not in str(await talk.transcript())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Dana Scott please", ["d"]),
        ("ask @dana scott.", ["d"]),
        ("@Eli and @eli", ["e"]),
        ("@Dana is which?", []),
        ("dana@scott.example, x@eli", []),
        ("@@eli", []),
        ("@Elias", []),
        ("Dana Scott", []),
        ("(@Eli)", ["e"]),
    ],
)
def test_a_name_is_found_whole_and_only_after_its_sign(text: str, found: list[str]) -> None:
    assert mentioned(text, {"d": "Dana Scott", "o": "Dana Odell", "e": "Eli Brook"}) == found


# --- saved replies ---------------------------------------------------------------------------------------------------


async def test_saved_replies_come_filled_for_the_conversation(each_sam: Console) -> None:
    desk = each_sam.desk
    talk, guest = await desk.open("ana"), await desk.open()
    text = "Hello {first_name} ({learner_name}), {agent_name} here about {case} and {nothing}."
    made = await each_sam.call("POST", "saved-replies", {"title": "Test", "text": text, "shortcut": "Test"})
    kept = {"title": "Test", "text": text, "shortcut": "test", "may_change": True}
    assert made.body["reply"] | {"id": ""} == {"id": "", **kept}

    async def reply_in(query: str) -> str:
        replies = (await each_sam.get(f"saved-replies{query}")).body["replies"]
        return str(next(one["filled"] for one in replies if one["title"] == "Test"))

    assert await reply_in(f"?conversation={talk.id}") == ("Hello Ana (Ana Silva), Sam here about {case} and {nothing}.")
    assert (await reply_in(f"?conversation={guest.id}")).startswith("Hello there")
    assert (await reply_in("")).startswith("Hello {first_name}")
    assert_error(await each_sam.get("saved-replies?conversation=nothing"), 404)


def test_a_placeholder_is_a_name_and_nothing_else() -> None:
    assert filled("{a} {b.c} {a!r} {{a}} {}", {"a": "x"}) == "x {b.c} {a!r} {x} {}"


async def test_the_desk_comes_with_replies_that_stay_away_once_they_were_taken_away(each_desk: Desk) -> None:
    lea = await each_desk.staff("Lea", "supervisor")
    replies = (await lea.get("saved-replies")).body["replies"]
    assert len(replies) > 5
    assert len({reply["shortcut"] for reply in replies}) == len(replies)
    for reply in replies:
        assert (await lea.call("DELETE", f"saved-replies/{reply['id']}")).status == 200
    assert (await lea.get("saved-replies")).body["replies"] == []
    assert await each_desk.count(SavedReplyRow) == 0
    await lea.http.close()


async def test_a_reply_is_changed_by_who_wrote_it_or_a_supervisor(desk: Desk, sam: Console, kim: Console) -> None:
    lea = await desk.staff("Lea", "supervisor")
    made = (await sam.call("POST", "saved-replies", {"title": "Mine", "text": "a"})).body["reply"]
    path, other = f"saved-replies/{made['id']}", {"title": "Mine", "text": "b"}
    told = []
    for console in (sam, kim, lea):
        replies = (await console.get("saved-replies")).body["replies"]
        may = {one["id"]: one["may_change"] for one in replies}
        told.append((may.pop(made["id"]), set(may.values())))
    assert told == [(True, {False}), (False, {False}), (True, {True})]
    assert_error(await kim.call("PUT", path, other), 403)
    assert_error(await kim.call("DELETE", path), 403)
    assert (await sam.call("PUT", path, other)).body["reply"]["text"] == "b"
    assert (await lea.call("PUT", path, {**other, "text": "c"})).body["reply"]["text"] == "c"
    assert_error(await sam.call("PUT", "saved-replies/nothing", other), 404)
    taken = (await sam.get("saved-replies")).body["replies"][0]["shortcut"]
    assert_error(await sam.call("POST", "saved-replies", {**other, "shortcut": taken}), 409)
    for bad in ({"title": "", "text": "a"}, {"title": "a", "text": " "}, {"title": "x" * 101, "text": "a"}):
        assert_error(await sam.call("POST", "saved-replies", bad), 400)
    await lea.http.close()


# --- suggestions -----------------------------------------------------------------------------------------------------


async def test_sections_are_suggested_for_what_the_learner_asked(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await sam.act(talk, "claim")
    await talk.say("how long do i have to request a refund")
    await talk.say("ok")
    suggestions = (await sam.get(f"conversations/{talk.id}/suggestions")).body["suggestions"]
    assert 0 < len(suggestions) <= 3
    assert "request-a-refund" in [one["article"] for one in suggestions]
    for one in suggestions:
        assert set(one) == {"article", "section", "title", "url", "short", "sources"}
        assert one["short"]
        assert "{{" not in one["short"]


async def test_without_a_question_nothing_is_suggested(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    assert (await sam.get(f"conversations/{talk.id}/suggestions")).body["suggestions"] == []
    assert_error(await sam.get("conversations/nothing/suggestions"), 404)
