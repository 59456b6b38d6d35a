"""A turn, from what the learner sent to what came back: strictly in order, once for each `client_id`.

Two short transactions. The first keeps what was sent. The second, called by the action server through the internal
API, decides, acts and writes the answer into the transcript, all or nothing. Killed at any point, the same `client_id`
sent again goes on where it stopped. If the dialogue fails, the second says so instead.

The learner has the answer as soon as it is written, while Rasa still hears of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, transcript
from backend.conversations.agenda import Agenda
from backend.conversations.begun import ALWAYS_OURS, LEAVES_THE_QUEUE, Begun
from backend.conversations.fanout import STAFF, Fanout, tell_both
from backend.conversations.masking import mask, masked_form
from backend.conversations.naming import to_understand
from backend.conversations.ownership import Owner
from backend.conversations.reception import Reception
from backend.conversations.routing import Routing, Way
from backend.dialogue.desk import URGENT, Desk
from backend.dialogue.turn import Turn
from backend.errors import Conflict, DialogueUnavailable, NotFound, ServiceError
from backend.ids import new_id
from backend.rasa_client import DialogueEngine
from backend.store.base import Store
from backend.store.desk_models import ButtonRow, ConversationRow, TurnRow

log = structlog.get_logger()
# Rasa knows a conversation by a name that changes, so that what it keeps never adds up to somebody's whole history.
ROTATE_TURNS = 20
ROTATE_AFTER = timedelta(minutes=30)
TYPING_MS = 9000
# How far back in the queue a place is told whenever it changes.
TOLD_PLACES = 100
TURN_IS_OVER = "turn_is_over"
# Turns of the event loop until a request that was begun is on its way.
REQUEST_STEPS = 2
# Made once: making a statement takes longer than having it carried out.
_CONVERSATION = (
    select(ConversationRow)
    .where(ConversationRow.id == bindparam("id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_TURN = select(TurnRow).where(TurnRow.id == bindparam("id")).with_for_update()
_KNOWN = select(TurnRow).where(
    TurnRow.conversation_id == bindparam("conversation"), TurnRow.client_id == bindparam("client_id")
)


@dataclass(frozen=True)
class Sent:
    """What a learner sent: `text`, or the `button` pressed (maybe with a `form`)."""

    client_id: str
    text: str | None = None
    button: str | None = None
    form: Mapping[str, Any] | None = None


class Turns:
    """Takes turns. One instance serves all conversations."""

    def __init__(
        self, store: Store, clock: Clock, fanout: Fanout, engine: DialogueEngine, desk: Desk, reception: Reception
    ) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._engine = engine
        self._desk = desk
        self._reception = reception
        self.routing = Routing()

    async def take(self, conversation_id: str, sent: Sent) -> dict[str, Any]:
        """`{"state", "messages"}` of this turn; for a `client_id` seen before, what it was answered then."""
        async with self._fanout.in_order(conversation_id):
            begun, told, way = await self._begin(conversation_id, sent)
            await self.publish(conversation_id, told)
            if begun.finished:
                return await self._answer(conversation_id, begun.turn_id)
            answer = None
            if way is not None:
                await self._fanout.publish(conversation_id, {"type": "typing", "author": "bot", "until_ms": TYPING_MS})
                answer = await self.routing.answer_of(way)
            elif begun.is_ours and begun.command:
                answer = await self._act_ourselves(begun.turn_id, begun.command)
            return answer or await self._finish(conversation_id, begun.turn_id)

    # --- first transaction: keep what was sent ---------------------------------------------------------------------

    async def _begin(self, conversation_id: str, sent: Sent) -> tuple[Begun, list[dict[str, Any]], Way | None]:
        """Keep what was sent and have Rasa begin: the turn, what to tell whoever is connected, and Rasa's way."""
        way: Way | None = None
        try:
            async with self._store.write() as session:
                now = self._clock.now()
                row = await conversation(session, conversation_id)
                known = await session.scalar(_KNOWN, {"conversation": conversation_id, "client_id": sent.client_id})
                owner = await ownership.read(session, conversation_id)
                if known is not None:
                    begun, told = await self._begun(session, row, known, owner), []
                else:
                    if owner.state == "closed":
                        owner = await ownership.change(session, conversation_id, owner, "bot", now, why="reopened")
                    turn, shown, button = await self._new_turn(session, row, sent, now)
                    await self._heard(session, row, turn, owner)
                    begun = replace(await self._begun(session, row, turn, owner), session=self._rotated(row, now))
                    if self._store.has_one_writer:
                        # The action cannot begin before this transaction has ended: Rasa may think meanwhile.
                        way = await self._start(begun)
                    told = [await self._kept(session, row, turn, shown, button, now)]
            if way is None:
                way = await self._start(begun)
        except BaseException:
            if way is not None:
                way.task.cancel()  # it is not kept after all
            raise
        return begun, told, way

    async def _start(self, begun: Begun) -> Way | None:
        if not begun.is_routed:
            return None
        way = self.routing.begin(begun.turn_id, self._route(begun))
        for _ in range(REQUEST_STEPS):
            await asyncio.sleep(0)
        return way

    async def _new_turn(
        self, session: AsyncSession, row: ConversationRow, sent: Sent, now: datetime
    ) -> tuple[TurnRow, str, ButtonRow | None]:
        """The turn, what is shown of it, and the button that was pressed; nothing is written yet."""
        turn = TurnRow(id=new_id("turn"), conversation_id=row.id, client_id=sent.client_id, created_at=now)
        if sent.button is not None:
            button = await session.scalar(
                select(ButtonRow).where(ButtonRow.id == sent.button, ButtonRow.conversation_id == row.id)
            )
            if button is None:
                raise NotFound("That button does not belong to this conversation.", field="press")
            turn.press, shown = dict(button.press), button.title
            if sent.form is not None and "labels" in button.press:
                turn.press["form"], told, found = masked_form(sent.form, button.press["labels"])
                shown, turn.understood = told or shown, {"masked": found} if found else None
            return turn, shown, button
        masked = mask(sent.text or "")
        turn.text = masked.text
        if masked.found:
            turn.understood = {"masked": list(masked.found)}
            log.info("turn.masked", conversation=row.id, turn=turn.id, kinds=masked.found)
        return turn, masked.text, None

    async def _heard(self, session: AsyncSession, row: ConversationRow, turn: TurnRow, owner: Owner) -> None:
        """What is plain without Rasa; and that the turn is over if its words are for a person."""
        if owner.state == "bot" and turn.press is None:
            turn.press = await self._desk.interpret(self._turn(session, row, turn, turn.created_at))
        # While a person has it, or is waited for, words are for them: the turn is over once they are kept.
        if owner.state in ("agent", "queued") and turn.press is None and turn.understood is None:
            turn.finished_at = turn.created_at

    @staticmethod
    async def _begun(session: AsyncSession, row: ConversationRow, turn: TurnRow, owner: Owner) -> Begun:
        agenda = Agenda.from_json(row.agenda)
        asked = agenda.asked["kind"] if agenda.asked else None
        context = {"topic": agenda.topic, "asked": asked}
        text, finished = turn.text or "", turn.finished_at is not None
        if text and turn.press is None and owner.state == "bot" and not finished:
            text = await to_understand(session, text, row.learner_id)
        return Begun(turn.id, owner, row.rasa_session, text, turn.press, context, finished)

    @staticmethod
    def _rotated(row: ConversationRow, now: datetime) -> str:
        """The name Rasa knows the conversation by, changed now and then."""
        idle = row.rasa_seen_at is not None and now - row.rasa_seen_at > ROTATE_AFTER
        if row.rasa_turns >= ROTATE_TURNS or idle:
            row.rasa_session, row.rasa_turns = new_id("dlg"), 0
        row.rasa_turns += 1
        row.rasa_seen_at = now
        return row.rasa_session

    @staticmethod
    async def _kept(
        session: AsyncSession, row: ConversationRow, turn: TurnRow, shown: str, button: ButtonRow | None, now: datetime
    ) -> dict[str, Any]:
        """The turn and its message are written; the message as the learner's other devices are told."""
        session.add(turn)
        await session.flush()  # what follows refers to it
        if button is not None:
            button.used_by = button.used_by or turn.id
        message = await transcript.append(session, row.id, now, author="learner", text=shown, turn_id=turn.id, held=row)
        return transcript.to_json(message, client_id=turn.client_id)

    # --- second transaction: decide, act and answer ----------------------------------------------------------------

    async def _route(self, begun: Begun) -> None:
        """Rasa's part of a turn. A press works even when Rasa is away: its meaning is ours."""
        try:
            await self._engine.turn(
                session=begun.session,
                turn=begun.turn_id,
                text=None if begun.command else begun.text,
                intent="press" if begun.command else None,
                context=begun.context,
            )
        except DialogueUnavailable:
            if begun.command and self.routing.is_awaited(begun.turn_id):
                await self._act_ourselves(begun.turn_id, begun.command)

    async def _act_ourselves(self, turn_id: str, command: Mapping[str, Any]) -> dict[str, Any] | None:
        """Carry out a press without Rasa. A defect of ours is told the learner like a dialogue that failed."""
        try:
            return await self._carry_out(turn_id, command, None)
        except ServiceError as error:
            if error.code != TURN_IS_OVER:  # by another backend, which Rasa had asked before it failed
                raise
        except Exception as error:
            log.exception("turn.action.failed", turn=turn_id, error=type(error).__name__)
        return None

    async def act(
        self, turn_id: str, command: Mapping[str, Any], understood: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Carry out a command in a turn that is running, and end it; the texts of its answer.

        Raises NotFound for an unknown turn, Conflict for one that is over, BadInput for a command without sense.
        """
        answer = await self._carry_out(turn_id, command, understood)
        return [message["text"] for message in answer["messages"]]

    async def _carry_out(
        self, turn_id: str, command: Mapping[str, Any], understood: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        async with self._store.write() as session:
            row, held = await self._running(session, turn_id)
            if row.finished_at is not None:
                raise Conflict("This turn is over; nothing was done.", code=TURN_IS_OVER)
            pressed = command.get("do") == "press"
            if pressed and row.press is None:
                raise Conflict("Nothing was pressed in this turn.", code="nothing_pressed")
            turn = self._turn(session, held, row, self._clock.now())
            owner = before = await ownership.read(session, held.id)
            turn.with_person = owner.state == "agent"
            await self._run(turn, row.press if pressed else command)
            row.understood = {**(row.understood or {}), **(understood or {})} or None
            owner = await self._settle(turn, row, owner)
            owner, messages = await self._written(turn, row, owner)
        return await self._tell(held.id, turn_id, messages, before, owner)

    @staticmethod
    async def _running(session: AsyncSession, turn_id: str) -> tuple[TurnRow, ConversationRow]:
        """The turn and its conversation, held: whoever claims it now waits, and who has claimed it is seen."""
        row = await session.scalar(_TURN, {"id": turn_id})
        if row is None:
            raise NotFound("There is no such turn.")
        return row, await conversation(session, row.conversation_id)

    async def _run(self, turn: Turn, command: Mapping[str, Any]) -> None:
        if command.get("do") == "leave_queue":
            await self._desk.queue_left(turn)
        else:
            await self._desk.act(turn, command)

    @staticmethod
    def _turn(session: AsyncSession, row: ConversationRow, turn: TurnRow, now: datetime) -> Turn:
        actor = f"learner:{row.learner_id}" if row.learner_id else "guest"
        agenda = Agenda.from_json(row.agenda)
        return Turn(session, row, turn.id, turn.text or "", now, agenda, actor=actor)

    async def _settle(self, turn: Turn, row: TurnRow, owner: Owner) -> Owner:
        """Take back what was going to be said if somebody else owns the conversation by now; leave the queue."""
        press = (row.press or {}).get("do")
        leaves = press in LEAVES_THE_QUEUE
        ours = owner.state == "bot" or press in ALWAYS_OURS
        # A result is told even if a person took over in the same moment: it happened.
        did_something = any(reply.kind == "result" for reply in turn.replies)
        if owner.state != "bot":
            turn.handed_over = None
        if (leaves and owner.state == "agent") or not (ours or did_something):
            turn.replies, turn.agenda = [], Agenda.from_json(turn.conversation.agenda)
        elif leaves and owner.state == "queued":
            owner = await ownership.change(turn.session, turn.conversation.id, owner, "bot", turn.now, why="left_queue")
        return owner

    async def _written(self, turn: Turn, row: TurnRow, owner: Owner) -> tuple[Owner, list[dict[str, Any]]]:
        """The turn is over: its replies stand in the transcript, and it joins the queue if that was decided."""
        row.finished_at = turn.now
        if turn.handed_over:
            owner = await self.hand_over(turn.session, turn, owner)
        found = tuple((row.understood or {}).get("masked", ()))
        if found:
            self._desk.masked(turn, found)
            turn.replies.insert(0, turn.replies.pop())
        turn.conversation.agenda = turn.agenda.to_json()
        rows = await transcript.append_replies(
            turn.session, turn.conversation.id, turn.now, turn.replies, turn_id=turn.turn_id, held=turn.conversation
        )
        return owner, transcript.to_json_all(rows)

    async def _tell(
        self, conversation_id: str, turn_id: str, messages: list[dict[str, Any]], before: Owner, owner: Owner
    ) -> dict[str, Any]:
        """A turn's answer: to whoever is connected, and to whoever sent it."""
        await self.publish(conversation_id, messages, owner if owner.version != before.version else None)
        answer = {**owner.to_json(), "messages": messages}
        self.routing.answered(turn_id, answer)
        return answer

    async def _finish(self, conversation_id: str, turn_id: str) -> dict[str, Any]:
        """The answer of a turn that another backend has ended; else end it, saying that the dialogue failed."""
        async with self._store.write() as session:
            row, held = await self._running(session, turn_id)
            owner = before = await ownership.read(session, conversation_id)
            if row.finished_at is not None:
                return {**owner.to_json(), "messages": await transcript.of_turn(session, turn_id)}
            turn = self._turn(session, held, row, self._clock.now())
            if owner.state == "bot" or (row.press or {}).get("do") in ALWAYS_OURS:
                row.failure = "dialogue_unavailable"
                await self._desk.failed(turn)
            owner, messages = await self._written(turn, row, owner)
        return await self._tell(conversation_id, turn_id, messages, before, owner)

    async def hand_over(self, session: AsyncSession, turn: Turn, owner: Owner) -> Owner:
        """Join the queue and say what happens next; when nobody can come, leave it with the staff instead."""
        why = (turn.handed_over or {}).get("why", "asked")
        urgency = 1 if why in URGENT else 0
        expected = await self._reception.expect(session, turn.now)
        if not expected.comes and not urgency:
            await self._desk.leaving.leave(turn, {"why": why}, expected)
            return owner
        owner = await ownership.change(
            session, turn.conversation.id, owner, "queued", turn.now, why=why, urgency=urgency
        )
        self._desk.leaving.queued(turn, owner.position or 1, expected, urgent=bool(urgency))
        log.info("conversation.queued", conversation=turn.conversation.id, why=why, position=owner.position)
        return owner

    async def _answer(self, conversation_id: str, turn_id: str) -> dict[str, Any]:
        async with self._store.read() as session:
            owner = await ownership.read(session, conversation_id)
            return {**owner.to_json(), "messages": await transcript.of_turn(session, turn_id)}

    async def publish(self, conversation_id: str, messages: list[dict[str, Any]], owner: Owner | None = None) -> None:
        """Tell whoever is connected. Staff hear of every message and every change of owner."""
        if messages or owner is not None:
            changed = {"owner": owner.staff_id} if owner is not None else {}
            # Before the messages: consoles know then whose they are.
            await self._fanout.publish(STAFF, {"type": "conversation", "conversation": conversation_id, **changed})
        for message in messages:
            await tell_both(self._fanout, conversation_id, {"type": "message", "message": message})
        if owner is not None:
            await self._fanout.publish(conversation_id, {"type": "state", **owner.to_json()})
            await self._tell_places(conversation_id)

    async def _tell_places(self, moved: str) -> None:
        """Somebody joined or left the queue, perhaps: tell the others who wait where they are now."""
        try:
            async with self._store.read() as session:
                places = await ownership.waiting(session)
        except ServiceError as error:  # what was done is done; they hear it at the next change
            log.warning("queue.places.untold", code=error.code)
            return
        for conversation_id, place in list(places.items())[:TOLD_PLACES]:
            if conversation_id != moved:
                waits = Owner("queued", 0, position=place)
                await self._fanout.publish(conversation_id, {"type": "state", **waits.to_json()})


async def conversation(session: AsyncSession, conversation_id: str) -> ConversationRow:
    """The conversation's row as it is now, locked where the database can. Raises NotFound."""
    row = await session.scalar(_CONVERSATION, {"id": conversation_id})
    if row is None:
        raise NotFound("There is no such conversation.")
    return row
