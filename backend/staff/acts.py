"""What the owner of a conversation does for its learner: offer it in the chat, do it on the learner's word, and, as a
supervisor, do what the rule refuses. Each in one transaction, told in the chat, kept with who said what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, transcript
from backend.conversations.fanout import STAFF, Fanout
from backend.conversations.masking import mask
from backend.conversations.replies import Reply
from backend.conversations.text import clean
from backend.conversations.turns import Turns, conversation
from backend.dialogue.decisions import DecisionSpeaker, proposal_json
from backend.errors import BadInput, Conflict, Forbidden
from backend.policy.decision import Decision, Outcome
from backend.policy.overrule import is_overrulable
from backend.staff.accounts import Member
from backend.staff.acting import MAY_OVERRULE, Acting, Asked, actor, keep_note, told
from backend.staff.live import active
from backend.store.base import Store
from backend.store.desk_models import AuditRow, ConversationRow
from backend.wording import Wording

log = structlog.get_logger()
CHANNEL = "console"
LONGEST_WORDS = 2000
LONGEST_SENTENCE = 300


@dataclass(frozen=True)
class Wish:
    """What is to be done, as an agent asks for it."""

    operation: str
    target: str | None = None
    details: Mapping[str, Any] | None = None


class Acts:
    """Acting for a learner from the console, and offering from anywhere."""

    def __init__(
        self, store: Store, clock: Clock, fanout: Fanout, turns: Turns, acting: Acting, speaker: DecisionSpeaker,
        wording: Wording,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._turns = turns
        self._acting = acting
        self._speaker = speaker
        self._wording = wording

    async def offer(self, member: Member, conversation_id: str, wish: Wish) -> dict[str, Any]:
        """Put the offer into the chat in the member's name: the learner says yes by its button, and only so.

        Raises Forbidden, Conflict (`refused`, `needs_facts`, `no_yes_needed`, `guest`).
        """
        async with self._store.write() as session:
            row, asked = await self._asked(session, member, conversation_id, wish)
            if asked.operation.at_once:
                raise Conflict("This needs no yes: do it at once.", code="no_yes_needed")
            self._must_be_actionable(asked.decision)
            proposal = await self._acting.offer(session, member, conversation_id, asked)
            text = f"{self._wording.say('staff_offers')}\n\n{self._speaker.offer(asked.decision)}"
            said = Reply(
                text,
                "decision",
                self._speaker.proposal_buttons(asked.decision, proposal),
                {
                    "citations": self._speaker.citations(asked.decision),
                    "decision": asked.decision.to_json(),
                    "proposal": proposal_json(proposal),
                },
                asked.decision.to_record(),
                author="agent",
            )
            message = await self._say(session, row, member, said)
        await self._turns.publish(conversation_id, [message])
        log.info("staff.offered", staff=member.id, conversation=conversation_id, operation=wish.operation)
        return {"message": message}

    async def carry_out(self, member: Member, conversation_id: str, wish: Wish, yes: str) -> dict[str, Any]:
        """Do it on the learner's word, which `yes` puts down. Raises Forbidden, Conflict, BadInput without a word."""
        on_behalf = {"yes": _words(yes, "yes")}
        async with self._store.write() as session:
            row, asked = await self._asked(session, member, conversation_id, wish)
            self._must_be_actionable(asked.decision)
            message = await self._do(session, row, member, asked, on_behalf)
            self._note(session, member, row, asked.decision, "staff_carried_out", **on_behalf)
        await self._tell(conversation_id, message)
        return {"message": message, "decision": asked.decision.to_json()}

    async def overrule(self, member: Member, conversation_id: str, wish: Wish, reason: str, yes: str) -> dict[str, Any]:
        """Do what the rule refuses. Raises Forbidden for agents, Conflict (`not_refused`, `cannot_overrule`)."""
        if member.role not in MAY_OVERRULE:
            raise Forbidden("Only a supervisor may overrule a refusal.", code="supervisors_only")
        on_behalf: dict[str, Any] = {"reason": _words(reason, "reason"), "yes": _words(yes, "yes")}
        async with self._store.write() as session:
            row, asked = await self._asked(session, member, conversation_id, wish)
            before = asked.decision
            if before.outcome is not Outcome.REFUSED:
                raise Conflict("The rule does not refuse this: there is nothing to overrule.", code="not_refused")
            _, asked = await self._asked(session, member, conversation_id, wish, overruled=before.codes)
            if not is_overrulable(before) or not asked.decision.is_actionable:
                why = self._plain(self._speaker.reasons(before))
                raise Conflict(f"This refusal is not a matter of goodwill. {why}", code="cannot_overrule")
            on_behalf["overruled"] = list(before.codes)
            self._record_refusal(session, member, row, before, on_behalf)
            message = await self._do(session, row, member, asked, on_behalf)
            self._note(session, member, row, asked.decision, "staff_overruled", codes=list(before.codes), **on_behalf)
        await self._tell(conversation_id, message)
        log.info("staff.overruled", staff=member.id, conversation=conversation_id, reasons=before.codes)
        return {"message": message, "decision": asked.decision.to_json()}

    # --- the parts -------------------------------------------------------------------------------------------------

    async def _asked(
        self,
        session: AsyncSession,
        member: Member,
        conversation_id: str,
        wish: Wish,
        overruled: tuple[str, ...] = (),
    ) -> tuple[ConversationRow, Asked]:
        """The conversation, held, and the rule's answer. Raises NotFound, Forbidden, Conflict, BadInput."""
        row, now = await conversation(session, conversation_id), self._clock.now()
        await ownership.held_by(session, conversation_id, member.id)
        details = told(self._acting.operation(wish.operation), wish.details or {})
        if row.learner_id is None:
            raise Conflict("This is a guest. Ask them to sign in first.", code="guest")
        await active(session, conversation_id, member.id, now)
        return row, await self._acting.ask(
            session, row.learner_id, wish.operation, wish.target, now, details=details, overruled=overruled, lock=True
        )

    async def _do(
        self, session: AsyncSession, row: ConversationRow, member: Member, asked: Asked, on_behalf: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Carry it out now, and tell it in the chat in the member's name."""
        if asked.operation.at_once:
            said = Reply(await self._acting.at_once(session, member, row.id, asked), "result", author="agent")
            return await self._say(session, row, member, said)
        shown = await self._acting.offer(session, member, row.id, asked, on_behalf)
        learner, now = asked.account.id, self._clock.now()
        confirmed = await self._acting.yes(session, member, row.id, learner, shown.id, now)
        if confirmed.state != "done":
            raise Conflict("The rule answers otherwise now; nothing was done.", code="changed")
        proposal = {"proposal": proposal_json(confirmed.proposal)}
        return await self._say(
            session, row, member, Reply(confirmed.result["text"], "result", (), proposal, author="agent")
        )

    async def _say(self, session: AsyncSession, row: ConversationRow, member: Member, reply: Reply) -> dict[str, Any]:
        now = self._clock.now()
        rows = await transcript.append_replies(session, row.id, now, [reply], staff_id=member.id)
        row.read_by_agent = rows[0].seq
        return transcript.to_json(rows[0], member.name)

    async def _tell(self, conversation_id: str, message: dict[str, Any]) -> None:
        await self._turns.publish(conversation_id, [message])
        await self._fanout.publish(STAFF, {"type": "conversation", "conversation": conversation_id})

    def _must_be_actionable(self, decision: Decision) -> None:
        if decision.is_actionable:
            return
        code = "refused" if decision.outcome is Outcome.REFUSED else "needs_facts"
        raise Conflict(self._plain(self._speaker.reasons(decision)), code=code)

    @staticmethod
    def _plain(text: str) -> str:
        """Without the chat's marks, as long as an error's sentence may be."""
        whole = " ".join(text.replace("**", "").removeprefix("- ").split())
        return whole if len(whole) < LONGEST_SENTENCE else whole[: LONGEST_SENTENCE - 2].rpartition(" ")[0] + "…."

    def _note(
        self, session: AsyncSession, member: Member, row: ConversationRow, decision: Decision, key: str, **values: Any
    ) -> None:
        title = self._wording.say(f"button_{decision.operation}")
        text = self._wording.say(key, operation=title, target=decision.target, **values)
        keep_note(session, member, row.id, text, self._clock.now())

    @staticmethod
    def _record_refusal(
        session: AsyncSession, member: Member, row: ConversationRow, before: Decision, on_behalf: Mapping[str, Any]
    ) -> None:
        """What the rule said, beside what was done in spite of it."""
        session.add(
            AuditRow(
                at=before.as_of,
                actor=actor(member),
                learner_id=row.learner_id,
                conversation_id=row.id,
                operation=before.operation,
                target=before.target,
                outcome=before.outcome.value,
                reasons=list(before.codes),
                record={**before.to_record(), "on_behalf": dict(on_behalf)},
            )
        )


def _words(text: str, field: str) -> str:
    """What was put down, masked like everything people write. Raises BadInput for nothing."""
    kept = mask(clean(text)).text.strip()[:LONGEST_WORDS]
    if not kept:
        raise BadInput("Put it down in words.", field=field)
    return kept
