"""Act: an operation for a learner from Slack. What is shown is stored, the yes is good for exactly that, and once.

Everything goes the way every operation goes, through `Operations`; what the rules leave to a person becomes a case that
a second one has to decide.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.agenda import Agenda
from backend.conversations.fanout import STAFF
from backend.conversations.text import clean
from backend.errors import BadInput, Conflict
from backend.ids import hash_token, new_id, new_token
from backend.operations.service import Confirmed
from backend.policy.decision import Decision, Outcome
from backend.policy.facts import Account
from backend.slack import blocks
from backend.slack.lookup import CHANNEL, LookUp
from backend.slack.parts import Parts, Place
from backend.slack.text import mrkdwn
from backend.staff.accounts import Member
from backend.staff.acting import Acting as Shared
from backend.staff.acting import actor, keep_note
from backend.store.accounts import load_account
from backend.store.desk_models import ConversationRow, OwnershipRow, ProposalRow
from backend.store.slack_models import SlackOutgoingRow

LONGEST_REASON = 2000
# What a member keeps about a learner, where there is no conversation of the two (`_conversation`).
FILE = "conv_slack_"


@dataclass(frozen=True)
class Offer:
    """What a dialog shows, and what its yes carries; `carries` is empty where there is nothing to say yes to."""

    account: Account
    decision: Decision
    carries: dict[str, Any]

    @property
    def in_chat(self) -> bool:
        """Whether the member has the learner's conversation, so that the yes can be asked for there."""
        return "proposal" in self.carries and not self.carries["conversation"].startswith(FILE)


