"""What staff do with conversations: see, claim, write, note, release, pass on, close. One owner at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, transcript
from backend.conversations.agenda import Agenda
from backend.conversations.fanout import Fanout
from backend.conversations.ownership import Owner
from backend.conversations.replies import Reply
from backend.conversations.turns import Turns, conversation
from backend.errors import BadInput, Conflict, Forbidden, NotFound
from backend.ids import new_id
from backend.knowledge_service import KnowledgeService
from backend.operations.service import Operations
from backend.policy.decision import to_plain
from backend.policy.facts import Request
from backend.staff import accounts
from backend.staff.accounts import Member
from backend.staff.unanswered import grouped
from backend.store.accounts import learner_view, load_account
from backend.store.base import Store
from backend.store.desk_models import (
    ConversationRow,
    MessageRow,
    NoteRow,
    OwnershipRow,
    ProposalRow,
    StaffRow,
    UnansweredRow,
)
from backend.store.desk_view import desk_view
from backend.store.world_models import LearnerRow
from backend.wording import Wording

log = structlog.get_logger()
LISTED = 200


class Staff:
    """The staff API's service. Every method takes the member who asks."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        fanout: Fanout,
        turns: Turns,
        operations: Operations,
        wording: Wording,
        knowledge: KnowledgeService,
    ) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._turns = turns
        self._operations = operations
        self._wording = wording
        self._knowledge = knowledge

    async def sign_in(self, email: str, password: str) -> tuple[Member, str, str] | None:
        """The member, the cookie and the CSRF token; None when address and password do not fit."""
        async with self._store.write() as session:
            now = self._clock.now()
            row = await accounts.check_password(session, email, password, now)
            if row is None:
                return None
            cookie, csrf = await accounts.open_session(session, row, now)
            return accounts.member_of(row), cookie, csrf

    async def signed_in(self, cookie: str | None, csrf: str | None, *, changes: bool) -> Member:
        """Who holds the cookie. Raises Unauthorized or Forbidden."""
        async with self._store.read() as session:
            return await accounts.signed_in(session, cookie, csrf, self._clock.now(), changes=changes)

    async def sign_out(self, cookie: str) -> None:
        async with self._store.write() as session:
            await accounts.close_session(session, cookie)

    # --- seeing ----------------------------------------------------------------------------------------------------

    async def list(
        self, member: Member, state: str | None, assignee: str | None, q: str | None
    ) -> list[dict[str, Any]]:
        """Conversations, the urgent and the longest waiting first. `assignee`: a staff id or `me`; `q`: words said."""
        if state is not None and state not in ownership.ALLOWED:
            raise BadInput(f"Expected one of {', '.join(sorted(ownership.ALLOWED))}.", field="state")
        query = (
            select(ConversationRow, OwnershipRow, StaffRow.name, LearnerRow.name)
            .join(OwnershipRow, OwnershipRow.conversation_id == ConversationRow.id)
            .outerjoin(StaffRow, StaffRow.id == OwnershipRow.staff_id)
            .outerjoin(LearnerRow, LearnerRow.id == ConversationRow.learner_id)
            .where(ConversationRow.channel != "slack")  # what a member keeps about a learner, nobody's conversation
            .order_by(OwnershipRow.urgency.desc(), OwnershipRow.queued_at.asc().nulls_last())
            .order_by(ConversationRow.updated_at.desc())
            .limit(LISTED)
        )
        if state is not None:
            query = query.where(OwnershipRow.state == state)
        if assignee is not None:
            query = query.where(OwnershipRow.staff_id == (member.id if assignee == "me" else assignee))
        if q:
            words = f"%{q.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
            said = select(MessageRow.id).where(
                and_(MessageRow.conversation_id == ConversationRow.id, MessageRow.text.ilike(words, escape="!"))
            )
            query = query.where(or_(LearnerRow.name.ilike(words, escape="!"), said.exists()))
        async with self._store.read() as session:
            rows = (await session.execute(query)).all()
            return [await self._line(session, *row) for row in rows]

    async def _line(
        self, session: AsyncSession, row: ConversationRow, owner: OwnershipRow, agent: str | None, learner: str | None
    ) -> dict[str, Any]:
        last = await session.scalar(
            select(MessageRow)
            .where(MessageRow.conversation_id == row.id, MessageRow.author == "learner")
            .order_by(MessageRow.seq.desc())
            .limit(1)
        )
        present = await ownership.read(session, row.id)
        return {
            "id": row.id,
            **present.to_json(),
            "learner": {"id": row.learner_id, "name": learner} if row.learner_id else None,
            "channel": row.channel,
            "why": owner.why,
            "urgent": owner.urgency > 0,
            "queued_at": to_plain(owner.queued_at),
            "updated_at": to_plain(row.updated_at),
            "last_message": {"text": last.text, "at": to_plain(last.at)} if last else None,
            "last_seq": row.last_seq,
        }

    async def show(self, conversation_id: str) -> dict[str, Any]:
        """The transcript with records, the learner's context, a summary from records, decisions and notes."""
        async with self._store.read() as session:
            row = await session.get(ConversationRow, conversation_id)
            if row is None:
                raise NotFound("There is no such conversation.")
            owner = await ownership.read(session, conversation_id)
            messages = await transcript.after(session, conversation_id, 0, limit=2000, staff=True)
            notes = await session.scalars(
                select(NoteRow).where(NoteRow.conversation_id == conversation_id).order_by(NoteRow.at)
            )
            learner = None
            if row.learner_id:
                learner = {
                    **await learner_view(session, row.learner_id),
                    **await desk_view(session, row.learner_id),
                }
            proposals = await session.scalars(
                select(ProposalRow).where(ProposalRow.conversation_id == row.id).order_by(ProposalRow.created_at)
            )
            return {
                "id": row.id,
                **owner.to_json(),
                "channel": row.channel,
                "page": row.page,
                "messages": messages,
                "learner": learner,
                "summary": _summary(messages, list(proposals)),
                "decisions": [message["decision"] for message in messages if "decision" in message],
                "notes": [
                    {"id": note.id, "staff": note.staff_id, "at": to_plain(note.at), "text": note.text}
                    for note in notes
                ],
            }

    async def decide(self, learner_id: str, operation: str, target: str | None) -> dict[str, Any]:
        """The rule's answer with its trace. Changes nothing."""
        async with self._store.read() as session:
            account = await load_account(session, learner_id)
        if account is None:
            raise NotFound("There is no such learner.")
        decision = self._operations.decide(operation, account, target, Request(), self._clock.now())
        return decision.to_record()

    async def unanswered(self) -> list[dict[str, Any]]:
        """Questions nobody could answer, grouped by meaning, the largest group first."""
        async with self._store.read() as session:
            query = select(UnansweredRow).order_by(UnansweredRow.at.desc()).limit(500)
            rows = (await session.scalars(query)).all()
        return grouped(rows, self._knowledge)

    # --- owning ----------------------------------------------------------------------------------------------------

    async def claim(self, member: Member, conversation_id: str) -> dict[str, Any]:
        """Take it. Raises Conflict naming the owner when somebody has it."""
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            seen = await ownership.read(session, conversation_id)
            if seen.state == "agent":
                if seen.staff_id == member.id:
                    return seen.to_json()
                raise Conflict(f"{seen.agent_name} has this conversation already.", code="already_claimed")
            owner = await self._change(session, conversation_id, seen, "agent", member)
            joined = Reply(self._wording.say("agent_joined", name=member.name), "handoff", author="system")
            messages = await self._tell(session, conversation_id, joined)
        await self._turns.publish(conversation_id, messages, owner)
        return owner.to_json()

    async def release(self, member: Member, conversation_id: str) -> dict[str, Any]:
        """Give it back to the bot, which says so."""
        return await self._leave(member, conversation_id, "bot", "agent_released")

    async def close(self, member: Member, conversation_id: str, outcome: str | None) -> dict[str, Any]:
        """End it; the learner may open it again by writing."""
        return await self._leave(member, conversation_id, "closed", "conversation_closed", why=outcome)

    async def transfer(self, member: Member, conversation_id: str, to: str | None) -> dict[str, Any]:
        """Pass it to another member, or back to the queue."""
        if to is None:
            return await self._leave(member, conversation_id, "queued", "agent_requeued", why="transferred")
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            seen = await self._owned(session, member, conversation_id)
            row = await session.get(StaffRow, to)
            if row is None or not row.active:
                raise NotFound("There is no such member of staff.", field="to")
            owner = await self._change(session, conversation_id, seen, "agent", accounts.member_of(row))
            joined = Reply(self._wording.say("agent_joined", name=row.name), "handoff", author="system")
            messages = await self._tell(session, conversation_id, joined)
        await self._turns.publish(conversation_id, messages, owner)
        return owner.to_json()

    async def reopen(self, member: Member, conversation_id: str) -> dict[str, Any]:
        """Put a closed conversation back into the queue."""
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            seen = await ownership.read(session, conversation_id)
            if seen.state != "closed":
                raise Conflict("Only a closed conversation can be reopened.", code="wrong_state")
            owner = await self._change(session, conversation_id, seen, "queued", member, why="reopened")
        await self._turns.publish(conversation_id, [], owner)
        return owner.to_json()

    async def _leave(
        self, member: Member, conversation_id: str, state: str, wording: str, *, why: str | None = None
    ) -> dict[str, Any]:
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            seen = await self._owned(session, member, conversation_id)
            owner = await self._change(session, conversation_id, seen, state, member, why=why)
            said = Reply(self._wording.say(wording, name=member.name), "handoff", author="system")
            messages = await self._tell(session, conversation_id, said)
        await self._turns.publish(conversation_id, messages, owner)
        return owner.to_json()

    async def _change(
        self,
        session: AsyncSession,
        conversation_id: str,
        seen: Owner,
        state: str,
        member: Member,
        *,
        why: str | None = None,
    ) -> Owner:
        row = await conversation(session, conversation_id)
        # What the desk asked before is not the last thing asked any more: a yes must not reach back over a person.
        row.agenda = Agenda.from_json(row.agenda).with_(asked=None).to_json()
        owner = await ownership.change(
            session, conversation_id, seen, state, self._clock.now(), staff_id=member.id, why=why
        )
        log.info("conversation.owner", conversation=conversation_id, state=state, staff=member.id)
        return owner

    async def _tell(self, session: AsyncSession, conversation_id: str, reply: Reply) -> list[dict[str, Any]]:
        rows = await transcript.append_replies(session, conversation_id, self._clock.now(), [reply])
        return transcript.to_json_all(rows)

    async def _owned(self, session: AsyncSession, member: Member, conversation_id: str) -> Owner:
        """The present owner, if it is this member. Raises Forbidden naming who has it."""
        owner = await ownership.read(session, conversation_id)
        if owner.state != "agent" or owner.staff_id != member.id:
            has = f"{owner.agent_name} has" if owner.agent_name else "You have not claimed"
            raise Forbidden(f"Only its owner may do that. {has} this conversation.", code="not_the_owner")
        return owner

    # --- writing ---------------------------------------------------------------------------------------------------

    async def write(self, member: Member, conversation_id: str, client_id: str, text: str) -> dict[str, Any]:
        """A message to the learner, once for each `client_id`. Only the owner may."""
        # The id is made from who sent what, so that the primary key refuses a second copy.
        digest = hashlib.sha256(f"{conversation_id}\0{member.id}\0{client_id}".encode()).hexdigest()[:32]
        message_id = f"msg_{digest}"
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            known = await session.get(MessageRow, message_id)
            if known is not None:
                return transcript.to_json(known, member.name)
            await self._owned(session, member, conversation_id)
            row = await transcript.append(
                session,
                conversation_id,
                self._clock.now(),
                author="agent",
                text=text,
                staff_id=member.id,
                message_id=message_id,
            )
            message = transcript.to_json(row, member.name)
        await self._turns.publish(conversation_id, [message])
        return message

    async def note(self, member: Member, conversation_id: str, text: str) -> Mapping[str, Any]:
        """A private note; the learner never sees it."""
        async with self._store.write() as session:
            await conversation(session, conversation_id)
            row = NoteRow(
                id=new_id("note"), conversation_id=conversation_id, staff_id=member.id, at=self._clock.now(), text=text
            )
            session.add(row)
            return {"id": row.id, "staff": member.id, "at": to_plain(row.at), "text": text}


def _summary(messages: list[dict[str, Any]], proposals: list[ProposalRow]) -> dict[str, Any]:
    """What was asked, decided and done, from records."""
    asked = [message["text"] for message in messages if message["author"] == "learner"]
    decided = [message["decision"] for message in messages if "decision" in message]
    return {
        "asked": asked[-3:],
        "decided": [
            {
                "operation": decision["operation"],
                "target": decision["target"],
                "outcome": decision["outcome"],
                "reasons": [reason["code"] for reason in decision["reasons"]],
            }
            for decision in decided[-3:]
        ],
        "proposals": [{"operation": row.operation, "target": row.target, "state": row.state} for row in proposals[-3:]],
    }
