"""A trained classifier with its selector, and what it makes of a message. Knows nothing of Rasa."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bot.importer import FAQ
from bot.nlu.classifier import Classifier, Settings
from bot.nlu.examples import Corpus, label_kind
from bot.nlu.language import foreign_language
from bot.nlu.minilm import shared_model
from bot.nlu.mood import asks, requests
from bot.nlu.selector import OUT_OF_SCOPE, RANKED, Choice, Selector

FALLBACK = "nlu_fallback"
CLARIFY = "clarify"
AFFIRM = "affirm"
NEAR = 2
# Of a message in words at least so many are used by some example; of keys hit at random hardly any.
_FEWEST_KNOWN = 0.34

# A message that only makes sense after another: "and for plus?", "what about a specialization".
_FOLLOW_UP = re.compile(r"^(?:and|or|but|also|what about|how about|same for|what if)\b", re.IGNORECASE)
_LONGEST_FOLLOW_UP = 7
# What a section of the same article gains in a follow-up, and the section that was just told loses; in scores, where an
# example's own label has about 1.
_SAME_ARTICLE = 0.12
_JUST_TOLD = 0.15
# Thresholds and the temperature are shares and means: of more questions than this every second, third … is enough.
_ASKED = 20_000
# What the sentence's form decides between: doing something and the section about it, if both are among the likeliest.
_DOINGS = ("do_", "wish_")
_IN_QUESTION = 4
_SAME_MATTER_FROM = 0.01
# Below this a short message is also read as going on with the topic.
_SURE = 0.5
# A yes with any of these is not a plain one, and a plain one is what carries things out.
_NO_PLAIN_YES = frozenset(
    "no not dont don't isnt isn't but only except instead wait stop unless half part if later maybe however".split()
)
_WORD = re.compile(r"[^\W\d_]+")


class Mind:
    """A trained classifier with its selector."""

    def __init__(
        self, classifier: Classifier, selector: Selector, titles: dict[str, str], words: frozenset[str]
    ) -> None:
        """`titles` of the sections by label; `words` that the examples use."""
        self.classifier = classifier
        self.selector = selector
        self._titles = titles
        self._words = words

    @classmethod
    def fit(cls, corpus: Corpus, vectors: np.ndarray, settings: Settings | None = None) -> Mind:
        """Learns from the corpus; `vectors` [n, v] in the order of its examples."""
        classifier, held_out = Classifier.fit(corpus.examples, vectors, settings)
        number = {label: at for at, label in enumerate(classifier.labels)}
        seen: set[int] = set()
        # What articles say and other titles are no questions of learners: nothing is chosen on them.
        asked = [
            at for at, example in enumerate(corpus.examples)
            if example.weight == 1.0 and not (example.group in seen or seen.add(example.group))
        ]  # fmt: skip
        asked = asked[:: len(asked) // _ASKED + 1]
        truth = np.array([number[corpus.examples[at].label] for at in asked])
        selector = Selector.fit(
            classifier.labels, corpus.related, truth, held_out.scores[asked], held_out.nearest[asked]
        )
        words = frozenset(word for example in corpus.examples for word in _WORD.findall(example.text.lower()))
        return cls(classifier, selector, corpus.titles, words)

    def choose(self, text: str, vector: np.ndarray, topic: str | None = None) -> Choice:
        """What the text means, after a question about `topic` (a section's id) if there was one."""
        return self._by_mood(text, self._by_likeness(text, vector, topic))

    def _by_mood(self, text: str, choice: Choice) -> Choice:
        """Within one matter, whether something is to be done or explained is told by the sentence, not by its words."""
        if choice.kind != "known":
            return choice
        first, likeliest = choice.ranking[0]
        if first.startswith(f"{FAQ}/"):
            wanted = _DOINGS if requests(text) else ()
        else:
            wanted = (f"{FAQ}/",) if first.startswith(_DOINGS) and asks(text) else ()
        for at, (label, confidence) in enumerate(choice.ranking[1:_IN_QUESTION], start=1):
            if wanted and label.startswith(wanted) and confidence >= _SAME_MATTER_FROM:
                if not self.selector.same_matter(first, label):
                    continue
                ranking = list(choice.ranking)
                ranking[0], ranking[at] = (label, likeliest), (first, confidence)
                return replace(choice, labels=(label,), ranking=tuple(ranking))
        return choice

    def _by_likeness(self, text: str, vector: np.ndarray, topic: str | None) -> Choice:
        scores, nearest = self.classifier.score(text, vector)
        choice = self.selector.choose(scores, nearest)
        if f"{FAQ}/{topic}" not in self._titles or not _goes_on(text, choice):
            return choice
        # "And for plus?" after a question about refunds is "request a refund: for plus?". The article's name stands for
        # the topic: the section's own title would only find that section again, which has just been told.
        article = str(topic).partition("/")[0]
        whole = f"{article.replace('-', ' ')}: {_FOLLOW_UP.sub('', text).strip()}"
        whole_scores, whole_nearest = self.classifier.score(whole, shared_model().encode([whole])[0])
        mixed = (scores + 2 * whole_scores) / 3
        for at, label in enumerate(self.classifier.labels):
            if label == f"{FAQ}/{topic}":
                mixed[at] -= _JUST_TOLD
            elif label.startswith(f"{FAQ}/{article}/"):
                mixed[at] += _SAME_ARTICLE
        return self.selector.choose(mixed, np.maximum(nearest, whole_nearest))

    def known_words(self, text: str) -> float:
        """The share of the text's words that some example uses."""
        words = _WORD.findall(text.lower())
        return sum(word in self._words for word in words) / len(words) if words else 0.0

    def save(self, folder: Path) -> None:
        """Everything into the folder."""
        self.classifier.save(folder)
        self.selector.save(folder)
        stored = {"titles": self._titles, "words": sorted(self._words)}
        (folder / "mind.json").write_text(json.dumps(stored), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Mind:
        """As saved."""
        stored = json.loads((folder / "mind.json").read_text(encoding="utf-8"))
        return cls(Classifier.load(folder), Selector.load(folder), stored["titles"], frozenset(stored["words"]))


def understand(
    mind: Mind, text: str, vector: np.ndarray, topic: str | None = None
) -> tuple[str, float, dict[str, Any]]:
    """The intent, its confidence, and what actions and the backend are told beside it."""
    choice = mind.choose(text, vector, topic)
    ranking = [as_candidate(label, confidence) for label, confidence in choice.ranking[:RANKED]]
    sections = [as_candidate(*pair) for pair in choice.ranking if pair[0].startswith(f"{FAQ}/")]
    found: dict[str, Any] = {"section": None, "ranking": ranking, "near": sections[:NEAR], "language": None}
    language = foreign_language(text, mind.known_words(text))
    if language:
        return FALLBACK, choice.confidence, found | {"kind": "language", "language": language}
    if choice.kind == "unknown":
        kind = _why_unknown(mind, text, choice)
        near = [] if kind == "gibberish" else found["near"]
        intent = OUT_OF_SCOPE if kind == OUT_OF_SCOPE else FALLBACK
        return intent, choice.confidence, found | {"kind": kind, "near": near}
    if choice.kind == "unclear":
        return CLARIFY, choice.confidence, found | {"options": ranking[:2]}
    (label,) = choice.labels
    if label == AFFIRM and not is_plain_yes(text):
        return FALLBACK, choice.confidence, found | {"kind": "unsure", "near": []}
    kind, name = label_kind(label)
    if kind == "intent":
        return name, choice.confidence, found
    # Sure that it is a question for the articles is not sure of the section: both are told.
    together = sum(confidence for other, confidence in choice.ranking if other.startswith(f"{FAQ}/"))
    answer = {
        "section": name,
        "section_confidence": round(choice.confidence, 4),
        "alternatives": sections[1 : 1 + NEAR],
    }
    return FAQ, together, found | answer


def is_plain_yes(text: str) -> bool:
    """Whether a yes is nothing but a yes: no condition, no doubt, no question."""
    return "?" not in text and not _NO_PLAIN_YES & set(text.lower().replace("\u2019", "'").replace(",", " ").split())


def _goes_on(text: str, choice: Choice) -> bool:
    """Whether a message may only make sense after the one before it."""
    if len(text.split()) > _LONGEST_FOLLOW_UP:
        return False
    unclear = choice.kind == "unknown" or choice.ranking[0][1] < _SURE
    return bool(_FOLLOW_UP.match(text)) or (unclear and not choice.looks_out_of_scope)


def as_candidate(label: str, confidence: float) -> dict[str, Any]:
    """{"section" | "intent": name, "confidence"}."""
    kind, name = label_kind(label)
    return {kind: name, "confidence": round(confidence, 4)}


def _why_unknown(mind: Mind, text: str, choice: Choice) -> str:
    if mind.known_words(text) < _FEWEST_KNOWN:
        return "gibberish"
    return OUT_OF_SCOPE if choice.looks_out_of_scope else "unsure"
