"""One at a time: a lock on a file, which the system gives back when its holder ends, however that came about."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from desk.errors import DeskError


@contextlib.contextmanager
def alone(path: Path, waiting: Callable[[str], None] | None = None, refusal: str = "") -> Iterator[None]:
    """Hold the lock on `path` for the block.

    While another process (whose number stands in the file) has it: call `waiting` with that number and wait, or,
    without `waiting`, raise DeskError with `refusal`, in which `{holder}` is the number.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode().strip() or "?"
            if waiting is None:
                raise DeskError(refusal.format(holder=holder)) from None
            waiting(holder)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
