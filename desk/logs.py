"""The log files of the desk's programs: rotated at every start, and read along for what the person should see."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from time import monotonic

KEPT = 3
LARGEST_BYTES = 50_000_000
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SERIOUS = re.compile(
    r"\b(?:WARNING|ERROR|CRITICAL)\b"  # Python's logging
    r"|\[(?:warning|error|critical)\s*\]"  # structlog as text
    r'|"(?:level|log_level)":\s*"(?:warning|error|critical)"'  # structlog as JSON
)
# A program in trouble says the same thing often; more than this many lines a minute are only counted.
LINES_A_MINUTE = 10


def rotate(path: Path) -> None:
    """`x.log` becomes `x.log.1`, that `x.log.2`, …; the oldest goes."""
    for number in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if newer.exists():
            newer.replace(older)


def last_words(path: Path) -> str:
    """The last line that says something, or nothing."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [COLOUR.sub("", line).strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")


class Follower:
    """Gives the lines that were added to a log file and are warnings or worse."""

    def __init__(self, path: Path):
        self.path = path
        self._position = 0
        self._rest = b""
        self._shown: deque[float] = deque()
        self._withheld = 0

    def serious(self) -> list[str]:
        """The new ones since the last call."""
        lines = [line for line in self._new_lines() if SERIOUS.search(line)]
        now = monotonic()
        while self._shown and now - self._shown[0] > 60:
            self._shown.popleft()
        told = []
        if self._withheld and not self._shown:
            told.append(f"({self._withheld} more such lines are in {self.path.name})")
            self._withheld = 0
        for line in lines:
            if len(self._shown) < LINES_A_MINUTE:
                self._shown.append(now)
                told.append(line)
            else:
                self._withheld += 1
        return told

    def _new_lines(self) -> list[str]:
        try:
            size = self.path.stat().st_size
            if size < self._position:
                self._position, self._rest = 0, b""
            if size == self._position:
                return []
            with self.path.open("rb") as file:
                file.seek(self._position)
                added = file.read(1_000_000)
        except OSError:
            return []
        self._position += len(added)
        if self._position > LARGEST_BYTES:
            # Programs append, so emptying the file under them is safe.
            self.path.with_name(f"{self.path.name}.1").write_bytes(self.path.read_bytes())
            with self.path.open("r+b") as file:
                file.truncate()
            self._position = 0
        *whole, self._rest = (self._rest + added).split(b"\n")
        return [COLOUR.sub("", line.decode(errors="replace")) for line in whole]
