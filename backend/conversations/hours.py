"""Opening hours: `Mon-Fri 08:00-20:00; Sat,Sun 10:00-14:00` in a time zone. Without any it is always open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RULE = re.compile(r"(?P<days>[a-z,\s-]+?)\s+(?P<opens>\d\d?:\d\d)\s*-\s*(?P<closes>\d\d?:\d\d)", re.I)
_A_WEEK = 8


@dataclass(frozen=True)
class Hours:
    """For each day of the week, the spans in which it is open, by minutes since midnight; None: always."""

    zone: tzinfo = timezone.utc
    place: str = "UTC"
    spans: tuple[tuple[tuple[int, int], ...], ...] | None = None

    @classmethod
    def parse(cls, text: str, zone: str) -> Hours:
        """Raises ValueError saying what was expected."""
        place = timezone.utc if zone == "UTC" else ZoneInfo(zone)
        if not text.strip():
            return cls(place, zone)
        spans: list[list[tuple[int, int]]] = [[] for _ in DAYS]
        for rule in filter(str.strip, re.split(r"[;\n]", text)):
            found = _RULE.fullmatch(rule.strip())
            if found is None:
                raise ValueError(f"expected hours such as 'Mon-Fri 08:00-20:00', got {rule.strip()!r}")
            opens, closes = _minutes(found["opens"]), _minutes(found["closes"])
            if opens >= closes:
                raise ValueError(f"expected a time to close after the one to open in {rule.strip()!r}")
            for day in _days(found["days"]):
                spans[day].append((opens, closes))
        return cls(place, zone, tuple(tuple(sorted(each)) for each in spans))

    @property
    def are_set(self) -> bool:
        return self.spans is not None

    def is_open(self, now: datetime) -> bool:
        """From the minute it opens until just before the one it closes."""
        if self.spans is None:
            return True
        local = now.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(opens <= minute < closes for opens, closes in self.spans[local.weekday()])

    def opens_next(self, now: datetime) -> datetime | None:
        """The next instant it opens after `now`; None if it never does, or is never closed."""
        local = now.astimezone(self.zone)
        for ahead in range(_A_WEEK):
            day = local.date() + timedelta(days=ahead)
            for opens, _ in (self.spans or ((),) * 7)[day.weekday()]:
                instant = datetime.combine(day, time(opens // 60, opens % 60), self.zone)
                if instant > now:
                    return instant
        return None

    def spoken(self, instant: datetime) -> str:
        """An opening as people say it: `Monday at 08:00 (Europe/Berlin)`."""
        local = instant.astimezone(self.zone)
        return f"{NAMES[local.weekday()]} at {local:%H:%M} ({self.place})"


def _minutes(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"expected a time of day such as 08:00, got {text!r}")
    return hour * 60 + minute


def _days(text: str) -> set[int]:
    """`mon-fri,sun` as numbers from Monday, 0."""
    found: set[int] = set()
    for part in text.casefold().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"expected days such as Mon-Fri or Sat,Sun, got {text.strip()!r}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)}
    return found
