"""A learner as staff see them: the account with all that hangs on it, what could be done, and the rule's answer to it.

Who looked at whom is on record; the same member looking again a little later is the same look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.dialogue.decisions import DecisionSpeaker
from backend.errors import BadInput, NotFound
from backend.operations.base import Field, Operation
from backend.operations.service import Operations
from backend.policy.decision import Decision, to_plain
from backend.policy.facts import Account, Request
from backend.policy.overrule import is_overrulable, what_stands
from backend.staff.accounts import Member
from backend.staff.acting import actor, fits, may_do, own_target, told
from backend.staff.casework import worded_cases
from backend.staff.queue import Queue
from backend.store.accounts import learner_view, load_account, load_catalog
from backend.store.base import Store
from backend.store.desk_models import AuditRow, CaseRow, ConversationRow, OwnershipRow
from backend.store.desk_view import desk_view
from backend.store.world_models import LearnerRow
from backend.wording import Wording

LOOK_UP, SEARCH = "look_up_learner", "search_learners"
SAME_LOOK = timedelta(minutes=30)
FOUND_AT_MOST = 20
LATEST = 3
SHORTEST_SEARCH = 2
_NAMED = ("enrollments", "payments", "subscriptions", "certificates", "aid")


class Learners:
    """Reads and decides. Nothing here changes anything but the record of who looked."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        operations: Operations,
        speaker: DecisionSpeaker,
        wording: Wording,
        queue: Queue,
    ) -> None:
        self._store = store
        self._clock = clock
        self._operations = operations
        self._speaker = speaker
        self._wording = wording
        self._queue = queue

    async def show(self, member: Member, learner_id: str) -> dict[str, Any]:
        """The account, what hangs on it and what could be done. Raises NotFound."""
        async with self._store.read() as session:
            view = {**await learner_view(session, learner_id), **await desk_view(session, learner_id)}
            account = await load_account(session, learner_id)
            shown = {
                "learner": view,
                "audit": view["audit"],
                "cases": await self._cases(session, member, learner_id),
                "conversations": await self._conversations(session, learner_id),
                "operations": await self._possible(session, account) if account else [],
                "titles": _titles(view, account) if account else {},
            }
        await self._looked(member, learner_id)
        return shown

    async def search(self, member: Member, words: str) -> dict[str, Any]:
        """Learners by a part of name or address, or by id, each with their latest conversations and how many there are.

        `more`: there are others still. Raises BadInput for less than two characters.
        """
        words = words.strip()
        if len(words) < SHORTEST_SEARCH:
            raise BadInput(f"Expected at least {SHORTEST_SEARCH} characters.", field="q")
        like = f"%{words.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        named = or_(LearnerRow.name.ilike(like, escape="!"), LearnerRow.email.ilike(like, escape="!"))
        query = select(LearnerRow).where(LearnerRow.status == "active", or_(LearnerRow.id == words, named))
        async with self._store.write() as session:
            query = query.order_by(LearnerRow.name, LearnerRow.id).limit(FOUND_AT_MOST + 1)
            found = (await session.scalars(query)).all()
            rows = found[:FOUND_AT_MOST]
            ids = [row.id for row in rows]
            # Ids only: what was typed may be anybody's name.
            session.add(self._entry(member, SEARCH, None, record={"found": ids}))
            talked = await self._talked(session, ids)
        shown = [
            {"id": row.id, "name": row.name, "email": row.email, "country": row.country, **talked[row.id]}
            for row in rows
        ]
        return {"learners": shown, "more": len(found) > len(rows)}

    async def decide(
        self,
        member: Member,
        learner_id: str,
        operation: str,
        target: str | None,
        details: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The rule's answer in words and with its trace, and what `member` may do with it where they have the
        conversation. Changes nothing. Raises NotFound, BadInput."""
        async with self._store.read() as session:
            account = await load_account(session, learner_id, also=(target,) if target else ())
            if account is None:
                raise NotFound("There is no such learner.")
            known = self._operations.registry.get(operation)
            if known and known.any_course:
                account = replace(account, catalog=await load_catalog(session))
        request = Request(channel="console", details=told(known, details or {}) if known else {})
        meant = own_target(operation, account) or target
        decision = self._operations.decide(operation, account, meant, request, self._clock.now())
        may, why_not = may_do(member, known, decision) if known else ([], None)
        return {**self._worded(decision), "may": may, "why_not": why_not}

    def _worded(self, decision: Decision) -> dict[str, Any]:
        """A decision's record with a sentence beside each of its parts."""
        record, speaker = decision.to_record(), self._speaker
        said = {
            "reasons": speaker.each_reason(decision),
            "notes": speaker.notes(decision),
            "consequences": speaker.consequences(decision),
            "remedies": speaker.remedies(decision),
        }
        for part, texts in said.items():
            record[part] = [{**item, "text": text} for item, text in zip(record[part], texts, strict=True)]
        return {
            **record,
            "title": self._wording.say(f"button_{decision.operation}"),
            "overrulable": is_overrulable(decision),
            "stands": list(what_stands(decision)) if decision.outcome.value == "refused" else [],
        }

    # --- what could be done ----------------------------------------------------------------------------------------

    async def _possible(self, session: AsyncSession, account: Account) -> list[dict[str, Any]]:
        found = []
        for operation in self._operations.registry.values():
            whose = account
            if operation.any_course:
                whose = replace(account, catalog=await load_catalog(session))
            targets = self._targets(operation, whose)
            if targets or not operation.has_target:
                found.append(
                    {
                        "operation": operation.name,
                        "title": self._wording.say(f"button_{operation.name}"),
                        "needs_target": operation.has_target,
                        "at_once": operation.at_once,
                        "learners_own": bool(operation.steps),
                        "fields": [self._field(field) for field in _asked_for(operation)],
                        "targets": targets,
                    }
                )
        return found

    def _targets(self, operation: Operation, account: Account) -> list[dict[str, str]]:
        candidates = operation.candidates(account, self._clock.now()) if operation.has_target else ()
        return [
            {"target": each.target, "label": each.label}
            for each in candidates
            if fits(operation.name, account, each.target)
        ]

    def _field(self, field: Field) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "name": field.name,
            "label": self._wording.say(f"word_field_{field.name}"),
            "kind": field.kind,
        }
        if field.options:
            named = self._wording.first
            shown["options"] = [
                {"id": one, "title": named(f"choice_{one}", f"word_{one}", values={})} for one in field.options
            ]
        return shown

    # --- what hangs on the account ---------------------------------------------------------------------------------

    async def _cases(self, session: AsyncSession, member: Member, learner_id: str) -> list[dict[str, Any]]:
        query = select(CaseRow).where(CaseRow.learner_id == learner_id).order_by(CaseRow.opened_at.desc())
        return await worded_cases(session, self._wording, member.id, (await session.scalars(query)).all())

    async def _conversations(self, session: AsyncSession, learner_id: str) -> list[dict[str, Any]]:
        """Newest first."""
        query = (
            select(ConversationRow, OwnershipRow.state)
            .join(OwnershipRow, OwnershipRow.conversation_id == ConversationRow.id)
            .where(ConversationRow.learner_id == learner_id, ConversationRow.channel != "slack")
            .order_by(ConversationRow.created_at.desc())
            .limit(50)
        )
        return [self._conversation(row, state) for row, state in (await session.execute(query)).all()]

    async def _talked(self, session: AsyncSession, learner_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Of each learner the latest conversations, newest first, and how many there are in all."""
        of_learner = {"partition_by": ConversationRow.learner_id}
        newest = ConversationRow.created_at.desc(), ConversationRow.id
        ranked = (
            select(
                ConversationRow.id.label("id"),
                func.row_number().over(**of_learner, order_by=newest).label("place"),
                func.count().over(**of_learner).label("of"),
            )
            .where(ConversationRow.learner_id.in_(learner_ids), ConversationRow.channel != "slack")
            .subquery()
        )
        query = (
            select(ConversationRow, OwnershipRow.state, ranked.c.of)
            .join(ranked, ranked.c.id == ConversationRow.id)
            .join(OwnershipRow, OwnershipRow.conversation_id == ConversationRow.id)
            .where(ranked.c.place <= LATEST)
            .order_by(ranked.c.place)
        )
        found: dict[str, dict[str, Any]] = defaultdict(lambda: {"conversations": [], "conversation_count": 0})
        for row, state, of in (await session.execute(query)).all():
            talked = found[row.learner_id]
            talked["conversations"].append(self._conversation(row, state))
            talked["conversation_count"] = of
        return found

    def _conversation(self, row: ConversationRow, state: str) -> dict[str, Any]:
        return {"id": row.id, "at": to_plain(row.created_at), "state": state, "topic": self._queue.topic(row)}

    # --- the record of who looked ----------------------------------------------------------------------------------

    async def _looked(self, member: Member, learner_id: str) -> None:
        now = self._clock.now()
        before = select(AuditRow.id).where(
            AuditRow.actor == actor(member),
            AuditRow.operation == LOOK_UP,
            AuditRow.learner_id == learner_id,
            AuditRow.at > now - SAME_LOOK,
        )
        async with self._store.write() as session:
            if await session.scalar(before.limit(1)) is None:
                session.add(self._entry(member, LOOK_UP, learner_id))

    def _entry(
        self, member: Member, operation: str, learner_id: str | None, record: Mapping[str, Any] | None = None
    ) -> AuditRow:
        return AuditRow(
            at=self._clock.now(),
            actor=actor(member),
            learner_id=learner_id,
            operation=operation,
            outcome="granted",
            reasons=["looked_up"],
            record={"via": "console", **(record or {})},
        )


def _titles(view: Mapping[str, Any], account: Account) -> dict[str, str]:
    """What is called by its id in the account, by its name."""
    things = (thing for part in _NAMED for thing in view[part])
    items = {thing.get("course") or thing.get("item") for thing in things}
    return {item: account.catalog.title_of(item) for item in sorted(filter(None, items))}


def _asked_for(operation: Operation) -> Iterable[Field]:
    """What has to be told; an address for a password is the account's own."""
    return () if operation.at_once else operation.fields
