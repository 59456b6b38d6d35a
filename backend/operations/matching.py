"""Finds what a learner means among what this learner has: typos, part-titles, numbers, "the last one", "both".

Only the candidates given are looked at, so nothing about anybody else can come out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from backend.operations.base import Candidate

_WORD = re.compile(r"[^\W_]+(?:[.']\d+)?", re.UNICODE)
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SMALL = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "in",
        "on",
        "to",
        "and",
        "or",
        "with",
        "my",
        "your",
        "from",
        "by",
        "at",
        "is",
        "it",
        "this",
        "that",
        "i",
        "me",
    ]
)
_NUMBERS = {
    **dict.fromkeys(("first", "1st", "one", "1"), 1),
    **dict.fromkeys(("second", "2nd", "two", "2"), 2),
    **dict.fromkeys(("third", "3rd", "three", "3"), 3),
    **dict.fromkeys(("fourth", "4th", "four", "4"), 4),
    **dict.fromkeys(("fifth", "5th", "five", "5"), 5),
    **dict.fromkeys(("sixth", "6th", "six", "6"), 6),
}
_ORDINAL = re.compile(
    r"^\W*(?:ok(?:ay)?|yes|um+|uh|please|pls|i mean|i want|let'?s (?:do|take|say)|take|pick|choose|it'?s|its)?\W*"
    r"(?:the\s+|option\s+|number\s+|no\.?\s*|nr\.?\s*|#\s*)*"
    r"(?P<which>first|second|third|fourth|fifth|sixth|last|latest|newest|most recent|earliest|oldest|bottom|top|other|"
    r"1st|2nd|3rd|4th|5th|6th|[1-6]|one|two|three|four|five|six)"
    r"(?:\s+(?:one|option|course|payment|charge|of them|please|pls|thanks|thank you))*\W*$",
    re.I,
)
_ALL = re.compile(
    r"^\W*(?:i want\s+|please\s+|let'?s do\s+|do\s+|refund\s+)*(?:both|all|everything|every one|each)"
    r"(?:\s+of\s+(?:them|these|those))?(?:\s+(?:please|pls|of it|courses|payments))*\W*$",
    re.I,
)


# "My last payment", "the newest charge": said at once, before any list was shown.
_NEWEST = re.compile(
    r"\b(?:last|latest|newest|most recent|recent)\s+(?:payment|charge|purchase|order|course|subscription|one|thing)\b",
    re.I,
)
_OLDEST = re.compile(r"\b(?:first|oldest|earliest)\s+(?:payment|charge|purchase|order)\b", re.I)
_BOTH = re.compile(r"\b(?:both|all (?:of (?:them|it|my)|my|the)|everything)\b", re.I)
# Two letters that are a word by themselves: "an answer" does not name Astronomy Nights.
_NEVER_INITIALS = frozenset("as be by do go he hi if no oh ok or pm so tv uk up us we yo id im".split())
# Named as fully as this, a candidate is meant for itself and not confused with another.
# Words that point at something without naming it: they do not make an answer to "which one?" about something else.
_POINTING = frozenset(
    (
        "one ones dollar dollars euro euros usd buck bucks payment charge course class subscription please pls think "
        "was yes no want mean meant its that this would like choose take pick lets about ok okay sorry actually only"
    ).split()
)
NAMED = 0.85
TELLING = 0.3


@dataclass(frozen=True)
class Match:
    """What fits: none, one or several candidates. `coverage` is how much of the best one's name was said (0 to 1),
    `share` how much of the text that name takes up."""

    candidates: tuple[Candidate, ...] = ()
    coverage: float = 0.0
    share: float = 0.0

    @property
    def only(self) -> Candidate | None:
        return self.candidates[0] if len(self.candidates) == 1 else None


def words_of(text: str) -> list[str]:
    """The words of a text, without case and accents; an amount is one word however it is grouped (1,234.00)."""
    text = _GROUPS.sub("", text)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return _WORD.findall(plain)


# "my pottery course", "the class on ceramics": something is named as a course of theirs.
_NAMED_COURSE = re.compile(
    r"\b(?:my|the|for|of|this|that)\s+((?:[\w'-]+\s+){1,4})(?:course|class|specialization|specialisation)\b", re.I
)
_ANY_COURSE = frozenset(
    (
        "my the last latest first newest oldest second third whole online paid new old other same this that wrong "
        "entire full free expensive recent coursera one two course courses refund money payment for of a an on in "
        "from next previous current stupid useless damn bloody fucking crap bad good monthly yearly single whole "
        "specialization subscription plus trial i bought paid want back get please more another any certificate "
        "university"
    ).split()
)


def names_unknown(text: str, candidates: Sequence[Candidate]) -> bool:
    """Whether a course is named that is plainly none of the candidates."""
    for found in _NAMED_COURSE.finditer(text):
        telling = [word for word in words_of(found[1]) if word not in _ANY_COURSE and word not in _SMALL]
        known = {word for each in candidates for name in (each.title, *each.words) for word in words_of(name)}
        known |= {start for each in candidates for start in _initials(each.title)}
        if telling and not any(_alike(word, other) for word in known for other in telling):
            return True
    return False


def by_position(text: str, candidates: Sequence[Candidate], *, newest_first: bool = True) -> Match:
    """ "The second one", "3", "the last one", "both": an answer to a list that was shown in this order."""
    if _ALL.match(text):
        return Match(tuple(candidates), 1.0, 1.0)
    found = _ORDINAL.match(text)
    if not found or not candidates:
        return Match()
    which = found["which"].lower()
    if which in ("latest", "newest", "most recent"):
        index = 0 if newest_first else len(candidates) - 1
    elif which in ("earliest", "oldest"):
        index = len(candidates) - 1 if newest_first else 0
    elif which in ("last", "bottom"):
        index = len(candidates) - 1
    elif which == "top":
        index = 0
    elif which == "other":
        return Match(tuple(candidates[1:]), 1.0, 1.0) if len(candidates) == 2 else Match()
    else:
        index = _NUMBERS[which] - 1
    return Match((candidates[index],), 1.0, 1.0) if index < len(candidates) else Match()


_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
# Words of the wish itself: in "i want my money back" nobody names "Back to Work" or "Money and Banking".
_WISH = frozenset("money back refund cancel want get give return paid pay take need course class".split())


def title_words(title: str) -> list[str]:
    """The telling words of a title; the number of a part as a digit, however it is written."""
    words = words_of(title)
    numbered = [
        _ROMAN.get(word, word) if place and (place == len(words) - 1 or words[place - 1] == "part") else word
        for place, word in enumerate(words)
    ]
    return [word for word in numbered if word not in _SMALL] or numbered


def _telling(text: str, candidates: Sequence[Candidate]) -> list[str]:
    """The words of a text without those of the wish, unless a whole title stands there."""
    words = words_of(text)
    said = [
        _ROMAN.get(word, word) if len(word) > 1 or (place and words[place - 1] == "part") else word
        for place, word in enumerate(words)
    ]
    joined = f" {' '.join(words)} "
    if any(f" {' '.join(words_of(each.title))} " in joined for each in candidates):
        return said
    return [word for word in said if word not in _WISH]


def by_age(text: str, newest_first: Sequence[Candidate]) -> Match:
    """ "My last payment": the newest or the oldest, from candidates in that order."""
    if _NEWEST.search(text) and newest_first:
        return Match((newest_first[0],), 1.0, 1.0)
    if _OLDEST.search(text) and newest_first:
        return Match((newest_first[-1],), 1.0, 1.0)
    return Match()


def several(text: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Two or more that are meant together ("A and B", "both"), in the order they were said; else none."""
    if _BOTH.search(text) and 1 < len(candidates) <= 4:
        return list(candidates)
    if not re.search(r"\band\b|&|\+|,|\balso\b", text, re.I):
        return []
    said = words_of(text)
    rarity = Counter(word for candidate in candidates for word in set(title_words(candidate.title)))
    named = [each for each in candidates if _score(each, said, rarity, len(candidates))[0] >= NAMED]
    titles = {each.title for each in named}
    return sorted(named, key=lambda each: _place(each, said)) if len(named) > 1 and len(titles) == len(named) else []


