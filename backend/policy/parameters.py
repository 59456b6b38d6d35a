"""The numbers the rules use, each with the date it applies from and the article that states it.

One file a number, `params/<area>/<name>.yaml`, asked for as `<area>.<name>`:

    description: Days after paying in which a learner can ask for the money back
    unit: days
    last_checked_on: 2026-11-21
    values:
      2020-01-01:
        value: 14
        reference:
          source: "knowledge: request-a-refund/time-limit"
          articles: [F16, F20]
          read_on: 2026-11-21

A new amount is a new line under `values`; the old line stays, so that a decision about the past can be repeated. A
value applies from 00:00 UTC of its date. Nothing here reads the clock: whoever asks says for which instant.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

PARAMS_FOLDER = Path(__file__).parent / "params"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SOURCE = re.compile(r"[FD]\d\d")
_SECTION = re.compile(r"knowledge: ([a-z0-9-]+/[a-z0-9-]+)")


class ParameterError(Exception):
    """Anything wrong with the parameters or with the way they were asked for."""


class UnknownParameter(ParameterError, KeyError):
    """A name that no file defines."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no parameter is named {self.name!r}; parameters are the files below backend/policy/params"


class ParameterNotInForce(ParameterError):
    """Asked for an instant before the first value: not the same as "no", so it never passes for a number."""

    def __init__(self, name: str, as_of: datetime, first: date) -> None:
        super().__init__(
            f"{name} has no value at {as_of.isoformat()}; its first value applies from {first.isoformat()}"
        )
        self.name = name
        self.as_of = as_of
        self.first = first


class ParameterFileError(ParameterError):
    """A parameter file that cannot be used: names the file, the place in it and what belongs there."""

    def __init__(self, file: str, key: str, expected: str) -> None:
        super().__init__(f"{file}: {key}: {expected}")
        self.file = file
        self.key = key
        self.expected = expected


@dataclass(frozen=True)
class DatedValue:
    """One value, the day it applies from, and where that is written."""

    since: date
    value: Any
    section: str
    sources: tuple[str, ...]
    read_on: date


@dataclass(frozen=True)
class Parameter:
    """A parameter with its whole history, oldest value first."""

    name: str
    description: str
    unit: str
    last_checked_on: date
    history: tuple[DatedValue, ...]


@dataclass(frozen=True)
class ParamAt:
    """A parameter as it was at one instant; decisions keep these to show which numbers they used."""

    name: str
    value: Any
    unit: str
    since: date
    sources: tuple[str, ...]
    section: str


@dataclass(frozen=True)
class Parameters:
    """All parameters by name. Built once with `Parameters.load()` and passed to the rules."""

    by_name: Mapping[str, Parameter]

    @classmethod
    def load(cls, root: Path | str | None = None) -> Parameters:
        """Read every file below `root` (the project's own `params` folder unless given)."""
        folder = Path(root) if root is not None else PARAMS_FOLDER
        if not folder.is_dir():
            raise ParameterFileError(str(folder), "folder", "expected a folder of parameter files, found none")
        found = (_read(file, folder) for file in sorted(folder.rglob("*.yaml")))
        return cls(MappingProxyType({parameter.name: parameter for parameter in found}))

    def at(self, name: str, as_of: datetime) -> ParamAt:
        """The parameter as it was at `as_of`, an instant with a time zone."""
        parameter = self._named(name)
        day = _utc_day(as_of)
        in_force = [dated for dated in parameter.history if dated.since <= day]
        if not in_force:
            raise ParameterNotInForce(name, as_of, parameter.history[0].since)
        dated = in_force[-1]
        return ParamAt(name, dated.value, parameter.unit, dated.since, dated.sources, dated.section)

    def value(self, name: str, as_of: datetime) -> Any:
        """Just the value at `as_of`."""
        return self.at(name, as_of).value

    def current(self, as_of: datetime) -> dict[str, Any]:
        """Every value in force at `as_of` by name: what the articles are rendered with."""
        day = _utc_day(as_of)
        started = (name for name, parameter in self.by_name.items() if parameter.history[0].since <= day)
        return {name: self.value(name, as_of) for name in started}

    def _named(self, name: str) -> Parameter:
        try:
            return self.by_name[name]
        except KeyError:
            raise UnknownParameter(name) from None


