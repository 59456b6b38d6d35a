"""The one clock. Nothing else in the backend reads the time; rules are given `as_of`."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """The present as everything takes it: the machine's time, or an instant set for tests."""

    def __init__(self) -> None:
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The present, aware UTC, to the microsecond."""
        return self._frozen or datetime.now(timezone.utc)

    def set(self, instant: datetime | None) -> None:
        """Take `instant` for the present from now on; None lets time run again."""
        self._frozen = instant.astimezone(timezone.utc) if instant else None

    @property
    def frozen(self) -> datetime | None:
        return self._frozen

    @staticmethod
    def elapsed() -> float:
        """Seconds from an arbitrary point, never set: for limits and time-outs."""
        return time.monotonic()
