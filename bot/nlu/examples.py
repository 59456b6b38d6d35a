"""The examples a model is trained on: questions, what articles say, and variants with other courses' titles."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.importer import FAQ, PASSAGE, RELATED, SECTION, TITLE
from bot.nlu.classifier import Example

# What an article says counts less than how learners ask: it tells of words the listed questions do not happen to use.
PASSAGE_WEIGHT = 0.3
VARIANTS = 1
COURSE_TITLES = "course_title"
# In an intent's metadata: the sections that answer what the intent asks for, where no section says so itself.
SECTIONS = "sections"


@dataclass(frozen=True)
class Corpus:
    """What is learnt from, and what the sections are called and lead to."""

    examples: tuple[Example, ...]
    titles: dict[str, str] = field(default_factory=dict)  # label of a section → its title
    related: dict[str, tuple[str, ...]] = field(default_factory=dict)  # label → labels of the same matter

    @classmethod
    def from_training_data(cls, training_data: TrainingData) -> Corpus:
        """Reads Rasa's training data; the lookup table `course_title` names the titles that are exchanged."""
        courses = [
            title
            for table in training_data.lookup_tables
            if table.get("name") == COURSE_TITLES
            for title in table.get("elements", [])
        ]
        examples: list[Example] = []
        titles: dict[str, str] = {}
        related: dict[str, set[str]] = {}
        for group, message in enumerate(training_data.training_examples):
            text, intent = message.get(TEXT), message.get(INTENT)
            if not text or not intent:
                continue
            label = f"{FAQ}/{message.get(SECTION)}" if intent == FAQ else intent
            weight = PASSAGE_WEIGHT if message.get(PASSAGE) else 1.0
            texts = [text] if message.get(PASSAGE) else [text, *variants(text, courses)]
            examples += [Example(one, label, group, weight) for one in texts]
            if message.get(TITLE):
                titles[label] = message.get(TITLE)
            sections = (message.get("metadata") or {}).get(INTENT, {}).get(SECTIONS, [])
            for other in [*(message.get(RELATED) or ()), *(f"{FAQ}/{section}" for section in sections)]:
                related.setdefault(label, set()).add(other)
                related.setdefault(other, set()).add(label)
        return cls(tuple(examples), titles, {label: tuple(sorted(others)) for label, others in related.items()})


def label_kind(label: str) -> tuple[str, str]:
    """("section", its id) or ("intent", its name)."""
    return ("section", label[len(FAQ) + 1 :]) if label.startswith(f"{FAQ}/") else ("intent", label)


def variants(text: str, courses: Sequence[str], count: int = VARIANTS) -> list[str]:
    """The text with other courses' titles, so that no title stands for what is wanted. Always the same for a text."""
    found = _first_title(text, courses)
    if not found:
        return []
    start, end = found
    named = text[start:end].lower()
    others = sorted((course for course in courses if course.lower() != named), key=lambda course: _order(text, course))
    return [text[:start] + course + text[end:] for course in others[:count]]


def _first_title(text: str, courses: Iterable[str]) -> tuple[int, int] | None:
    longest_first = sorted(courses, key=len, reverse=True)
    if not longest_first:
        return None
    pattern = r"\b(?:" + "|".join(re.escape(course) for course in longest_first) + r")\b"
    match = re.search(pattern, text, re.IGNORECASE)
    return match.span() if match else None


def _order(text: str, course: str) -> bytes:
    return hashlib.sha256(f"{text}|{course}".encode()).digest()