class Acting:
    """Offers an operation in a dialog and carries it out after its yes."""

    def __init__(self, parts: Parts, lookup: LookUp) -> None:
        self._parts = parts
        self._lookup = lookup
        self._operations = parts.services.operations
        self._acting = Shared(parts.services.operations, parts.services.wording, CHANNEL)

    async def offer(self, member: Member, pressed: dict[str, Any]) -> Offer:
        """Decide now and keep what is shown. Raises NotFound, Forbidden for what is the learner's own to do."""
        name, learner, target = str(pressed.get("op")), str(pressed.get("learner")), pressed.get("target")
        async with self._parts.services.store.write() as session:
            asked = await self._acting.ask(session, learner, name, target, self._parts.now)
            carries: dict[str, Any] = {}
            if asked.decision.is_actionable:
                conversation = await self._conversation(session, member, asked.account, pressed.get("conversation"))
                carries = {"learner": asked.account.id, "conversation": conversation}
                if asked.operation.at_once:
                    carries |= {"op": name}
                else:
                    row = await self._acting.offer(session, member, conversation, asked)
                    carries |= {"proposal": row.id}
        return Offer(asked.account, asked.decision, carries)

    async def _conversation(self, session: AsyncSession, member: Member, account: Account, named: str | None) -> str:
        """The learner's conversation the member has, or else the member's own file on the learner.

        A proposal belongs to a conversation. The file is one nobody can open or write in, one for each member and
        learner, so that two members never replace each other's offers.
        """
        if named is not None:
            row, owner = await session.get(ConversationRow, named), await session.get(OwnershipRow, named)
            if row and owner and row.learner_id == account.id and owner.staff_id == member.id:
                return named
        digest = hashlib.sha256(f"{member.id}\0{account.id}".encode()).hexdigest()[:24]
        file_id, now = f"{FILE}{digest}", self._parts.now
        if await session.get(ConversationRow, file_id) is None:
            session.add(
                ConversationRow(
                    id=file_id,
                    token_hash=hash_token(new_token()),
                    learner_id=account.id,
                    channel=CHANNEL,
                    created_at=now,
                    updated_at=now,
                    rasa_session=new_id("dlg"),
                    agenda=Agenda().to_json(),
                )
            )
            await session.flush()
            session.add(OwnershipRow(conversation_id=file_id, state="closed", since=now))
            await session.flush()
        return file_id

    async def carry_out(self, member: Member, place: Place, carried: dict[str, Any], reason: str) -> None:
        """The yes of a dialog: done once, told to who said it. Raises BadInput without a reason."""
        reason = clean(reason)[:LONGEST_REASON]
        if not reason:
            raise BadInput(self._parts.say("needs_reason"), field="reason")
        async with self._parts.services.store.write() as session:
            told = f"{place.key}:result"
            if await session.scalar(select(SlackOutgoingRow.id).where(SlackOutgoingRow.key == told)):
                return
            what = self._at_once if "op" in carried else self._confirm
            said, done = await what(session, member, carried)
            if done:
                self._keep_reason(session, member, carried["conversation"], said, reason)
            account = await load_account(session, carried["learner"])
            await self._show(session, place, told, account, carried, said)
        await self._parts.services.fanout.publish(
            STAFF, {"type": "conversation", "conversation": carried["conversation"]}
        )

    async def _confirm(self, session: AsyncSession, member: Member, carried: dict[str, Any]) -> tuple[str, bool]:
        conversation, proposal_id = carried["conversation"], str(carried.get("proposal"))
        shown = await self._operations.find(session, conversation, proposal_id)
        if shown is None or shown.proposed_by != actor(member):
            raise Conflict(self._parts.say("offer_gone"), code="offer_gone")
        learner, now = carried["learner"], self._parts.now
        confirmed = await self._acting.yes(session, member, conversation, learner, proposal_id, now)
        return self._worded(member, confirmed, shown), confirmed.state == "done"

    def _worded(self, member: Member, confirmed: Confirmed, shown: ProposalRow) -> str:
        parts, values = self._parts, self._about(shown.operation, shown.target)
        if confirmed.state in ("done", "already"):
            asks = confirmed.result.get("outcome") == Outcome.REFER_TO_AGENT.value
            key = "asked_second" if asks else "done"
            return parts.say(key if confirmed.state == "done" else f"{key}_before", values, name=member.name)
        why = parts.speaker.reasons(confirmed.decision) if confirmed.decision and parts.shows_personal_data else ""
        return parts.say(f"offer_{confirmed.state}", values) + (f"\n{why}" if why else "")

    async def _at_once(self, session: AsyncSession, member: Member, carried: dict[str, Any]) -> tuple[str, bool]:
        name, learner = str(carried["op"]), carried["learner"]
        asked = await self._acting.ask(session, learner, name, None, self._parts.now, lock=True)
        values = self._about(name, None)
        if not asked.decision.is_actionable:
            return self._parts.say("offer_changed", values), False
        await self._acting.at_once(session, member, carried["conversation"], asked)
        return self._parts.say("done", values, name=member.name), True

    def _about(self, operation: str, target: str | None) -> dict[str, Any]:
        return {"operation": self._parts.services.wording.say(f"button_{operation}"), "target": target}

    def _keep_reason(self, session: AsyncSession, member: Member, conversation: str, said: str, reason: str) -> None:
        """Why it was done, as a private note where the console shows it."""
        text = self._parts.say("reason_note", what=said, reason=reason)
        keep_note(session, member, conversation, text, self._parts.now)

    async def _show(
        self,
        session: AsyncSession,
        place: Place,
        key: str,
        account: Account | None,
        carried: dict[str, Any],
        said: str,
    ) -> None:
        """The message the dialog was opened from, as things are now, under what was done and by whom."""

        named = None if carried["conversation"].startswith(FILE) else carried["conversation"]
        shown = [blocks.section(mrkdwn(said)), *(self._lookup.card(account, named) if account else [])]
        body, lane = blocks.message(said, shown), f"user:{place.user}"
        if place.response_url:
            payload = {**body, "replace_original": True, "response_url": place.response_url}
            await self._parts.outgoing.owe(session, key, "respond", payload, lane=lane)
        else:
            await self._parts.outgoing.owe(session, key, "chat.postMessage", {**body, "channel": place.user}, lane=lane)
        if named:
            about = f"conversation:{named}"
            told = blocks.message(said)
            await self._parts.outgoing.owe(
                session, f"{key}:thread", "chat.postMessage", told, about=about, in_thread=True
            )
