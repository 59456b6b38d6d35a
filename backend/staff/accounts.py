"""Staff accounts and sessions: made by the command line, signed in with a cookie and a CSRF header."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import BadInput, Conflict, Forbidden, Unauthorized
from backend.ids import hash_token, new_id, new_token, same
from backend.passwords import hash_password, verify_password
from backend.store.desk_models import StaffRow, StaffSessionRow

log = structlog.get_logger()
ROLES = ("agent", "supervisor", "admin")
SESSION_LASTS = timedelta(hours=10)
TRIES = 5
# Each further wrong password doubles the wait, up to an hour.
LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(hours=1)


@dataclass(frozen=True)
class Member:
    """A signed-in member of staff."""

    id: str
    name: str
    email: str
    role: str

    def to_json(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name, "email": self.email, "role": self.role}


def member_of(row: StaffRow) -> Member:
    return Member(row.id, row.name, row.email, row.role)


async def create(session: AsyncSession, email: str, name: str, role: str, password: str, now: datetime) -> Member:
    """A new account. Raises BadInput or Conflict saying what is wrong."""
    email = email.strip().lower()
    if "@" not in email or len(email) > 200:
        raise BadInput("Expected an e-mail address.", field="email")
    if role not in ROLES:
        raise BadInput(f"Expected one of {', '.join(ROLES)}.", field="role")
    if len(password) < 10:
        raise BadInput("Expected a password of at least 10 characters.", field="password")
    if not name.strip():
        raise BadInput("Expected a name.", field="name")
    if await session.scalar(select(StaffRow).where(StaffRow.email == email)):
        raise Conflict(f"There is a member of staff with {email} already.")
    row = StaffRow(
        id=new_id("staff"),
        email=email,
        name=name.strip()[:100],
        role=role,
        password_hash=hash_password(password),
        active=True,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return member_of(row)


async def check_password(session: AsyncSession, email: str, password: str, now: datetime) -> StaffRow | None:
    """The account if the password is right, else None; wrong tries are counted in the caller's transaction.

    Unknown addresses cost the same time and get the same answer. A locked account refuses right passwords too.
    """
    row = await session.scalar(
        select(StaffRow).where(func.lower(StaffRow.email) == email.strip().lower()).with_for_update()
    )
    is_right = verify_password(row.password_hash if row else None, password)
    if row is None or not row.active:
        return None
    if row.locked_until is not None and now < row.locked_until:
        return None
    if is_right:
        row.failed_sign_ins, row.locked_until = 0, None
        return row
    row.failed_sign_ins += 1
    if row.failed_sign_ins >= TRIES:
        row.locked_until = now + min(LONGEST_LOCK, LOCK * 2 ** min(10, row.failed_sign_ins - TRIES))
        log.warning("staff.locked", staff=row.id, tries=row.failed_sign_ins)
    return None


async def open_session(session: AsyncSession, row: StaffRow, now: datetime) -> tuple[str, str]:
    """The cookie's value and the CSRF token of a new session; expired ones are cleared away."""
    await session.execute(delete(StaffSessionRow).where(StaffSessionRow.expires_at < now))
    cookie, csrf = new_token(), new_token()
    session.add(
        StaffSessionRow(
            token_hash=hash_token(cookie), staff_id=row.id, csrf=csrf, created_at=now, expires_at=now + SESSION_LASTS
        )
    )
    return cookie, csrf


async def signed_in(
    session: AsyncSession, cookie: str | None, csrf: str | None, now: datetime, *, changes: bool
) -> Member:
    """Who holds this cookie. Raises Unauthorized, or Forbidden when something changes without the CSRF token."""
    found = None
    if cookie:
        query = (
            select(StaffSessionRow, StaffRow)
            .join(StaffRow, StaffRow.id == StaffSessionRow.staff_id)
            .where(StaffSessionRow.token_hash == hash_token(cookie))
        )
        found = (await session.execute(query)).first()
    if found is None or found[0].expires_at < now or not found[1].active:
        raise Unauthorized("Please sign in.", code="not_signed_in")
    if changes and not same(found[0].csrf, csrf or ""):
        raise Forbidden("Send the session's token as 'X-CSRF-Token'.", code="csrf")
    return member_of(found[1])


async def close_session(session: AsyncSession, cookie: str) -> None:
    await session.execute(delete(StaffSessionRow).where(StaffSessionRow.token_hash == hash_token(cookie)))
