"""A form is sent in one go: its own fields only, private things masked, and bound to what it was shown for."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from backend.store.desk_models import CaseRow, ProposalRow, TurnRow
from tests.backend.running import Answer, Desk, Talk


async def asked(desk: Desk) -> Talk:
    talk = await desk.open("ana")
    answer = await talk.say("report a problem")
    assert answer.body["messages"][-1]["step"]["kind"] == "form"
    return talk


def submit(talk: Talk) -> str:
    return str(talk.answers[-1].body["messages"][-1]["step"]["submit"]["id"])


async def send(talk: Talk, form: Any, client_id: str | None = None, press: str | None = None) -> Answer:
    body = {"client_id": client_id or uuid.uuid4().hex, "press": press or submit(talk), "form": form}
    return await talk.post("messages", body)


async def test_a_form_says_what_it_wants_and_what_was_told(each_desk: Desk) -> None:
    talk = await asked(each_desk)
    step = talk.answers[-1].body["messages"][-1]["step"]
    assert [(field["name"], field["kind"], field["required"]) for field in step["fields"]] == [
        ("kind", "choice", True),
        ("text", "text", True),
        ("link", "text", False),
    ]
    assert "buttons" not in talk.answers[-1].body["messages"][-1] or all(
        button["title"] != step["submit"]["title"] for button in talk.answers[-1].body["messages"][-1]["buttons"]
    )
    answer = await talk.say("Somebody copied my essay.")
    told = {field["name"]: field["value"] for field in answer.body["messages"][-1]["step"]["fields"]}
    assert told["text"] == "Somebody copied my essay."


async def test_a_form_leads_to_the_offer_and_stands_in_the_transcript(each_desk: Desk) -> None:
    talk = await asked(each_desk)
    answer = await send(talk, {"kind": "abuse", "text": "He shouted at me.", "link": ""})
    assert answer.kinds == ["decision"]
    said = [message["text"] for message in await talk.transcript() if message["author"] == "learner"]
    assert said[-1].endswith("What happened, and in which course: He shouted at me.")
    await talk.press("Send|Report")
    async with each_desk.services.store.read() as session:
        case = (await session.scalars(select(CaseRow))).one()
    assert case.kind == "abuse" and case.details["request"]["text"] == "He shouted at me."


async def test_what_is_private_in_a_form_is_masked_before_it_is_kept(each_desk: Desk) -> None:
    talk = await asked(each_desk)
    answer = await send(talk, {"kind": "abuse", "text": "my card is 4111 1111 1111 1111", "link": ""})
    assert any("card" in text.lower() for text in answer.texts)
    async with each_desk.services.store.read() as session:
        turns = (await session.scalars(select(TurnRow))).all()
        offers = (await session.scalars(select(ProposalRow))).all()
    kept = json.dumps([await talk.transcript(), *(row.press for row in turns), *(row.details for row in offers)])
    assert "4111" not in kept and "card number hidden" in kept


async def test_a_form_sent_twice_is_taken_once(each_desk: Desk) -> None:
    talk = await asked(each_desk)
    button, form = submit(talk), {"kind": "abuse", "text": "He shouted.", "link": ""}
    first = await send(talk, form, "one", button)
    assert (await send(talk, form, "one", button)).body == first.body
    assert await each_desk.count(ProposalRow) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"text": 7},
        {"text": ["a"]},
        {"text": {"a": "b"}},
        "text",
        {"text": "x" * 4001},
        {str(number): "x" for number in range(21)},
    ],
)
async def test_a_form_that_makes_no_sense_is_refused(desk: Desk, form: Any) -> None:
    talk = await asked(desk)
    assert (await send(talk, form)).status in (400, 413)
    assert await desk.count(ProposalRow) == 0


async def test_an_unknown_choice_is_not_taken(desk: Desk) -> None:
    talk = await asked(desk)
    answer = await send(talk, {"kind": "bribery", "text": "He shouted.", "link": "", "learner": "ben", "target": "x"})
    assert answer.body["messages"][-1]["decision"]["reasons"][0]["values"]["kind"] == "course_problem"


async def test_a_form_without_its_button_is_refused(desk: Desk) -> None:
    talk = await asked(desk)
    answer = await talk.post("messages", {"client_id": "x", "text": "hello", "form": {"text": "hello"}})
    assert answer.status == 400


async def test_another_conversations_form_cannot_be_sent(desk: Desk) -> None:
    mine, other = await asked(desk), await asked(desk)
    assert (await send(mine, {"text": "a"}, press=submit(other))).status == 404


async def test_a_form_on_a_button_that_has_none_is_left_out(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    answer = await send(talk, {"text": "x"}, press=talk.button("Refund .*79"))
    assert answer.kinds == ["result"]
