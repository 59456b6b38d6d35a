"""What a world may hold (contracts §6): every key, its reader and the value it takes when absent.

The contract requires ids, titles, names, e-mails and instants; every other absent key takes the value its example
shows, save where it says otherwise. References to a course, an item or an assignment count as ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backend.policy.money import Money
from backend.store import world_readers as read
from backend.store import world_vocabulary as words

REQUIRED: Any = object()


class Entry(dict[str, Any]):
    """One mapping of the file, read: the keys that could be read, and where it stands."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and not key.startswith("[") else f"{self.path}{key}"


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a world, e.g. `learners[0].payments[1].amount`."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


@dataclass(frozen=True)
class Key:
    """A single value. A `default` that can be called is asked with what has been read before it."""

    reader: read.Reader
    default: Any = REQUIRED
    secret: bool = False


@dataclass(frozen=True)
class Part:
    """A mapping below a key; null stays null where it may."""

    shape: Shape
    optional: bool = False


@dataclass(frozen=True)
class Many:
    """A list of mappings, no two with the same `unique` key."""

    shape: Shape
    unique: str


@dataclass(frozen=True)
class Each:
    """A list of single values, none twice."""

    reader: read.Reader
    default: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """The keys of a mapping. `orders` are pairs (later, earlier) of instants that may not stand the other way round."""

    keys: Mapping[str, Key | Part | Many | Each]
    orders: Sequence[tuple[str, str]] = ()


@dataclass
class Reading:
    """Reads by shape and collects every problem on the way."""

    now: datetime
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: str, what: str) -> None:
        self.problems.append(Problem(path, what))

    def entry(self, shape: Shape, raw: Any, path: str) -> Entry:
        entry = Entry(path)
        if not isinstance(raw, Mapping):
            self.problem(path, f"expected a mapping with {_listed(shape.keys)}; got {read.got(raw)}")
            return entry
        for unknown in [key for key in raw if key not in shape.keys]:
            self.problem(entry.at(str(unknown)), f"unknown key; expected one of {_listed(shape.keys)}")
        for name, kind in shape.keys.items():
            self._key(entry, name, kind, raw)
        for later, earlier in shape.orders:
            first, second = entry.get(earlier), entry.get(later)
            if first is not None and second is not None and second < first:
                self.problem(entry.at(later), f"expected an instant not before {earlier} ({first:%Y-%m-%dT%H:%M:%SZ})")
        return entry

    def _key(self, entry: Entry, name: str, kind: Key | Part | Many | Each, raw: Mapping[str, Any]) -> None:
        path = entry.at(name)
        if isinstance(kind, Key):
            if name in raw:
                self._value(entry, name, kind, raw[name])
            elif kind.default is REQUIRED:
                self.problem(path, "this key is required")
            else:
                entry[name] = kind.default(entry) if callable(kind.default) else kind.default
        elif isinstance(kind, Part):
            value = raw.get(name)
            entry[name] = (
                None
                if value is None and kind.optional
                else self.entry(kind.shape, {} if value is None else value, path)
            )
        elif isinstance(kind, Many):
            entry[name] = self._many(kind, raw.get(name), path)
        else:
            entry[name] = self._each(kind, raw.get(name, kind.default), path)

    def _value(self, entry: Entry, name: str, key: Key, raw: Any) -> None:
        try:
            entry[name] = key.reader(raw, self.now)
        except ValueError as error:
            self.problem(entry.at(name), f"expected {error}; got {'something else' if key.secret else read.got(raw)}")

    def _many(self, kind: Many, raw: Any, path: str) -> list[Entry]:
        if not isinstance(raw, (list, tuple)):
            if raw is not None:
                self.problem(path, f"expected a list; got {read.got(raw)}")
            return []
        entries = [self.entry(kind.shape, one, f"{path}[{at}]") for at, one in enumerate(raw)]
        first: dict[str, Entry] = {}
        for entry in entries:
            key = entry.get(kind.unique)
            if key is not None and first.setdefault(key, entry) is not entry:
                taken = first[key].at(kind.unique)
                self.problem(entry.at(kind.unique), f"expected one of its own; {key!r} is taken by {taken}")
        return entries

    def _each(self, kind: Each, raw: Any, path: str) -> list[str]:
        if not isinstance(raw, (list, tuple)):
            if raw is not None:
                self.problem(path, f"expected a list; got {read.got(raw)}")
            return []
        values = Entry(path)
        for at, one in enumerate(raw):
            self._value(values, f"[{at}]", Key(kind.reader), one)
        seen: list[str] = []
        for at, value in values.items():
            if value in seen:
                self.problem(f"{path}{at}", f"expected one of its own; {value!r} stands twice")
            else:
                seen.append(value)
        return seen


def _listed(keys: Mapping[str, Any]) -> str:
    return ", ".join(keys)


# --- the world -----------------------------------------------------------------------------------------------------

_ID = Key(read.name_id)
_INSTANT = Key(read.instant)
_MAYBE_INSTANT = Key(read.or_null(read.instant), None)
_MAYBE_MONEY = Key(read.or_null(read.money), None)
_MAYBE_TEXT = Key(read.or_null(read.text(2000)), None)
_MAYBE_ID = Key(read.or_null(read.name_id), None)
_MAYBE_SHARE = read.or_null(read.share)
_COUNT = Key(read.whole(), 0)
_VIA = Key(read.via, "web")


def _word(allowed: tuple[str, ...], default: str) -> Key:
    return Key(read.one_of(allowed), default)


def _maybe_word(allowed: tuple[str, ...], default: str | None = None) -> Key:
    return Key(read.or_null(read.one_of(allowed)), default)


def _flag(default: bool) -> Key:
    return Key(read.flag, default)


