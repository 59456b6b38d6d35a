"""The component that decides what a message means, inside Rasa's graph."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.cache import CachedEncoder
from bot.nlu.classifier import Settings
from bot.nlu.embedding import EMBEDDING
from bot.nlu.examples import Corpus
from bot.nlu.mind import Mind, understand
from bot.turn import UNDERSTANDING


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class Understanding(GraphComponent):
    """Sets the message's intent and `understanding`."""

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, mind: Mind | None = None
    ) -> None:
        self._settings = Settings(**{key: value for key, value in config.items() if key in Settings.__annotations__})
        self._storage = storage
        self._resource = resource
        self._mind = mind

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Understanding:
        """Untrained."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learns from the examples, and stores what was learnt."""
        corpus = Corpus.from_training_data(training_data)
        vectors = CachedEncoder().encode([example.text for example in corpus.examples])
        self._mind = Mind.fit(corpus, vectors, self._settings)
        with self._storage.write_to(self._resource) as folder:
            self._mind.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Understanding:
        """As stored by `train`."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, Mind.load(folder))

    def process(self, messages: list[Message]) -> list[Message]:
        """Decides for each message; the topic talked about is in the channel's metadata."""
        for message in messages:
            topic = (message.get(METADATA) or {}).get("topic")
            intent, confidence, found = understand(self._mind, message.get(TEXT), message.get(EMBEDDING), topic)
            message.set(INTENT, {"name": intent, "confidence": confidence}, add_to_output=True)
            message.set(UNDERSTANDING, found, add_to_output=True)
        return messages
