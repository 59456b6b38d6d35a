"""Staff accounts and sessions: made by the command line, signed in with a cookie and a CSRF header."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import BadInput, Conflict, Forbidden, Unauthorized
from backend.ids import hash_token, new_id, new_token, same
from backend.passwords import hash_password, verify_password
from backend.staff import codes
from backend.store.desk_models import AuditRow, StaffRow, StaffSessionRow

log = structlog.get_logger()
ROLES = ("agent", "supervisor", "admin")
SESSION_LASTS = timedelta(hours=10)
SHORTEST_PASSWORD = 10
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
    totp: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "email": self.email, "role": self.role, "totp": self.totp}


def member_of(row: StaffRow) -> Member:
    return Member(row.id, row.name, row.email, row.role, row.totp_since is not None)


async def create(session: AsyncSession, email: str, name: str, role: str, password: str, now: datetime) -> Member:
    """A new account. Raises BadInput or Conflict saying what is wrong."""
    email = email.strip().lower()
    if "@" not in email or len(email) > 200:
        raise BadInput("Expected an e-mail address.", field="email")
    if role not in ROLES:
        raise BadInput(f"Expected one of {', '.join(ROLES)}.", field="role")
    check_new_password(password)
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


def check_new_password(password: str) -> None:
    """Raises BadInput for one that is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"Expected a password of at least {SHORTEST_PASSWORD} characters.", field="password")


async def still_here(session: AsyncSession, staff_id: str) -> StaffRow | None:
    """The member, if they may sign in still, and so until the end of the transaction."""
    query = select(StaffRow).where(StaffRow.id == staff_id, StaffRow.active)
    return await session.scalar(query.with_for_update(read=True).execution_options(populate_existing=True))


async def check_sign_in(
    session: AsyncSession, email: str, password: str, code: str | None, desk_secret: str, now: datetime
) -> StaffRow | None:
    """The account if the password and, where one is asked for, the code are right; else None.

    Wrong tries are counted in the caller's transaction. Unknown addresses cost the same time and get the same answer.
    A locked account refuses what is right too. Raises Unauthorized (`code_needed`) for a right password without its
    code: that counts neither as a try nor as having signed in.
    """
    row = await session.scalar(
        select(StaffRow).where(func.lower(StaffRow.email) == email.strip().lower()).with_for_update()
    )
    is_right = verify_password(row.password_hash if row else None, password)
    if row is None or not row.active or is_locked(row, now):
        return None
    if is_right and row.totp_since is not None:
        if not (code or "").strip():
            raise Unauthorized("Enter the code of your authenticator app.", code="code_needed")
        is_right = take_code(row, code or "", desk_secret, now)
    count_try(row, is_right, now)
    return row if is_right else None


def is_locked(row: StaffRow, now: datetime) -> bool:
    return row.locked_until is not None and now < row.locked_until


def count_try(row: StaffRow, is_right: bool, now: datetime) -> None:
    """A right try begins the count anew, a wrong one may lock the account."""
    if is_right:
        row.failed_sign_ins, row.locked_until = 0, None
        return
    row.failed_sign_ins += 1
    if row.failed_sign_ins >= TRIES:
        row.locked_until = now + min(LONGEST_LOCK, LOCK * 2 ** min(10, row.failed_sign_ins - TRIES))
        log.warning("staff.locked", staff=row.id, tries=row.failed_sign_ins)


def take_code(row: StaffRow, code: str, desk_secret: str, now: datetime) -> bool:
    """Whether a code is right and was not taken before; then it is taken."""
    secret = codes.secret_of(desk_secret, row.id, row.totp_salt or "")
    step = codes.step_of(secret, code, now, row.totp_step)
    row.totp_step = step or row.totp_step
    return step is not None


async def end_codes(session: AsyncSession, email: str, now: datetime) -> bool:
    """Ask for no codes any more, and put it on record; False where nobody of that address is asked for any."""
    query = select(StaffRow).where(StaffRow.email == email.strip().lower(), StaffRow.totp_since.is_not(None))
    row = await session.scalar(query.with_for_update())
    if row is None:
        return False
    row.totp_salt = row.totp_since = row.totp_step = None
    entry = {"operation": "staff_account", "target": row.id, "outcome": "granted", "reasons": ["totp_off"]}
    session.add(AuditRow(at=now, actor="command_line", **entry))
    return True


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


async def csrf_of(session: AsyncSession, cookie: str) -> str:
    """The CSRF token of a session that is known to be good: a page that was loaded anew asks for it again."""
    query = select(StaffSessionRow.csrf).where(StaffSessionRow.token_hash == hash_token(cookie))
    return str(await session.scalar(query))


async def close_session(session: AsyncSession, cookie: str) -> str | None:
    """Whose session it was."""
    of_cookie = StaffSessionRow.token_hash == hash_token(cookie)
    staff_id = await session.scalar(select(StaffSessionRow.staff_id).where(of_cookie))
    await session.execute(delete(StaffSessionRow).where(of_cookie))
    return staff_id
