"""Opaque ids and hashes of secrets."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_id(kind: str) -> str:
    """A fresh unguessable id such as `msg_x3…`, 22 random characters (128 bits) after the kind."""
    return f"{kind}_{secrets.token_urlsafe(16)}"


def new_token() -> str:
    """A bearer token (256 bits)."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a token. The token is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