def _place(candidate: Candidate, said: list[str]) -> int:
    """Where in the text a candidate's title begins."""
    title = [word for word in words_of(candidate.title) if word not in _SMALL]
    return min((place for place, other in enumerate(said) if any(_alike(word, other) for word in title)), default=99)


def by_name(text: str, candidates: Sequence[Candidate], *, threshold: float = 0.5) -> Match:
    """The candidates whose title, words or id the text names; the best only, and those equally good."""
    said = _telling(text, candidates)
    if not said or not candidates:
        return Match()
    exact = [
        candidate
        for candidate in candidates
        if re.search(rf"(?<![\w-]){re.escape(candidate.target)}(?![\w-])", text, re.I)
    ]
    if exact:
        return Match(tuple(exact), 1.0, 1.0)
    rarity = Counter(word for candidate in candidates for word in set(title_words(candidate.title)))
    scored = [(candidate, *_score(candidate, said, rarity, len(candidates))) for candidate in candidates]
    ranked = sorted((score for _candidate, score, _used in scored), reverse=True)
    best = ranked[0]
    # A single telling word is enough where no other candidate has it.
    tells = len(ranked) > 1 and best >= TELLING and best - ranked[1] >= TELLING / 2
    if best < threshold and not tells:
        return Match()
    # Whoever explains every word the best one explains is as good: "my introduction course" fits both introductions.
    explained = next(used for _candidate, score, used in scored if score == best)
    kept = [(candidate, score, used) for candidate, score, used in scored if score >= best - 0.08 or explained <= used]
    narrowed = _by_detail(text, [candidate for candidate, _score, _used in kept])
    used = max(len(used) for _candidate, _score, used in kept)
    meant = [word for word in said if word not in _SMALL and word not in _POINTING] or said
    return Match(tuple(narrowed), best, min(1.0, used / len(meant)))


