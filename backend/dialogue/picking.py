"""Reads typed words as an answer to "which one?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.operations.base import Candidate
from backend.operations.matching import by_name, by_position

# So much of a text has to be the name for it to be an answer: "unenroll me from python" wants another thing.
ANSWERS = 0.7


def picked(text: str, asked: Mapping[str, Any], candidates: Sequence[Candidate]) -> dict[str, Any] | None:
    """The press a text stands for, or None when it is about something else.

    Positions are those of the list that was shown; names may also be of what did not fit into it.
    """
    options = [option["target"] for option in asked["options"]]
    shown = sorted((each for each in candidates if each.target in options), key=lambda each: options.index(each.target))
    press = {key: asked[key] for key in ("do", "operation", "details", "question")}
    placed = by_position(text, shown)
    if placed.only:
        return {**press, "target": placed.only.target}
    if placed.candidates:
        return {**press, "targets": [each.target for each in placed.candidates]}
    named = by_name(text, shown)
    if named.share < ANSWERS:
        named = by_name(text, candidates)
    if named.share < ANSWERS or not named.candidates:
        return None
    if named.only:
        return {**press, "target": named.only.target}
    fitting = [each.target for each in named.candidates]
    return {**press, "do": "narrow", "targets": fitting} if len(fitting) < len(shown) else None
