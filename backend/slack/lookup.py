"""Look up: a learner's account with the decision for everything that could be done, one decision with its trace, and
how the desk is doing. Only for members of staff, each look is on record, and nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import presence
from backend.conversations.text import clean
from backend.errors import BadInput, NotFound
from backend.operations.base import Candidate, Operation
from backend.policy.decision import Decision, TraceStep, to_plain
from backend.policy.facts import Account, Request
from backend.slack import blocks
from backend.slack.blocks import Json
from backend.slack.parts import Parts
from backend.slack.text import escape, mrkdwn
from backend.staff.accounts import Member
from backend.staff.acting import fits, own_target
from backend.store.accounts import load_account
from backend.store.desk_models import AuditRow, ConversationRow, OwnershipRow, StaffRow
from backend.store.world_models import EnrollmentRow, LearnerRow, PaymentRow, SubscriptionRow
from backend.wording import spoken

CHANNEL = "slack"
LOOK_UP = "look_up_learner"
# "pay-1" may be several learners': the one this member looked up a moment ago is meant.
JUST_NOW = timedelta(minutes=30)
ONLINE = timedelta(minutes=15)
MOST_LINES = 12


@dataclass(frozen=True)
class Line:
    """One thing that could be done, and what the rule says."""

    operation: Operation
    candidate: Candidate | None
    decision: Decision


class LookUp:
    """Reads, decides, words. Every look is recorded."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    # --- a learner -------------------------------------------------------------------------------------------------

    async def learner(self, member: Member, who: str, conversation: str | None = None) -> list[Json]:
        """A learner by address or id, as blocks. Raises NotFound. `conversation`: where actions will belong."""
        async with self._parts.services.store.read() as session:
            learner_id = await self._learner_id(session, who)
            account = await load_account(session, learner_id) if learner_id else None
        if account is None:
            await self._record(member, LOOK_UP, None, "not_found")
            raise NotFound(self._parts.say("no_learner"))
        await self._record(member, LOOK_UP, account.id, "looked_up")
        return self.card(account, conversation)

    def card(self, account: Account, conversation: str | None = None) -> list[Json]:
        """The account and everything that could be done in it."""
        parts, lines = self._parts, self.lines(account)
        if parts.shows_personal_data:
            values = {
                "name": account.name,
                "email": account.email,
                "id": account.id,
                "country": account.country,
                "sign_ins": list(account.sign_ins) or None,
                "name_verification": account.name_verification,
                "id_verification": account.id_verification,
            }
            told = [parts.say("learner_name", values), parts.say("learner_account", values)]
        else:
            told = [parts.say("learner_hidden", id=account.id)]
        shown = [blocks.section("\n".join(map(mrkdwn, told)))]
        for title, names in _GROUPS:
            group = [line for line in lines if line.operation.name in names]
            if not group:
                continue
            shown.append(blocks.divider())
            shown.append(blocks.section(f"*{escape(parts.say(title))}*"))
            shown += [self._line(account, line, conversation) for line in group[:MOST_LINES]]
            if len(group) > MOST_LINES:
                shown.append(blocks.context(parts.say("more_lines", count=len(group) - MOST_LINES)))
        return shown

    def lines(self, account: Account) -> list[Line]:
        """Every operation on every target it has here, decided now. What only the learner can tell is left out."""
        operations, now, found = self._parts.services.operations, self._parts.now, []
        for operation in operations.registry.values():
            if operation.fields and operation.name != "reset_password":
                continue
            candidates = operation.candidates(account, now) if operation.has_target else [None]
            for candidate in candidates:
                target = candidate.target if candidate else own_target(operation.name, account)
                decision = operations.decide(operation.name, account, target, Request(channel=CHANNEL), now)
                if not fits(operation.name, account, target):
                    continue
                found.append(Line(operation, candidate, decision))
        return found

    def _line(self, account: Account, line: Line, conversation: str | None) -> Json:
        decision = line.decision
        if self._parts.shows_personal_data:
            label = line.candidate.label if line.candidate else ""
            values = {"label": label or None, "target": line.candidate.target if line.candidate else None}
            why = self._parts.speaker.reasons(decision)
        else:
            values = {"label": None, "target": line.candidate.target if line.candidate else None}
            why = ", ".join(decision.codes)
        values |= {"operation": self._title(line.operation.name), "outcome": self._outcome(decision)}
        text = mrkdwn(f"{self._parts.say('line', values)}\n{why}")
        return blocks.section(text, self.act_button(account, line.operation, decision, conversation))

    def act_button(self, account: Account, operation: Operation, decision: Decision, conversation: str | None) -> Any:
        """A button that begins it, where a yes would do something and it is not the learner's own to say."""
        if not decision.is_actionable or operation.steps or (operation.fields and not operation.at_once):
            return None
        value = {"op": operation.name, "learner": account.id}
        if operation.name != "reset_password":
            value["target"] = decision.target
        if conversation:
            value["conversation"] = conversation
        return blocks.button("lectern_act", self._parts.say("button_act"), value)

    def _title(self, operation: str) -> str:
        return self._parts.services.wording.say(f"button_{operation}")

    def _outcome(self, decision: Decision) -> str:
        return self._parts.say(f"outcome_{decision.outcome.value}")

    # --- one decision ----------------------------------------------------------------------------------------------

    async def decide(self, member: Member, operation: str, target: str, who: str | None) -> list[Json]:
        """The rule's answer with its trace. Raises NotFound, or BadInput when several learners are meant."""
        services = self._parts.services
        known = services.operations.registry.get(operation)
        if known is None:
            raise NotFound(self._parts.say("no_operation", names=sorted(services.operations.registry)))
        async with services.store.read() as session:
            learner_id = await self._meant(session, member, target, who)
            account = await load_account(session, learner_id, also=(target,)) if learner_id else None
        if account is None:
            raise NotFound(self._parts.say("no_target"))
        await self._record(member, f"decide_{operation}", account.id, "looked_up", target)
        decision = services.operations.decide(operation, account, target, Request(channel=CHANNEL), self._parts.now)
        return self._decided(account, known, decision)

    def _decided(self, account: Account, operation: Operation, decision: Decision) -> list[Json]:
        parts, hides = self._parts, not self._parts.shows_personal_data
        name = account.id if hides else f"{account.name} ({account.id})"
        values = {"operation": self._title(operation.name), "target": decision.target, "name": name}
        said = mrkdwn(parts.say("decided", values, outcome=self._outcome(decision)))
        shown = [blocks.section(said, self.act_button(account, operation, decision, None))]
        if not hides:
            shown.append(blocks.section(mrkdwn(parts.speaker.answer(decision))))
        sources = sorted({source for reason in decision.reasons for source in reason.sources})
        shown.append(blocks.context(parts.say("decided_codes", codes=list(decision.codes), sources=sources)))
        trace = [self._step(step, hides) for step in decision.trace]
        return [*shown, *([blocks.context("\n".join(trace))] if trace else [])]

    def _step(self, step: TraceStep, hides: bool) -> str:
        compared = "" if hides else ", ".join(f"{key} = {_plain(value)}" for key, value in step.compared.items())
        values = {"test": step.test.replace("_", " "), "compared": compared or None, "parameter": step.parameter}
        return escape(self._parts.say("step_holds" if step.holds else "step_fails", values))

    async def _meant(self, session: AsyncSession, member: Member, target: str, who: str | None) -> str | None:
        if who is not None:
            return await self._learner_id(session, who)
        owners = await self._owners(session, target)
        last = await session.scalar(
            select(AuditRow.learner_id)
            .where(AuditRow.actor == f"staff:{member.id}", AuditRow.operation == LOOK_UP)
            .where(AuditRow.at >= self._parts.now - JUST_NOW, AuditRow.learner_id.is_not(None))
            .order_by(AuditRow.id.desc())
            .limit(1)
        )
        if last in owners or (last and not owners):
            return last
        if len(owners) > 1:
            raise BadInput(self._parts.say("several_learners", target=target))
        return owners[0] if owners else None

    @staticmethod
    async def _owners(session: AsyncSession, target: str) -> list[str]:
        """Whose payment, subscription or enrolment has this id."""
        found: set[str] = set()
        for model in (PaymentRow, SubscriptionRow, EnrollmentRow):
            found.update((await session.scalars(select(model.learner_id).where(model.id == target).limit(3))).all())
        return sorted(found)

    @staticmethod
    async def _learner_id(session: AsyncSession, who: str) -> str | None:
        named = clean(who).strip("<>").removeprefix("mailto:").partition("|")[0].strip()
        query = select(LearnerRow.id).where(or_(LearnerRow.id == named, func.lower(LearnerRow.email) == named.lower()))
        return await session.scalar(query.where(LearnerRow.status == "active").order_by(LearnerRow.id).limit(1))

    async def _record(
        self, member: Member, operation: str, learner_id: str | None, reason: str, target: str | None = None
    ) -> None:
        outcome = "granted" if learner_id else "refused"
        await self._parts.directory.record(
            f"staff:{member.id}", operation, outcome, reason, learner_id=learner_id, target=target
        )

    # --- the desk --------------------------------------------------------------------------------------------------

    async def status(self) -> list[Json]:
        """How many wait, since when, who is at work."""
        async with self._parts.services.store.read() as session:
            counted = await session.execute(
                select(OwnershipRow.state, func.count())
                .join(ConversationRow, ConversationRow.id == OwnershipRow.conversation_id)
                .where(ConversationRow.channel != CHANNEL)
                .group_by(OwnershipRow.state)
            )
            states = dict(counted.all())
            oldest = await session.scalar(select(func.min(OwnershipRow.queued_at)))
            online = await self._online(session)
        minutes = int((self._parts.now - oldest).total_seconds() // 60) if oldest else 0
        values = {"queued": states.get("queued", 0), "minutes": minutes, "agent": states.get("agent", 0)}
        values["dialogue"] = self._parts.say("up" if await self._parts.services.engine.ready() else "down")
        return [blocks.section(mrkdwn(self._parts.say("status", values, online=online)))]

    async def _online(self, session: AsyncSession) -> list[str]:
        """Who has a conversation or an open console, or did something a moment ago."""
        busy = select(OwnershipRow.staff_id).where(OwnershipRow.staff_id.is_not(None))
        acted = select(AuditRow.actor).where(AuditRow.at >= self._parts.now - ONLINE, AuditRow.actor.like("staff:%"))
        ids = {actor.removeprefix("staff:") for actor in (await session.scalars(acted)).all()}
        ids |= set((await session.scalars(busy)).all()) | await presence.online_ids(session, self._parts.now)
        query = select(StaffRow.name).where(StaffRow.id.in_(ids), StaffRow.active).order_by(StaffRow.name)
        return list((await session.scalars(query)).all())


_CANCELS = ("cancel_subscription", "cancel_trial")
_GROUPS = (
    ("group_payments", ("refund",)),
    ("group_subscriptions", _CANCELS),
    ("group_enrollments", ("unenroll",)),
    (
        "group_account",
        ("resend_confirmation", "reset_password", "unlink_login", "report_email_change", "delete_account"),
    ),
)


def _plain(value: Any) -> str:
    plain = to_plain(value)
    return spoken(value) if not isinstance(plain, dict) else str(plain)
