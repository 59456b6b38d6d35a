"""What a rule has to be told: asking for it, one thing at a time, and keeping what was told as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.conversations.replies import Button
from backend.dialogue.decisions import DecisionSpeaker
from backend.dialogue.turn import Turn
from backend.operations.base import Field, Operation
from backend.policy.decision import Decision
from backend.wording import Wording


def missing_field(operation: Operation, details: Mapping[str, Any]) -> Field | None:
    """The next thing the rule has not been told."""
    return next((field for field in operation.fields if field.name not in details), None)


def draft_of(turn: Turn, operation: Operation, target: str | None) -> Mapping[str, Any]:
    """What was told before for the same thing, in this conversation."""
    return turn.agenda.extra.get("drafts", {}).get(f"{operation.name}:{target}", {})


def wait_for_more(turn: Turn, operation: Operation, decision: Decision, details: Mapping[str, Any]) -> None:
    """After a refusal that more words would change: what is written next is added."""
    field = operation.to_add_to(decision)
    if field is not None:
        press = {"do": "collect", "operation": operation.name, "target": decision.target, "field": field}
        asked = {"kind": "collect", **press, "details": dict(details), "adds": True}
        turn.agenda = turn.agenda.with_(asked=asked)


class Fields:
    """Asks for the fields of an operation."""

    def __init__(self, speaker: DecisionSpeaker, wording: Wording) -> None:
        self._speaker = speaker
        self._wording = wording

    def ask(
        self,
        turn: Turn,
        operation: Operation,
        target: str | None,
        details: Mapping[str, Any],
        field: Field,
        decision: Decision | None = None,
        opening: str = "",
    ) -> None:
        """Ask for one thing the rule has to be told. What was told already is kept as a draft."""
        told_words = sum(len(str(value).split()) for value in details.values() if isinstance(value, str))
        values = {"words": told_words, **(self._speaker.values(decision) if decision else {})}
        said = [opening] if opening else []
        if decision is not None and not details:
            said += self._speaker.notes(decision)
        said.append(self._wording.say(f"ask_{operation.name}_{field.name}", values))
        press = {"do": "collect", "operation": operation.name, "target": target, "field": field.name}
        buttons = self._buttons(operation, field, {**press, "details": dict(details)})
        shown = {"decision": decision.to_json()} if decision is not None else {}
        turn.say("\n\n".join(said), "clarify", buttons=buttons, **shown)
        drafts = {**turn.agenda.extra.get("drafts", {}), f"{operation.name}:{target}": dict(details)}
        asked = {"kind": "collect", **press, "details": dict(details)}
        turn.agenda = turn.agenda.with_(asked=asked, extra={**turn.agenda.extra, "drafts": drafts})
        turn.helped()

    def _buttons(self, operation: Operation, field: Field, press: Mapping[str, Any]) -> tuple[Button, ...]:
        name = f"button_{operation.name}_{field.name}"
        if field.kind == "pledge":
            yes = Button(self._wording.say(f"{name}_yes"), {**press, "value": True}, "primary")
            return (yes, Button(self._wording.say(f"{name}_no"), {"do": "stop"}))
        if self._wording.has(f"{name}_none"):
            return (Button(self._wording.say(f"{name}_none"), {**press, "value": ""}),)
        return tuple(
            Button(self._wording.say(f"choice_{option}"), {**press, "value": option}) for option in field.options
        )
