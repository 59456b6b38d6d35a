"""What a conversation is about right now: kept with the conversation, so that no process has to remember it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Agenda:
    """The dialogue's whole state.

    asked: the last question the desk asked and still waits on: `{"kind": "confirm", "proposal": id}`,
        `{"kind": "choose", "operation", "question", "options": [{"target", "title"}]}`,
        `{"kind": "clarify", "options", "presses"}`, `{"kind": "collect", "operation", "field", "details"}`,
        `{"kind": "offer", "press"}`, `{"kind": "sign_in"}`, `{"kind": "reauthenticate" | "type_to_confirm", "then"}`;
        None when it waits on nothing.
    kept: requests to take up later, in order: `{"do": "operate", "operation", "text", …}` (a guest's).
    topic: the section last answered, for follow-ups.
    about: operation and target last spoken of.
    misses: answers in a row that did not help.
    """

    asked: Mapping[str, Any] | None = None
    kept: tuple[Mapping[str, Any], ...] = ()
    topic: str | None = None
    about: Mapping[str, Any] | None = None
    misses: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Agenda:
        data = dict(data or {})
        data["kept"] = tuple(data.get("kept", ()))
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def waits_on(self, kind: str) -> Mapping[str, Any] | None:
        """The last question, if it was of this kind."""
        return self.asked if self.asked and self.asked.get("kind") == kind else None

    def with_(self, **changes: Any) -> Agenda:
        return replace(self, **changes)