def _by_detail(text: str, candidates: list[Candidate]) -> list[Candidate]:
    """Among equals, those whose amount or date was said too."""
    if len(candidates) < 2:
        return candidates
    said = " ".join(words_of(text))
    told = [
        candidate
        for candidate in candidates
        if any(
            f" {' '.join(words_of(word))} " in f" {said} " for word in candidate.words if any(map(str.isdigit, word))
        )
    ]
    return told or candidates


def _score(candidate: Candidate, said: list[str], rarity: Counter[str], total: int) -> tuple[float, frozenset[str]]:
    """How much of the title was said, words that tell candidates apart weighing more, and which said words."""
    title = title_words(candidate.title)
    weights = {word: 1.0 + math.log((total + 1) / rarity[word]) for word in title}
    hits = {word: max((_alike(word, other) for other in said), default=0.0) for word in title}
    covered = sum(weights[word] * hit for word, hit in hits.items())
    score = covered / sum(weights.values())
    used = {other for other in said if other not in _SMALL and any(_alike(word, other) for word in title)}
    initials = "".join(word[0] for word in title)
    for size in range(2, len(initials) + 1):
        # "ml basics" for Machine Learning Basics: initials of the title's first words stand for these words.
        if initials[:size] in said and initials[:size] not in _SMALL | _NEVER_INITIALS:
            rest = sum(weights[word] * hits[word] for word in title[size:])
            score = max(score, (sum(weights[word] for word in title[:size]) + rest) / sum(weights.values()))
            used.add(initials[:size])
    joined = " ".join(said)
    for name in candidate.words:
        plain = " ".join(words_of(name))
        if plain and f" {plain} " in f" {joined} ":
            score = max(score, 0.75)
            used.update(plain.split())
    return min(score, 1.0), frozenset(used)


def _initials(title: str) -> list[str]:
    """ "ml", "mlb" for Machine Learning Basics."""
    letters = "".join(word[0] for word in words_of(title) if word not in _SMALL)
    return [letters[:size] for size in range(2, len(letters) + 1)]


def _alike(word: str, other: str) -> float:
    """1 for the same word, less for a typo of it, 0 for another word."""
    if word == other:
        return 1.0
    if len(word) < 4 or len(other) < 3:
        return 0.0
    if len(other) >= 4 and (word.startswith(other) or other.startswith(word)):
        return 0.9
    ratio = fuzz.ratio(word, other)
    return ratio / 100 if ratio >= 78 else 0.0
