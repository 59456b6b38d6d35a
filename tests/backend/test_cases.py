"""Cases that a person decides, and the figures of the desk."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from backend.store.desk_models import CaseRow
from tests.backend.everywhere import assert_error
from tests.backend.running import Console, Desk, Talk


async def name_change(desk: Desk) -> tuple[Talk, str]:
    """Ana asks for another name and says yes; the case that opens."""
    talk = await desk.open("ana")
    async with desk.services.store.write() as session:
        case = CaseRow(
            id="case_1",
            learner_id="ana",
            conversation_id=talk.id,
            kind="name_change",
            about="ana",
            details={"name": "Ana Souza", "old_name": "Ana Silva"},
            opened_at=desk.services.clock.now(),
        )
        session.add(case)
    return talk, "case_1"


async def test_an_approved_name_change_takes_effect_once_with_a_mail_and_an_audit_row(each_sam: Console) -> None:
    desk = each_sam.desk
    _talk, case = await name_change(desk)
    assert [line["id"] for line in (await each_sam.get("cases?status=open")).body["cases"]] == [case]
    answers = await asyncio.gather(*(each_sam.call("POST", f"cases/{case}/approve", {}) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
    learner = await desk.learner("ana")
    assert learner["name"] == "Ana Souza"
    assert len(learner["emails"]) == 1
    (row,) = [row for row in learner["audit"] if row["operation"] == "case_name_change"]
    assert row["actor"] == f"staff:{each_sam.id}"
    assert (await each_sam.get("cases?status=open")).body["cases"] == []


async def test_a_decline_needs_a_reason_and_changes_nothing_but_the_case(each_sam: Console) -> None:
    desk = each_sam.desk
    _talk, case = await name_change(desk)
    for body in ({}, {"reason": None}, {"reason": " "}, {"reason": "\x00"}):
        assert_error(await each_sam.call("POST", f"cases/{case}/decline", body), 400)
    answer = await each_sam.call("POST", f"cases/{case}/decline", {"reason": "the document is blurred"})
    assert answer.body["case"]["status"] == "declined"
    learner = await desk.learner("ana")
    assert learner["name"] == "Ana Silva"
    assert "the document is blurred" in learner["emails"][0]["body"]
    assert_error(await each_sam.call("POST", f"cases/{case}/approve", {}), 409)


async def test_an_odd_reason_breaks_nothing(each_sam: Console) -> None:
    _talk, case = await name_change(each_sam.desk)
    assert_error(await each_sam.call("POST", f"cases/{case}/decline", {"reason": "x" * 2001}), 400)
    answer = await each_sam.call("POST", f"cases/{case}/decline", {"reason": "a\x00b \ud800"})
    assert answer.body["case"]["reason"] == "ab \ufffd"


async def test_a_case_of_a_deleted_learner_cannot_bring_anything_back(each_sam: Console) -> None:
    desk = each_sam.desk
    talk, case = await name_change(desk)
    await talk.say("delete my account")
    await talk.press("delete")
    await talk.post("reauthenticate", {"password": "correct horse"})
    await talk.say("DELETE")
    assert (await desk.learner("ana"))["status"] == "deleted"
    answer = await each_sam.call("POST", f"cases/{case}/approve", {})
    assert answer.status in (200, 404, 409), answer
    assert (await desk.learner("ana"))["name"] == "Deleted account"


async def test_figures_count_the_rows_of_their_time(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    await talk.press("Refund .*79")
    await talk.post("rating", {"score": 4})
    desk.wait(seconds=1)
    figures = (await sam.get("stats")).body
    assert figures["conversations"] == 1
    assert figures["by_state"] == {"bot": 1}
    assert figures["operations"] == {"refund.granted": 1}
    assert figures["ratings"] == {"count": 1, "mean": 4.0}
    later = (desk.services.clock.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    empty = (await sam.get(f"stats?from={later}&to=now%2B2h")).body
    assert (empty["conversations"], empty["operations"], empty["ratings"]["count"]) == (0, {}, 0)
    for query in ("from=yesterday", "to=%00", "from=99999-01-01T00:00:00Z", "to=now%2B999999999999d"):
        assert_error(await sam.get(f"stats?{query}"), 400)
