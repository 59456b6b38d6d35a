"""Takes the titles of courses out of what is sent to be understood: a title says which, never what is wanted.

"Unenroll me from Astronomy Nights" and "unenroll me from World of Wine" are one wish; only the backend knows titles.
What the learner wrote stays as it is in the transcript and for finding what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rapidfuzz import fuzz, process, utils
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.store.catalog_titles import all_titles
from backend.store.world_models import CourseRow, EnrollmentRow, PaymentRow

CLOSE = 90
# Words of titles that are also words of questions: alone they do not name a course.
_COMMON = frozenset(
    (
        "course courses class learning data science business basics introduction career development skills management "
        "project design with from your plus payment certificate online world first part money finance english"
    ).split()
)
_AFTER = r"(?:\s+(?:course|class|specialization|specialisation|one))?\b"


async def to_understand(session: AsyncSession, text: str, learner_id: str | None) -> str:
    """A text as it is sent to be understood: without titles of the public catalogue and of the learner's courses."""
    courses, specializations = await all_titles(session)
    own: list[str] = []
    if learner_id:
        enrolled = select(EnrollmentRow.course_id).where(EnrollmentRow.learner_id == learner_id)
        paid = select(PaymentRow.item).where(PaymentRow.learner_id == learner_id)
        query = select(CourseRow.title).where(or_(CourseRow.id.in_(enrolled), CourseRow.id.in_(paid)))
        own = list(await session.scalars(query))
    return without_titles(text, courses, specializations, own)


def without_titles(text: str, courses: Sequence[str], specializations: Sequence[str], own: Iterable[str] = ()) -> str:
    """The text with "this course" or "this specialization" where a title stands, misspelt or not.

    Of titles in `own` a part is enough: "the wine course" for World of Wine.
    """
    for names, word in ((specializations, "specialization"), (courses, "course")):
        for title in _named(text, names):
            text = _replaced(text, title, _called(title, word))
    for title in own:
        text = _without_part(text, title)
    return text


def _called(title: str, word: str) -> str:
    """What stands for a title. That it is a capstone says what the question is about."""
    return "capstone" if word == "course" and "capstone" in title.casefold() else word


def _named(text: str, names: Sequence[str]) -> list[str]:
    """The titles that stand in the text, the longest first. One word alone is a word, not a title."""
    said = {word for word in utils.default_process(text).split() if len(word) > 3}
    several = [name for name in names if len(name.split()) > 1 and said & set(utils.default_process(name).split())]
    found = process.extract(
        text, several, scorer=fuzz.partial_ratio, processor=utils.default_process, score_cutoff=CLOSE, limit=5
    )
    told = len(utils.default_process(text))
    fitting = [name for name, _score, _index in found if len(utils.default_process(name)) <= told]
    return sorted(fitting, key=len, reverse=True)


def _replaced(text: str, title: str, word: str) -> str:
    place = fuzz.partial_ratio_alignment(title.casefold(), text.casefold(), score_cutoff=CLOSE - 8)
    if place is None or len(text.casefold()) != len(text):
        return text
    start, end = place.dest_start, place.dest_end
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return _put(text, start, end, word)


def _put(text: str, start: int, end: int, word: str) -> str:
    before, rest = text[:start], text[end:]
    rest = re.sub(r"^\s+(?:course|class|specialization|specialisation)\b", "", rest, flags=re.I)
    owned = re.search(r"\b(?:my|the|this|that|a)\s+$", before, re.I)
    return f"{before}{word if owned else f'this {word}'}{rest}"


def _without_part(text: str, title: str) -> str:
    """Two words of a title in a row, or one telling word before "course", stand for it."""
    words = re.findall(r"[^\W_]+", title)
    for first, second in pairwise(words):
        pair = re.search(rf"\b{re.escape(first)}\s+{re.escape(second)}{_AFTER}", text, re.I)
        if pair and not {first.casefold(), second.casefold()} <= _COMMON:
            return _put(text, pair.start(), pair.end(), _called(title, "course"))
    for word in words:
        if len(word) < 4 or word.casefold() in _COMMON:
            continue
        single = re.search(rf"\b{re.escape(word)}\s+(?:course|class|one)\b", text, re.I)
        if single:
            return _put(text, single.start(), single.end(), "course")
    return text
