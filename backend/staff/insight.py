"""Insight: what happened between two instants, counted from the rows the transcript and the records are made of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.errors import BadInput, NotFound
from backend.knowledge_service import KnowledgeService
from backend.operations.registry import OPERATIONS
from backend.policy.decision import to_plain
from backend.staff.drafts import draft_section
from backend.staff.figures import (
    BAD_RATING,
    CLASSES,
    ENDED_AFTER_MINUTES,
    FIGURES,
    GOOD_RATING,
    class_of,
    csv_lines,
    minutes,
    quantile,
    spread,
)
from backend.staff.unanswered import grouped
from backend.store.base import Store
from backend.store.console_models import HandoffRow
from backend.store.desk_models import (
    AuditRow,
    ConversationRow,
    FeedbackRow,
    MessageRow,
    ProposalRow,
    RatingRow,
    UnansweredRow,
)
from backend.wording import Wording

LONGEST = timedelta(days=370)
TOP = 20
Rows = list[dict[str, Any]]


class Insight:
    """Counts. Everything is read in one transaction, so that the figures agree with each other."""

    def __init__(self, store: Store, clock: Clock, knowledge: KnowledgeService, wording: Wording) -> None:
        self._store = store
        self._clock = clock
        self._knowledge = knowledge
        self._wording = wording

    async def between(self, since: datetime, until: datetime) -> dict[str, Any]:
        """`{"from", "to", "figures", "series", "tables"}`. Raises BadInput for no time, or more than a year."""
        if not since < until <= since + LONGEST:
            raise BadInput("Expected 'from' before 'to', at most a year apart.", field="from")
        async with self._store.read() as session:
            opened = await self._conversations(session, since, until)
            handoffs = await _handoffs(session, since, until)
            scores = (await session.scalars(select(RatingRow.score).where(*_in(RatingRow.at, since, until)))).all()
            operations = await self._operations(session, since, until)
            sections = await self._sections(session, since, until)
            unanswered = await self._unanswered(session, since, until)
        waits, firsts = _waits(handoffs), _first_responses(handoffs)
        values: dict[str, Any] = {
            "conversations": len(opened),
            **dict.fromkeys(CLASSES, 0),
            **Counter(name for _, name in opened),
            "handoffs": len(handoffs),
            "waiting_median": minutes(quantile(waits, 0.5)),
            "waiting_p90": minutes(quantile(waits, 0.9)),
            "first_response_median": minutes(quantile(firsts, 0.5)),
            "first_response_p90": minutes(quantile(firsts, 0.9)),
            "left_queue": sum(row.outcome == "left_queue" for row in handoffs),
            "ratings": len(scores),
            "rating_mean": round(sum(scores) / len(scores), 2) if scores else None,
        }
        return {
            "from": to_plain(since),
            "to": to_plain(until),
            "figures": [figure.to_json(values[figure.key]) for figure in FIGURES],
            "series": {
                "conversations_per_day": _per_day(opened, since, until),
                "handoffs_per_day": _handoffs_per_day(handoffs, since, until),
            },
            "tables": {
                "handoffs_by_reason": _by_reason(handoffs),
                "operations": operations,
                "top_sections": sections,
                "ratings": [{"score": score, "count": scores.count(score)} for score in range(5, 0, -1)],
                "unanswered": unanswered,
                "first_response": spread(firsts),
                "waiting": spread(waits),
            },
        }

    async def csv(self, since: datetime, until: datetime, table: str) -> str:
        """One table, series, or the `figures` as CSV. Raises NotFound."""
        told = await self.between(since, until)
        found = {"figures": told["figures"], **told["series"], **told["tables"]}.get(table)
        if found is None:
            raise NotFound("There is no such table.", field="table")
        return csv_lines(found if isinstance(found, list) else [found])

    async def draft_section(self, question_id: str) -> str:
        """A section's skeleton for the group a question is in. Raises NotFound."""
        async with self._store.read() as session:
            query = select(UnansweredRow).order_by(UnansweredRow.at.desc()).limit(500)
            groups = grouped((await session.scalars(query)).all(), self._knowledge)
        for group in groups:
            if any(question["id"] == question_id for question in group["questions"]):
                return draft_section(group)
        raise NotFound("There is no such question any more.", field="group")

    # --- conversations ---------------------------------------------------------------------------------------------

    async def _conversations(self, session: AsyncSession, since: datetime, until: datetime) -> list[tuple[Any, str]]:
        """When each was opened, and its class."""

        def any_of(model: type[Any], *where: ColumnElement[bool]) -> ColumnElement[bool]:
            return select(model.conversation_id).where(model.conversation_id == ConversationRow.id, *where).exists()

        def marked(helpful: bool) -> ColumnElement[bool]:
            said = and_(FeedbackRow.message_id == MessageRow.id, FeedbackRow.helpful.is_(helpful))
            return any_of(MessageRow, select(FeedbackRow.message_id).where(said).exists())

        recently = self._clock.now() - timedelta(minutes=ENDED_AFTER_MINUTES)
        marks = {
            "asked": any_of(MessageRow, MessageRow.author == "learner"),
            "handed_over": any_of(HandoffRow),
            "helpful": marked(True),
            "unhelpful": marked(False),
            "good": any_of(RatingRow, RatingRow.score >= GOOD_RATING),
            "bad": any_of(RatingRow, RatingRow.score <= BAD_RATING),
            "going_on": ConversationRow.updated_at > recently,
        }
        query = select(ConversationRow.created_at, *(mark.label(name) for name, mark in marks.items())).where(
            *_in(ConversationRow.created_at, since, until), ConversationRow.channel != "slack"
        )
        return [(row.created_at, _class(row)) for row in (await session.execute(query)).all()]

    # --- operations, sections, questions ---------------------------------------------------------------------------

    async def _operations(self, session: AsyncSession, since: datetime, until: datetime) -> Rows:
        """By operation: what was decided in the chat, offered, said yes to, and done."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        operation = MessageRow.extras[("decision", "operation")].as_string()
        outcome = MessageRow.extras[("decision", "outcome")].as_string()
        decided = (
            select(operation, outcome, func.count())
            .where(*_in(MessageRow.at, since, until), operation.is_not(None))
            .group_by(operation, outcome)
        )
        for name, what, number in (await session.execute(decided)).all():
            counts[name][what] += number
        offered = (
            select(ProposalRow.operation, ProposalRow.state, func.count())
            .where(*_in(ProposalRow.created_at, since, until))
            .group_by(ProposalRow.operation, ProposalRow.state)
        )
        for name, state, number in (await session.execute(offered)).all():
            counts[name]["offered"] += number
            counts[name][state] += number
        done = select(AuditRow.operation, AuditRow.outcome, AuditRow.actor, AuditRow.reasons).where(
            *_in(AuditRow.at, since, until), AuditRow.operation.in_(OPERATIONS)
        )
        for name, what, actor, reasons in (await session.execute(done)).all():
            if what in ("granted", "refer_to_agent"):
                counts[name]["carried_out" if what == "granted" else "became_a_case"] += 1
                counts[name]["by_staff"] += actor.startswith("staff:")
                counts[name]["overruled"] += any(str(code).endswith("_overruled") for code in reasons)
        ordered = sorted(counts.items(), key=lambda item: (-sum(item[1].values()), item[0]))
        return [{"operation": self._title(name), **{key: count[key] for key in COLUMNS}} for name, count in ordered]

    def _title(self, operation: str) -> str:
        key = f"button_{operation}"
        return self._wording.say(key) if self._wording.has(key) else operation

    async def _sections(self, session: AsyncSession, since: datetime, until: datetime) -> Rows:
        """The sections that were answered most, and what learners said of these answers."""
        article = MessageRow.extras[("citations", 0, "article")].as_string()
        section = MessageRow.extras[("citations", 0, "section")].as_string()
        kind = MessageRow.extras[("answer", "kind")].as_string()
        query = (
            select(article, section, FeedbackRow.helpful, func.count())
            .outerjoin(FeedbackRow, FeedbackRow.message_id == MessageRow.id)
            .where(*_in(MessageRow.at, since, until), kind == "article", article.is_not(None))
            .group_by(article, section, FeedbackRow.helpful)
        )
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for of, anchor, helpful, number in (await session.execute(query)).all():
            count = counts["/".join(filter(None, (of, anchor)))]
            count["answers"] += number
            count[{True: "helpful", False: "not_helpful"}.get(helpful, "unsaid")] += number
        ordered = sorted(counts.items(), key=lambda item: (-item[1]["answers"], item[0]))[:TOP]
        return [
            {"section": self._section_title(name), **{key: count[key] for key in ("answers", "helpful", "not_helpful")}}
            for name, count in ordered
        ]

    def _section_title(self, section: str) -> str:
        return self._knowledge.section(section).title if self._knowledge.has(section) else section

    async def _unanswered(self, session: AsyncSession, since: datetime, until: datetime) -> Rows:
        query = select(UnansweredRow).where(*_in(UnansweredRow.at, since, until)).order_by(UnansweredRow.at.desc())
        groups = grouped((await session.scalars(query.limit(500))).all(), self._knowledge)
        return [{name: group[name] for name in ("question", "count", "nearest")} for group in groups]


# Of an operation: the decisions told in the chat, what became of the offers, and what was done.
COLUMNS = (
    "granted",
    "refused",
    "needs_facts",
    "refer_to_agent",
    "offered",
    "confirmed",
    "declined",
    "expired",
    "superseded",
    "open",
    "carried_out",
    "became_a_case",
    "by_staff",
    "overruled",
)


def _in(column: Any, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (column >= since, column < until)


def _class(row: Any) -> str:
    confirmed = row.helpful or row.good
    return class_of(
        {
            "handed_over": row.handed_over,
            "silent": not row.asked,
            "confirmed": confirmed,
            "not_helped": row.unhelpful or row.bad,
            "going_on": row.going_on,
        }
    )


async def _handoffs(session: AsyncSession, since: datetime, until: datetime) -> list[HandoffRow]:
    query = select(HandoffRow).where(*_in(HandoffRow.began_at, since, until)).order_by(HandoffRow.began_at)
    return list((await session.scalars(query)).all())


def _waits(handoffs: Iterable[HandoffRow]) -> list[float]:
    """From joining the queue to the claim, in seconds."""
    return [(row.claimed_at - row.queued_at).total_seconds() for row in handoffs if row.queued_at and row.claimed_at]


def _first_responses(handoffs: Iterable[HandoffRow]) -> list[float]:
    """From joining the queue, or the claim where nobody waited, to the first words of a person."""
    begun = [(row.queued_at or row.claimed_at, row.first_reply_at) for row in handoffs]
    return [(replied - start).total_seconds() for start, replied in begun if start and replied]


def _by_reason(handoffs: Iterable[HandoffRow]) -> Rows:
    by_why: dict[str, list[HandoffRow]] = defaultdict(list)
    for row in handoffs:
        by_why[row.why].append(row)
    return [
        {
            "why": why.replace("_", " "),
            "count": len(rows),
            "claimed": sum(row.claimed_at is not None for row in rows),
            "left_queue": sum(row.outcome == "left_queue" for row in rows),
            "waiting_median_minutes": minutes(quantile(_waits(rows), 0.5)),
        }
        for why, rows in sorted(by_why.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _days(since: datetime, until: datetime) -> list[str]:
    """Every day (UTC) of the time, also those on which nothing happened."""
    first, last = since.date(), (until - timedelta(microseconds=1)).date()
    return [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]


def _per_day(opened: Iterable[tuple[datetime, str]], since: datetime, until: datetime) -> Rows:
    all_of, with_person = Counter[str](), Counter[str]()
    for at, name in opened:
        all_of[at.date().isoformat()] += 1
        with_person[at.date().isoformat()] += name == "handed_over"
    return [{"day": day, "conversations": all_of[day], "handed_over": with_person[day]} for day in _days(since, until)]


def _handoffs_per_day(handoffs: Iterable[HandoffRow], since: datetime, until: datetime) -> Rows:
    count = Counter(row.began_at.date().isoformat() for row in handoffs)
    return [{"day": day, "handoffs": count[day]} for day in _days(since, until)]
