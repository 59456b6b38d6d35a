"""Adds to each message a vector of its meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.minilm import MODEL_SHA256, SentenceModel
from bot.settings import MODELS

EMBEDDING = "embedding"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEmbedding(GraphComponent):
    """Sets `embedding`, float32 [384] of length 1, on every message with text."""

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
        return cls(SentenceModel())

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """All examples at once; texts seen in an earlier training come from the cache."""
        messages = [message for message in training_data.training_examples if message.get(TEXT)]
        vectors = CachedEncoder(self._model).encode([message.get(TEXT) for message in messages])
        for message, vector in zip(messages, vectors):
            message.set(EMBEDDING, vector)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """One question at a time while serving."""
        for message in messages:
            message.set(EMBEDDING, self._model.encode([message.get(TEXT) or ""])[0])
        return messages


class CachedEncoder:
    """Remembers vectors between trainings in one file, as texts seldom change."""

    def __init__(self, model: SentenceModel | None = None, folder: Path = MODELS) -> None:
        self._model = model
        self._file = folder / f"embeddings-{MODEL_SHA256[:8]}.npz"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """As SentenceModel.encode, float32 [texts, 384]."""
        known = self._read()
        missing = list(dict.fromkeys(text for text in texts if _key(text) not in known))
        if missing:
            self._model = self._model or SentenceModel()
            for text, vector in zip(missing, self._model.encode(missing)):
                known[_key(text)] = vector
            self._write(known)
        return np.stack([known[_key(text)] for text in texts])

    def _read(self) -> dict[str, np.ndarray]:
        try:
            with np.load(self._file) as stored:
                return dict(zip(stored["keys"].tolist(), stored["vectors"]))
        except (OSError, ValueError, KeyError):
            return {}  # no cache yet, or one that cannot be read: it is only a cache

    def _write(self, known: dict[str, np.ndarray]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._file.with_suffix(".tmp.npz")
        np.savez(unfinished, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
        unfinished.replace(self._file)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
