"""Turns the tables' inputs, written in the world's vocabulary, into facts. Absent keys take the world's defaults."""

from __future__ import annotations

import copy
import re
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from backend.policy import facts
from backend.policy.money import Money

INSTANT = re.compile(r"(now|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)((?:[+-](?:\d+[smhd])+)?)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
MONEY = re.compile(r"\d+(\.\d+)? [A-Z]{3}")


def instant(text: Any, now: datetime | None = None) -> datetime:
    """`2026-03-01T09:00:00Z`, `now`, `now-9d`, `now+3h30m`; an instant may be shifted in the same way."""
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=timezone.utc)
    match = INSTANT.fullmatch(text)
    if not match:
        raise ValueError(f"expected an instant such as 2026-03-01T09:00:00Z or now-9d, got {text!r}")
    base = now if match[1] == "now" else datetime.fromisoformat(match[1].replace("Z", "+00:00"))
    shift = timedelta(**{UNITS[unit]: int(count) for count, unit in re.findall(r"(\d+)([smhd])", match[2])})
    return base - shift if match[2].startswith("-") else base + shift


def merged(base: Any, over: Any) -> Any:
    """`over` laid on `base`: mappings key by key, lists of things with an `id` by id, all else replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {key: merged(base.get(key), over[key]) if key in over else base[key] for key in [*base, *over]}
    if _by_id(base) and _by_id(over):
        known = {item["id"]: item for item in base}
        return list({**known, **{item["id"]: merged(known.get(item["id"]), item) for item in over}}.values())
    return copy.deepcopy(over)


def account(world: dict[str, Any], now: datetime) -> facts.Account:
    """The learner of a table's world, with its catalogue."""
    learner = dict(world.get("learner", {}))
    sso = learner.pop("sso", None) or {}
    lists = {
        "enrollments": facts.Enrollment,
        "payments": facts.Payment,
        "subscriptions": facts.Subscription,
        "certificates": facts.Certificate,
        "aid": facts.AidApplication,
        "promotions": facts.Promotion,
        "refunds": facts.Refund,
    }
    catalog = _catalog(world.get("catalog", {}), now)
    known = {name: tuple(_make(kind, item, now) for item in learner.pop(name, [])) for name, kind in lists.items()}
    return facts.Account(
        id=learner.pop("id", "ana"),
        name=learner.pop("name", "Ana Silva"),
        email=learner.pop("email", "ana@example.org"),
        sign_ins=tuple(learner.pop("sign_ins", ["password"])),
        sso_organisation=sso.get("organisation"),
        sso_linked=sso.get("linked", False),
        submissions=tuple(_submission(item, catalog, now) for item in learner.pop("submissions", [])),
        catalog=catalog,
        **known,
        **learner,
    )


def _catalog(data: dict[str, Any], now: datetime) -> facts.Catalog:
    partners = {partner["id"]: partner["name"] for partner in data.get("partners", [])}
    courses = {item["id"]: _course(item, partners, now) for item in data.get("courses", [])}
    specs = [_make(facts.Specialization, item, now) for item in data.get("specializations", [])]
    specs = [replace(spec, partner=partners.get(spec.partner, spec.partner)) for spec in specs]
    return facts.Catalog(courses, {spec.id: spec for spec in specs})


def _course(item: dict[str, Any], partners: dict[str, str], now: datetime) -> facts.Course:
    item = {**item, "partner": partners.get(item.get("partner"), item.get("partner"))}
    assignments = tuple(_make(facts.Assignment, task, now) for task in item.pop("assignments", []))
    offers = facts.Offers(**item.pop("offers", {}))
    return replace(_make(facts.Course, item, now), assignments=assignments, offers=offers)


def _submission(item: dict[str, Any], catalog: facts.Catalog, now: datetime) -> facts.Submission:
    course = next(c.id for c in catalog.courses.values() if any(a.id == item["assignment"] for a in c.assignments))
    return _make(facts.Submission, {"course": course, **item}, now)


def _make(kind: Any, item: dict[str, Any], now: datetime) -> Any:
    known = {field.name: field for field in fields(kind)}
    unknown = set(item) - set(known)
    if unknown:
        raise ValueError(f"{kind.__name__} has no {sorted(unknown)}")
    defaults = {"plan": "monthly", "words": 200, "title": item.get("id")}
    filled = {name: defaults[name] for name in defaults if name in known and name not in item}
    return kind(**filled, **{key: _value(value, now) for key, value in item.items()})


def _value(value: Any, now: datetime) -> Any:
    if isinstance(value, list):
        return tuple(_value(item, now) for item in value)
    if isinstance(value, datetime) or (isinstance(value, str) and INSTANT.fullmatch(value)):
        return instant(value, now)
    if isinstance(value, str) and MONEY.fullmatch(value):
        return Money.parse(value)
    return value


def _by_id(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "id" in item for item in value)
