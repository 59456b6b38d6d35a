"""What a rule answers: never a bool, always a record that can explain itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from backend.policy.money import Money


class Outcome(str, Enum):
    """The four answers a rule can give. A missing fact or a missing rule is never `REFUSED`."""

    GRANTED = "granted"
    REFUSED = "refused"
    NEEDS_FACTS = "needs_facts"
    REFER_TO_AGENT = "refer_to_agent"


@dataclass(frozen=True)
class Reason:
    """One thing that holds: a stable `code`, the articles that state it and the values it speaks of.

    Also used for notes and consequences. `values` may hold str, int, bool, Money, aware datetimes and lists of these.
    """

    code: str
    sources: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "sources": list(self.sources), "values": to_plain(self.values)}


@dataclass(frozen=True)
class Remedy:
    """What the learner can do instead.

    `kind`: `operation` (then `operation` and maybe `target`), `article` (then `section`), `person`, or `outside`
    (Apple, a marketplace, a bank: nothing the desk can do itself). `code` names the wording.
    """

    code: str
    kind: str
    operation: str | None = None
    target: str | None = None
    section: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        plain = {"code": self.code, "kind": self.kind, "values": to_plain(self.values)}
        for name in ("operation", "target", "section"):
            if getattr(self, name) is not None:
                plain[name] = getattr(self, name)
        return plain


@dataclass(frozen=True)
class TraceStep:
    """One comparison a rule made: what was asked, with which values and parameter, and whether it held."""

    test: str
    holds: bool
    compared: Mapping[str, Any] = field(default_factory=dict)
    parameter: str | None = None
    sources: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "test": self.test,
            "holds": self.holds,
            "compared": to_plain(self.compared),
            "parameter": self.parameter,
            "sources": list(self.sources),
        }


@dataclass(frozen=True)
class Decision:
    """A rule's answer about one operation on one target at one instant.

    `reasons` decide (all that hold); `notes` only inform; `consequences` say what happens if it is carried out;
    `deadline` is the instant the answer depends on; `remedies` what can be done instead; `trace` every comparison.
    """

    operation: str
    target: str | None
    outcome: Outcome
    reasons: tuple[Reason, ...]
    as_of: datetime
    notes: tuple[Reason, ...] = ()
    consequences: tuple[Reason, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    deadline: datetime | None = None
    trace: tuple[TraceStep, ...] = ()

    @property
    def is_actionable(self) -> bool:
        """Whether a yes would do something: carry it out, or open a case for a person."""
        return self.outcome in (Outcome.GRANTED, Outcome.REFER_TO_AGENT)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(reason.code for reason in self.reasons)

    def to_json(self) -> dict[str, Any]:
        """The contract's shape (`contracts` §2, `decision`)."""
        return {
            "operation": self.operation,
            "target": self.target,
            "outcome": self.outcome.value,
            "reasons": [reason.to_json() for reason in self.reasons],
            "notes": [note.to_json() for note in self.notes],
        }

    def to_record(self) -> dict[str, Any]:
        """Everything, for the audit: the contract's shape plus consequences, remedies, deadline and trace."""
        return {
            **self.to_json(),
            "as_of": to_plain(self.as_of),
            "deadline": to_plain(self.deadline),
            "consequences": [consequence.to_json() for consequence in self.consequences],
            "remedies": [remedy.to_json() for remedy in self.remedies],
            "trace": [step.to_json() for step in self.trace],
        }

    def same_effect_as(self, record: Mapping[str, Any]) -> bool:
        """Whether a stored record (`to_record`) promised what this decision does: outcome, reasons and consequences.

        Instants among the consequences move with the moment of asking and are not compared.
        """
        return (
            (self.operation, self.target, self.outcome.value)
            == (record.get("operation"), record.get("target"), record.get("outcome"))
            and list(self.codes) == [reason["code"] for reason in record.get("reasons", ())]
            and [_lasting(item.to_json(), item.values) for item in self.consequences]
            == [
                _lasting(then, now.values)
                for then, now in zip(record.get("consequences", ()), self.consequences, strict=False)
            ]
            and len(record.get("consequences", ())) == len(self.consequences)
        )


def _lasting(plain: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A consequence without its instants."""
    kept = {key: value for key, value in plain["values"].items() if not isinstance(values.get(key), datetime)}
    return plain["code"], kept


@dataclass(frozen=True)
class Finding:
    """One thing a diagnosis found. `status`: `problem` (a cause), `ok` (checked and fine) or `info`."""

    code: str
    status: str
    sources: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "status": self.status,
            "sources": list(self.sources),
            "values": to_plain(self.values),
        }


@dataclass(frozen=True)
class Diagnosis:
    """Why something is as it is: every cause found, what is fine, and the fixes."""

    question: str
    target: str | None
    findings: tuple[Finding, ...]
    as_of: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "target": self.target,
            "findings": [finding.to_json() for finding in self.findings],
        }


def to_plain(value: Any) -> Any:
    """Values as JSON: Money in the contract's shape, instants as RFC 3339 UTC."""
    if isinstance(value, Money):
        return value.to_json()
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value
