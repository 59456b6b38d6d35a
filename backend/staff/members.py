"""Who the staff are: signing in and out, the second factor, and what an admin makes and changes. All on record."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.conversations import presence
from backend.conversations.fanout import LIVE, Fanout
from backend.errors import BadInput, Conflict, Forbidden, NotFound, ServiceError, Unauthorized
from backend.ids import new_id
from backend.passwords import hash_password, verify_password
from backend.staff import accounts, codes
from backend.staff.accounts import Member
from backend.staff.returning import Returning
from backend.store.base import Store
from backend.store.desk_models import AuditRow, StaffRow, StaffSessionRow

log = structlog.get_logger()


class Members:
    """Members of staff and their sessions."""

    def __init__(self, store: Store, clock: Clock, fanout: Fanout, returning: Returning, desk_secret: str) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._returning = returning
        self._secret = desk_secret

    # --- signing in ------------------------------------------------------------------------------------------------

    async def sign_in(self, email: str, password: str, code: str | None = None) -> tuple[Member, str, str] | None:
        """The member, the cookie and the CSRF token; None when they do not fit. Raises Unauthorized (`code_needed`)."""
        async with self._store.write() as session:
            now = self._clock.now()
            row = await accounts.check_sign_in(session, email, password, code, self._secret, now)
            if row is None:
                return None
            cookie, csrf = await accounts.open_session(session, row, now)
            return accounts.member_of(row), cookie, csrf

    async def csrf_of(self, cookie: str) -> str:
        """The token of a session, for a page that was loaded anew."""
        async with self._store.read() as session:
            return await accounts.csrf_of(session, cookie)

    async def sign_out(self, cookie: str) -> None:
        async with self._store.write() as session:
            staff_id = await accounts.close_session(session, cookie)
            if staff_id is not None:
                await presence.signed_off(session, staff_id, self._clock.now())

    # --- the second factor -----------------------------------------------------------------------------------------

    async def begin_codes(self, member: Member) -> dict[str, str]:
        """`{"secret", "uri"}` for an authenticator app. Codes are asked for only once one was confirmed."""
        async with self._store.write() as session:
            row = await _held(session, member.id)
            if row.totp_since is not None:
                raise Conflict("Codes are asked for already. Turn them off first.", code="totp_on")
            row.totp_salt, row.totp_step = new_id("salt"), None
            secret = codes.secret_of(self._secret, row.id, row.totp_salt)
            return {"secret": secret, "uri": codes.uri_of(secret, row.email)}

    async def confirm_codes(self, member: Member, code: str) -> Member:
        """The app shows the right code: from now on one is asked for."""
        async with self._store.write() as session:
            row, now = await _held(session, member.id), self._clock.now()
            if row.totp_salt is None or row.totp_since is not None:
                raise Conflict("Begin with a new secret.", code="totp_not_begun")
            if not accounts.take_code(row, code, self._secret, now):
                raise BadInput("That is not the code of this moment.", code="wrong_code", field="code")
            row.totp_since = now
            _record(session, f"staff:{member.id}", row, "totp_on", now)
            return accounts.member_of(row)

    async def end_codes(self, member: Member, password: str) -> Member:
        """Turn codes off again. Raises Unauthorized for a wrong password, which counts like one at the sign-in."""
        async with self._store.write() as session:
            row, now = await _held(session, member.id), self._clock.now()
            if row.totp_since is None:
                raise Conflict("No codes are asked for.", code="totp_not_on")
            is_right = not accounts.is_locked(row, now) and verify_password(row.password_hash, password)
            if not accounts.is_locked(row, now):
                accounts.count_try(row, is_right, now)
            if is_right:
                _end_codes(row)
                _record(session, f"staff:{member.id}", row, "totp_off", now)
            found = accounts.member_of(row)
        if not is_right:
            raise Unauthorized("That password is not right, or the account is locked.", code="wrong_credentials")
        return found

    # --- what an admin does ----------------------------------------------------------------------------------------

    async def list(self) -> list[dict[str, Any]]:
        """Everybody, the active first, by name, and who is there now."""
        async with self._store.read() as session:
            rows = (await session.scalars(select(StaffRow).order_by(StaffRow.active.desc(), StaffRow.name))).all()
            online = await presence.online_ids(session, self._clock.now())
            return [_member_json(row, online) for row in rows]

    async def create(self, admin: Member, email: str, name: str, role: str, password: str) -> dict[str, Any]:
        """A new account. Raises Forbidden, BadInput, Conflict."""
        _only_admins(admin)
        async with self._store.write() as session:
            now = self._clock.now()
            made = await accounts.create(session, email, name, role, password, now)
            row = await _held(session, made.id)
            _record(session, f"staff:{admin.id}", row, "member_made", now)
            return _member_json(row, await presence.online_ids(session, now))

    async def change(
        self,
        admin: Member,
        staff_id: str,
        *,
        role: str | None = None,
        active: bool | None = None,
        password: str | None = None,
        totp: bool | None = None,
    ) -> dict[str, Any]:
        """Change another's account; `totp`: only false, for a lost phone. Raises Forbidden, NotFound, BadInput.

        Whoever is no longer active, or has a new password, is signed out everywhere. The conversations of those who are
        no longer active go back to the queue at once.
        """
        _only_admins(admin)
        if staff_id == admin.id:
            raise Forbidden("Another admin has to change your account.", code="own_account")
        if totp:
            raise BadInput("Codes can only be turned off for somebody else.", field="totp")
        async with self._store.write() as session:
            now, row = self._clock.now(), await _held(session, staff_id)
            if role is not None:
                if role not in accounts.ROLES:
                    raise BadInput(f"Expected one of {', '.join(accounts.ROLES)}.", field="role")
                row.role = role
                _record(session, f"staff:{admin.id}", row, f"role_{role}", now)
            if active is not None:
                row.active = active
                _record(session, f"staff:{admin.id}", row, "activated" if active else "deactivated", now)
            if password is not None:
                accounts.check_new_password(password)
                row.password_hash, row.failed_sign_ins, row.locked_until = hash_password(password), 0, None
                _record(session, f"staff:{admin.id}", row, "password_set", now)
            if totp is False:
                _end_codes(row)
                _record(session, f"staff:{admin.id}", row, "totp_off", now)
            if password is not None or not row.active:
                await session.execute(delete(StaffSessionRow).where(StaffSessionRow.staff_id == row.id))
            changed = _member_json(row, await presence.online_ids(session, now))
        if password is not None or not changed["active"]:
            await self._fanout.publish(LIVE, {"type": "signed_out", "staff": staff_id})
        if not changed["active"]:
            await self._return_conversations()
        return changed

    async def _return_conversations(self) -> None:
        """After the account: what is claimed from then on is refused, so nothing is left behind."""
        try:
            await self._returning.of_those_who_left()
        except ServiceError as error:  # the search for silence finds them, too
            log.warning("members.conversations.unreturned", code=error.code)


async def _held(session: AsyncSession, staff_id: str) -> StaffRow:
    row = await session.scalar(select(StaffRow).where(StaffRow.id == staff_id).with_for_update())
    if row is None:
        raise NotFound("There is no such member of staff.")
    return row


def _only_admins(member: Member) -> None:
    if member.role != "admin":
        raise Forbidden("Only an admin may do that.", code="admins_only")


def _end_codes(row: StaffRow) -> None:
    row.totp_salt = row.totp_since = row.totp_step = None


def _member_json(row: StaffRow, online: Collection[str]) -> dict[str, Any]:
    member = accounts.member_of(row).to_json()
    return {**member, "active": row.active, "online": row.active and row.id in online}


def _record(session: AsyncSession, actor: str, row: StaffRow, what: str, now: Any) -> None:
    log.info("staff.changed", staff=row.id, change=what)
    session.add(
        AuditRow(at=now, actor=actor, operation="staff_account", target=row.id, outcome="granted", reasons=[what])
    )
