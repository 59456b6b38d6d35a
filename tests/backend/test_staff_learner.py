"""A learner as staff see them: all that hangs on the account, what could be done, in words; and who looked is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.operations.registry import OPERATIONS
from backend.staff.learners import LATEST
from backend.store.desk_models import AuditRow
from tests.backend.everywhere import assert_error
from tests.backend.running import WORLD, Console, Desk


async def looks(desk: Desk) -> list[tuple[str, str | None]]:
    async with desk.services.store.read() as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.id))).all()
    return [(row.operation, row.learner_id) for row in rows]


async def test_a_learner_is_shown_with_all_that_hangs_on_the_account(each_desk: Desk, each_sam: Console) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    await talk.press("Refund .*79")
    shown = (await each_sam.get("learners/ana")).body
    assert shown["learner"]["email"] == "ana@example.org"
    assert shown["learner"]["payments"][0]["status"] == "refunded"
    assert [email["to"] for email in shown["learner"]["emails"]] == ["ana@example.org"]
    assert [(entry["operation"], entry["actor"]) for entry in shown["audit"]] == [("refund", "learner:ana")]
    assert [(one["id"], one["state"], one["topic"]) for one in shown["conversations"]] == [
        (talk.id, "bot", "Ask for a refund")
    ]
    assert "correct horse" not in str(shown) and "argon2" not in str(shown)


async def test_courses_are_called_by_their_titles(each_sam: Console) -> None:
    titles = (await each_sam.get("learners/ben")).body["titles"]
    assert titles == {"ml-basics": "Machine Learning Basics", "ux": "Introduction to User Experience"}


async def test_what_could_be_done_is_named_with_its_targets(each_sam: Console) -> None:
    possible = {one["operation"]: one for one in (await each_sam.get("learners/ben")).body["operations"]}
    assert {target["target"] for target in possible["refund"]["targets"]} == {"pay-1", "pay-2"}
    assert all("Machine" in one["label"] or "User" in one["label"] for one in possible["refund"]["targets"])
    assert {target["target"] for target in possible["unenroll"]["targets"]} == {"enr-1", "enr-2"}
    assert "cancel_subscription" not in possible, "there is nothing to cancel"
    assert set(possible) <= set(OPERATIONS)
    assert (possible["delete_account"]["learners_own"], possible["refund"]["learners_own"]) == (True, False)
    assert possible["reset_password"]["at_once"] is True and possible["reset_password"]["fields"] == []
    assert [field["name"] for field in possible["report_problem"]["fields"]] == ["kind", "text", "link"]
    pledge = possible["apply_for_aid"]["fields"][-1]
    assert (pledge["kind"], bool(pledge["label"])) == ("pledge", True)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_every_operation_is_decided_in_words(each_sam: Console, name: str) -> None:
    answer = await each_sam.call("POST", "learners/ana/decide", {"operation": name, "target": "pay-1"})
    assert answer.status == 200, answer
    parts = [item for part in ("reasons", "notes", "consequences", "remedies") for item in answer.body[part]]
    assert answer.body["title"] and parts
    assert all(item["text"] and "{" not in item["text"] for item in parts)


async def test_deciding_with_details_tells_what_would_be_done(each_sam: Console, each_desk: Desk) -> None:
    wish = {"operation": "report_problem", "details": {"text": "it is broken", "link": ""}}
    assert (await each_sam.call("POST", "learners/ana/decide", wish)).body["outcome"] == "refer_to_agent"
    for odd in ({"text": 5}, {"text": ["x"]}, {"overruled": "refund_window_closed"}, {"pledge": True}):
        answer = await each_sam.call("POST", "learners/ana/decide", wish | {"details": odd})
        assert_error(answer, 400)
        assert answer.body["error"]["field"].startswith("details.")
    assert await looks(each_desk) == []


async def test_learners_are_found_by_a_part_of_the_name_the_address_or_the_id(each_sam: Console) -> None:
    async def found(words: str) -> list[str]:
        return [one["id"] for one in (await each_sam.call("GET", "learners", params={"q": words})).body["learners"]]

    assert await found("silva") == ["ana"]
    assert await found("EXAMPLE.org") == ["ana", "ben", "cleo"]
    assert await found("cleo") == ["cleo"]
    assert await found("no such person") == await found("%%") == await found("__") == []


async def test_who_is_found_is_told_with_the_country_and_the_latest_conversations(
    each_desk: Desk, each_sam: Console
) -> None:
    await each_desk.load(WORLD.replace("name: Ana Silva", "name: Ana Silva\n    country: BR"))
    assert (await each_sam.call("GET", "learners", params={"q": "silva"})).body["learners"] == [
        {
            "id": "ana",
            "name": "Ana Silva",
            "email": "ana@example.org",
            "country": "BR",
            "conversations": [],
            "conversation_count": 0,
        }
    ]
    talks = []
    for _ in range(LATEST + 1):
        talks.append(await each_desk.open("ana"))
        each_desk.wait(minutes=1)
    await talks[-1].say("a person please")
    await each_desk.open("ben")
    found = {
        one["id"]: one for one in (await each_sam.call("GET", "learners", params={"q": "@example"})).body["learners"]
    }
    assert [one["conversation_count"] for one in found.values()] == [LATEST + 1, 1, 0]
    told = [(one["id"], one["state"]) for one in found["ana"]["conversations"]]
    assert told == [(talks[-1].id, "queued"), (talks[-2].id, "bot"), (talks[-3].id, "bot")]
    assert found["cleo"]["conversations"] == []


@pytest.mark.parametrize("words", ["", "a", " a ", "\x00\x00"])
async def test_a_single_letter_finds_nobody(each_sam: Console, words: str) -> None:
    answer = await each_sam.call("GET", "learners", params={"q": words})
    assert_error(answer, 400)
    assert answer.body["error"]["field"] == "q"


async def test_who_looked_is_on_record_once_for_a_while(each_desk: Desk, each_sam: Console) -> None:
    await each_sam.get("learners/ana")
    await each_sam.get("learners/ana")
    assert await looks(each_desk) == [("look_up_learner", "ana")]
    each_desk.wait(minutes=30)
    await each_sam.get("learners/ana")
    await each_sam.get("learners/ben")
    assert await looks(each_desk) == [("look_up_learner", "ana")] * 2 + [("look_up_learner", "ben")]


async def test_a_search_is_on_record_without_its_words(each_desk: Desk, each_sam: Console) -> None:
    await each_sam.call("GET", "learners", params={"q": "silva"})
    async with each_desk.services.store.read() as session:
        row = (await session.scalars(select(AuditRow))).one()
    assert (row.actor, row.operation, row.record["found"]) == (f"staff:{each_sam.id}", "search_learners", ["ana"])
    assert "silva" not in str(row.record).lower()


async def test_nobody_is_shown_who_does_not_exist_and_nobody_sees_without_signing_in(
    each_desk: Desk, each_sam: Console
) -> None:
    for learner in ("nobody", "%00"):
        assert_error(await each_sam.get(f"learners/{learner}"), 404)
    talk = await each_desk.open("ana")
    for path in ("learners/ana", "learners?q=silva", "members"):
        assert_error(await each_desk.call("GET", f"/api/v1/staff/{path}", headers=talk.bearer), 401)
    assert await looks(each_desk) == []


async def test_a_report_reads_as_a_case(each_desk: Desk, each_sam: Console) -> None:
    talk = await each_desk.open("ana")
    await each_sam.act(talk, "claim")
    details = {"text": "the video does not play", "link": "https://example.org/week-2"}
    wish = {"operation": "report_problem", "details": details, "yes": "she asked me to"}
    assert (await each_sam.act(talk, "carry-out", wish)).status == 200
    (case,) = (await each_sam.get("learners/ana")).body["cases"]
    assert (case["title"], case["learner_name"], case["status"]) == (
        "Problem with a course reported",
        "Ana Silva",
        "open",
    )
    assert "Text: the video does not play" in case["text"] and "Link: https://example.org/week-2" in case["text"]
    assert "requested_by" not in case["text"].lower() and each_sam.id not in case["text"]
