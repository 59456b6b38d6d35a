"""Search over the sections, for the help page and its suggestions while typing.

BM25 over four fields (a word in the title says more than one in the full text), plus how well the best single example
question fits the query. The last word of a query may still be growing, so it is tried as the beginning of longer ones.
A word that no article has is tried as a misspelling. Example questions are misspelt too, on purpose, so the same is
done with their words. Everything is counted once, when the articles are loaded. Backend only: uses rapidfuzz.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge.model import Knowledge, Section
from knowledge.reader import render
from knowledge.words import EMPTY_WORDS, SHAPING_WORDS, plain_words, search_words, skeleton, stem

# Longer texts are cut: a query of a whole page would find everything and cost too much.
MAX_CHARACTERS = 400
MAX_WORDS = 24

# Chosen by asking every example question of an index without it.
_FIELD_WEIGHTS = {"title": 4.5, "questions": 0.6, "short": 1.2, "full": 0.6}
_SATURATION = 3.0
_LENGTH_INFLUENCE = 0.4
_BEST_QUESTION = 3.0
_BEGINNING = 0.8
_MISSPELT = 0.75
_BEGINNINGS_TRIED = 12
# A word that only questions use, and fewer sections' than this, may be a misspelling.
_USUAL = 3
# Results this much weaker than the best only share a common word with the query.
_WORTH_SHOWING = 0.25


@dataclass(frozen=True)
class Hit:
    """A section that was found, and which of the typed words it was found by."""

    section: Section
    score: float
    matched_words: tuple[str, ...]


class Search:
    """The searchable form of all sections, with the numbers of `params` filled in."""

    def __init__(self, knowledge: Knowledge, params: Mapping[str, Any]) -> None:
        self._sections = knowledge.sections
        self._questions: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._question_section: list[int] = []
        self._question_rarity: list[float] = []
        self._vocabulary: list[str] = []
        self._well_spelt: list[str] = []
        self._stems: dict[str, str] = {}
        self._rarity: dict[str, float] = {}
        self._weights: dict[str, list[tuple[int, float]]] = {}
        self._misspelt = lru_cache(maxsize=4096)(self._closest)
        written = [_written(knowledge, section, params) for section in self._sections]
        self._learn_words(written)
        self._sure_stems = {self._stems[word] for word in self._well_spelt}
        self._weigh([{name: self._count(words) for name, words in fields.items()} for fields in written])
        self._index_questions()
        self._rarity_of_unknown = math.log(1 + len(self._sections))

    def query(self, text: str, limit: int = 8) -> list[Hit]:
        """The sections that fit best, best first; nothing for a text without a telling word."""
        words = self._typed_words(text)
        if limit < 1 or all(word in SHAPING_WORDS for word, _ in words):
            return []
        scores: dict[int, float] = defaultdict(float)
        covered: dict[int, float] = defaultdict(float)
        matched: dict[int, list[str]] = defaultdict(list)
        wanted = 0.0
        for word, may_grow in words:
            stems = self._alternatives(word, may_grow)
            wanted += max((self._rarity[stem_] for stem_ in stems), default=self._rarity_of_unknown)
            for section, score in _best(stems, self._weights):
                scores[section] += score
                if word not in SHAPING_WORDS:
                    matched[section].append(word)
            for number, rarity in _best(stems, self._questions):
                covered[number] += rarity
        best_question: dict[int, float] = defaultdict(float)
        for number, rarity in covered.items():
            section = self._question_section[number]
            # How much of the query the question has, and how much of the question the query has: a question that
            # also asks for something else is a worse answer.
            fit = (rarity / wanted) ** 2 * (rarity / self._question_rarity[number]) ** 0.5
            best_question[section] = max(best_question[section], fit)
        total = {section: scores[section] + _BEST_QUESTION * best_question[section] for section in matched}
        return self._hits(total, matched, limit)

    def _hits(self, scores: dict[int, float], matched: dict[int, list[str]], limit: int) -> list[Hit]:
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]
        enough = ranked[0][1] * _WORTH_SHOWING if ranked else 0.0
        return [
            Hit(self._sections[section], round(score, 4), tuple(dict.fromkeys(matched[section])))
            for section, score in ranked
            if score >= enough
        ]

    def _typed_words(self, text: str) -> list[tuple[str, bool]]:
        """The telling words, each with whether it may be the beginning of a longer one."""
        if not isinstance(text, str):
            return []
        text = text[:MAX_CHARACTERS]
        everything = plain_words(text)[:MAX_WORDS]
        still_typing = bool(text) and text[-1].isalnum()
        last = len(everything) - 1
        words = {
            word: still_typing and number == last for number, word in enumerate(everything) if word not in EMPTY_WORDS
        }
        # "log in" and "login", "sign up" and "signup".
        for first, second in pairwise(everything):
            if first + second in self._stems and first not in SHAPING_WORDS and first not in EMPTY_WORDS:
                words[first + second] = False
        return list(words.items())

    def _alternatives(self, word: str, may_grow: bool) -> dict[str, float]:
        """Stems the word may stand for, each with how sure that is."""
        found: dict[str, float] = {}
        if may_grow and len(word) > 1:
            found.update((self._stems[longer], _BEGINNING) for longer in self._beginning_with(word))
        own = self._stems.get(word, stem(word))
        if own in self._weights:
            # Known from a question or two only: it may be their misspelling of something else.
            return self._misspelt(word) | found | {own: 1.0} if own not in self._sure_stems else found | {own: 1.0}
        return found or self._misspelt(word)

    def _beginning_with(self, word: str) -> list[str]:
        start = bisect_left(self._vocabulary, word)
        end = bisect_left(self._vocabulary, word + "{")
        return self._vocabulary[start : min(end, start + _BEGINNINGS_TRIED)]

    def _closest(self, word: str) -> dict[str, float]:
        """Stems of the well-spelt words that the fewest slips of the finger lead from."""
        near = self._near(word)
        fewest = min((slips for _, slips in near), default=0)
        return {self._stems[found]: _MISSPELT for found, slips in near if slips == fewest}

    def _plainly_meant(self, word: str) -> str | None:
        """The well-spelt word that has the same consonants: "recieve" is "receive", but "quit" is not "quiz"."""
        same = [found for found, _ in self._near(word) if skeleton(found) == skeleton(word)]
        # In a short word another vowel makes another word: "past" is not "post".
        return next(
            (found for found in same if len(word) > 5 or len(found) != len(word) or _anagrams(found, word)), None
        )

    def _near(self, word: str) -> list[tuple[str, int]]:
        if len(word) < 4 or word.isdigit():
            return []
        slips = 1 if len(word) < 7 else 2
        near = process.extract(word, self._well_spelt, scorer=OSA.distance, score_cutoff=slips, limit=6)
        return [(found, int(distance)) for found, distance, _ in near]

    def _learn_words(self, written: list[dict[str, list[str]]]) -> None:
        """Which words there are, and what each is a form of; a misspelt one is a form of the word it is meant for."""
        prose = {word for fields in written for name in ("title", "short", "full") for word in fields[name]}
        asked = Counter(word for fields in written for word in set(fields["questions"]))
        self._well_spelt = sorted(prose)
        self._stems = {word: stem(word) for word in prose}
        misspelt = {word: meant for word in asked.keys() - prose if (meant := self._plainly_meant(word))}
        self._stems.update((word, stem(misspelt.get(word, word))) for word in asked)
        usual = {word for word, sections in asked.items() if sections >= _USUAL and word not in misspelt}
        self._well_spelt = sorted(prose | usual)
        self._vocabulary = sorted(self._stems)

    def _count(self, words: list[str]) -> Counter[str]:
        return Counter(self._stems[word] for word in words)

    def _index_questions(self) -> None:
        for number, section in enumerate(self._sections):
            for question in section.questions:
                stems = {self._stems[word] for word in search_words(question)}
                for stem_ in stems:
                    self._questions[stem_].append((len(self._question_section), self._rarity[stem_]))
                self._question_section.append(number)
                self._question_rarity.append(sum(self._rarity[stem_] for stem_ in stems))

    def _weigh(self, sections: list[dict[str, Counter[str]]]) -> None:
        """BM25: for each stem how rare it is, and the sections that have it with what it adds to their score."""
        mean = {
            name: sum(sum(fields[name].values()) for fields in sections) / len(sections)
            for name in _FIELD_WEIGHTS
            if sections
        }
        counts: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for number, fields in enumerate(sections):
            for name, weight in _FIELD_WEIGHTS.items():
                relative_length = sum(fields[name].values()) / (mean[name] or 1)
                damping = 1 - _LENGTH_INFLUENCE + _LENGTH_INFLUENCE * relative_length
                for stem_, count in fields[name].items():
                    counts[stem_][number] += weight * count / damping
        for stem_, found in counts.items():
            rarity = math.log(1 + (len(sections) - len(found) + 0.5) / (len(found) + 0.5))
            self._rarity[stem_] = rarity
            self._weights[stem_] = [(number, rarity * n / (n + _SATURATION)) for number, n in found.items()]


def _anagrams(one: str, other: str) -> bool:
    return sorted(one) == sorted(other)


def _written(knowledge: Knowledge, section: Section, params: Mapping[str, Any]) -> dict[str, list[str]]:
    """The telling words of a section, by field."""
    article = knowledge.article(section.article)
    return {
        "title": search_words(f"{section.title} {article.title}"),
        "questions": search_words("\n".join(section.questions)),
        "short": search_words(render(section.short_markdown, params, article.file)),
        "full": search_words(render(section.full_markdown, params, article.file)),
    }


def _best(stems: Mapping[str, float], postings: Mapping[str, list[tuple[int, float]]]) -> Iterable[tuple[int, float]]:
    """Each place any of the stems occurs in, with the most any of them gives: a word is counted once."""
    best: dict[int, float] = {}
    for stem_, sureness in stems.items():
        for place, weight in postings.get(stem_, ()):
            best[place] = max(best.get(place, 0.0), weight * sureness)
    return best.items()
