"""Whether a message asks about something or asks for it to be done.

"How do I unenroll" and "unenroll me" are alike in meaning and in spelling; what tells them apart is how they begin.
"""

from __future__ import annotations

import re

_OPENING = r"^(?:(?:so|and|but|hi|hello|hey|please|sorry|excuse me)[ ,]+)*"
_QUESTION = re.compile(
    _OPENING
    + r"(?:how|hwo|what|whats|what's|where|when|why|which|wich|who|whose|can|could|may|is|are|am|do|does|did|will"
    r"|would|should|has|have|was|were|until|till|at what|for how|in what)\b",
    re.IGNORECASE,
)
_QUESTION_WORD = re.compile(
    r"\b(?:how (?:do|can|to|does|long|much|many)|what|where|when|why|which|who)\b", re.IGNORECASE
)
_REQUEST = re.compile(
    r"\b(?:please|pls|plz|i (?:want|need|wish)|i(?:'d| would) like)\b"
    r"|^(?:can|could|would|will) (?:you|u|some(?:one|body))\b|^(?:let|help) me\b",
    re.IGNORECASE,
)


def requests(text: str) -> bool:
    """Something is to be done: "unenroll me", "could you cancel it"."""
    if _QUESTION_WORD.search(text):
        return False
    return bool(_REQUEST.search(text)) or not ("?" in text or _QUESTION.search(text))


def asks(text: str) -> bool:
    """Something is to be explained: "how do refunds work"."""
    return bool(_QUESTION_WORD.search(text)) and not _REQUEST.search(text)
