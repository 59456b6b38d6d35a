"""diagnose: why something in the learner's account is as it is."""

from __future__ import annotations

from typing import Any

from actions.verb import Found, Verb


class Diagnose(Verb):
    """Looks into the account."""

    action_name = "action_diagnose"

    def do(self, found: Found) -> dict[str, Any]:
        """`why_no_certificate` for check_why_no_certificate; the nearest sections are for whom has no account."""
        return {
            "do": "diagnose",
            "question": found.matter("check_"),
            "confidence": found.confidence,
            "near": found.understanding.get("near") or [],
        }
