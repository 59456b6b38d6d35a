"""Asks the backend. The only module here that talks to anything."""

from __future__ import annotations

import asyncio
import functools
import os
from typing import Any
from urllib.parse import quote

import aiohttp

from actions.settings import Settings

LIMIT_S = 5.0
MAX_ANSWER_BYTES = 1024 * 1024


class BackendError(Exception):
    """The backend did not answer as agreed. The message never holds what was asked or answered."""


class Backend:
    """The internal API of the backend."""

    def __init__(self, settings: Settings, limit_s: float = LIMIT_S) -> None:
        """`limit_s`: seconds from connecting to the last byte of the answer."""
        self._url = settings.internal_url
        self._headers = {"Authorization": f"Bearer {settings.service_token}"}
        self._timeout = aiohttp.ClientTimeout(total=limit_s, ceil_threshold=2 * limit_s)
        self._connections: aiohttp.ClientSession | None = None

    async def turn(self, turn: str, do: dict[str, Any]) -> list[dict[str, Any]]:
        """The replies to one turn, at least one. BackendError for anything else: refused, slow, not as agreed.

        Never tried a second time: the backend may have carried something out before it failed, and the one who knows
        is the backend, which asks the turn again by its id.
        """
        address = f"{self._url}/internal/v1/turns/{quote(turn, safe='')}"
        try:
            async with self._session().post(address, json=do, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise BackendError(f"the backend answered {answer.status}")
                if (answer.content_length or 0) > MAX_ANSWER_BYTES:
                    raise BackendError("the backend's answer is too long")
                body = await answer.json()
        except asyncio.TimeoutError as error:
            raise BackendError("the backend took too long") from error
        except aiohttp.ClientError as error:
            raise BackendError(f"the backend cannot be asked: {type(error).__name__}") from error
        except ValueError as error:
            raise BackendError("the backend's answer is not JSON") from error
        return _replies(body)

    def _session(self) -> aiohttp.ClientSession:
        """One for all turns, made in the loop that asks first: its connections stay open between them."""
        if self._connections is None or self._connections.closed:
            self._connections = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers)
        return self._connections

    async def close(self) -> None:
        """Ends the connections."""
        if self._connections is not None:
            await self._connections.close()


@functools.cache
def backend() -> Backend:
    """The backend that the environment names."""
    return Backend(Settings.from_environment(os.environ))


def _replies(body: Any) -> list[dict[str, Any]]:
    replies = body.get("replies") if isinstance(body, dict) else None
    if not isinstance(replies, list) or not replies or not all(isinstance(reply, dict) for reply in replies):
        raise BackendError("the backend's answer has no replies")
    return replies
