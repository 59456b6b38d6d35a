"""The figures: each says what it counts, and agrees with the rows when they are counted again by hand."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest
from sqlalchemy import select

from backend.staff.figures import CLASSES, FIGURES, class_of, csv_lines, quantile
from backend.store.base import Base
from backend.store.console_models import HandoffRow
from backend.store.desk_models import (
    ConversationRow,
    FeedbackRow,
    MessageRow,
    ProposalRow,
    RatingRow,
    UnansweredRow,
)
from knowledge.reader import read_knowledge
from tests.backend.everywhere import assert_error
from tests.backend.running import NOW, Console, Desk


async def rows(desk: Desk, model: type[Base]) -> list[Any]:
    async with desk.services.store.read() as session:
        return list((await session.scalars(select(model))).all())


async def some_days(desk: Desk, each_sam: Console) -> None:
    """Two days of a desk: every class of conversations, every way out of the queue."""
    silent = await desk.open("ana")
    helped, rated, unhelped, annoyed = [await desk.open("ben") for _ in range(4)]
    answer = await helped.say("how long do i wait for my money")
    message = answer.body["messages"][0]["id"]
    await helped.post(f"messages/{message}/feedback", {"helpful": True})
    await rated.say("hello")
    await rated.post("rating", {"score": 4})
    answer = await unhelped.say("how long do i wait for my money")
    await unhelped.post(f"messages/{answer.body['messages'][0]['id']}/feedback", {"helpful": False})
    await annoyed.say("what about my parking ticket")
    await annoyed.post("rating", {"score": 2})
    merely = await desk.open("ana")
    await merely.say("refund please")
    await merely.press("Refund .*79")
    average = await desk.open("cleo")
    await average.say("hello")
    await average.post("rating", {"score": 3})
    # With people: one served, one waiting still, one who left, one taken, one put back.
    served, waits, left, taken, back = [await desk.open("ben") for _ in range(5)]
    await served.say("a person please")
    desk.wait(seconds=90)
    await each_sam.act(served, "claim")
    desk.wait(seconds=30)
    await each_sam.write(served, "hello")
    await each_sam.act(served, "offer", {"operation": "refund", "target": "pay-1"})
    await each_sam.act(served, "carry-out", {"operation": "refund", "target": "pay-2", "yes": "in the chat"})
    await served.post("rating", {"score": 5})
    await each_sam.act(served, "close", {})
    await left.say("a person please")
    desk.wait(seconds=45)
    await left.press("go on with the assistant")
    await each_sam.act(taken, "claim")
    desk.wait(seconds=12)
    await each_sam.write(taken, "may i help")
    await each_sam.act(taken, "release")
    await back.say("i can't go on")
    desk.wait(seconds=10)
    await each_sam.act(back, "claim")
    await each_sam.act(back, "transfer", {})
    desk.wait(hours=22)
    await each_sam.sign_in("sam@desk.example", "a long password")
    await waits.say("a person please")
    going = await desk.open("ana")
    await going.say("what about my parking ticket")
    assert (await silent.get()).body["state"] == "bot"
    desk.wait(seconds=1)


@pytest.fixture
async def told(each_desk: Desk, each_sam: Console) -> dict[str, Any]:
    await some_days(each_desk, each_sam)
    answer = await each_sam.get(f"insight?from={(NOW - timedelta(days=1)).date()}T00:00:00Z")
    assert answer.status == 200, answer
    return dict(answer.body)


def value(told: dict[str, Any], key: str) -> Any:
    return next(figure["value"] for figure in told["figures"] if figure["key"] == key)


# --- counted again -----------------------------------------------------------------------------------------------


async def test_every_conversation_is_in_exactly_one_class(told: dict[str, Any], each_desk: Desk) -> None:
    expected = {"handed_over": 5, "silent": 1, "confirmed": 2, "not_helped": 2, "going_on": 1, "ended": 2}
    assert {name: value(told, name) for name in CLASSES} == expected
    assert sum(expected.values()) == value(told, "conversations") == await each_desk.count(ConversationRow)


async def test_the_classes_agree_with_the_rows_counted_by_hand(told: dict[str, Any], each_desk: Desk) -> None:
    messages = await rows(each_desk, MessageRow)
    spoke = {row.conversation_id for row in messages if row.author == "learner"}
    where = {row.id: row.conversation_id for row in messages}
    feedback = {(where[row.message_id], row.helpful) for row in await rows(each_desk, FeedbackRow)}
    scores = {row.conversation_id: row.score for row in await rows(each_desk, RatingRow)}
    with_people = {row.conversation_id for row in await rows(each_desk, HandoffRow)}
    now, counted = each_desk.services.clock.now(), Counter[str]()
    for row in await rows(each_desk, ConversationRow):
        if row.id in with_people:
            counted["handed_over"] += 1
        elif row.id not in spoke:
            counted["silent"] += 1
        elif (row.id, True) in feedback or scores.get(row.id, 0) >= 4:
            counted["confirmed"] += 1
        elif (row.id, False) in feedback or scores.get(row.id, 9) <= 2:
            counted["not_helped"] += 1
        else:
            counted["going_on" if now - row.updated_at < timedelta(hours=1) else "ended"] += 1
    assert {name: value(told, name) for name in CLASSES} == {name: counted[name] for name in CLASSES}


async def test_waiting_and_first_responses_agree_with_the_rows(told: dict[str, Any], each_desk: Desk) -> None:
    handoffs = await rows(each_desk, HandoffRow)
    waits = sorted(
        (row.claimed_at - row.queued_at).total_seconds() for row in handoffs if row.queued_at and row.claimed_at
    )
    firsts = sorted(
        (row.first_reply_at - (row.queued_at or row.claimed_at)).total_seconds()
        for row in handoffs
        if row.first_reply_at
    )
    assert waits == [10, 90] and firsts == [12, 120], "the days are not what this test means"
    assert told["tables"]["waiting"] == {"count": 2, "median_seconds": 10, "p90_seconds": 90}
    assert told["tables"]["first_response"] == {"count": 2, "median_seconds": 12, "p90_seconds": 120}
    assert (value(told, "waiting_p90"), value(told, "first_response_p90")) == (1.5, 2.0)
    assert value(told, "handoffs") == len(handoffs) == 6
    assert value(told, "left_queue") == sum(row.outcome == "left_queue" for row in handoffs) == 1


async def test_handoffs_are_counted_by_their_reason(told: dict[str, Any], each_desk: Desk) -> None:
    by_why = Counter(row.why for row in await rows(each_desk, HandoffRow))
    assert {row["why"]: row["count"] for row in told["tables"]["handoffs_by_reason"]} == by_why
    assert by_why == {"asked": 3, "taken": 1, "distress": 1, "transferred": 1}
    assert sum(row["claimed"] for row in told["tables"]["handoffs_by_reason"]) == 3


async def test_the_first_message_of_a_person_is_the_transcripts(told: dict[str, Any], each_desk: Desk) -> None:
    """What the record calls the first reply is the first message of an agent in the transcript."""
    messages = await rows(each_desk, MessageRow)
    for row in await rows(each_desk, HandoffRow):
        said = [
            message.at
            for message in messages
            if message.conversation_id == row.conversation_id
            and message.author == "agent"
            and row.claimed_at is not None
            and row.claimed_at <= message.at <= (row.left_at or datetime.max.replace(tzinfo=NOW.tzinfo))
        ]
        assert row.first_reply_at == min(said, default=None)


async def test_operations_agree_with_the_transcript_and_the_records(told: dict[str, Any], each_desk: Desk) -> None:
    (refund,) = told["tables"]["operations"]
    decided = Counter(
        row.extras["decision"]["outcome"] for row in await rows(each_desk, MessageRow) if "decision" in row.extras
    )
    proposals = Counter(row.state for row in await rows(each_desk, ProposalRow))
    assert refund["operation"] == "Ask for a refund"
    assert {key: refund[key] for key in ("granted", "refused")} == {key: decided[key] for key in ("granted", "refused")}
    assert refund["offered"] == sum(proposals.values()) == 3
    assert (refund["confirmed"], refund["superseded"]) == (proposals["confirmed"], proposals["superseded"]) == (2, 1)
    assert (refund["carried_out"], refund["by_staff"], refund["overruled"]) == (2, 1, 0)


async def test_sections_ratings_and_questions_agree_with_the_rows(told: dict[str, Any], each_desk: Desk) -> None:
    (section,) = told["tables"]["top_sections"]
    answered = [
        row for row in await rows(each_desk, MessageRow) if row.extras.get("answer", {}).get("kind") == "article"
    ]
    assert (section["answers"], section["helpful"], section["not_helpful"]) == (len(answered), 1, 1) == (2, 1, 1)
    assert section["section"] and "/" not in section["section"]
    scores = [row.score for row in await rows(each_desk, RatingRow)]
    assert value(told, "ratings") == len(scores) == 4
    assert value(told, "rating_mean") == sum(scores) / len(scores)
    assert {row["score"]: row["count"] for row in told["tables"]["ratings"]} == {5: 1, 4: 1, 3: 1, 2: 1, 1: 0}
    assert sum(row["count"] for row in told["tables"]["unanswered"]) == await each_desk.count(UnansweredRow) == 3


async def test_the_days_add_up_and_none_is_left_out(told: dict[str, Any]) -> None:
    days = told["series"]["conversations_per_day"]
    assert [row["day"] for row in days] == ["2026-03-09", "2026-03-10", "2026-03-11"]
    assert [row["conversations"] for row in days] == [0, 12, 1]
    assert sum(row["handed_over"] for row in days) == value(told, "handed_over")
    assert sum(row["handoffs"] for row in told["series"]["handoffs_per_day"]) == value(told, "handoffs")


# --- the page's side ---------------------------------------------------------------------------------------------


async def test_every_figure_says_what_it_counts(told: dict[str, Any]) -> None:
    assert [figure["key"] for figure in told["figures"]] == [figure.key for figure in FIGURES]
    for figure in told["figures"]:
        assert len(figure["definition"].split()) >= 5 and figure["definition"].endswith("."), figure
        assert figure["title"] and figure["unit"] is not None
    assert len({figure["title"] for figure in told["figures"]}) == len(FIGURES)


async def test_the_end_of_the_days_is_not_in_them(each_desk: Desk, each_sam: Console) -> None:
    await each_desk.open("ana")
    for frm, to, counted in (
        (NOW, NOW + timedelta(seconds=1), 1),
        (NOW - timedelta(seconds=1), NOW, 0),
        (NOW + timedelta(microseconds=1), NOW + timedelta(hours=1), 0),
    ):
        query = f"insight?from={frm:%Y-%m-%dT%H:%M:%S.%fZ}&to={to:%Y-%m-%dT%H:%M:%S.%fZ}"
        assert value((await each_sam.get(query)).body, "conversations") == counted, query


async def test_an_empty_desk_has_no_times_rather_than_zero(each_desk: Desk, each_sam: Console) -> None:
    told = (await each_sam.get("insight")).body
    assert value(told, "conversations") == 0
    for key in ("waiting_median", "first_response_p90", "rating_mean"):
        assert value(told, key) is None
    assert told["tables"]["operations"] == [] and told["tables"]["waiting"]["count"] == 0


async def test_what_a_member_keeps_from_slack_is_nobodys_conversation(each_desk: Desk, each_sam: Console) -> None:
    talk = await each_desk.open("ana")
    async with each_desk.services.store.write() as session:
        (await session.get_one(ConversationRow, talk.id)).channel = "slack"
    assert value((await each_sam.get("insight")).body, "conversations") == 0


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-03-10T00:00:00Z&to=2026-03-09T00:00:00Z", "from=2024-01-01T00:00:00Z"]
)
async def test_days_that_cannot_be_are_refused(each_sam: Console, query: str) -> None:
    assert_error(await each_sam.get(f"insight?{query}"), 400)


async def test_figures_and_tables_come_as_csv(each_desk: Desk, each_sam: Console, told: dict[str, Any]) -> None:
    days = f"from={told['from']}"
    for table, expected in (
        ("figures", [{key: figure[key] for key in ("key", "value")} for figure in told["figures"]]),
        ("handoffs_by_reason", told["tables"]["handoffs_by_reason"]),
        ("conversations_per_day", told["series"]["conversations_per_day"]),
        ("waiting", [told["tables"]["waiting"]]),
    ):
        answer = await each_sam.get(f"insight.csv?{days}&table={table}")
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert f'filename="{table}.csv"' in answer.headers["Content-Disposition"]
        read = list(csv.DictReader(io.StringIO(answer.body)))
        assert len(read) == len(expected)
        for got, wanted in zip(read, expected, strict=True):
            assert {key: got[key] for key in wanted} == {
                key: "" if item is None else str(item) for key, item in wanted.items()
            }
    assert_error(await each_sam.get("insight.csv?table=staff"), 404)
    assert_error(await each_desk.call("GET", "/api/v1/staff/insight.csv"), 401)


def test_a_spreadsheet_takes_nothing_of_a_learners_for_a_formula() -> None:
    lines = csv_lines([{"question": text, "count": -1} for text in ("=1+1", "+1", "-1", "@x", '"a", b', "plain")])
    read = list(csv.DictReader(io.StringIO(lines)))
    assert [row["question"] for row in read] == ["'=1+1", "'+1", "'-1", "'@x", '"a", b', "plain"]
    assert {row["count"] for row in read} == {"-1"}


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10, 11, 100])
def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed(count: int) -> None:
    values = [float(number * number) for number in range(count)][::-1]
    for share in (0.5, 0.9):
        found = quantile(values, share)
        assert found in values
        assert sum(one <= found for one in values) >= share * count
        assert sum(one < found for one in values) < share * count
    assert quantile([], 0.5) is None
    if count % 2:
        assert quantile(values, 0.5) == median(values)


def test_the_first_class_that_fits_counts() -> None:
    for number, name in enumerate(CLASSES):
        marks = dict.fromkeys(CLASSES[number:], True)
        assert class_of(marks) == name
    assert class_of({}) == "ended"


# --- a draft for what nobody answered ----------------------------------------------------------------------------


async def test_a_group_of_questions_becomes_a_section_the_reader_reads(
    each_desk: Desk, each_sam: Console, tmp_path: Any
) -> None:
    asked = ["what about my parking ticket?", "What about my parking ticket", "what about the parking tickets {{ x }}"]
    for text in asked:
        await (await each_desk.open("ana")).say(text)
    (group, *_) = (await each_sam.get("unanswered")).body["unanswered"]
    assert group["count"] == 3 and all(question["conversation"] for question in group["questions"])
    drafts = {
        (await each_sam.call("POST", "unanswered/draft", {"group": question["id"]})).body["markdown"]
        for question in group["questions"]
    }
    (draft,) = drafts
    head = "id: parking\ntitle: Parking\ntopic: support\nsources: [F00]\nrelated: []\nreviewed: 2026-11-21\n"
    written = draft.replace("sources: <articles that state it, such as F16>", "sources: F00")
    (tmp_path / "support").mkdir()
    (tmp_path / "support" / "parking.md").write_text(f"---\n{head}---\n\nAbout parking.\n\n{written}", "utf-8")
    knowledge, errors = read_knowledge(tmp_path)
    assert errors == []
    (section,) = knowledge.articles[0].sections
    assert section.title.startswith("What about") and len(section.questions) == 8
    assert sum("parking" in question for question in section.questions) == 2, "the same words stand twice"


async def test_a_draft_of_nothing_is_not_found(each_sam: Console) -> None:
    for group in ("ask_nothing", "", "\x00"):
        assert_error(await each_sam.call("POST", "unanswered/draft", {"group": group}), 404)
