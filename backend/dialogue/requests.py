"""Two requests in one message: "cancel my subscription and refund the course"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARTS = re.compile(r"\band(?: then| also)?\b|\bthen\b|\balso\b|\bplus i\b|[,;.&+\n]", re.I)

# What is asked for, said in the same breath as something else. Only operations that need no more words than these.
_WANTED = {
    "cancel_trial": re.compile(r"\b(?:cancel|end|stop)\b.{0,25}\btrial\b", re.I),
    "cancel_subscription": re.compile(
        r"\b(?:cancel|end|stop|terminate|quit)\b.{0,40}\b(?:subscription|sub|membership|plan|plus)\b|\bunsubscribe\b",
        re.I,
    ),
    "refund": re.compile(r"\brefund\b|\bmoney back\b|\breimburse", re.I),
    "unenroll": re.compile(
        r"\b(?:un-?enrol|disenrol)|\b(?:leave|drop|quit)\b.{0,25}\b(?:course|class)\b|\btake me (?:out|off)\b", re.I
    ),
    "delete_account": re.compile(r"\b(?:delete|close|erase|remove)\b.{0,15}\b(?:account|profile)\b", re.I),
    "unlink_login": re.compile(
        r"\b(?:unlink|disconnect)\b|\b(?:remove|take off|detach)\b.{0,20}\b(?:facebook|google|apple)\b", re.I
    ),
    "apply_for_aid": re.compile(r"\bapply\b.{0,25}\b(?:aid|scholarship)\b", re.I),
}
_ALIKE = {"cancel_trial": "cancel_subscription"}
# A refund leaves the course as well: whoever wants both wants one thing.
_ONE_THING = {"refund", "unenroll"}


@dataclass(frozen=True)
class Wanted:
    """An operation and the words that ask for it."""

    operation: str
    text: str


def requests_in(text: str, understood: str) -> list[Wanted]:
    """Two or more different operations a message asks for, in its order; empty where it is one.

    `understood` is what the message was taken for: it has to be among them, or nothing is read into it.
    """
    found: list[Wanted] = []
    for part in _PARTS.split(text):
        operation = next((name for name, words in _WANTED.items() if words.search(part)), None)
        if operation and _kind(operation) not in {_kind(each.operation) for each in found}:
            found.append(Wanted(operation, part.strip()))
    kinds = {_kind(each.operation) for each in found}
    return found if len(found) > 1 and _kind(understood) in kinds and kinds != _ONE_THING else []


def plainly_wanted(text: str) -> str | None:
    """The one operation a message names in plain words, whatever else it was taken for; None for none or several."""
    kinds = {_kind(name): name for name, words in reversed(_WANTED.items()) if words.search(text)}
    return next(iter(kinds.values())) if len(kinds) == 1 else None


def _kind(operation: str) -> str:
    return _ALIKE.get(operation, operation)
