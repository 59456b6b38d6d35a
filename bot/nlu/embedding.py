"""Adds to each message a vector of its meaning."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.cache import CachedEncoder
from bot.nlu.minilm import SentenceModel, shared_model

EMBEDDING = "embedding"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEmbedding(GraphComponent):
    """Sets `embedding`, float32 [DIMENSIONS] of length 1, on every message with text."""

    def __init__(self, model: SentenceModel) -> None:
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEmbedding:
        """Loads the sentence model once."""
        return cls(shared_model())

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """All examples at once; texts seen in an earlier training come from the cache."""
        messages = [message for message in training_data.training_examples if message.get(TEXT)]
        vectors = CachedEncoder(self._model).encode([message.get(TEXT) for message in messages])
        for message, vector in zip(messages, vectors, strict=True):
            message.set(EMBEDDING, vector)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """One question at a time while serving."""
        for message in messages:
            message.set(EMBEDDING, self._model.encode([message.get(TEXT) or ""])[0])
        return messages
