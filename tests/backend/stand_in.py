"""Stands in for Rasa and its action server: knows a few sentences, and asks the backend back as an action would."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from backend.conversations.turns import Turns
from backend.errors import DialogueUnavailable

# The first that is found in the text says what the turn's action asks for.
SENTENCES: tuple[tuple[str, dict[str, Any]], ...] = (
    (r"reset my password", {"do": "operate", "operation": "reset_password"}),
    (r"delete my account", {"do": "operate", "operation": "delete_account"}),
    (r"refund|money back", {"do": "operate", "operation": "refund"}),
    (r"report a problem", {"do": "operate", "operation": "report_problem"}),
    (r"cancel", {"do": "operate", "operation": "cancel_subscription"}),
    (r"^(yes|yep|sure)\b", {"do": "confirm"}),
    (r"^(no|nope)\b", {"do": "decline"}),
    (r"never ?mind", {"do": "stop"}),
    (r"can't go on", {"do": "hand_over", "why": "distress"}),
    (r"person|human", {"do": "hand_over", "why": "asked"}),
    (r"^(hi|hello)\b", {"do": "small_talk", "kind": "greet"}),
    (r"how long", {"do": "answer", "section": "request-a-refund/time-limit", "confidence": 0.93}),
)
UNSURE = {"do": "fallback", "near": [], "kind": "unsure"}
Hook = Callable[[], Awaitable[object]]


class Held:
    """A turn that waits before its action: `reached` when it does, until `go`."""

    def __init__(self) -> None:
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.go.wait()


class StandIn:
    """A DialogueEngine. `away` makes it fail at once, `fails_after` once its action is done.

    heard: what it was given, turn by turn. broken: what the backend refused its actions with.
    before, after: awaited on both sides of the action.
    """

    def __init__(self) -> None:
        self.turns: Turns | None = None
        self.heard: list[dict[str, Any]] = []
        self.broken: list[Exception] = []
        self.away = False
        self.fails_after = False
        self.before: Hook | None = None
        self.after: Hook | None = None

    def hold(self) -> Held:
        """Every turn from now on waits before its action."""
        self.before = held = Held()
        return held

    async def turn(
        self,
        *,
        session: str,
        turn: str,
        text: str | None = None,
        intent: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        assert self.turns is not None, "the stand-in was never told whom to ask back"
        self.heard.append(
            {"session": session, "turn": turn, "text": text, "intent": intent, "context": dict(context or {})}
        )
        if self.away:
            raise DialogueUnavailable("the dialogue is away")
        if self.before:
            await self.before()
        try:
            understood = {"intent": intent or "typed", "confidence": 0.9}
            await self.turns.act(turn, command_for(text, intent), understood)
        except Exception as error:  # an action that fails is, to the backend, a dialogue that does not answer
            self.broken.append(error)
            raise DialogueUnavailable("an action failed") from error
        if self.after:
            await self.after()
        if self.fails_after:
            raise DialogueUnavailable("the dialogue broke off")

    async def ready(self) -> bool:
        return not self.away


def command_for(text: str | None, intent: str | None) -> dict[str, Any]:
    """What the turn's action asks the backend for."""
    if intent is not None:
        return {"do": "press"}
    found = (command for pattern, command in SENTENCES if re.search(pattern, text or "", re.I))
    return dict(next(found, UNSURE))
