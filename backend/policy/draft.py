"""How the rules of this folder write their answer down: reasons with their source, remedies, and a trace as they go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from backend.policy.decision import Decision, Outcome, Reason, Remedy, TraceStep
from backend.policy.facts import Account, Request
from backend.policy.parameters import ParamAt, ParameterNotInForce, Parameters

Rule = Callable[[Account, "str | None", Request, datetime, Parameters], Decision]


def because(code: str, sources: str = "", **values: Any) -> Reason:
    """A reason, note or consequence: its code, the articles that state it (`"F16 F20"`), the values it speaks of.

    Values that are None are left out: not known is not said.
    """
    return Reason(code, tuple(sources.split()), known(values))


def offer(code: str, operation: str, target: str | None = None, **values: Any) -> Remedy:
    """Instead: another operation the desk can do."""
    return Remedy(code, "operation", operation=operation, target=target, values=known(values))


def read(code: str, section: str, **values: Any) -> Remedy:
    """Instead: something the learner does on the site, told in a section (`article/anchor`) of the help centre."""
    return Remedy(code, "article", section=section, values=known(values))


def person(code: str, **values: Any) -> Remedy:
    """Instead: a support agent."""
    return Remedy(code, "person", values=known(values))


def outside(code: str, **values: Any) -> Remedy:
    """Instead: somebody the desk cannot act for (Apple, a marketplace, a program's administrator)."""
    return Remedy(code, "outside", values=known(values))


def window_end(basis: datetime, days: int) -> datetime:
    """The last instant of a window of `days` that starts at `basis`: days x 24 h later, itself still inside."""
    return basis + timedelta(days=days)


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are known: None is left out."""
    return {name: value for name, value in values.items() if value is not None}


@dataclass
class Draft:
    """A decision being written. Lives only inside one call of a rule, so the rule stays pure."""

    operation: str
    target: str | None
    as_of: datetime
    params: Parameters
    reasons: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    consequences: list[Reason] = field(default_factory=list)
    remedies: list[Remedy] = field(default_factory=list)
    trace: list[TraceStep] = field(default_factory=list)
    deadline: datetime | None = None
    # Codes a supervisor overrules, and the reasons that were set aside for it: they inform, and do not decide.
    overruled: frozenset[str] = frozenset()
    set_aside: list[Reason] = field(default_factory=list)

    def param(self, name: str) -> ParamAt:
        """A number as it was at `as_of`. Raises ParameterNotInForce, which `rule` turns into a referral."""
        return self.params.at(name, self.as_of)

    def holds(self, test: str, answer: bool, sources: str = "", parameter: str | None = None, **compared: Any) -> bool:
        """Write one comparison into the trace and hand its answer back."""
        self.trace.append(TraceStep(test, answer, known(compared), parameter, tuple(sources.split())))
        return answer

    def refuse(self, reason: Reason, *remedies: Remedy) -> None:
        """One more thing that refuses, unless it is overruled; the others are still looked for."""
        if reason.code in self.overruled:
            self.set_aside.append(reason)
            self.holds("a supervisor overrules it", True, reason=reason.code)
            return
        self.reasons.append(reason)
        self.instead(*remedies)

    def note(self, *notes: Reason) -> None:
        self.notes.extend(notes)

    def then(self, *consequences: Reason) -> None:
        self.consequences.extend(consequences)

    def instead(self, *remedies: Remedy) -> None:
        """Offer remedies, each once."""
        self.remedies.extend(remedy for remedy in remedies if remedy not in self.remedies)

    def granted(self, *reasons: Reason) -> Decision:
        return self._close(Outcome.GRANTED, reasons)

    def refused(self, *reasons: Reason) -> Decision:
        return self._close(Outcome.REFUSED, reasons)

    def needs(self, *reasons: Reason) -> Decision:
        return self._close(Outcome.NEEDS_FACTS, reasons)

    def referred(self, *reasons: Reason) -> Decision:
        return self._close(Outcome.REFER_TO_AGENT, reasons)

    def _close(self, outcome: Outcome, reasons: Iterable[Reason]) -> Decision:
        return Decision(
            operation=self.operation,
            target=self.target,
            outcome=outcome,
            reasons=(*self.reasons, *reasons),
            as_of=self.as_of,
            notes=(*self.notes, *self.set_aside),
            consequences=tuple(self.consequences) if outcome in (Outcome.GRANTED, Outcome.REFER_TO_AGENT) else (),
            remedies=tuple(self.remedies),
            deadline=self.deadline,
            trace=tuple(self.trace),
        )


def rule(operation: str, guests: bool = False) -> Callable[[Rule], Rule]:
    """What every rule does besides deciding: nobody signed in, or a number not in force, is never a refusal."""

    def wrap(decide: Rule) -> Rule:
        @wraps(decide)
        def guarded(
            account: Account | None, target: str | None, request: Request, as_of: datetime, params: Parameters
        ) -> Decision:
            draft = Draft(operation, target, as_of, params)
            if account is None and not guests:
                return draft.needs(because("not_signed_in"))
            try:
                return decide(account, target, request, as_of, params)
            except ParameterNotInForce as missing:
                draft.holds("a rule is in force", False, parameter=missing.name, as_of=as_of, first=str(missing.first))
                draft.instead(person("ask_person"))
                return draft.referred(because("no_rule_in_force", parameter=missing.name))

        return guarded

    return wrap
