"""What a learner can have of conversations besides the present one: a mail of it, and the earlier ones to read."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import ownership, transcript
from backend.conversations.turns import conversation
from backend.errors import BadInput, Conflict, NotFound, TooMany
from backend.policy.decision import to_plain
from backend.store.base import Store
from backend.store.desk_models import ConversationRow, MessageRow, OwnershipRow
from backend.store.help_models import TranscriptMailRow
from backend.store.world_models import LearnerRow
from backend.wording import Wording, plain

log = structlog.get_logger()
# A conversation is sent so often in a day, a guest's address gets so many in a day from all guests together, and all
# guests together send so many in an hour: nobody can use the desk to write to others.
PER_CONVERSATION, PER_ADDRESS, ALL_GUESTS = 3, 2, 60
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_EARLIER = 50
ABOUT_CHARACTERS = 120
# Of a guest's own words a mail to an address nobody has checked holds this much, and no address of a page.
GUESTS_CHARACTERS = 600
_PAGE = re.compile(r"(?i)\b(?:https?://|www\.)\S+|\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b(?:/\S*)?")
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.I)
# What of a message is still of use when the conversation is over.
_READABLE = ("id", "seq", "at", "author", "text", "citations", "agent")


class Mails(Protocol):
    """Writes down a mail that is owed; its id."""

    def owe_email(
        self,
        session: AsyncSession,
        learner_id: str | None,
        to: str,
        wording: str,
        values: Mapping[str, Any],
        now: datetime,
    ) -> str: ...


class Records:
    """Reads conversations for whom they belong to; writes nothing but a mail that is owed."""

    def __init__(self, store: Store, clock: Clock, mails: Mails, wording: Wording, secret: str) -> None:
        self._store = store
        self._clock = clock
        self._mails = mails
        self._wording = wording
        self._secret = secret

    async def mail(self, conversation_id: str, address: str | None) -> dict[str, Any]:
        """Send the transcript to the learner's own address, or a guest's to the one they typed; `{"sent_to"}`.

        Raises BadInput without an address to send to, Conflict with nothing to send, TooMany.
        """
        async with self._store.write() as session:
            now = self._clock.now()
            row = await conversation(session, conversation_id)
            learner = await session.get(LearnerRow, row.learner_id) if row.learner_id else None
            if learner and address and address.strip().casefold() != learner.email.casefold():
                raise BadInput("It goes to the address of your account and to no other.", field="email")
            to = learner.email if learner else _checked(address)
            to_hash = None if learner else self._hashed(to)
            await self._check_limits(session, row, to_hash, now)
            messages = await transcript.after(session, row.id, 0)
            if not any(message["author"] == "learner" for message in messages):
                raise Conflict("There is nothing to send yet.", code="nothing_said")
            lines = [self._line(message, is_guest=learner is None) for message in messages]
            values = {"begun": row.created_at, "transcript": "\n\n".join(lines)}
            values |= {"name": learner.name} if learner else {}
            mail = self._mails.owe_email(session, row.learner_id, to, "email_conversation", values, now)
            session.add(TranscriptMailRow(conversation_id=row.id, to_hash=to_hash, outbox_id=mail, at=now))
        log.info("conversation.mailed", conversation=conversation_id, guest=learner is None)
        return {"sent_to": _hinted(to)}

    async def _check_limits(
        self, session: AsyncSession, row: ConversationRow, to_hash: str | None, now: datetime
    ) -> None:
        mails = TranscriptMailRow
        limits = [(DAY, PER_CONVERSATION, mails.conversation_id == row.id)]
        if to_hash is not None:
            limits.append((DAY, PER_ADDRESS, mails.to_hash == to_hash))
            limits.append((HOUR, ALL_GUESTS, mails.to_hash.is_not(None)))
        for lasts, most, which in limits:
            query = select(func.count(), func.min(mails.at)).where(which, mails.at > now - lasts)
            sent, first = (await session.execute(query)).one()
            if sent >= most:
                wait = int((first + lasts - now).total_seconds()) + 1 if first else int(lasts.total_seconds())
                sentence = "This has been sent often enough for now. Please try again later."
                raise TooMany(sentence, retry_after=max(1, wait))

    def _hashed(self, address: str) -> str:
        """What an address is counted by: with a key, so that nobody can tell it by trying addresses."""
        return hmac.new(self._secret.encode(), address.casefold().encode(), hashlib.sha256).hexdigest()

    def _line(self, message: Mapping[str, Any], *, is_guest: bool) -> str:
        author, said = message["author"], message["text"]
        if author == "bot":
            said = plain(said)
        elif author == "learner" and is_guest:
            said = _PAGE.sub("[…]", said)[:GUESTS_CHARACTERS]
        who = (message.get("agent") or {}).get("name") or self._wording.say(f"transcript_{author}")
        at = datetime.fromisoformat(message["at"].replace("Z", "+00:00"))
        return self._wording.say("transcript_line", who=who, at=at, said=said)

    async def earlier(self, conversation_id: str) -> dict[str, Any]:
        """`{"conversations"}`: the learner's others in which something was said, the newest first; none for a guest."""
        async with self._store.read() as session:
            row = await session.get(ConversationRow, conversation_id)
            if row is None or row.learner_id is None:
                return {"conversations": []}
            said = select(MessageRow.conversation_id, func.min(MessageRow.seq).label("seq"))
            first = said.where(MessageRow.author == "learner").group_by(MessageRow.conversation_id).subquery()
            query = (
                select(ConversationRow, OwnershipRow.state, MessageRow.text)
                .join(OwnershipRow, OwnershipRow.conversation_id == ConversationRow.id)
                .join(first, first.c.conversation_id == ConversationRow.id)
                .join(MessageRow, MessageRow.conversation_id == first.c.conversation_id)
                .where(MessageRow.seq == first.c.seq)
                .where(ConversationRow.learner_id == row.learner_id, ConversationRow.id != row.id)
                .order_by(ConversationRow.updated_at.desc(), ConversationRow.id)
                .limit(MOST_EARLIER)
            )
            found = (await session.execute(query)).all()
            return {"conversations": [_listed(other, state, text) for other, state, text in found]}

    async def one_earlier(self, conversation_id: str, other_id: str) -> dict[str, Any]:
        """`{"id", "state", "messages"}` of another of the learner's, to be read only. Raises NotFound for others."""
        async with self._store.read() as session:
            row = await session.get(ConversationRow, conversation_id)
            other = await session.get(ConversationRow, other_id) if "\x00" not in other_id else None
            if row is None or other is None or row.learner_id is None or other.learner_id != row.learner_id:
                raise NotFound("There is no such conversation, or it is not yours.")
            owner = await ownership.read(session, other.id)
            messages = await transcript.after(session, other.id, 0)
            kept = [{key: message[key] for key in _READABLE if key in message} for message in messages]
            return {"id": other.id, "state": owner.state, "messages": kept}


def _listed(row: ConversationRow, state: str, text: str) -> dict[str, Any]:
    about = " ".join(text.split())
    about = about if len(about) <= ABOUT_CHARACTERS else about[: ABOUT_CHARACTERS - 1].rstrip() + "…"
    times = {"at": to_plain(row.created_at), "updated_at": to_plain(row.updated_at)}
    return {"id": row.id, **times, "state": state, "about": about}


def _checked(address: str | None) -> str:
    given = (address or "").strip()
    if not _ADDRESS.fullmatch(given) or len(given) > 200:
        raise BadInput("Please give the e-mail address it should go to.", field="email")
    return given


def _hinted(address: str) -> str:
    """Enough of an address for its owner to know it by: `a…@example.org`."""
    name, _, host = address.partition("@")
    return f"{name[:1]}…@{host}"
