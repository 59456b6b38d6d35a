"""Passwords: hashed with argon2id, checked in the same time whether or not there is one to check against."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP Password Storage Cheat Sheet, argon2id: at least 19 MiB of memory, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# Verified against when there is no hash, so that an answer's time never tells whether an account or a password exists.
_NOBODYS = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The hash to store: algorithm, cost and salt are part of it. Costs some 20 ms of one core; call it in a thread."""
    return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the one stored. Takes as long for a missing or unreadable hash as for a wrong password."""
    try:
        return _HASHER.verify(stored or _NOBODYS, password) and bool(stored)
    except InvalidHashError:
        verify_password(_NOBODYS, password)
        return False
    except VerificationError:
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a stored hash was made at another cost than today's; hash again at the next good sign-in."""
    return _HASHER.check_needs_rehash(stored)
