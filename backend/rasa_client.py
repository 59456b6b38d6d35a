"""The backend's way to Rasa: one request a turn, a secret, a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import structlog

from backend.errors import DialogueUnavailable

log = structlog.get_logger()


class DialogueEngine(Protocol):
    """Understands a text, or takes a server-made intent, and has the turn's action run."""

    async def turn(
        self,
        *,
        session: str,
        turn: str,
        text: str | None = None,
        intent: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Returns when the action is done. Raises DialogueUnavailable when it failed or took too long."""

    async def ready(self) -> bool: ...


class RasaClient:
    """Rasa through its own channel (`bot/channel.py`)."""

    def __init__(self, http: aiohttp.ClientSession, url: str, secret: str, timeout: float) -> None:
        self._http = http
        self._url = url.rstrip("/") + "/webhooks/lectern"
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def turn(
        self,
        *,
        session: str,
        turn: str,
        text: str | None = None,
        intent: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        body: dict[str, Any] = {"session": session, "turn": turn, "context": dict(context or {})}
        body |= {"intent": intent} if intent else {"text": text}
        try:
            async with self._http.post(
                f"{self._url}/turn", json=body, headers=self._headers, timeout=self._timeout
            ) as answer:
                if answer.status != 200:
                    raise DialogueUnavailable(f"the dialogue answered {answer.status}")
                if not isinstance(await answer.json(), dict):
                    raise DialogueUnavailable("the dialogue answered something else")
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
            log.warning("dialogue.turn.failed", turn=turn, error=type(error).__name__)
            raise DialogueUnavailable("the dialogue did not answer in time") from error

    async def ready(self) -> bool:
        """Whether Rasa has its model loaded and answers."""
        try:
            async with self._http.get(self._url + "/", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, asyncio.TimeoutError):
            return False
