"""What the desk says in a turn, before it becomes messages of the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
