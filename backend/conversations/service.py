"""A conversation around its turns: opening it, who it belongs to, reading it, rating it."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import identity, ownership, transcript
from backend.conversations.agenda import Agenda
from backend.conversations.fanout import Fanout, tell_both
from backend.conversations.masking import mask
from backend.conversations.replies import Button, Reply
from backend.conversations.text import clean
from backend.conversations.turns import Turns, conversation
from backend.dialogue.desk import Desk
from backend.dialogue.turn import Turn
from backend.errors import BadInput, Conflict, NotFound, Unauthorized
from backend.ids import hash_token, new_id, new_token, same
from backend.passwords import verify_password
from backend.store.base import Store
from backend.store.desk_models import (
    ConversationRow,
    FeedbackRow,
    MessageRow,
    RatingRow,
    SignInCodeRow,
    UnansweredRow,
)
from backend.store.export import export_learner
from backend.store.world_models import LearnerRow
from backend.wording import Wording

log = structlog.get_logger()
CHANNELS = ("web", "mobile")
# What a greeting offers; each is a wish the desk understands anyway.
OPENINGS = (("button_refund", {"do": "operate", "operation": "refund"}), ("button_person", {"do": "hand_over"}))
CODE_TRIES = 5


class Conversations:
    """Everything of the learner API but the turns themselves."""

    def __init__(
        self, store: Store, clock: Clock, fanout: Fanout, turns: Turns, desk: Desk, wording: Wording, secret: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._turns = turns
        self._desk = desk
        self._wording = wording
        self._secret = secret

    async def open(self, channel: str, signed: str | None, page: str | None) -> dict[str, Any]:
        """`{"id", "token", "messages"}` of a new conversation, bound to the signed identity if there is one."""
        if channel not in CHANNELS:
            raise BadInput(f"Expected one of {', '.join(CHANNELS)}.", field="channel")
        now, token = self._clock.now(), new_token()
        async with self._store.write() as session:
            learner_id = await identity.verified_learner(session, signed, self._secret, now) if signed else None
            row = ConversationRow(
                id=new_id("conv"),
                token_hash=hash_token(token),
                learner_id=learner_id,
                channel=channel,
                page=clean(page)[:500] if page else None,
                created_at=now,
                updated_at=now,
                rasa_session=new_id("dlg"),
                agenda=Agenda().to_json(),
            )
            session.add(row)
            await session.flush()
            await ownership.create(session, row.id, now)
            rows = await transcript.append_replies(session, row.id, now, [await self._greeting(session, learner_id)])
            messages = transcript.to_json_all(rows)
        log.info("conversation.opened", conversation=row.id, channel=channel, guest=learner_id is None)
        return {"id": row.id, "token": token, "state": "bot", "messages": messages}

    async def _greeting(self, session: AsyncSession, learner_id: str | None) -> Reply:
        learner = await session.get(LearnerRow, learner_id) if learner_id else None
        text = (
            self._wording.say("hello_learner", name=learner.name.split()[0]) if learner else self._wording.say("hello")
        )
        buttons = tuple(Button(self._wording.say(title), press) for title, press in OPENINGS)
        return Reply(text, "smalltalk", buttons)

    async def sign_in(self, conversation_id: str, signed: str) -> dict[str, Any]:
        """Bind a guest's conversation to the learner and take up what was asked. Raises Conflict for another's."""
        async with self._fanout.in_order(conversation_id):
            async with self._store.write() as session:
                now = self._clock.now()
                learner_id = await identity.verified_learner(session, signed, self._secret, now)
                row = await conversation(session, conversation_id)
                if row.learner_id not in (None, learner_id):
                    raise Conflict(
                        "This conversation belongs to another account. Please start a new one.", code="other_learner"
                    )
                owner = await ownership.read(session, conversation_id)
                messages: list[dict[str, Any]] = []
                if row.learner_id is None:
                    row.learner_id = learner_id
                    if owner.state == "bot":
                        messages = await self._take_up(session, row)
            await self._turns.publish(conversation_id, messages)
            return {**owner.to_json(), "messages": messages}

    async def _take_up(self, session: AsyncSession, row: ConversationRow) -> list[dict[str, Any]]:
        turn = Turn(
            session, row, None, "", self._clock.now(), Agenda.from_json(row.agenda), actor=f"learner:{row.learner_id}"
        )
        turn.agenda = turn.agenda.with_(asked=None)
        await self._desk.signed_in(turn)
        row.agenda = turn.agenda.to_json()
        return transcript.to_json_all(await transcript.append_replies(session, row.id, turn.now, turn.replies))

    async def reauthenticate(self, conversation_id: str, password: str | None, code: str | None) -> dict[str, Any]:
        """The learner signs in again, outside the chat; then the step that asked for it goes on.

        Raises Unauthorized for a wrong password or code, Conflict when nothing asked for it.
        """
        async with self._fanout.in_order(conversation_id):
            await self._check_again(conversation_id, password, code)
            async with self._store.write() as session:
                row = await conversation(session, conversation_id)
                now = self._clock.now()
                agenda = Agenda.from_json(row.agenda)
                asked = agenda.waits_on("reauthenticate")
                if asked is None:
                    raise Conflict("Nothing asked you to sign in again.", code="nothing_to_reauthenticate")
                turn = Turn(session, row, None, "", now, agenda.with_(asked=None), actor=f"learner:{row.learner_id}")
                await self._desk.act(turn, asked["then"])
                row.agenda = turn.agenda.to_json()
                rows = await transcript.append_replies(session, row.id, now, turn.replies)
                owner = await ownership.read(session, conversation_id)
                messages = transcript.to_json_all(rows)
            await self._turns.publish(conversation_id, messages)
            return {**owner.to_json(), "messages": messages}

    async def _check_again(self, conversation_id: str, password: str | None, code: str | None) -> None:
        """Compare outside the turn's transaction, so that a wrong try is counted even though nothing else happens."""
        wrong = Unauthorized("That is not right. Please try again.", code="wrong_credentials")
        async with self._store.write() as session:
            row = await conversation(session, conversation_id)
            if not row.learner_id or not Agenda.from_json(row.agenda).waits_on("reauthenticate"):
                raise Conflict("Nothing asked you to sign in again.", code="nothing_to_reauthenticate")
            learner = await session.get(LearnerRow, row.learner_id)
            if password is not None:
                if not verify_password(learner.password_hash if learner else None, password):
                    raise wrong
                return
            kept = await session.get(SignInCodeRow, conversation_id)
            tries = kept.attempts if kept else CODE_TRIES
            if kept is not None:
                kept.attempts += 1
            matches = kept is not None and same(kept.code_hash, hash_token(code or ""))
            is_right = matches and tries < CODE_TRIES and self._clock.now() <= kept.expires_at
            if is_right:
                await session.delete(kept)
        if not is_right:
            raise wrong

    async def read(self, conversation_id: str, seq: int) -> dict[str, Any]:
        """`{"state", "messages"}` from after `seq`."""
        async with self._store.read() as session:
            owner = await ownership.read(session, conversation_id)
            return {**owner.to_json(), "messages": await transcript.after(session, conversation_id, seq)}

    async def describe(self, conversation_id: str) -> dict[str, Any]:
        """Its state and whose it is, for a client that comes back."""
        async with self._store.read() as session:
            row = await session.get(ConversationRow, conversation_id)
            if row is None:
                raise NotFound("There is no such conversation.")
            owner = await ownership.read(session, conversation_id)
            learner = await session.get(LearnerRow, row.learner_id) if row.learner_id else None
            known = {"learner": {"name": learner.name}} if learner else {}
            return {"id": row.id, **owner.to_json(), **known, "last_seq": row.last_seq}

    async def read_up_to(self, conversation_id: str, seq: int) -> None:
        """The learner has seen everything up to `seq`; the agent is told."""
        async with self._store.write() as session:
            row = await conversation(session, conversation_id)
            if not row.read_by_learner < seq <= row.last_seq:
                return
            row.read_by_learner = seq
        await tell_both(self._fanout, conversation_id, {"type": "read", "seq": seq, "by": "learner"})

    async def data_of(self, learner_id: str, signed: str | None) -> dict[str, Any]:
        """Everything stored about the learner, for nobody but them. Raises Unauthorized, NotFound for another's."""
        if not signed:
            raise Unauthorized("Send your sign-in as 'Authorization: Bearer …'.", code="no_token")
        async with self._store.read() as session:
            known = await identity.verified_learner(session, signed, self._secret, self._clock.now())
            if known != learner_id:
                raise NotFound("There is no such learner, or it is not you.")
            return await export_learner(session, learner_id)

    async def rate(self, conversation_id: str, score: int, comment: str | None) -> dict[str, Any]:
        """Keep the rating; a second one replaces the first."""
        async with self._store.write() as session:
            kept = mask(clean(comment)).text if comment else None
            await session.merge(
                RatingRow(conversation_id=conversation_id, score=score, comment=kept, at=self._clock.now())
            )
        return {"score": score}

    async def feedback(self, conversation_id: str, message_id: str, helpful: bool) -> dict[str, Any]:
        """Whether an answer helped. One that did not is kept for the staff with its question."""
        async with self._store.write() as session:
            row = await conversation(session, conversation_id)
            message = await session.scalar(
                select(MessageRow).where(
                    MessageRow.id == message_id,
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.author == "bot",
                )
            )
            if message is None:
                raise NotFound("There is no such answer in this conversation.")
            before = await session.get(FeedbackRow, message_id)
            await session.merge(FeedbackRow(message_id=message_id, helpful=helpful, at=self._clock.now()))
            if not helpful and (before is None or before.helpful):
                await self._did_not_help(session, row, message)
        return {"helpful": helpful}

    async def _did_not_help(self, session: AsyncSession, row: ConversationRow, message: MessageRow) -> None:
        agenda = Agenda.from_json(row.agenda)
        row.agenda = agenda.with_(misses=agenda.misses + 1).to_json()
        question = await session.scalar(
            select(MessageRow.text).where(MessageRow.turn_id == message.turn_id, MessageRow.author == "learner")
        )
        citations = message.extras.get("citations") or [{}]
        section = "/".join(filter(None, (citations[0].get("article"), citations[0].get("section")))) or None
        if question:
            session.add(
                UnansweredRow(
                    id=new_id("ask"),
                    conversation_id=row.id,
                    turn_id=message.turn_id,
                    text=question,
                    why="not_helpful",
                    section=section,
                    at=self._clock.now(),
                )
            )