def _utc_day(as_of: datetime) -> date:
    if as_of.tzinfo is None:
        raise ValueError(f"as_of needs a time zone, got {as_of.isoformat()}")
    return as_of.astimezone(timezone.utc).date()


class _StrictLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys; with dated values that would lose one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _read(file: Path, folder: Path) -> Parameter:
    shown = file.relative_to(folder).as_posix()
    parts = file.relative_to(folder).with_suffix("").parts
    if len(parts) != 2 or not all(_NAME.fullmatch(part) for part in parts):
        raise ParameterFileError(shown, "path", "expected <area>/<name>.yaml in lower case with underscores")
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise ParameterFileError(shown, "YAML", " ".join(str(error).split())) from error

    wanted = {"description": str, "unit": str, "last_checked_on": date, "values": dict}
    fields = _fields(data, wanted, shown, "")
    if not fields["values"]:
        raise ParameterFileError(shown, "values", "expected at least one dated value")
    history = [_dated(since, entry, shown) for since, entry in fields["values"].items()]
    return Parameter(
        name=".".join(parts),
        description=fields["description"],
        unit=fields["unit"],
        last_checked_on=fields["last_checked_on"],
        history=tuple(sorted(history, key=lambda dated: dated.since)),
    )


def _dated(since: Any, entry: Any, shown: str) -> DatedValue:
    if not _is_day(since):
        raise ParameterFileError(shown, f"values.{since}", "expected a date such as 2020-01-01 as the key")
    path = f"values.{since.isoformat()}"
    fields = _fields(entry, {"value": object, "reference": dict}, shown, path)
    reference = _fields(
        fields["reference"], {"source": str, "articles": list, "read_on": date}, shown, f"{path}.reference"
    )
    section = _SECTION.fullmatch(reference["source"])
    if not section:
        raise ParameterFileError(shown, f"{path}.reference.source", 'expected "knowledge: <article>/<section>"')
    articles = reference["articles"]
    if not articles or not all(isinstance(item, str) and _SOURCE.fullmatch(item) for item in articles):
        raise ParameterFileError(shown, f"{path}.reference.articles", "expected source articles such as [F16, F20]")
    value = fields["value"]
    if isinstance(value, list):
        value = tuple(value)
    if value is None or isinstance(value, dict):
        raise ParameterFileError(shown, f"{path}.value", "expected a number, a word, yes or no, or a list of these")
    return DatedValue(since, value, section[1], tuple(articles), reference["read_on"])


def _fields(data: Any, wanted: dict[str, type], shown: str, path: str) -> dict[str, Any]:
    """`data` with exactly the wanted keys, each of its type; anything else is an error that says which."""
    prefix = f"{path}." if path else ""
    if not isinstance(data, dict):
        raise ParameterFileError(shown, path or "file", f"expected the keys {', '.join(wanted)}")
    for key in data:
        if key not in wanted:
            raise ParameterFileError(shown, f"{prefix}{key}", f"unknown key; expected {', '.join(wanted)}")
    for key, kind in wanted.items():
        if key not in data:
            raise ParameterFileError(shown, f"{prefix}{key}", "missing")
        fits = _is_day(data[key]) if kind is date else isinstance(data[key], kind)
        if not fits:
            raise ParameterFileError(shown, f"{prefix}{key}", f"expected {_KIND_NAMES[kind]}, got {data[key]!r}")
    return data


_KIND_NAMES = {str: "text", date: "a date such as 2026-11-21", dict: "a mapping", list: "a list", object: "a value"}


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