PARTNER = Shape({"id": _ID, "name": Key(read.text(200))})
ASSIGNMENT = Shape(
    {
        "id": _ID,
        "title": Key(read.text(300)),
        "kind": _word(words.ASSIGNMENT_KINDS, "quiz"),
        "weight": Key(read.share, 0.4),
        "passing": Key(_MAYBE_SHARE, 0.8),
        "required": _flag(True),
        "honors": _flag(False),
        "opens_after": _MAYBE_ID,
        "locked_by_staff": _flag(False),
        "peer_reviews_needed": _COUNT,
        "reviews_to_give": _COUNT,
    }
)
OFFERS = Shape(
    {"certificate": _flag(True), "audit": _flag(True), "aid": _flag(True), "full_no_certificate": _flag(False)}
)
COURSE = Shape(
    {
        "id": _ID,
        "title": Key(read.text(300)),
        "partner": _MAYBE_ID,
        "price": _MAYBE_MONEY,
        "starts_at": _MAYBE_INSTANT,
        "offers": Part(OFFERS),
        "verification": _word(words.VERIFICATIONS, "name"),
        "program": _word(words.PROGRAMS, "none"),
        "platform": _word(words.PLATFORMS, "new"),
        "passing_threshold": Key(_MAYBE_SHARE, None),
        "access_days": Key(read.or_null(read.whole(1)), None),
        "capstone": _maybe_word(words.CAPSTONES),
        "assignments": Many(ASSIGNMENT, "id"),
    }
)
SPECIALIZATION = Shape(
    {
        "id": _ID,
        "title": Key(read.text(300)),
        "partner": _MAYBE_ID,
        "courses": Each(read.name_id),
        "monthly_price": _MAYBE_MONEY,
        "prepay_price": _MAYBE_MONEY,
    }
)
CATALOG = Shape(
    {
        "partners": Many(PARTNER, "id"),
        "courses": Many(COURSE, "id"),
        "specializations": Many(SPECIALIZATION, "id"),
    }
)
ENROLLMENT = Shape(
    {
        "id": _ID,
        "course": _ID,
        "mode": _word(words.ENROLLMENT_MODES, "paid"),
        "since": _INSTANT,
        "completed_at": _MAYBE_INSTANT,
    },
    orders=[("completed_at", "since")],
)
PAYMENT = Shape(
    {
        "id": _ID,
        "kind": _word(words.PAYMENT_KINDS, "course"),
        "item": _ID,
        "amount": Key(read.money, Money.parse("79.00 USD")),
        "at": _INSTANT,
        "via": _VIA,
        "status": _word(words.PAYMENT_STATUSES, "completed"),
        "method": _maybe_word(words.PAYMENT_METHODS, "visa"),
        "promotion": _MAYBE_ID,
        "refunded_at": _MAYBE_INSTANT,
    },
    orders=[("refunded_at", "at")],
)
SUBSCRIPTION = Shape(
    {
        "id": _ID,
        "item": _ID,
        "plan": _word(words.SUBSCRIPTION_PLANS, "monthly"),
        "status": _word(words.SUBSCRIPTION_STATUSES, "active"),
        "since": _INSTANT,
        "trial_ends_at": _MAYBE_INSTANT,
        "period_ends_at": _MAYBE_INSTANT,
        "via": _VIA,
        "cancelled_at": _MAYBE_INSTANT,
        "cancel_reason": _maybe_word(words.CANCEL_REASONS),
    },
    orders=[("trial_ends_at", "since"), ("period_ends_at", "since"), ("cancelled_at", "since")],
)
CERTIFICATE = Shape({"course": _ID, "earned_at": _INSTANT})
AID = Shape(
    {
        "id": _ID,
        "course": _ID,
        "submitted_at": _INSTANT,
        "words": Key(read.whole(), 220),
        "status": _word(words.AID_STATUSES, "submitted"),
        "decided_at": _MAYBE_INSTANT,
        "reason": _MAYBE_TEXT,
    },
    orders=[("decided_at", "submitted_at")],
)
SUBMISSION = Shape(
    {
        "assignment": _ID,
        "status": _word(words.SUBMISSION_STATUSES, "graded"),
        # The example's score is that of graded work; what is not graded yet has none.
        "score": Key(_MAYBE_SHARE, lambda submission: 0.9 if submission.get("status") == "graded" else None),
        "peer_reviews_received": _COUNT,
        "reviews_given": _COUNT,
    }
)
PROMOTION = Shape(
    {"code": _ID, "percent": Key(read.whole(0, 100), 20), "courses": Each(read.name_id), "used_at": _MAYBE_INSTANT}
)
SSO = Shape({"organisation": Key(read.text(200)), "linked": _flag(True)})
LEARNER = Shape(
    {
        "id": _ID,
        "name": Key(read.text(200)),
        "email": Key(read.email),
        "country": Key(read.or_null(read.country), None),
        "password": Key(read.or_null(read.text(1000)), None, secret=True),
        "email_confirmed": _flag(True),
        "sign_ins": Each(read.one_of(words.SIGN_INS), ("password",)),
        "sso": Part(SSO, optional=True),
        "name_verification": _word(words.NAME_VERIFICATIONS, "none"),
        "id_verification": _word(words.ID_VERIFICATIONS, "none"),
        "enrollments": Many(ENROLLMENT, "id"),
        "payments": Many(PAYMENT, "id"),
        "subscriptions": Many(SUBSCRIPTION, "id"),
        "certificates": Many(CERTIFICATE, "course"),
        "aid": Many(AID, "id"),
        "submissions": Many(SUBMISSION, "assignment"),
        "promotions": Many(PROMOTION, "code"),
    }
)
WORLD = Shape({"now": _MAYBE_INSTANT, "catalog": Part(CATALOG), "learners": Many(LEARNER, "id")})
