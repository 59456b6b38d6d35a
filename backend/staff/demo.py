"""Demo mode: two members of staff, so that who tries the desk can take the other side of a conversation, too."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.passwords import hash_password
from backend.staff import accounts
from backend.store.desk_models import StaffRow

MEMBERS = (("kim@lectern.example", "Kim Duarte", "agent"), ("sam@lectern.example", "Sam Lindqvist", "supervisor"))


async def sign_ins(session: AsyncSession, secret: str, now: datetime) -> list[tuple[str, str, str]]:
    """(address, role, password) of each, made if they are not there. The password is this installation's own: it comes
    from its secret, so that it can be shown at every start and is the same nowhere else."""
    found = []
    for email, name, role in MEMBERS:
        password = hmac.new(secret.encode(), f"demo staff {email}".encode(), hashlib.sha256).hexdigest()[:12]
        row = await session.scalar(select(StaffRow).where(StaffRow.email == email))
        if row is None:
            await accounts.create(session, email, name, role, password, now)
        else:
            row.password_hash, row.role = hash_password(password), role
        found.append((email, role, password))
    return found
