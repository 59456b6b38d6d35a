"""Who is asking: identities signed by the platform, and the tokens that open a conversation."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta, timezone

import jwt
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import NotFound, Unauthorized
from backend.ids import hash_token, same
from backend.store.base import Store
from backend.store.desk_models import ConversationRow
from backend.store.world_models import LearnerRow

AUDIENCE = "lectern"
LONGEST = timedelta(hours=1)
# Two machines' clocks differ a little; more than this is an expired identity.
LEEWAY = timedelta(seconds=30)

_CONVERSATION = select(ConversationRow).where(ConversationRow.id == bindparam("id"))


def sign_identity(learner_id: str, secret: str, now: datetime, *, lasts: timedelta = timedelta(minutes=30)) -> str:
    """An identity as the platform would sign it (HS256, `sub`, `aud: "lectern"`, `exp`)."""
    claims = {"sub": learner_id, "aud": AUDIENCE, "iat": int(now.timestamp()), "exp": int((now + lasts).timestamp())}
    return jwt.encode(claims, secret, algorithm="HS256")


def learner_of(identity: str, secret: str, now: datetime) -> tuple[str, datetime | None]:
    """The learner's id and when it was issued, from a signed identity. Raises Unauthorized with what is wrong.

    Times are judged by the desk's clock, so the library's own check, which reads the machine's, is off.
    """
    try:
        claims = jwt.decode(
            identity,
            secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            options={"require": ["sub", "exp", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        expires = datetime.fromtimestamp(claims["exp"], timezone.utc)
        issued = datetime.fromtimestamp(claims["iat"], timezone.utc) if "iat" in claims else None
        starts = datetime.fromtimestamp(claims["nbf"], timezone.utc) if "nbf" in claims else None
    except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError, OSError, UnicodeError) as error:
        raise Unauthorized("This sign-in is not valid. Please sign in again.", code="bad_identity") from error
    if expires + LEEWAY < now:
        raise Unauthorized("This sign-in has expired. Please sign in again.", code="identity_expired")
    if expires - now > LONGEST + LEEWAY or (starts is not None and starts - LEEWAY > now):
        raise Unauthorized("This sign-in is not valid for now: it may last an hour at most.", code="bad_identity")
    if not isinstance(claims["sub"], str) or not claims["sub"] or "\x00" in claims["sub"]:
        raise Unauthorized("This sign-in names nobody. Please sign in again.", code="bad_identity")
    return claims["sub"], issued


async def verified_learner(session: AsyncSession, identity: str, secret: str, now: datetime) -> str:
    """The id of an existing, active learner. The same answer for unknown, deleted and voided ones."""
    learner_id, issued = learner_of(identity, secret, now)
    learner = await session.scalar(select(LearnerRow).where(LearnerRow.id == learner_id))
    void_before = learner.tokens_void_before if learner else None
    voided = void_before is not None and (issued is None or issued <= void_before)
    if learner is None or learner.status != "active" or voided:
        raise Unauthorized("This sign-in is not valid any more. Please sign in again.", code="bad_identity")
    return learner_id


async def opened(session: AsyncSession, conversation_id: str, token: str | None) -> ConversationRow:
    """The conversation this token opens. Unknown ids and foreign tokens get the same answer."""
    if not token:
        raise Unauthorized("Send the conversation's token as 'Authorization: Bearer …'.", code="no_token")
    row = None
    if "\x00" not in conversation_id:
        row = await session.scalar(_CONVERSATION, {"id": conversation_id})
    if row is None or not same(row.token_hash, hash_token(token)):
        raise NotFound("There is no such conversation, or it is not yours.")
    return row


class Tokens:
    """Which token opens which conversation, for turns: it never changes, so the last ones asked for are remembered."""

    def __init__(self, store: Store, size: int = 10_000) -> None:
        self._store = store
        self._size = size
        self._hashes: OrderedDict[str, str] = OrderedDict()

    async def check(self, conversation_id: str, token: str | None) -> str:
        """The conversation's id. Raises as `opened`. Whether it is still there, the turn itself finds out."""
        kept = self._hashes.get(conversation_id)
        if kept is not None and token and same(kept, hash_token(token)):
            self._hashes.move_to_end(conversation_id)
            return conversation_id
        async with self._store.read() as session:
            row = await opened(session, conversation_id, token)
        self._hashes[row.id] = row.token_hash
        if len(self._hashes) > self._size:
            self._hashes.popitem(last=False)
        return row.id
