"""The transcript: messages with gapless sequence numbers, and the buttons that hang on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations import handoffs
from backend.conversations.replies import Reply
from backend.ids import new_id
from backend.policy.decision import to_plain
from backend.store.base import UtcDateTime
from backend.store.desk_models import ButtonRow, ConversationRow, MessageRow, StaffRow, TurnRow

# Statements of every turn are made once: making one takes longer than having it carried out.
_NEXT = (
    update(ConversationRow)
    .where(ConversationRow.id == bindparam("conversation"))
    .values(last_seq=ConversationRow.last_seq + 1, updated_at=bindparam("now", type_=UtcDateTime))
    .returning(ConversationRow.last_seq)
    .execution_options(synchronize_session=False)
)
_OF_TURN = (
    select(MessageRow)
    .where(MessageRow.turn_id == bindparam("turn"), MessageRow.author != "learner")
    .order_by(MessageRow.seq)
)


async def append(
    session: AsyncSession,
    conversation_id: str,
    now: datetime,
    *,
    author: str,
    text: str,
    turn_id: str | None = None,
    staff_id: str | None = None,
    extras: Mapping[str, Any] | None = None,
    message_id: str | None = None,
    held: ConversationRow | None = None,
) -> MessageRow:
    """Write the next message. The number is taken from the conversation's row, so numbers have no gaps.

    `held`: that row, where this transaction holds its lock; all that changes in it is then written at once at the end.
    """
    if held is None:
        seq = await session.scalar(_NEXT, {"conversation": conversation_id, "now": now})
    else:
        seq = held.last_seq = held.last_seq + 1
        held.updated_at = now
    row = MessageRow(
        id=message_id or new_id("msg"),
        conversation_id=conversation_id,
        turn_id=turn_id,
        seq=seq,
        at=now,
        author=author,
        staff_id=staff_id,
        text=text,
        extras=dict(extras or {}),
    )
    session.add(row)
    if held is None:
        await session.flush()
    if author == "agent":
        await handoffs.agent_replied(session, conversation_id, now)
    return row


async def append_replies(
    session: AsyncSession,
    conversation_id: str,
    now: datetime,
    replies: Iterable[Reply],
    *,
    turn_id: str | None = None,
    staff_id: str | None = None,
    held: ConversationRow | None = None,
) -> list[MessageRow]:
    """Write the desk's replies and issue their buttons. `staff_id`: in whose name, where it is a person's.

    `held`: as for `append`.
    """
    rows, buttons = [], []
    for reply in replies:
        answer: dict[str, Any] = {"kind": reply.kind}
        if reply.confidence is not None:
            answer["confidence"] = round(reply.confidence, 4)
        issued = [(new_id("btn"), button) for button in reply.buttons]
        extras = {**reply.extras, "answer": answer, "record": reply.record}
        for id, button in issued:
            shown = {"id": id, "title": button.title}
            if button.sends_form:
                extras["step"] = {**extras["step"], "submit": shown}
            else:
                extras["buttons"] = [*extras.get("buttons", ()), {**shown, "style": button.style}]
        row = await append(
            session,
            conversation_id,
            now,
            author=reply.author,
            text=reply.text,
            turn_id=turn_id,
            staff_id=staff_id,
            extras=extras,
            held=held,
        )
        buttons += [
            ButtonRow(
                id=id,
                conversation_id=conversation_id,
                message_id=row.id,
                title=button.title,
                press=dict(button.press),
            )
            for id, button in issued
        ]
        rows.append(row)
    await session.flush()  # a button's row needs its message's
    session.add_all(buttons)
    await session.flush()
    return rows


async def after(
    session: AsyncSession, conversation_id: str, seq: int, *, limit: int = 500, staff: bool = False
) -> list[dict[str, Any]]:
    """The messages after `seq`, oldest first, as JSON."""
    query = (
        select(MessageRow, StaffRow.name, TurnRow.client_id)
        .outerjoin(StaffRow, StaffRow.id == MessageRow.staff_id)
        .outerjoin(TurnRow, TurnRow.id == MessageRow.turn_id)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.seq > seq)
        .order_by(MessageRow.seq)
        .limit(limit)
    )
    pressed = select(ButtonRow.id).where(ButtonRow.conversation_id == conversation_id, ButtonRow.used_by.is_not(None))
    used = frozenset(await session.scalars(pressed))
    rows = (await session.execute(query)).all()
    return [to_json(row, name, staff=staff, client_id=client_id, used=used) for row, name, client_id in rows]


async def of_turn(session: AsyncSession, turn_id: str) -> list[dict[str, Any]]:
    """What came back in a turn: everything but the learner's own words."""
    return to_json_all((await session.scalars(_OF_TURN, {"turn": turn_id})).all())


def to_json(
    row: MessageRow,
    agent_name: str | None = None,
    *,
    staff: bool = False,
    client_id: str | None = None,
    used: Collection[str] = (),
) -> dict[str, Any]:
    """The contract's message. The record of a decision (its trace) is shown to staff only.

    `client_id`: by which a client knows its own message again; `used`: the buttons that were pressed before.
    """
    plain: dict[str, Any] = {
        "id": row.id,
        "seq": row.seq,
        "at": to_plain(row.at),
        "author": row.author,
        "text": row.text,
    }
    extras = dict(row.extras)
    record = extras.pop("record", None)
    plain.update(extras)
    if client_id and row.author == "learner":
        plain["client_id"] = client_id
    if used and "buttons" in plain:
        plain["buttons"] = [{**button, "used": True} if button["id"] in used else button for button in plain["buttons"]]
    if agent_name and row.author == "agent":
        plain["agent"] = {"name": agent_name}
    if staff and record:
        plain["record"] = record
    return plain


def to_json_all(rows: Sequence[MessageRow]) -> list[dict[str, Any]]:
    return [to_json(row) for row in rows]
