"""Connections to SQLite that do their work at once, in the thread that asks.

`aiosqlite` hands every step to a thread and waits for it: four hand-overs a statement, each dearer than the statement
itself, which takes microseconds on the desk's tables. Only what may wait for the disk goes to the thread still, and
whoever finds the database locked by another process waits without holding up anybody else.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

# How long a lock of another process is waited for, in seconds, and how often it is tried.
BUSY_S = 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.001, 0.05


class DirectConnection(aiosqlite.Connection):
    """A connection whose statements run where they are awaited. Used by one task at a time, as all connections are."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or not self._connection:
            raise ValueError("Connection closed")
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + BUSY_S, FIRST_PAUSE_S
        while True:
            try:
                return fn(*args, **kwargs)
            except sqlite3.OperationalError as error:
                # Nothing of a statement that found the database busy has happened: it may be tried again.
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or loop.time() > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def commit(self) -> None:
        """In the thread: now and then a commit writes the log back and waits for the disk.

        Whoever cancels it waits as well: what comes next must not meet it in the connection.
        """
        done = asyncio.ensure_future(super()._execute(self._conn.commit))
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done])
            raise


def connect(database: str, **options: Any) -> DirectConnection:
    """To be awaited. `options` are those of `sqlite3.connect`; waiting for locks is not left to it."""
    options |= {"timeout": 0, "check_same_thread": False}
    return DirectConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
