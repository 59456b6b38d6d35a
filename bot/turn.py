"""One turn as the backend asks for it, and the parse Rasa's rules go by."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from bot.typed_text import neutralise

# What only the backend can say: it knows which button was pressed. Typed words never get these.
SERVER_MADE = frozenset({"choose", "resume", "press", "affirm", "deny", "stop", "repeat", "talk_to_person"})
ONLY_SERVER_MADE = frozenset({"choose", "resume", "press"})

MAX_BODY_BYTES = 64 * 1024
MAX_ID_CHARACTERS = 200
UNDERSTANDING = "understanding"


class BadTurn(Exception):
    """A request that is not a turn; the message says what was expected where."""


@dataclass(frozen=True)
class Turn:
    """A learner's turn. Either `text` (made harmless) or `intent` (on the allow-list) is there, never both."""

    session: str
    id: str
    text: str | None
    intent: str | None
    topic: str | None
    asked: str | None

    @property
    def metadata(self) -> dict[str, Any]:
        """What components and actions get to see beside the words."""
        return {"turn": self.id, "topic": self.topic, "asked": self.asked}

    @classmethod
    def from_json(cls, body: bytes) -> Turn:
        """Reads a request's body; BadTurn names the field that does not fit."""
        if len(body) > MAX_BODY_BYTES:
            raise BadTurn(f"body: expected at most {MAX_BODY_BYTES} bytes")
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadTurn("body: expected JSON") from error
        if not isinstance(asked, dict):
            raise BadTurn("body: expected an object")
        text, intent = asked.get("text"), asked.get("intent")
        if (text is None) == (intent is None):
            raise BadTurn("expected either text or intent")
        if text is not None and not isinstance(text, str):
            raise BadTurn("text: expected a string")
        if intent is not None and (not isinstance(intent, str) or intent not in SERVER_MADE):
            raise BadTurn(f"intent: expected one of {', '.join(sorted(SERVER_MADE))}")
        context = asked.get("context") or {}
        if not isinstance(context, dict):
            raise BadTurn("context: expected an object")
        return cls(
            session=_identifier(asked, "session"),
            id=_identifier(asked, "turn"),
            text=None if text is None else neutralise(text),
            intent=intent,
            topic=_short(context, "topic"),
            asked=_short(context, "asked"),
        )


def parse_server_made(turn: Turn) -> dict[str, Any]:
    """The parse of a pressed button: certain, and made here, never read from text."""
    return _parse(turn, {"name": turn.intent, "confidence": 1.0}, {})


def parse_typed(turn: Turn, found: dict[str, Any]) -> dict[str, Any]:
    """The parse of typed words, from what the pipeline found; ValueError if it found something words cannot mean."""
    intent = found.get("intent") or {}
    name, confidence = intent.get("name"), intent.get("confidence")
    if not isinstance(name, str) or name in ONLY_SERVER_MADE:
        raise ValueError("the pipeline gave no intent that words can have")
    if not isinstance(confidence, (int, float)) or not math.isfinite(confidence):
        raise ValueError("the pipeline gave no confidence")
    return _parse(turn, {"name": name, "confidence": float(confidence)}, found.get(UNDERSTANDING) or {})


def _parse(turn: Turn, intent: dict[str, Any], understanding: dict[str, Any]) -> dict[str, Any]:
    # No text: rules go by intents, and what is not there cannot be kept or logged.
    return {
        "text": "",
        "intent": intent,
        "entities": [],
        "intent_ranking": [intent],
        "metadata": turn.metadata,
        UNDERSTANDING: understanding,
    }


def _identifier(asked: dict[str, Any], field: str) -> str:
    value = asked.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARACTERS or not value.isprintable():
        raise BadTurn(f"{field}: expected a string of 1 to {MAX_ID_CHARACTERS} printable characters")
    return value


def _short(context: dict[str, Any], field: str) -> str | None:
    value = context.get(field)
    if value is not None and (not isinstance(value, str) or len(value) > MAX_ID_CHARACTERS):
        raise BadTurn(f"context.{field}: expected a short string or null")
    return value
