"""answer: a section of an article, or which of two is meant, or that nothing fits."""

from __future__ import annotations

from typing import Any

from actions.verb import Found, Verb


class Answer(Verb):
    """The section the question is about."""

    action_name = "action_answer"

    def do(self, found: Found) -> dict[str, Any]:
        """The section, how sure it is, and what else came close."""
        return {
            "do": "answer",
            "section": found.understanding.get("section"),
            "confidence": found.understanding.get("section_confidence", found.confidence),
            "alternatives": found.understanding.get("alternatives") or [],
        }


class Clarify(Verb):
    """Two meanings are about as likely: the learner is asked."""

    action_name = "action_clarify"

    def do(self, found: Found) -> dict[str, Any]:
        """Both options."""
        return {"do": "clarify", "options": found.understanding.get("options") or []}


class Fallback(Verb):
    """Not understood, or nothing the desk is for."""

    action_name = "action_fallback"

    def do(self, found: Found) -> dict[str, Any]:
        """The nearest sections, and why there is no answer."""
        return {
            "do": "fallback",
            "near": found.understanding.get("near") or [],
            "language": found.understanding.get("language"),
            "kind": found.understanding.get("kind") or "unsure",
        }
