"""Adds the help centre's questions to the training data.

Every question an article lists under a section becomes an example of the intent `faq`, with the section it belongs to. So
adding an article is all it takes for the desk to understand its questions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from knowledge.model import Knowledge
from knowledge.reader import load_knowledge

FAQ = "faq"
# Rasa allows one "/" in an intent's name and a section's id has one already, so the section is a property of its own.
SECTION = "section"
# The intents that mean the same matter as a section, so that nobody is asked to choose between the two.
RELATED = "related_intents"


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

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """All questions of all articles; KnowledgeError names file and line of an article that cannot be read."""
        return TrainingData(training_examples=examples(load_knowledge(self._articles)))

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


def examples(knowledge: Knowledge) -> list[Message]:
    """One message a question."""
    return [
        Message({TEXT: question, INTENT: FAQ, SECTION: section.id, RELATED: related_intents(section)})
        for section in knowledge.sections
        for question in section.questions
    ]


def related_intents(section: Any) -> list[str]:
    """The intents the section leads to."""
    related = []
    if section.operation:
        related += [f"do_{section.operation}", f"can_{section.operation}"]
    if section.diagnosis:
        related.append(f"check_{section.diagnosis}")
    return related
