"""talk: what is said between the matters."""

from __future__ import annotations

from typing import Any

from actions.verb import Found, Verb


class SmallTalk(Verb):
    """Greetings, thanks and the like."""

    action_name = "action_small_talk"

    def do(self, found: Found) -> dict[str, Any]:
        """The kind: `greet` for smalltalk_greet."""
        return {"do": "small_talk", "kind": found.matter("smalltalk_")}


class Repeat(Verb):
    """Say that again."""

    action_name = "action_repeat"

    def do(self, found: Found) -> dict[str, Any]:
        """What was said last, the backend knows."""
        return {"do": "repeat"}
