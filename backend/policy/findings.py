"""How the diagnoses of this folder write down what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any

from backend.policy.decision import Diagnosis, Finding, Remedy
from backend.policy.draft import known, person
from backend.policy.facts import Account, Request
from backend.policy.parameters import ParameterNotInForce, Parameters

Question = Callable[[Account, "str | None", Request, datetime, Parameters], Diagnosis]
Look = Callable[[Account, "str | None", Request, datetime, Parameters], Iterable[Finding]]


def problem(code: str, sources: str = "", *remedies: Remedy, **values: Any) -> Finding:
    """A cause: its code, the articles that state it (`"F33 F44"`), what helps, and the values it speaks of."""
    return Finding(code, "problem", tuple(sources.split()), known(values), remedies)


def fine(code: str, sources: str = "", *remedies: Remedy, **values: Any) -> Finding:
    """Checked, and not the cause."""
    return Finding(code, "ok", tuple(sources.split()), known(values), remedies)


def info(code: str, sources: str = "", *remedies: Remedy, **values: Any) -> Finding:
    """Worth knowing, and not a cause."""
    return Finding(code, "info", tuple(sources.split()), known(values), remedies)


def question(name: str, guests: bool = False) -> Callable[[Look], Question]:
    """Makes a diagnosis of a function that yields findings.

    Nobody signed in, or a number that is not in force, is said as such and never taken for an answer.
    """

    def wrap(look: Look) -> Question:
        @wraps(look)
        def diagnose(
            account: Account | None, target: str | None, request: Request, as_of: datetime, params: Parameters
        ) -> Diagnosis:
            if account is None and not guests:
                found: tuple[Finding, ...] = (info("not_signed_in"),)
            else:
                try:
                    found = tuple(look(account, target, request, as_of, params))
                except ParameterNotInForce as missing:
                    found = (problem("no_rule_in_force", "", person("ask_person"), parameter=missing.name),)
            return Diagnosis(name, target, found, as_of)

        return diagnose

    return wrap
