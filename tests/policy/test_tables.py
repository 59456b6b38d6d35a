"""Runs the tables: what is known and asked in, outcome and reasons out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from backend.policy import automatic, rules
from backend.policy.decision import to_plain
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters

from .tables import Case, cases
from .worlds import INSTANT, instant

PARAMS = Parameters.load()
LISTS = Lists.load()
RULES = rules.build(LISTS)
CASES = cases()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_table(case: Case) -> None:
    shown = {"decide": _decide, "diagnose": _diagnose, "follow": _follow}[case.kind](case)
    values = case.output.get("values", {})
    expected = {key: _expected(value, case) for key, value in case.output.items() if key != "values"}
    assert {key: shown[key] for key in expected} == expected
    assert _some(shown["values"], values) == _plain(values, case)


def test_names_are_sentences_and_differ() -> None:
    names = [case.name for case in CASES]
    assert not [name for name in names if len(name.split()) < 4 or not name[0].isupper() or name.endswith(".")]
    assert sorted(set(names)) == sorted(names)


def _decide(case: Case) -> dict[str, Any]:
    decision = RULES.decisions[case.rule](case.account, case.target, case.request, case.as_of, PARAMS)
    parts = (*decision.reasons, *decision.notes, *decision.consequences, *decision.remedies)
    return {
        "operation": decision.operation,
        "target": decision.target,
        "outcome": decision.outcome.value,
        "reasons": sorted(decision.codes),
        "notes": sorted(note.code for note in decision.notes),
        "consequences": sorted(consequence.code for consequence in decision.consequences),
        "remedies": sorted(_remedy(remedy) for remedy in decision.remedies),
        "deadline": to_plain(decision.deadline),
        "values": {part.code: to_plain(part.values) for part in reversed(parts)},
    }


def _diagnose(case: Case) -> dict[str, Any]:
    diagnosis = RULES.diagnoses[case.rule](case.account, case.target, case.request, case.as_of, PARAMS)
    found = diagnosis.findings
    remedies = [remedy for finding in found for remedy in finding.remedies]
    codes = {status: sorted(f.code for f in found if f.status == status) for status in ("problem", "ok", "info")}
    return {
        **codes,
        "target": diagnosis.target,
        "remedies": sorted(_remedy(remedy) for remedy in remedies),
        "values": {part.code: to_plain(part.values) for part in reversed((*found, *remedies))},
    }


def _follow(case: Case) -> dict[str, Any]:
    account, target = case.account, case.target
    subscription = account.subscription(target)
    application = next((application for application in account.aid if application.id == target), None)
    what = {
        "trial_started": lambda: automatic.trial_started(account, subscription, LISTS),
        "aid_approved": lambda: automatic.aid_approved(account, application, case.as_of, PARAMS),
        "charge_failed": lambda: automatic.charge_failed(account, subscription),
        "certificate_earned": lambda: automatic.certificate_earned(account, subscription, case.as_of, PARAMS),
    }
    reasons = what[case.rule]()
    return {
        "reasons": sorted(reason.code for reason in reasons),
        "values": {reason.code: to_plain(reason.values) for reason in reversed(reasons)},
    }


def _expected(value: Any, case: Case) -> Any:
    """Codes are compared in any order."""
    return sorted(value) if isinstance(value, list) else _plain(value, case)


def _remedy(remedy: Any) -> str:
    """`code`, and for an operation with a target `code target`."""
    return f"{remedy.code} {remedy.target}" if remedy.target else remedy.code


def _some(values: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {code: {key: values.get(code, {}).get(key) for key in wanted[code]} for code in wanted}


def _plain(value: Any, case: Case) -> Any:
    """A table's value as JSON, its instants written out."""
    if isinstance(value, dict):
        return {key: _plain(item, case) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, case) for item in value]
    if isinstance(value, datetime) or (isinstance(value, str) and INSTANT.fullmatch(value)):
        return to_plain(instant(value, case.as_of))
    return value
