"""What the person at the keyboard sees: one line a step, each with the seconds since the start."""

from __future__ import annotations

import shutil
import sys
import threading
import time

# Where nobody watches the line change (a log file, CI), progress is a line of its own, but not often.
QUIET_SECONDS = 15.0


class Console:
    """Writes lines to standard output; `progress` rewrites the last line of a terminal. Safe for several threads."""

    def __init__(self, stream=None):
        self._stream = stream or sys.stdout
        self._started = time.monotonic()
        self._last_progress = self._started
        self._open_line = False
        self._lock = threading.Lock()

    def say(self, text: str = "") -> None:
        """A line as it is."""
        with self._lock:
            self._clear()
            self._write(text + "\n")

    def step(self, text: str) -> None:
        """A line with the seconds since the start before it."""
        self.say(self._stamped(text))
        self._last_progress = time.monotonic()

    def progress(self, text: str) -> None:
        """How far a step is: the last line of a terminal, elsewhere a line every 15 seconds."""
        with self._lock:
            if self._stream.isatty():
                self._clear()
                self._write(self._stamped(text)[: shutil.get_terminal_size().columns - 1])
                self._open_line = True
            elif time.monotonic() - self._last_progress >= QUIET_SECONDS:
                self._write(self._stamped(text) + "\n")
                self._last_progress = time.monotonic()

    def _stamped(self, text: str) -> str:
        return f"[{time.monotonic() - self._started:5.1f} s] {text}"

    def _clear(self) -> None:
        if self._open_line:
            self._write("\r\033[K")
            self._open_line = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            pass  # nobody reads any more; the work goes on
