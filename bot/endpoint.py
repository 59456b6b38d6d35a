"""The action server as Rasa calls it: with a limit a learner can wait for."""

from __future__ import annotations

from typing import Any

import aiohttp
from rasa.utils.endpoints import EndpointConfig

LIMIT_S = 5.0
# aiohttp rounds longer limits up to the next second unless told not to.
_TIMEOUT = aiohttp.ClientTimeout(total=LIMIT_S, ceil_threshold=2 * LIMIT_S)


class LimitedEndpoint(EndpointConfig):
    """An endpoint that gives up after LIMIT_S seconds.

    Rasa waits 300 s for an action and passes that figure with each request, longer than it holds the conversation's
    lock (60 s) and far longer than the backend waits for the turn (8 s). Here its figure is replaced.
    """

    def session(self) -> aiohttp.ClientSession:
        """A session for one call; seconds count from connecting to the last byte."""
        return aiohttp.ClientSession(headers=self.headers, timeout=_TIMEOUT)

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """As Rasa's, within LIMIT_S; asyncio.TimeoutError when that is over."""
        kwargs["timeout"] = _TIMEOUT
        return await super().request(*args, **kwargs)

    @classmethod
    def limiting(cls, endpoint: EndpointConfig) -> LimitedEndpoint:
        """The same endpoint, limited."""
        return cls(endpoint.url, endpoint.params, endpoint.headers)
