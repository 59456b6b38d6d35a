"""What staff do with conversations: see, claim, write, note, release, pass on, close. One owner at a time."""

from __future__ import annotations

import hashlib
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, transcript
from backend.conversations.agenda import Agenda
from backend.conversations.fanout import Fanout
from backend.conversations.ownership import Owner
from backend.conversations.replies import Reply
from backend.conversations.turns import Turns, conversation
from backend.errors import Conflict, NotFound, Unauthorized
from backend.knowledge_service import KnowledgeService
from backend.staff import accounts
from backend.staff.accounts import Member
from backend.staff.live import active
from backend.staff.meanwhile import done_meanwhile
from backend.staff.unanswered import grouped
from backend.store.base import Store
from backend.store.desk_models import MessageRow, UnansweredRow
from backend.wording import Wording

log = structlog.get_logger()


class Staff:
    """The staff API's service. Every method takes the member who asks."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        fanout: Fanout,
        turns: Turns,
        wording: Wording,
        knowledge: KnowledgeService,
    ) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._turns = turns
        self._wording = wording
        self._knowledge = knowledge

    async def signed_in(self, cookie: str | None, csrf: str | None, *, changes: bool) -> Member:
        """Who holds the cookie. Raises Unauthorized or Forbidden."""
        async with self._store.read() as session:
            return await accounts.signed_in(session, cookie, csrf, self._clock.now(), changes=changes)

    # --- seeing ----------------------------------------------------------------------------------------------------

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
            if await accounts.still_here(session, member.id) is None:
                raise Unauthorized("Please sign in.", code="not_signed_in")
            owner = await self._change(session, conversation_id, seen, "agent", member)
            await active(session, conversation_id, member.id, self._clock.now())
            joined = Reply(self._wording.say("agent_joined", name=member.name), "handoff", author="system")
            messages = await self._tell(session, conversation_id, joined)
        await self._turns.publish(conversation_id, messages, owner)
        return owner.to_json()

    async def release(self, member: Member, conversation_id: str) -> dict[str, Any]:
        """Give it back to the bot, which says so and knows what was done meanwhile."""
        async with self._store.write() as session:
            held = await conversation(session, conversation_id)
            seen = await self._owned(session, member, conversation_id)
            done = await done_meanwhile(session, self._wording, held)
            owner = await self._change(session, conversation_id, seen, "bot", member)
            # What was asked, offered or spoken of before the person came is over: "and what now" is not about it.
            held.agenda = Agenda(extra={"after_person": {"name": member.name, "done": done}}).to_json()
            said = Reply(self._wording.say("agent_released", name=member.name, done=done), "handoff", author="system")
            messages = await self._tell(session, conversation_id, said)
        await self._turns.publish(conversation_id, messages, owner)
        return owner.to_json()

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
            row = await accounts.still_here(session, to)
            if row is None:
                raise NotFound("There is no such member of staff.", field="to")
            owner = await self._change(session, conversation_id, seen, "agent", accounts.member_of(row))
            await active(session, conversation_id, row.id, self._clock.now())
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
        return await ownership.held_by(session, conversation_id, member.id)

    # --- writing ---------------------------------------------------------------------------------------------------

    async def write(self, member: Member, conversation_id: str, client_id: str, text: str) -> dict[str, Any]:
        """A message to the learner, once for each `client_id`. Only the owner may."""
        # The id is made from who sent what, so that the primary key refuses a second copy.
        digest = hashlib.sha256(f"{conversation_id}\0{member.id}\0{client_id}".encode()).hexdigest()[:32]
        message_id = f"msg_{digest}"
        async with self._store.write() as session:
            held = await conversation(session, conversation_id)
            known = await session.get(MessageRow, message_id)
            if known is not None:
                return transcript.to_json(known, member.name)
            await self._owned(session, member, conversation_id)
            await active(session, conversation_id, member.id, self._clock.now())
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
            held.read_by_agent = row.seq  # who answers has read
        await self._turns.publish(conversation_id, [message])
        return message
