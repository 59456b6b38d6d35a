"""Reports that go to a person: course problems, Honor Code, abuse, plagiarism (F19 F37), a changed address (F00)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from backend.operations.base import Candidate, Field, Operation
from backend.policy.facts import Account
from backend.policy.reports import KINDS

_LINK = re.compile(r"https?://\S{4,500}")
_NO_LINK = re.compile(
    r"^\W*(?:no|none|nope|sorry)\b|\b(?:no|don'?t have (?:a|any|the|one)?|without|haven'?t (?:got )?(?:a|any)?) ?link|"
    r"don'?t have (?:one|it|any)\b",
    re.I,
)
_KINDS = (
    ("plagiarism", re.compile(r"plagiari|copied (?:my|from)|stole my (?:work|essay|assignment)", re.I)),
    ("honor_code", re.compile(r"cheat|honou?r code|answers? (?:online|for sale)|selling answers", re.I)),
    ("abuse", re.compile(r"abus|harass|insult|bully|hate|threat|spam|offensive|racist|sexist", re.I)),
)


class ReportProblem(Operation):
    """Becomes a case after a yes. The course is named if one is meant."""

    name = "report_problem"
    has_target = False
    fields = (
        Field("kind", "choice", tuple(KINDS), asked=False),
        Field("text"),
        Field("link", required=False),
    )

    def details(self, text: str) -> dict[str, Any]:
        """`kind` where the words tell it, and `link` when one was given along."""
        kind = next((kind for kind, words in _KINDS if words.search(text)), None)
        link = _LINK.search(text)
        return {**({"kind": kind} if kind else {}), **({"link": link[0]} if link else {})}

    def read(self, field: str, text: str) -> str | None:
        """A link out of a sentence, or none if that is what is said; where it is, in words, is good too."""
        if field != "link":
            return text
        link = _LINK.search(text)
        return link[0] if link else "" if _NO_LINK.search(text) else text


class ReportEmailChange(Operation):
    """Somebody else changed the address: urgent, a case and a person."""

    name = "report_email_change"
    has_target = False

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        return []
