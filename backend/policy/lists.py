"""The lists two rules read: what Coursera Plus includes (F14), and how one can pay where (F31, F05).

They are knowledge, kept in `knowledge/lists/*.yaml`, loaded once at start beside the parameters and passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from backend.policy.parameters import ParameterFileError

LISTS_FOLDER = Path(__file__).resolve().parents[2] / "knowledge" / "lists"


@dataclass(frozen=True)
class PlusLists:
    """Partners and titles in and out of Coursera Plus, and other names learners use for a partner."""

    partners_included: tuple[str, ...]
    partners_excluded: tuple[str, ...]
    titles_excluded: tuple[str, ...]
    kinds_excluded: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PaymentMethod:
    """One way to pay. Empty limits mean none.

    `not_for` are kinds of payment; `only_countries` ISO 3166 codes; `only_currencies` ISO 4217 codes; `only_via` the
    places of payment.
    """

    id: str
    name: str
    not_for: tuple[str, ...] = ()
    only_countries: tuple[str, ...] = ()
    only_currencies: tuple[str, ...] = ()
    only_via: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocalExclusion:
    """What learners of one country cannot pay with, and names it goes by there."""

    country: str
    id: str
    name: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaymentLists:
    """Ways to pay, what a country's learners cannot use, and what is offered to nobody."""

    methods: Mapping[str, PaymentMethod]
    paypal_countries: Mapping[str, str]
    not_accepted: tuple[LocalExclusion, ...]
    never_offered: tuple[str, ...]


@dataclass(frozen=True)
class Lists:
    """Both lists. Built once with `Lists.load()`."""

    plus: PlusLists
    payment: PaymentLists

    @classmethod
    def load(cls, root: Path | str | None = None) -> Lists:
        """Read the files of `root` (the project's own `knowledge/lists` unless given)."""
        folder = Path(root) if root is not None else LISTS_FOLDER
        return cls(_plus(_File(folder / "coursera_plus.yaml")), _payment(_File(folder / "payment_methods.yaml")))


class _File:
    """One list file: its keys, or an error that says which is missing or of the wrong kind."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise ParameterFileError(path.name, "file", " ".join(str(error).split())) from error

    def get(self, key: str, kind: type) -> Any:
        found = self._data.get(key) if isinstance(self._data, dict) else None
        if not isinstance(found, kind) or not found:
            raise ParameterFileError(self._path.name, key, f"expected a {kind.__name__} that is not empty")
        return found


def _plus(file: _File) -> PlusLists:
    return PlusLists(
        partners_included=_names(file.get("partners_included", list)),
        partners_excluded=_names(file.get("partners_excluded", list)),
        titles_excluded=_names(file.get("titles_excluded", list)),
        kinds_excluded=_names(file.get("kinds_excluded", list)),
        aliases=MappingProxyType({str(alias): str(name) for alias, name in file.get("aliases", dict).items()}),
    )


def _payment(file: _File) -> PaymentLists:
    countries = {str(code): str(name) for code, name in file.get("paypal_countries", dict).items()}
    methods = {id: _method(id, fields, countries) for id, fields in file.get("methods", dict).items()}
    excluded = [
        LocalExclusion(country, id, fields["name"], _names(fields.get("examples", ())))
        for country, entries in file.get("not_accepted", dict).items()
        for id, fields in entries.items()
    ]
    return PaymentLists(
        methods=MappingProxyType(methods),
        paypal_countries=MappingProxyType(countries),
        not_accepted=tuple(excluded),
        never_offered=_names(file.get("never_offered", list)),
    )


def _method(id: str, fields: Mapping[str, Any], countries: Mapping[str, str]) -> PaymentMethod:
    only = fields.get("only_countries", ())
    return PaymentMethod(
        id=id,
        name=fields["name"],
        not_for=_names(fields.get("not_for", ())),
        only_countries=tuple(countries) if only == "paypal_countries" else _names(only),
        only_currencies=_names(fields.get("only_currencies", ())),
        only_via=_names(fields.get("only_via", ())),
        brands=_names(fields.get("brands", ())),
    )


def _names(found: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in found)
