"""What a rule has to be told: asking for it, one thing at a time, and keeping what was told as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backend.conversations.replies import Button
from backend.dialogue.decisions import DecisionSpeaker
from backend.dialogue.turn import Turn
from backend.operations.base import Field, Operation
from backend.policy.decision import Decision
from backend.policy.parameters import Parameters
from backend.wording import Wording


def missing_field(operation: Operation, details: Mapping[str, Any]) -> Field | None:
    """The next thing the rule has not been told."""
    return next((field for field in operation.fields if field.asked and field.name not in details), None)


def draft_of(turn: Turn, operation: Operation, target: str | None) -> Mapping[str, Any]:
    """What was told before for the same thing, in this conversation."""
    return turn.agenda.extra.get("drafts", {}).get(f"{operation.name}:{target}", {})


def told_in_form(operation: Operation, details: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """What is known after a form: an emptied field that is needed is not told any more, one that is left out stays."""
    told = dict(details)
    for field in operation.fields:
        value = form.get(field.name)
        if value is None:
            continue
        told.pop(field.name, None)
        if field.kind == "pledge":
            value = True if value is True else None
        elif field.kind == "choice":
            value = value if value in field.options else None
        elif isinstance(value, str):
            said = value.strip()
            value = operation.read(field.name, said) if said else None if field.required else ""
        if value is not None:
            told[field.name] = value
    return told


class Fields:
    """Asks for the fields of an operation."""

    def __init__(self, speaker: DecisionSpeaker, wording: Wording, params: Parameters) -> None:
        self._speaker = speaker
        self._wording = wording
        self._params = params

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
        step, submit = self._form(turn, operation, target, details)
        turn.say("\n\n".join(said), "clarify", buttons=(*buttons, *submit), step=step, **shown)
        drafts = {**turn.agenda.extra.get("drafts", {}), f"{operation.name}:{target}": dict(details)}
        asked = {"kind": "collect", **press, "details": dict(details)}
        turn.agenda = turn.agenda.with_(asked=asked, extra={**turn.agenda.extra, "drafts": drafts})
        turn.helped()

    def wait_for_more(self, turn: Turn, operation: Operation, decision: Decision, details: Mapping[str, Any]) -> None:
        """After a refusal that more words would change: what is written next is added; or all is sent by the form."""
        field = operation.to_add_to(decision)
        if field is None:
            return
        press = {"do": "collect", "operation": operation.name, "target": decision.target, "field": field}
        asked = {"kind": "collect", **press, "details": dict(details), "adds": True}
        turn.agenda = turn.agenda.with_(asked=asked)
        said = turn.replies[-1]
        step, submit = self._form(turn, operation, decision.target, details)
        extras = {**said.extras, **({"step": step} if step else {})}
        turn.replies[-1] = replace(said, buttons=(*said.buttons, *submit), extras=extras)

    def _form(
        self, turn: Turn, operation: Operation, target: str | None, details: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[Button, ...]]:
        """All fields at once, with what was told so far, and what sends them; nothing where there is one field only."""
        if len(operation.fields) < 2:
            return {}, ()
        say, name = self._wording.say, operation.name
        labels = {field.name: say(f"field_{name}_{field.name}") for field in operation.fields}
        step: dict[str, Any] = {"kind": "form", "form": f"{name}:{target or ''}", "title": say(f"form_{name}")}
        step["fields"] = []
        for field in operation.fields:
            shown: dict[str, Any] = {"name": field.name, "label": labels[field.name], "kind": field.kind}
            if field.options:
                shown["options"] = [{"value": option, "label": say(f"word_{option}")} for option in field.options]
            value = details.get(field.name, field.options[0] if field.options else None)
            step["fields"].append({**shown, "required": field.required, "value": value})
        if operation.exceeds:
            step["min_words"] = self._params.value(operation.exceeds, turn.now) + 1
        press = {"do": "collect", "operation": name, "target": target, "details": dict(details), "labels": labels}
        return step, (Button(say(f"button_form_{name}"), press, sends_form=True),)

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
