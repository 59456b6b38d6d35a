"""The tables of this folder: `<area>/<rule>.yml`, what is known and asked, and what the rule answers.

    decide: refund                  # or `diagnose:`, or `follow:` with a function of policy/automatic
    world: {catalog: …, learner: …} # laid under every case's input
    target: pay-1                   # for every case that names none
    cases:
      - name: A refund asked at the last instant is granted
        as_of: 2026-03-15T09:00:00Z
        target: pay-1
        request: {channel: mobile, details: {part: true}}
        input: {learner: …}         # the world's vocabulary; lists of things with an id are merged by id
        output: {outcome, target, operation, reasons, notes, consequences, remedies, deadline, values}
                                    # for `diagnose`: {problem, ok, info, remedies, values}: lists of codes, any order
                                    # for `follow` (policy/automatic): {reasons, values}
Other keys of a table hold anchors for its cases.

A key of `output` that is left out is not checked. `values` names, by code, some of the values its text can speak of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from backend.policy import facts

from .worlds import account, instant, merged

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One line of a table, ready to be asked."""

    file: str
    name: str
    kind: str  # decide | diagnose | follow
    rule: str
    target: str | None
    request: facts.Request
    account: facts.Account | None
    as_of: datetime
    output: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.file}: {self.name}"


def words(text: str) -> frozenset[str]:
    """A set of codes, written with spaces between them."""
    return frozenset(text.split())


@cache
def cases() -> tuple[Case, ...]:
    """Every case of every table."""
    return tuple(case for file in sorted(FOLDER.glob("*/*.yml")) for case in _read(file))


def load(file: Path) -> dict[str, Any]:
    """One table. Read with libyaml where it is there, which is ten times faster."""
    return yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _read(file: Path) -> Iterator[Case]:
    table = load(file)
    kind = next(kind for kind in ("decide", "diagnose", "follow") if kind in table)
    for row in table["cases"]:
        unknown = set(row) - {"name", "as_of", "target", "request", "input", "output", "guest"}
        if unknown:
            raise ValueError(f"{file.name}: {row['name']}: unknown keys {sorted(unknown)}")
        now = instant(row.get("as_of") or table["as_of"])
        world = merged(table.get("world", {}), row.get("input", {}))
        yield Case(
            file=file.relative_to(FOLDER).as_posix(),
            name=row["name"],
            kind=kind,
            rule=table[kind],
            target=row["target"] if "target" in row else table.get("target"),
            request=facts.Request(**row.get("request", {})),
            account=None if row.get("guest") else account(world, now),
            as_of=now,
            output=row["output"],
        )
