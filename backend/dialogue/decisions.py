"""Puts a decision into words and buttons. The rule said what; `data/*/responses.yml` says how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.conversations.replies import Button
from backend.knowledge_service import KnowledgeService
from backend.policy.decision import Decision, Outcome, Reason, Remedy, to_plain
from backend.store.desk_models import ProposalRow
from backend.wording import Wording, WordingError

MAX_REMEDY_BUTTONS = 3


class DecisionSpeaker:
    """Words decisions, the same in the chat, the console and Slack."""

    def __init__(self, wording: Wording, knowledge: KnowledgeService) -> None:
        self._wording = wording
        self._knowledge = knowledge

    def reasons(self, decision: Decision) -> str:
        """Each reason as a sentence; several as a list."""
        said = self.each_reason(decision)
        return said[0] if len(said) == 1 else "\n".join(f"- {sentence}" for sentence in said)

    def each_reason(self, decision: Decision) -> list[str]:
        return [self._reason(decision.operation, reason, decision.target) for reason in decision.reasons]

    def _reason(self, operation: str, reason: Reason, target: str | None) -> str:
        values = {"target": target, **reason.values}
        return self._wording.first(f"{operation}_{reason.code}", f"reason_{reason.code}", values=values)

    def consequences(self, decision: Decision) -> list[str]:
        return [
            self._wording.first(
                f"{decision.operation}_then_{item.code}", f"consequence_{item.code}", values=item.values
            )
            for item in decision.consequences
        ]

    def notes(self, decision: Decision) -> list[str]:
        return [
            self._wording.first(
                f"{decision.operation}_note_{note.code}", f"note_{note.code}", f"reason_{note.code}", values=note.values
            )
            for note in decision.notes
        ]

    def remedies(self, decision: Decision) -> list[str]:
        return [self.remedy(decision.operation, remedy) for remedy in decision.remedies]

    def remedy(self, about: str, remedy: Remedy) -> str:
        """What can be done instead, as a sentence; `about` is the operation or question it is offered for."""
        return self._wording.first(f"{about}_remedy_{remedy.code}", f"remedy_{remedy.code}", values=remedy.values)

    def offer(self, decision: Decision) -> str:
        """What is shown before the yes: what it is about, what will happen, what to know, and the question."""
        said = [self.reasons(decision)]
        consequences = self.consequences(decision)
        if consequences:
            said.append(self._wording.say("if_you_say_yes") + "\n" + "\n".join(f"- {item}" for item in consequences))
        said.extend(self.notes(decision))
        values = self.values(decision)
        asks = (f"ask_{decision.reasons[0].code}", f"propose_{decision.operation}")
        said.append(self._wording.first(*asks, values=values))
        return "\n\n".join(said)

    def answer(self, decision: Decision) -> str:
        """What is said of a decision that proposes nothing: the reasons, what to know, what can be done instead."""
        said = [self.reasons(decision), *self.notes(decision)]
        remedies = self.remedies(decision)
        if remedies:
            said.append(remedies[0] if len(remedies) == 1 else "\n".join(f"- {item}" for item in remedies))
        return "\n\n".join(said)

    def values(self, decision: Decision) -> dict[str, Any]:
        """All values the decision's reasons speak of, for the sentences around them."""
        merged: dict[str, Any] = {"target": decision.target, "deadline": decision.deadline}
        for reason in decision.reasons:
            merged.update(reason.values)
        return merged

    def proposal_buttons(self, decision: Decision, proposal: ProposalRow) -> tuple[Button, ...]:
        """Yes and no, worded for this operation."""
        values = self.values(decision)
        operation = decision.operation
        code = decision.reasons[0].code
        yes = self._wording.first(f"button_yes_{code}", f"button_yes_{operation}", values=values)
        no = self._wording.first(f"button_no_{code}", f"button_no_{operation}", values=values)
        style = "danger" if operation == "delete_account" else "primary"
        return (
            Button(yes, {"do": "confirm", "proposal": proposal.id}, style),
            Button(no, {"do": "decline", "proposal": proposal.id}),
        )

    def remedy_buttons(self, decision: Decision) -> tuple[Button, ...]:
        """What can be done instead, as buttons."""
        return self.buttons_for(decision.remedies)

    def buttons_for(self, remedies: Iterable[Remedy]) -> tuple[Button, ...]:
        """The first few remedies that can be pressed."""
        buttons = {button.title: button for remedy in remedies if (button := self._remedy_button(remedy))}
        return tuple(buttons.values())[:MAX_REMEDY_BUTTONS]

    def _remedy_button(self, remedy: Remedy) -> Button | None:
        if remedy.kind == "operation":
            press = {"do": "operate", "operation": remedy.operation, "target": remedy.target}
            title = self._wording.first(
                f"button_remedy_{remedy.code}", f"button_{remedy.operation}", values=remedy.values
            )
            return Button(title, press)
        if remedy.kind == "person":
            return Button(self._wording.say("button_person"), {"do": "hand_over", "why": remedy.code})
        if remedy.kind == "article" and remedy.section and self._knowledge.has(remedy.section):
            title = self._knowledge.section(remedy.section).title
            return Button(title, {"do": "answer", "section": remedy.section})
        return None

    def citations(self, decision: Decision) -> list[dict[str, Any]]:
        """The sections that state the deciding reasons, at most three."""
        codes = [(reason.code, reason.sources) for reason in decision.reasons]
        return self._knowledge.citations_for(decision.operation, codes)

    def question_title(self, decision: Decision) -> str:
        """The button that starts the operation a decision would allow."""
        try:
            return self._wording.say(f"button_yes_{decision.operation}", self.values(decision))
        except WordingError:
            return self._wording.say(f"button_{decision.operation}")


def proposal_json(proposal: ProposalRow) -> dict[str, Any]:
    """The contract's `proposal`."""
    return {
        "id": proposal.id,
        "operation": proposal.operation,
        "target": proposal.target,
        "expires_at": to_plain(proposal.expires_at),
        "state": proposal.state,
    }


def is_offer(decision: Decision) -> bool:
    return decision.outcome in (Outcome.GRANTED, Outcome.REFER_TO_AGENT)
