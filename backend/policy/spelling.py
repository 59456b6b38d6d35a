"""Finds names in what somebody wrote: without accents or case, in any order of words, through a slip of the keyboard.

Careful rather than clever: a name is only found if all that tells it from others was said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST = 80  # words of a question that are looked at
TOO_MANY = 100  # what fits so many names speaks of none in particular
_WORD = re.compile(r"[a-z0-9]+")


def _split(words: str) -> list[str]:
    return words.split()


_SMALL = frozenset(_split("a an and at co con da das de del der des di do dos du e el en for in la o of on the to y"))
# Words that many names share: alone they tell nothing.
_SHARED = frozenset(
    _split(
        "university universidad universidade universita universitat universite universiteit college institute institut "
        "instituto school business academy inc ltd group system professional certificate course courses specialization "
        "national museum center society company"
    )
)
# Words that are also plain English: a name made of these alone must be said in full.
_PLAIN = frozenset(_split("future cloud world bank new state modern art arts teacher unity exchange"))
_SHORT_FORMS = {"univ": "university", "uni": "university", "inst": "institute", "tech": "technology", "st": "saint"}
# Words of their own that are one letter away from a name's.
_NOT_A_SLIP = frozenset(_split("instead intend united future rich price until total tutors maine unit units"))


def plain(text: str) -> str:
    """Lower case, accents and superscripts made plain, `&` as "and"."""
    decomposed = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold()
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))


def words_of(text: str) -> list[str]:
    """The words of a text in plain letters, short forms written out; `C3.ai` is `c3ai`, `(ISC)²` is `isc2`."""
    joined = re.sub(r"(?<=\w)[.'’](?=\w)|(?<=isc)\)\s*(?=2)", "", plain(text))  # noqa: RUF001 - people type that quote
    return [_SHORT_FORMS.get(word, word) for word in _WORD.findall(joined)]


@lru_cache(maxsize=20_000)  # names come again with every question
def telling_words(name: str) -> frozenset[str]:
    """The words that tell this name from others; all of them where the rest would say nothing."""
    words = {word for word in words_of(name) if word not in _SMALL}
    telling = words - _SHARED
    if not telling or telling <= _PLAIN or (telling != words and all(len(word) <= 2 for word in telling)):
        return frozenset(words)
    return frozenset(telling)


def is_same_word(said: str, meant: str) -> bool:
    """The same word, or a slip of it: one edit in a word of five letters or more, two in eight or more."""
    if said == meant:
        return True
    if len(meant) < 5 or said[:1] != meant[:1] or said in _NOT_A_SLIP or any(mark.isdigit() for mark in said + meant):
        return False
    return _distance(said, meant) <= (2 if len(meant) >= 8 else 1)


def names_said(names: Iterable[str], text: str) -> list[str]:
    """The names the text speaks of: everything that tells a name from others was said.

    A word spelled exactly as in one name is no slip of another ("Northwestern", "Northeastern"). Where a name contains
    another ("West Virginia", "Virginia"), the fuller one counts.
    """
    said, names = set(words_of(text)[:LONGEST]), list(names)
    exact = {word for name in names if telling_words(name) <= said for word in telling_words(name)}
    slips = said - exact
    # Each telling word is looked at once, in however many names it stands.
    vocabulary = {word for name in names for word in telling_words(name)}
    meant = {word for word in vocabulary if word in said or any(is_same_word(slip, word) for slip in slips)}
    found = [name for name in names if telling_words(name) <= meant]
    if len(found) > TOO_MANY:
        return []
    return [name for name in found if not any(telling_words(name) < telling_words(other) for other in found)]


def names_like(names: Iterable[str], text: str) -> list[str]:
    """The names that share a telling word with the text: for "Google", every partner of that name."""
    words = [word for word in words_of(text)[:LONGEST] if word not in _SMALL | _SHARED | _PLAIN and len(word) > 2]
    return [
        name for name in names if any(is_same_word(word, telling) for telling in telling_words(name) for word in words)
    ]


def _distance(one: str, other: str) -> int:
    """Edits between two words: a letter more, less, another, or two swapped (optimal string alignment)."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
