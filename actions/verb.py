"""What all actions share: ask the backend about this turn, pass its replies on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.client import BackendError, backend


class Verb(Action, ABC):
    """An action that says what the backend answers to `do`."""

    action_name = ""

    def name(self) -> str:
        """The name in domain.yml."""
        return self.action_name

    @abstractmethod
    def do(self, found: Found) -> dict[str, Any]:
        """What the backend is asked, as in the internal API: {"do": …}."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        """BackendError is left to reach Rasa, whose channel then tells the backend that the turn failed."""
        found = Found(tracker.latest_message or {})
        for reply in await backend().turn(found.turn, {**self.do(found), "understood": found.told}):
            # No text beside it: what Rasa knows as text it would keep and log.
            dispatcher.utter_message(json_message={"reply": reply})
        return []


class Found:
    """What the channel and the pipeline put into the latest message."""

    def __init__(self, message: dict[str, Any]) -> None:
        self._message = message
        self.understanding: dict[str, Any] = message.get("understanding") or {}

    @property
    def turn(self) -> str:
        """The turn's id, from the channel and from nowhere else."""
        turn = (self._message.get("metadata") or {}).get("turn")
        if not isinstance(turn, str) or not turn:
            raise BackendError("the message carries no turn")
        return turn

    @property
    def intent(self) -> str:
        """The intent's name."""
        return (self._message.get("intent") or {}).get("name") or ""

    @property
    def confidence(self) -> float:
        """Between 0 and 1."""
        return float((self._message.get("intent") or {}).get("confidence") or 0.0)

    @property
    def told(self) -> dict[str, Any]:
        """What the backend keeps of how the message was understood, likeliest first."""
        return {
            "intent": self.intent,
            "confidence": round(self.confidence, 4),
            "section": self.understanding.get("section"),
            "ranking": self.understanding.get("ranking") or [],
            "language": self.understanding.get("language"),
        }

    def matter(self, *prefixes: str) -> str:
        """The intent without the family it belongs to: `refund` for do_refund."""
        for prefix in prefixes:
            if self.intent.startswith(prefix):
                return self.intent[len(prefix) :]
        raise BackendError(f"the intent {self.intent} is none of {', '.join(prefixes)}")
