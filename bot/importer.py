"""Adds the help centre's questions to the training data.

Every question an article lists under a section becomes an example of the intent `faq`, with the section it belongs
to. So adding an article is all it takes for the desk to understand its questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from knowledge.model import Knowledge, Section
from knowledge.reader import load_knowledge

FAQ = "faq"
# Rasa allows one "/" in an intent's name and a section's id has one already, so the section is a property of its own.
SECTION = "section"
TITLE = "title"
# The labels of the same matter, so that nobody is asked to choose between "refund me" and how refunds work.
RELATED = "related"
# What an article says, as against how learners ask for it.
PASSAGE = "passage"

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_PARAMETER = re.compile(r"\{\{[^}]*\}\}")
_MARKS = re.compile(r"[*>#`_|]")
_BREAKS = re.compile(r"\n\s*\n|\n\s*(?:\d+\.|-)\s|(?<=[.!?:])\s+")
_SHORTEST_PASSAGE = 3


class KnowledgeImporter(TrainingDataImporter):
    """The articles as training data; it brings neither domain nor rules."""

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
        articles: str | None = None,
        **kwargs: Any,
    ) -> None:
        """`articles` is a folder other than the project's own, for tests."""
        self._articles = Path(articles) if articles else None
        self._data = [training_data_paths] if isinstance(training_data_paths, str) else training_data_paths or []

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """All questions of all articles; KnowledgeError names file and line of an article that cannot be read."""
        knowledge = load_knowledge(self._articles)
        return TrainingData(training_examples=[*examples(knowledge, claimed(self._data)), *passages(knowledge)])

    def get_domain(self) -> Domain:
        """Nothing of its own."""
        return Domain.empty()

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        """Nothing of its own."""
        return StoryGraph([])

    def get_conversation_tests(self) -> StoryGraph:
        """Nothing of its own."""
        return StoryGraph([])

    def get_config(self) -> dict[str, Any]:
        """Nothing of its own."""
        return {}

    def get_config_file_for_auto_config(self) -> str | None:
        """Nothing of its own."""
        return None


def examples(knowledge: Knowledge, taken: frozenset[str] = frozenset()) -> list[Message]:
    """One message a question, those left out that the dialogue's own intents have `taken`."""
    return [
        Message({TEXT: question, INTENT: FAQ, SECTION: section.id, TITLE: section.title, RELATED: related(section)})
        for section in knowledge.sections
        for question in section.questions
        if comparable(question) not in taken
    ]


def passages(knowledge: Knowledge) -> list[Message]:
    """One message a heading and a sentence of the short answers: words that no listed question happens to use.

    The full texts would double the time of training and were worth two questions in a thousand.
    """
    found = []
    for article in knowledge.articles:
        for section in article.sections:
            texts = [section.title, f"{article.title}: {section.title}"]
            texts += _sentences(section.short_markdown)
            found += [
                Message({TEXT: text, INTENT: FAQ, SECTION: section.id, PASSAGE: True}) for text in dict.fromkeys(texts)
            ]
    return found


def claimed(paths: Sequence[str]) -> frozenset[str]:
    """The examples of data/, comparable: where an article lists the very same words, the dialogue's intent has them."""
    taken = set()
    for path in paths:
        if Path(path).name != "nlu.yml":
            continue
        for item in yaml.safe_load(Path(path).read_text(encoding="utf-8"))["nlu"]:
            if "intent" in item:
                taken |= {comparable(line.strip()[2:]) for line in item["examples"].splitlines() if line.strip()}
    return frozenset(taken)


def comparable(text: str) -> str:
    """The text without case and closing marks."""
    return " ".join(text.lower().strip(" ?!.").split())


def related(section: Section) -> list[str]:
    """The intents the section leads to."""
    found = []
    if section.operation:
        found += [f"do_{section.operation}", f"can_{section.operation}"]
    if section.diagnosis:
        found.append(f"check_{section.diagnosis}")
    return found


def _sentences(markdown: str) -> list[str]:
    text = _MARKS.sub("", _PARAMETER.sub("N", _LINK.sub(r"\1", markdown)))
    pieces = (" ".join(piece.split()) for piece in _BREAKS.split(text))
    return [piece for piece in pieces if len(piece.split()) >= _SHORTEST_PASSAGE]
