"""hand over: to a person."""

from __future__ import annotations

from typing import Any

from actions.verb import Found, Verb


class HandOver(Verb):
    """The learner asked for a person, or is in distress."""

    action_name = "action_hand_over"

    def do(self, found: Found) -> dict[str, Any]:
        """Why: `distress` is urgent."""
        return {"do": "hand_over", "why": "distress" if found.intent == "distress" else "asked"}
