"""Tasks that run beside the requests, and how they end."""

from __future__ import annotations

import asyncio
from typing import Any

PATIENCE = 5.0


async def ended(task: asyncio.Task[Any], patience: float = PATIENCE) -> None:
    """Wait for a task that was told to end; cancel it only if it does not.

    A task that is cancelled in the middle of a query takes its database connection with it.
    """
    done, _ = await asyncio.wait({task}, timeout=patience)
    if not done:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
