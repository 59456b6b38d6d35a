"""Looking up: by whom, what is shown, what is recorded."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.clock import Clock
from backend.slack.directory import link
from backend.store.desk_models import AuditRow, ConversationRow, ProposalRow, StaffRow
from backend.store.slack_models import SlackMemberRow
from tests.slack.double import text_of
from tests.slack.office import Office, running_office


async def _audit(office: Office) -> list[tuple[str, str, str | None, str]]:
    async with office.desk.services.store.read() as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.id))).all()
        return [(row.actor, row.operation, row.learner_id, row.outcome) for row in rows]


async def test_a_learner_is_shown_with_what_the_rules_say(office: Office) -> None:
    sam = await office.colleague("Sam")
    for who in ("ana@example.org", "ANA@Example.org", "ana", "<mailto:ana@example.org|ana@example.org>"):
        shown = await sam.asks(f"learner {who}")
        assert shown["response_type"] == "ephemeral"
        text = text_of(shown)
        assert "Ana Silva" in text and "$79.00" in text and "pay-1" in text
        assert "granted" in text and "15 March 2026" in text
    assert await _audit(office) == [(f"staff:{sam.staff_id}", "look_up_learner", "ana", "granted")] * 4


async def test_looking_changes_nothing(office: Office) -> None:
    sam = await office.colleague("Sam")
    before = await office.desk.learner("ana")
    await sam.asks("learner ana")
    await sam.asks("decide refund pay-1 ana")
    await sam.asks("status")
    after = await office.desk.learner("ana")
    assert {**after, "audit": None} == {**before, "audit": None}
    assert await office.desk.count(ConversationRow) == await office.desk.count(ProposalRow) == 0


@pytest.mark.parametrize("command", ["learner ana@example.org", "decide refund pay-1", "status"])
async def test_nobody_but_staff_may_look(office: Office, command: str) -> None:
    shown = await office.stranger().asks(command)
    assert "member of staff" in text_of(shown) and "Ana" not in text_of(shown)
    assert [entry[0::3] for entry in await _audit(office)] == [("slack:USTRANGER", "refused")]


@pytest.mark.parametrize(
    "about",
    [
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_stranger": True},
        {"is_bot": True},
        {"deleted": True},
        {"is_email_confirmed": False},
        {"profile": {}},
    ],
    ids=str,
)
async def test_an_address_counts_only_for_a_full_member_of_the_workspace(office: Office, about: dict) -> None:
    sam = await office.colleague("Sam", **about)
    assert "member of staff" in text_of(await sam.asks("learner ana"))


async def test_who_is_no_longer_staff_is_refused(office: Office) -> None:
    sam = await office.colleague("Sam")
    await sam.asks("status")
    async with office.desk.services.store.write() as session:
        (await session.get(StaffRow, sam.staff_id)).active = False
    assert "member of staff" in text_of(await sam.asks("status"))


async def test_a_changed_address_is_noticed_and_slack_is_not_asked_each_time(office: Office) -> None:
    sam = await office.colleague("Sam")
    await sam.asks("status")
    await sam.asks("status")
    assert len(office.slack.called("users.info")) == 1
    office.slack.user(sam.user, "somebody.else@desk.example")
    office.desk.wait(hours=13)
    assert "member of staff" in text_of(await sam.asks("status"))
    assert await office.desk.count(SlackMemberRow) == 0


async def test_a_link_by_hand_goes_before_the_address(office: Office) -> None:
    sam = await office.colleague("Sam")
    other = office.stranger()
    async with office.desk.services.store.write() as session:
        assert await link(session, Clock(), other.user, "SAM@desk.example") is not None
        assert await link(session, Clock(), other.user, "nobody@desk.example") is None
    assert "waiting" in text_of(await other.asks("status"))
    assert (await _audit(office)) == []
    await other.asks("learner ana")
    assert (await _audit(office))[-1][0] == f"staff:{sam.staff_id}"


async def test_one_decision_is_shown_with_its_trace_and_parameters(office: Office) -> None:
    sam = await office.colleague("Sam")
    text = text_of(await sam.asks("decide refund pay-2"))
    assert "Ben Okafor" in text and "within_refund_window" in text and "F16" in text
    assert "refund.window_days" in text and "asked within the refund window" in text


async def test_an_id_that_several_have_means_the_learner_just_looked_up(office: Office) -> None:
    sam = await office.colleague("Sam")
    assert "Several learners have pay-1" in text_of(await sam.asks("decide refund pay-1"))
    await sam.asks("learner ben")
    assert "Ben Okafor" in text_of(await sam.asks("decide refund pay-1"))
    assert "Ana Silva" in text_of(await sam.asks("decide refund pay-1 ana@example.org"))
    office.desk.wait(minutes=31)
    assert "Several learners have pay-1" in text_of(await sam.asks("decide refund pay-1"))


async def test_mistakes_are_told_in_a_sentence(office: Office) -> None:
    sam = await office.colleague("Sam")
    assert "no learner" in text_of(await sam.asks("learner nobody@example.org"))
    assert "no such operation" in text_of(await sam.asks("decide fly pay-1"))
    assert "nothing with that id" in text_of(await sam.asks("decide refund pay-77"))
    assert "didn't understand" in text_of(await sam.asks("learner"))
    assert "didn't understand" in text_of(await sam.asks("<!channel> & *hello*"))
    assert "What I can do" in text_of(await sam.asks(""))


async def test_the_status_counts_who_waits_and_who_works(office: Office) -> None:
    sam = await office.colleague("Sam")
    for learner in ("ana", "ben"):
        await (await office.desk.open(learner)).say("a person please")
    office.desk.wait(minutes=7)
    text = text_of(await sam.asks("status"))
    assert "*2 waiting*" in text and "7 minutes" in text


async def test_personal_data_can_be_switched_off(sqlite_url: str, quick_parts: None) -> None:
    async with running_office(sqlite_url, slack_personal_data=False) as office:
        sam = await office.colleague("Sam")
        shown = [await sam.asks(text) for text in ("learner ana@example.org", "decide refund pay-1 ana")]
        ana = await office.desk.open("ana")
        await ana.say("I am so sad, get me a person")
        await office.settle()
        card = office.card("Waiting")
        await sam.press(card, "lectern_claim")
        await ana.say("my dog is ill")
        await office.settle()
        await sam.message("/reply I'm here", card)
        assert (await ana.transcript())[-1]["text"] == "I'm here"
        sent = str([call.arguments for call in office.slack.calls]) + str(office.slack.responses)
        assert "granted" in text_of(shown[0]) and "pay-1" in text_of(shown[0])
        for private in ("Ana", "ana@example.org", "Machine Learning", "79", "sad", "dog", "I'm here"):
            assert private not in sent, private
