"""Readers of a world's single values: each takes what a file holds and gives the value, or says what was expected.

A reader is `(raw, now) -> value` and raises ValueError whose message continues "expected …". `now` is what relative
instants such as `now-9d` count from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import InvalidOperation
from typing import Any

from backend.policy.money import Money
from backend.store import world_vocabulary as words

Reader = Callable[[Any, datetime], Any]

_MOST = 1_000_000  # no count in a world is larger; the columns would not hold much more
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_RELATIVE = re.compile(r"now(?:\s*([+-])\s*((?:\d{1,9}[smhd])+))?")
_STEP = re.compile(r"(\d+)([smhd])")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]+\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?: ?[Zz]|[+-]\d\d:\d\d)?)?")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
# Characters no database text or no page should hold: controls and halves of surrogate pairs.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_YEARS_EXPECTED = f"an instant in the years {_FIRST_YEAR} to {_LAST_YEAR}"
_INSTANT_EXPECTED = "an instant such as 2026-03-10T12:00:00Z or now-9d"
_MONEY_EXPECTED = "an amount of at least zero such as 49.00 USD"


def got(raw: Any) -> str:
    """What was found instead, short enough for one line."""
    if raw is None:
        return "nothing"
    if isinstance(raw, Mapping):
        return "a mapping"
    if isinstance(raw, (list, tuple)):
        return "a list"
    shown = repr(raw) if not isinstance(raw, bool) else str(raw).lower()
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def text(most: int = 500, *, least: int = 1) -> Reader:
    def read(raw: Any, _now: datetime) -> str:
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            raise ValueError("text; a number has to stand in quotes")
        if not isinstance(raw, str) or len(raw.strip()) < least:
            raise ValueError("text")
        if len(raw) > most:
            raise ValueError(f"text of at most {most} characters")
        if _UNPRINTABLE.search(raw):
            raise ValueError("text without control characters")
        return raw

    return read


name_id = text(100)  # an id: the desk's records keep 100 characters of it


def one_of(allowed: tuple[str, ...]) -> Reader:
    def read(raw: Any, _now: datetime) -> str:
        if not isinstance(raw, str) or raw not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return raw

    return read


def or_null(reader: Reader) -> Reader:
    def read(raw: Any, now: datetime) -> Any:
        return None if raw is None else reader(raw, now)

    return read


def flag(raw: Any, _now: datetime) -> bool:
    # The file's yes and no stay text (so that Norway's NO does), and are taken for what they say here.
    known = {"yes": True, "on": True, "no": False, "off": False}
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in known:
        return known[raw.lower()]
    raise ValueError("true or false")


def whole(least: int = 0, most: int = _MOST) -> Reader:
    def read(raw: Any, _now: datetime) -> int:
        number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
        if not number or not least <= raw <= most or raw != int(raw):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(raw)

    return read


def share(raw: Any, _now: datetime) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not 0 <= raw <= 1:
        raise ValueError("a number from 0 to 1")
    return float(raw)


def instant(raw: Any, now: datetime) -> datetime:
    """RFC 3339, or relative to `now`. One without a zone is UTC, as YAML's timestamps are."""
    if isinstance(raw, str):
        relative = _RELATIVE.fullmatch(raw.strip())
        return _relative(relative, now) if relative else _absolute(raw.strip())
    if isinstance(raw, datetime):
        return _utc(raw)
    if isinstance(raw, date):
        return _in_reach(datetime(raw.year, raw.month, raw.day, tzinfo=timezone.utc))
    raise ValueError(_INSTANT_EXPECTED)


def _relative(match: re.Match[str], now: datetime) -> datetime:
    steps = {_UNITS[unit]: 0 for unit in _UNITS}
    for amount, unit in _STEP.findall(match[2] or ""):
        steps[_UNITS[unit]] += int(amount)
    try:
        distance = timedelta(**steps)
        return _in_reach(now - distance if match[1] == "-" else now + distance)
    except OverflowError:
        raise ValueError(_YEARS_EXPECTED) from None


def _absolute(raw: str) -> datetime:
    if not _INSTANT.fullmatch(raw):
        raise ValueError(_INSTANT_EXPECTED)
    try:
        value = datetime.fromisoformat(re.sub(r"[ Tt]+(?=\d\d:)", "T", raw).replace(" ", "").upper())
    except ValueError:
        raise ValueError(f"{_INSTANT_EXPECTED}; there is no such day or time") from None
    return _utc(value)


def _utc(value: datetime) -> datetime:
    try:
        aware = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(_YEARS_EXPECTED) from None
    return _in_reach(aware)


def _in_reach(value: datetime) -> datetime:
    # Windows are added to instants everywhere; one at the end of time would break the sum, not the world.
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(_YEARS_EXPECTED)
    return value


def money(raw: Any, _now: datetime) -> Money:
    """`49.00 USD`, or JSON's `{"amount": "49.00", "currency": "USD"}`."""
    if isinstance(raw, Mapping) and set(raw) == {"amount", "currency"} and not isinstance(raw["amount"], bool):
        raw = f"{raw['amount']} {raw['currency']}"
    try:
        return Money.parse(raw)
    except (ValueError, InvalidOperation) as error:
        decimals = re.search(r"has \d+ decimals", str(error))
        said = f"; its currency {decimals[0]}" if decimals and isinstance(raw, str) else ""
        raise ValueError(_MONEY_EXPECTED + said) from None


def email(raw: Any, now: datetime) -> str:
    address = text(254)(raw, now)
    if not _EMAIL.fullmatch(address):
        raise ValueError("an e-mail address")
    return address


def country(raw: Any, _now: datetime) -> str:
    if not isinstance(raw, str) or not re.fullmatch("[A-Z]{2}", raw):
        raise ValueError("two capital letters, as in ISO 3166-1: BR, US, IN")
    return raw


def via(raw: Any, now: datetime) -> str:
    if isinstance(raw, str) and raw.startswith(words.MARKETPLACE) and len(raw) > len(words.MARKETPLACE):
        return text(100)(raw, now)
    if raw not in words.VIAS:
        raise ValueError(f"one of {', '.join(words.VIAS)}, {words.MARKETPLACE}<name>")
    return str(raw)
