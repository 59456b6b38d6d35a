"""Decide → propose → confirm → carry out, the same for every operation.

Nothing is changed without a rule saying yes at that very instant, a person saying yes to what was shown, and a record
of both; all of it, with what is owed to the outside, in the caller's one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import NotFound
from backend.ids import new_id
from backend.operations.base import Done, Operation, Work
from backend.outbox import Outbox
from backend.policy.decision import Decision, Outcome, to_plain
from backend.policy.facts import Account, Request
from backend.policy.parameters import Parameters
from backend.policy.rules import Rules
from backend.store.accounts import load_account
from backend.store.desk_models import AuditRow, CaseRow, ConfirmationRow, ProposalRow
from backend.wording import Wording

log = structlog.get_logger()


@dataclass(frozen=True)
class Confirmed:
    """What became of a yes.

    `state`: `done` (carried out now), `already` (was carried out before; `result` says what), `changed` (the rule
    answers otherwise now), `expired`, or `closed` (declined or replaced). Except for `already`, `decision` is the
    present one.
    """

    state: str
    proposal: ProposalRow
    decision: Decision | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


class Operations:
    """The write path. Everybody who acts for a learner, from the chat, the console or Slack, comes through here."""

    def __init__(
        self,
        rules: Rules,
        params: Parameters,
        registry: Mapping[str, Operation],
        outbox: Outbox,
        wording: Wording,
        minutes: int,
    ) -> None:
        self.rules = rules
        self.params = params
        self.registry = registry
        self.outbox = outbox
        self._wording = wording
        self._lasts = timedelta(minutes=minutes)

    def decide(
        self, operation: str, account: Account | None, target: str | None, request: Request, as_of: datetime
    ) -> Decision:
        """The rule's answer; changes nothing. Raises NotFound for an operation there is no rule for."""
        rule = self.rules.decisions.get(operation)
        if rule is None:
            raise NotFound(f"There is no operation {operation!r}.")
        return rule(account, target, request, as_of, self.params)

    async def propose(
        self,
        session: AsyncSession,
        conversation_id: str,
        account: Account,
        decision: Decision,
        request: Request,
        *,
        by: str,
        on_behalf: Mapping[str, Any] | None = None,
    ) -> ProposalRow:
        """Store what is about to be shown. An older open proposal of the conversation is replaced.

        `on_behalf`: what somebody who acts for the learner puts down (ProposalRow).
        """
        await close_open(session, conversation_id, "superseded", decision.as_of)
        row = ProposalRow(
            id=new_id("prop"),
            conversation_id=conversation_id,
            learner_id=account.id,
            operation=decision.operation,
            target=decision.target,
            details=dict(request.details),
            decision=decision.to_record(),
            proposed_by=by,
            on_behalf=dict(on_behalf) if on_behalf else None,
            state="open",
            created_at=decision.as_of,
            expires_at=decision.as_of + self._lasts,
        )
        session.add(row)
        await session.flush()
        return row

    async def confirm(
        self,
        session: AsyncSession,
        conversation_id: str,
        learner_id: str | None,
        proposal_id: str,
        *,
        now: datetime,
        channel: str,
        actor: str,
        turn_id: str | None = None,
    ) -> Confirmed:
        """Take a yes. Raises NotFound when the proposal is not this conversation's or not this learner's."""
        # The learner's row is locked first and always first: two yeses, and two operations, take turns.
        shown = await self.find(session, conversation_id, proposal_id)
        also = (shown.target,) if shown is not None and shown.target else ()
        account = await load_account(session, learner_id, for_update=True, also=also) if learner_id else None
        proposal = await session.scalar(
            select(ProposalRow)
            .where(ProposalRow.id == proposal_id, ProposalRow.conversation_id == conversation_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if account is None or proposal is None or proposal.learner_id != learner_id:
            raise NotFound("There is no such offer in this conversation.")
        if proposal.state == "confirmed":
            before = await session.get(ConfirmationRow, proposal_id)
            return Confirmed("already", proposal, result=before.result if before else {})
        overruled = tuple((proposal.on_behalf or {}).get("overruled", ()))
        request = Request(channel=channel, details=proposal.details, overruled=overruled)
        decision = self.decide(proposal.operation, account, proposal.target, request, now)
        if proposal.state != "open":
            return Confirmed("closed", proposal, decision)
        if now > proposal.expires_at:
            proposal.state, proposal.closed_at = "expired", now
            return Confirmed("expired", proposal, decision)
        if not decision.is_actionable or not decision.same_effect_as(proposal.decision):
            proposal.state, proposal.closed_at = "superseded", now
            self._audit(session, decision, actor, now, account, proposal)
            return Confirmed("changed", proposal, decision)
        return await self._carry_out(session, proposal, account, decision, request, now, actor, turn_id)

    async def _carry_out(
        self,
        session: AsyncSession,
        proposal: ProposalRow,
        account: Account,
        decision: Decision,
        request: Request,
        now: datetime,
        actor: str,
        turn_id: str | None,
    ) -> Confirmed:
        confirmation = ConfirmationRow(proposal_id=proposal.id, turn_id=turn_id, actor=actor, at=now, result={})
        session.add(confirmation)
        await session.flush()  # the primary key refuses a second yes before anything is changed
        if decision.outcome is Outcome.REFER_TO_AGENT:
            done = await self.open_case_of(session, account.id, decision) or open_case(
                session, proposal, decision, account, now
            )
        else:
            work = Work(session, account, decision, request, now, proposal.conversation_id)
            done = await self.registry[decision.operation].carry_out(work)
        confirmation.result = {"outcome": decision.outcome.value, "text": self._done_text(decision, done)}
        proposal.state, proposal.closed_at = "confirmed", now
        self._audit(session, decision, actor, now, account, proposal)
        self._owe(session, decision, account, done, now)
        await session.flush()
        log.info(
            "operation.carried_out",
            operation=proposal.operation,
            outcome=decision.outcome.value,
            reasons=decision.codes,
            conversation=proposal.conversation_id,
            proposal=proposal.id,
        )
        return Confirmed("done", proposal, decision, confirmation.result)

    async def do_at_once(
        self,
        session: AsyncSession,
        conversation_id: str,
        account: Account | None,
        decision: Decision,
        request: Request,
        actor: str,
    ) -> str:
        """Carry out what needs no yes (`Operation.at_once`); the sentence that says so. Audited like everything."""
        operation = self.registry[decision.operation]
        if not operation.at_once or decision.outcome is not Outcome.GRANTED:
            raise LookupError(f"{decision.operation} is not done without a yes")
        now = decision.as_of
        done = await operation.carry_out(Work(session, account, decision, request, now, conversation_id))
        self._audit(session, decision, actor, now, account, conversation_id=conversation_id)
        self._owe(session, decision, account, done, now)
        log.info("operation.carried_out", operation=decision.operation, conversation=conversation_id)
        return self._done_text(decision, done)

    async def find(self, session: AsyncSession, conversation_id: str, proposal_id: str) -> ProposalRow | None:
        """A proposal of this conversation."""
        return await session.scalar(
            select(ProposalRow).where(ProposalRow.id == proposal_id, ProposalRow.conversation_id == conversation_id)
        )

    async def open_case_of(self, session: AsyncSession, learner_id: str, decision: Decision) -> Done | None:
        """The case that is open already for what a yes would refer to a person, as if it had been opened now."""
        promised = next((item.values for item in decision.consequences if item.code == "case_opened"), None)
        if promised is None or decision.target is None:
            return None
        case = await session.scalar(
            select(CaseRow).where(
                CaseRow.learner_id == learner_id,
                CaseRow.kind == promised.get("kind", decision.operation),
                CaseRow.about == decision.target,
                CaseRow.status == "open",
            )
        )
        return Done({**decision.reasons[0].values, "case": case.id}, case=case.id) if case else None

    def _done_text(self, decision: Decision, done: Done) -> str:
        keys = (f"done_{decision.reasons[0].code}", f"done_{decision.operation}")
        return self._wording.first(*keys, values=done.values)

    def _owe(
        self, session: AsyncSession, decision: Decision, account: Account | None, done: Done, now: datetime
    ) -> None:
        """The mails, and the event for the platform."""
        for email in done.emails:
            whose = email.learner or (account.id if account else None)
            self.outbox.owe_email(session, whose, email.to, email.wording, email.values, now)
        event = {
            "event": f"{decision.operation}.{'case_opened' if done.case else 'done'}",
            "operation": decision.operation,
            "target": decision.target if account else None,
            "learner": account.id if account else None,
            "at": to_plain(now),
            "reasons": list(decision.codes),
        }
        self.outbox.owe_webhook(session, account.id if account else None, event, now)

    def _audit(
        self,
        session: AsyncSession,
        decision: Decision,
        actor: str,
        now: datetime,
        account: Account | None,
        proposal: ProposalRow | None = None,
        conversation_id: str | None = None,
    ) -> None:
        # A guest's target is an address they typed, and an erased learner's record would say who it was.
        keeps_record = account is not None and decision.operation != "delete_account"
        # Who offered what somebody else said yes to, and on what word it was done.
        about = {"proposed_by": proposal.proposed_by} if proposal and proposal.proposed_by != actor else {}
        if proposal and proposal.on_behalf:
            about["on_behalf"] = proposal.on_behalf
        session.add(
            AuditRow(
                at=now,
                actor=actor,
                learner_id=account.id if account else None,
                conversation_id=proposal.conversation_id if proposal else conversation_id,
                proposal_id=proposal.id if proposal else None,
                operation=decision.operation,
                target=decision.target if account else None,
                outcome=decision.outcome.value,
                reasons=list(decision.codes),
                record={**decision.to_record(), **about} if keeps_record else {},
            )
        )


async def close_open(session: AsyncSession, conversation_id: str, state: str, now: datetime) -> None:
    """End whatever proposal of the conversation is still open."""
    await session.execute(
        update(ProposalRow)
        .where(ProposalRow.conversation_id == conversation_id, ProposalRow.state == "open")
        .values(state=state, closed_at=now)
        .execution_options(synchronize_session="fetch")
    )


async def open_proposal(session: AsyncSession, conversation_id: str, now: datetime) -> ProposalRow | None:
    """The conversation's proposal that still waits for a yes."""
    return await session.scalar(
        select(ProposalRow)
        .where(
            ProposalRow.conversation_id == conversation_id, ProposalRow.state == "open", ProposalRow.expires_at >= now
        )
        .order_by(ProposalRow.created_at.desc())
    )


def open_case(
    session: AsyncSession, proposal: ProposalRow, decision: Decision, account: Account, now: datetime
) -> Done:
    """What the rules leave to a person becomes a case, opened by the learner's yes."""
    promised = next((item.values for item in decision.consequences if item.code == "case_opened"), {})
    details = {"operation": proposal.operation, "reasons": list(decision.codes), "request": dict(proposal.details)}
    if proposal.proposed_by.startswith("staff:"):
        details["requested_by"] = proposal.proposed_by  # who may not decide it as well
    case = CaseRow(
        id=new_id("case"),
        learner_id=account.id,
        conversation_id=proposal.conversation_id,
        kind=promised.get("kind", proposal.operation),
        status="open",
        about=proposal.target,
        details=details,
        urgent=any("urgent" in reason.values for reason in decision.reasons),
        opened_at=now,
    )
    session.add(case)
    values = {**(decision.reasons[0].values if decision.reasons else {}), "case": case.id, "name": account.name}
    return Done(values, case=case.id)
