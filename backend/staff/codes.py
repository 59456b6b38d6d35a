"""Codes at the sign-in (RFC 6238): what an authenticator app shows, taken once each.

A member's secret is made from the desk's own secret and a salt of theirs; it is stored nowhere, so a stolen database
makes no codes. Another desk's secret means other codes: then an admin, or the command line, turns them off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime

import pyotp

from backend.ids import same

ISSUER = "Lectern"
STEP_SECONDS = 30
# A phone's clock may be a step behind or ahead of ours.
DRIFT = 1
_CODE = re.compile(r"[0-9]{6}")


def secret_of(desk_secret: str, staff_id: str, salt: str) -> str:
    """The member's secret, in the letters authenticator apps take."""
    digest = hmac.new(desk_secret.encode(), f"totp\0{staff_id}\0{salt}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode("ascii")


def uri_of(secret: str, email: str) -> str:
    """What an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def step_of(secret: str, code: str, now: datetime, last: int | None) -> int | None:
    """The step of time a code belongs to, if it is right now and later than the `last` that was taken; else None."""
    code = re.sub(r"\s", "", code)
    if not _CODE.fullmatch(code):
        return None
    totp, present = pyotp.TOTP(secret), step_at(now)
    found = [step for step in range(present - DRIFT, present + DRIFT + 1) if same(totp.generate_otp(step), code)]
    fresh = [step for step in found if last is None or step > last]
    return min(fresh, default=None)
