"""Tasks that run beside the requests: work done again and again, and how tasks end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from backend.errors import ServiceError

log = structlog.get_logger()
PATIENCE = 5.0


class Repeated:
    """Does its work again and again until stopped: at once where there was something to do, else after a pause."""

    def __init__(self, name: str, work: Callable[[], Awaitable[int]], pause: float) -> None:
        """`work` tells how much there was to do; `pause` is in seconds."""
        self._name = name
        self._work = work
        self._pause = pause
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """What is being done may end first, for a few seconds."""
        self._stopping.set()
        if self._task:
            await ended(self._task)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            if not await self._once():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._pause)

    async def _once(self) -> int:
        try:
            return await self._work()
        except ServiceError as error:
            log.warning("task.unavailable", task=self._name, code=error.code)
        except Exception as error:  # a task that ended here would do nothing more until the next start
            log.exception("task.failed", task=self._name, error=type(error).__name__)
        return 0


async def ended(task: asyncio.Task[Any], patience: float = PATIENCE) -> None:
    """Wait for a task that was told to end; cancel it only if it does not.

    A task that is cancelled in the middle of a query takes its database connection with it.
    """
    done, _ = await asyncio.wait({task}, timeout=patience)
    if not done:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
