"""What each figure of the insight counts, and how numbers are made of many: pure, so that anybody can count again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

# A learner who has said nothing for so long has ended the conversation.
ENDED_AFTER_MINUTES = 60
GOOD_RATING = 4
BAD_RATING = 2


@dataclass(frozen=True)
class Figure:
    """One number of the page: its name, its unit and what exactly is counted."""

    key: str
    title: str
    unit: str
    definition: str

    def to_json(self, value: float | int | None) -> dict[str, Any]:
        return {
            "key": self.key,
            "title": self.title,
            "value": value,
            "unit": self.unit,
            "definition": self.definition,
        }


# The six classes of conversations; each conversation is in exactly one, the first that fits.
CLASSES = ("handed_over", "silent", "confirmed", "not_helped", "going_on", "ended")
FIGURES = (
    Figure(
        "conversations",
        "Conversations",
        "",
        "Conversations opened on the help page or in the app in these days. Each is in exactly one of the six that "
        "follow, the first that fits.",
    ),
    Figure(
        "handed_over",
        "Handed over",
        "",
        "At least once in the queue or taken by a person, whatever was said before or after and whenever that was.",
    ),
    Figure(
        "silent", "Opened, nothing asked", "", "Opened, but the learner wrote and pressed nothing, and no person came."
    ),
    Figure(
        "confirmed",
        "Answered, confirmed",
        "",
        f"Never with a person, and the learner said that it helped: an answer marked helpful, or a rating of "
        f"{GOOD_RATING} or 5.",
    ),
    Figure(
        "not_helped",
        "Not helped",
        "",
        f"Never with a person, not confirmed, and the learner said that it did not help: an answer marked not helpful, "
        f"or a rating of 1 or {BAD_RATING}.",
    ),
    Figure(
        "going_on",
        "Going on",
        "",
        f"None of these, and something was said in the last {ENDED_AFTER_MINUTES} minutes before you looked.",
    ),
    Figure(
        "ended",
        "Answered, merely ended",
        "",
        "All others: never with a person, and ended without a word about whether it helped. Some were helped and "
        "some gave up; nobody knows which.",
    ),
    Figure(
        "handoffs",
        "Hand-overs",
        "",
        "Each time a conversation joined the queue or was taken by a person in these days, whenever it was opened. A "
        "conversation put back into the queue counts again.",
    ),
    Figure(
        "waiting_median",
        "Waiting, median",
        "min",
        "From joining the queue to the claim, over the hand-overs of these days that were claimed. Half waited "
        "no longer.",
    ),
    Figure("waiting_p90", "Waiting, 9 of 10", "min", "The same; nine of ten waited no longer."),
    Figure(
        "first_response_median",
        "First response, median",
        "min",
        "From joining the queue, or from the claim where nobody waited, to the first message of a person; over the "
        "hand-overs of these days that were answered.",
    ),
    Figure("first_response_p90", "First response, 9 of 10", "min", "The same; nine of ten were answered no later."),
    Figure(
        "left_queue",
        "Left the queue",
        "",
        "Hand-overs of these days that the learner ended before anybody came.",
    ),
    Figure("ratings", "Ratings", "", "Ratings given in these days; of a conversation rated twice the last one."),
    Figure("rating_mean", "Mean rating", "of 5", "The mean of these ratings."),
)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The least value that at least `share` of them do not exceed (nearest rank); None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    """Median and ninth tenth of durations, in seconds."""
    return {
        "count": len(seconds),
        "median_seconds": quantile(seconds, 0.5),
        "p90_seconds": quantile(seconds, 0.9),
    }


def minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)


def class_of(conversation: Mapping[str, bool]) -> str:
    """The first of the classes whose mark is set; `ended` where none is."""
    return next((name for name in CLASSES if conversation.get(name)), "ended")


def csv_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV (RFC 4180), the first row's keys as the head. What a spreadsheet would take for a formula is text."""
    rows = list(rows)
    if not rows:
        return ""
    lines = [list(rows[0]), *([row.get(name) for name in rows[0]] for row in rows)]
    return "".join(",".join(map(_cell, line)) + "\r\n" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    text = "" if value is None else str(value)
    text = f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text
