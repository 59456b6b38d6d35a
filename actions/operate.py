"""operate: what changes something, and the yes, the no and the button press that belong to it."""

from __future__ import annotations

from typing import Any

from actions.verb import Found, Verb


class Operate(Verb):
    """An operation that is asked for (do_), or asked about (can_)."""

    action_name = "action_operate"

    def do(self, found: Found) -> dict[str, Any]:
        """The operation; `question` is there when the learner only asks whether it could be done."""
        asked = {"do": "operate", "operation": found.matter("do_", "can_"), "confidence": found.confidence}
        return asked | {"question": True} if found.intent.startswith("can_") else asked


class Wish(Verb):
    """What nobody can grant; the backend says so and what can be done instead."""

    action_name = "action_wish"

    def do(self, found: Found) -> dict[str, Any]:
        """The wish: `gift` for wish_gift."""
        return {"do": "wish", "operation": found.matter("wish_"), "confidence": found.confidence}


class Confirm(Verb):
    """A typed yes."""

    action_name = "action_confirm"

    def do(self, found: Found) -> dict[str, Any]:
        """What it is a yes to, the backend knows."""
        return {"do": "confirm"}


class Decline(Verb):
    """A typed no."""

    action_name = "action_decline"

    def do(self, found: Found) -> dict[str, Any]:
        """What it is a no to, the backend knows."""
        return {"do": "decline"}


class Press(Verb):
    """A pressed button or a choice the backend recognised."""

    action_name = "action_press"

    def do(self, found: Found) -> dict[str, Any]:
        """What was pressed, the backend knows."""
        return {"do": "press"}


class Stop(Verb):
    """Never mind."""

    action_name = "action_stop"

    def do(self, found: Found) -> dict[str, Any]:
        """What is to be left, the backend knows."""
        return {"do": "stop"}
