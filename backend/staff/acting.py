"""Acting for a learner, from the console and from Slack alike: decide, offer, take the yes, keep why.

Everything goes the way every operation goes, through `Operations`: what is offered is stored, the rule is asked again
at the yes, and what the rules leave to a person becomes a case that a second one has to decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.text import clean
from backend.errors import BadInput, Forbidden, NotFound
from backend.ids import new_id
from backend.operations.base import Operation
from backend.operations.service import Confirmed, Operations
from backend.policy.decision import Decision, Outcome
from backend.policy.facts import Account, Request
from backend.policy.overrule import is_overrulable
from backend.staff.accounts import Member
from backend.store.accounts import load_account, load_catalog
from backend.store.desk_models import NoteRow, ProposalRow
from backend.wording import Wording

MAY_OVERRULE = ("supervisor", "admin")


@dataclass(frozen=True)
class Asked:
    """An operation asked for a learner, and what the rule says to it now."""

    account: Account
    operation: Operation
    decision: Decision
    request: Request


class Acting:
    """One for each way in; `channel` is what the rules are told."""

    def __init__(self, operations: Operations, wording: Wording, channel: str) -> None:
        self._operations = operations
        self._wording = wording
        self._channel = channel

    def operation(self, name: str) -> Operation:
        """Raises NotFound; Forbidden for what only the learner may do, after steps of their own."""
        operation = self._operations.registry.get(name)
        if operation is None:
            raise NotFound("There is no such operation.", field="operation")
        if operation.steps:
            raise Forbidden(self._wording.say("staff_learners_own"), code="learners_own")
        return operation

    async def ask(
        self,
        session: AsyncSession,
        learner_id: str | None,
        name: str,
        target: str | None,
        now: datetime,
        *,
        details: Mapping[str, Any] | None = None,
        overruled: Sequence[str] = (),
        lock: bool = False,
    ) -> Asked:
        """Decide now. Raises NotFound for a learner or an operation there is not, Forbidden (`learners_own`)."""
        operation = self.operation(name)
        also = (target,) if target else ()
        account = await load_account(session, learner_id, for_update=lock, also=also) if learner_id else None
        if account is None:
            raise NotFound("There is no such learner.")
        if operation.any_course:
            account = replace(account, catalog=await load_catalog(session))
        request = Request(channel=self._channel, details=dict(details or {}), overruled=tuple(overruled))
        meant = own_target(name, account) or target or operation.target_in(request.details)
        return Asked(account, operation, self._operations.decide(name, account, meant, request, now), request)

    async def offer(
        self,
        session: AsyncSession,
        member: Member,
        conversation_id: str,
        asked: Asked,
        on_behalf: Mapping[str, Any] | None = None,
    ) -> ProposalRow:
        """Store what is about to be shown, in the member's name."""
        return await self._operations.propose(
            session,
            conversation_id,
            asked.account,
            asked.decision,
            asked.request,
            by=actor(member),
            on_behalf=on_behalf,
        )

    async def yes(
        self, session: AsyncSession, member: Member, conversation_id: str, learner_id: str, proposal: str, now: datetime
    ) -> Confirmed:
        """The member's yes to what they were shown, good once. Raises NotFound."""
        return await self._operations.confirm(
            session, conversation_id, learner_id, proposal, now=now, channel=self._channel, actor=actor(member)
        )

    async def at_once(self, session: AsyncSession, member: Member, conversation_id: str, asked: Asked) -> str:
        """Do what needs no yes; the sentence that says so."""
        return await self._operations.do_at_once(
            session, conversation_id, asked.account, asked.decision, asked.request, actor(member)
        )


def may_do(member: Member, operation: Operation, decision: Decision) -> tuple[list[str], str | None]:
    """What a member may do with an answer in a conversation they have, `offer`, `carry_out` or `overrule`, and the code
    of what keeps them from more."""
    if operation.steps:
        return [], "learners_own"
    if decision.is_actionable:
        return ["carry_out"] if operation.at_once else ["offer", "carry_out"], None
    if is_overrulable(decision):
        return (["overrule"], None) if member.role in MAY_OVERRULE else ([], "supervisors_only")
    return [], "cannot_overrule" if decision.outcome is Outcome.REFUSED else None


def actor(member: Member) -> str:
    """How records name a member of staff."""
    return f"staff:{member.id}"


def own_target(operation: str, account: Account) -> str | None:
    """The target of an operation that is about the account itself."""
    return account.email if operation == "reset_password" else None


def keep_note(session: AsyncSession, member: Member, conversation_id: str, text: str, now: datetime) -> None:
    """Why something was done, as a private note where the console shows it."""
    session.add(NoteRow(id=new_id("note"), conversation_id=conversation_id, staff_id=member.id, at=now, text=text))


_CANCELS = ("cancel_subscription", "cancel_trial")


def fits(operation: str, account: Account, target: str | None) -> bool:
    """Cancelling and ending a trial are two rules for one subscription: the one that is not meant is noise."""
    subscription = account.subscription(target or "")
    meant = "cancel_trial" if subscription and subscription.status == "trialing" else "cancel_subscription"
    return operation not in _CANCELS or operation == meant


def told(operation: Operation, details: Mapping[str, Any]) -> dict[str, Any]:
    """The details an operation collects, each of its kind, and what their words tell besides, as in the chat.

    Raises BadInput naming the one that does not fit.
    """
    fields = {field.name: field for field in operation.fields}
    for name, value in details.items():
        field = fields.get(name)
        fits = field is not None and isinstance(value, bool if field.kind == "pledge" else str)
        if not fits or (field and field.options and value not in field.options):
            raise BadInput("That detail does not fit this operation.", field=f"details.{name}"[:60])
    words = {name: clean(value) if isinstance(value, str) else value for name, value in details.items()}
    derived: dict[str, Any] = {}
    for value in words.values():
        derived |= operation.details(value) if isinstance(value, str) else {}
    return {**derived, **words}
