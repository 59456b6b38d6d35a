"""Says what the rules answer, the way the desk does, and keeps in mind which texts were needed for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock, patch

from backend.clock import Clock
from backend.conversations.agenda import Agenda
from backend.dialogue.decisions import DecisionSpeaker, is_offer
from backend.dialogue.diagnosing import Diagnosing
from backend.dialogue.turn import Turn
from backend.knowledge_service import KnowledgeService
from backend.operations.base import Done, Work
from backend.operations.registry import OPERATIONS
from backend.operations.service import open_case
from backend.policy import rules
from backend.policy.decision import Decision, Diagnosis, Outcome
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from backend.wording import Wording
from knowledge.reader import load_knowledge
from tests.policy.tables import Case

PROJECT = Path(__file__).resolve().parents[2]
PARAMS = Parameters.load()
RULES = rules.build(Lists.load())
NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)


class Noting(Wording):
    """The real wording; `said` holds every key that was asked for."""

    def __init__(self, templates: Mapping[str, Any]) -> None:
        super().__init__(templates)
        self.said: set[str] = set()

    def say(self, key: str, values: Mapping[str, Any] | None = None, **more: Any) -> str:
        self.said.add(f"utter_{key}")
        return super().say(key, values, **more)


@dataclass(frozen=True)
class Said:
    """What a case led to, and every text that was made of it."""

    case: Case
    answer: Decision | Diagnosis
    texts: tuple[str, ...]


class Sayer:
    """Puts cases of the policy's tables into words."""

    def __init__(self) -> None:
        self.wording = Noting.load()
        clock = Clock()
        clock.set(NOW)
        knowledge = KnowledgeService(load_knowledge(), PARAMS, clock)
        self._speaker = DecisionSpeaker(self.wording, knowledge)
        self._diagnosing = Diagnosing(RULES, PARAMS, self._speaker, self.wording, knowledge)

    def say(self, case: Case) -> Said:
        """Everything that can be said about a case's answer. Raises WordingError."""
        about = (case.account, case.target, case.request, case.as_of, PARAMS)
        if case.kind == "diagnose":
            diagnosis = RULES.diagnoses[case.rule](*about)
            return Said(case, diagnosis, tuple(self._diagnosis(diagnosis)))
        decision = RULES.decisions[case.rule](*about)
        texts = [*self._decision(decision), *(self._done(case, decision) if decision.operation in OPERATIONS else ())]
        return Said(case, decision, tuple(texts))

    def _diagnosis(self, diagnosis: Diagnosis) -> Iterator[str]:
        turn = Turn(Mock(), Mock(), None, "", diagnosis.as_of, Agenda())
        self._diagnosing._show(turn, diagnosis)
        for reply in turn.replies:
            yield reply.text
            yield from (button.title for button in reply.buttons)

    def _decision(self, decision: Decision) -> Iterator[str]:
        yield self._speaker.answer(decision)
        yield from self._speaker.consequences(decision)
        yield from (button.title for button in self._speaker.remedy_buttons(decision))
        if is_offer(decision) and decision.operation in OPERATIONS:
            yield self._speaker.question_title(decision)
            if not OPERATIONS[decision.operation].at_once:
                yield self._speaker.offer(decision)
                yield from (button.title for button in self._speaker.proposal_buttons(decision, Mock(id="prop-1")))

    def _done(self, case: Case, decision: Decision) -> Iterator[str]:
        """What is said and mailed when a yes has been carried out."""
        if not is_offer(decision):
            return
        done = carried_out(case, decision)
        yield self.wording.first(f"done_{decision.reasons[0].code}", f"done_{decision.operation}", values=done.values)
        for email in done.emails:
            yield self.wording.say(f"{email.wording}_subject", email.values)
            yield self.wording.say(f"{email.wording}_body", email.values)


def carried_out(case: Case, decision: Decision) -> Done:
    """The operation's own code, with a database that finds nothing but one learner, for a lost password."""
    session = AsyncMock(add=Mock(), add_all=Mock())
    if decision.outcome is Outcome.REFER_TO_AGENT:
        proposal = Mock(conversation_id="conv-1", operation=decision.operation, target=decision.target, details={})
        return open_case(session, proposal, decision, case.account, decision.as_of)
    learner = SimpleNamespace(id="ana", name="Ana Silva", email="ana@example.org")
    rows = [learner] if decision.operation == "reset_password" else []
    session.scalars.return_value = session.execute.return_value = Mock(all=lambda: rows)
    work = Work(session, case.account, decision, case.request, decision.as_of, "conv-1")
    with patch("backend.operations.delete_account.erase_learner", AsyncMock()):
        coroutine = OPERATIONS[decision.operation].carry_out(work)
        try:
            coroutine.send(None)
        except StopIteration as finished:
            return finished.value
    raise AssertionError(f"{decision.operation} waits on something the test's database does not answer")


# --- what the program's text says -------------------------------------------------------------------------------------

# Who makes what in backend/policy: reasons with `because`, remedies and findings with these.
_MAKERS = {
    **dict.fromkeys(("because", "Reason"), "reason"),
    **dict.fromkeys(("read", "offer", "person", "outside", "Remedy"), "remedy"),
    **dict.fromkeys(("problem", "fine", "info", "Finding"), "finding"),
}


@cache
def codes(kind: str) -> frozenset[str]:
    """Every code of a kind (`reason`, `remedy`, `finding`) that stands in backend/policy, table case or not."""
    found = set()
    for path in (PROJECT / "backend" / "policy").glob("*.py"):
        if path.stem == "automatic":  # what follows by itself is carried out, never said
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _MAKERS.get(node.func.id)
            if made == kind and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return frozenset(found)


@cache
def literals() -> frozenset[str]:
    """Every text constant of the backend: a key that is asked for by its name is among them."""
    return frozenset(
        node.value
        for path in (PROJECT / "backend").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
