"""What the desk says in a turn, before it becomes messages of the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Button:
    """A quick reply. `press` is what it means and never leaves the server; `style` is primary, danger or plain.

    `sends_form`: it is not among the replies but sends the message's form, as `step.submit`.
    """

    title: str
    press: Mapping[str, Any]
    style: str = "plain"
    sends_form: bool = False

    @property
    def writes(self) -> bool:
        """Whether pressing changes something: then it is good once."""
        return self.press.get("do") == "confirm"


@dataclass(frozen=True)
class Reply:
    """One message to be. `extras` holds the contract's optional parts: citations, decision, diagnosis, proposal, step,
    answer; `record` what only staff may see (a decision's trace)."""

    text: str
    kind: str
    buttons: tuple[Button, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] | None = None
    author: str = "bot"
    confidence: float | None = None

    def to_draft(self) -> dict[str, Any]:
        """As JSON, for the turn's draft."""
        return {
            "text": self.text,
            "kind": self.kind,
            "buttons": [{**asdict(button), "press": dict(button.press)} for button in self.buttons],
            "extras": dict(self.extras),
            "record": self.record,
            "author": self.author,
            "confidence": self.confidence,
        }

    @classmethod
    def from_draft(cls, draft: Mapping[str, Any]) -> Reply:
        return cls(
            text=draft["text"],
            kind=draft["kind"],
            buttons=tuple(Button(**button) for button in draft["buttons"]),
            extras=draft["extras"],
            record=draft["record"],
            author=draft["author"],
            confidence=draft["confidence"],
        )
