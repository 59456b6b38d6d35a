"""The action server as Rasa calls it: with a limit a learner can wait for, over connections that stay open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from rasa.utils.endpoints import EndpointConfig

LIMIT_S = 5.0
# aiohttp rounds longer limits up to the next second unless told not to.
_TIMEOUT = aiohttp.ClientTimeout(total=LIMIT_S, ceil_threshold=2 * LIMIT_S)
# Shorter than the action server leaves an idle connection open (5 s): never one that it is just closing.
IDLE_S = 2.0


class LimitedEndpoint(EndpointConfig):
    """An endpoint that gives up after LIMIT_S seconds.

    Rasa waits 300 s for an action and passes that figure with each request, longer than it holds the conversation's
    lock (60 s) and far longer than the backend waits for the turn (8 s). Here its figure is replaced.
    """

    _session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """The one session of all calls, made in the loop that calls first."""
        if self._session is None or self._session.closed:
            connections = aiohttp.TCPConnector(keepalive_timeout=IDLE_S)
            self._session = aiohttp.ClientSession(headers=self.headers, timeout=_TIMEOUT, connector=connections)
        yield self._session

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """As Rasa's, within LIMIT_S; asyncio.TimeoutError when that is over."""
        kwargs["timeout"] = _TIMEOUT
        return await super().request(*args, **kwargs)

    async def close(self) -> None:
        """Ends the connections."""
        if self._session is not None:
            await self._session.close()

    @classmethod
    def limiting(cls, endpoint: EndpointConfig) -> LimitedEndpoint:
        """The same endpoint, limited."""
        return cls(endpoint.url, endpoint.params, endpoint.headers, **endpoint.kwargs)
