"""How likely each intent and each section of the articles is, by one linear model over letters, words and meaning."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bot.importer import FAQ, SECTION
from bot.nlu.embedding import EMBEDDING

CANDIDATES = "candidates"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearClassifier(GraphComponent):
    """Sets `candidates`: labels with probabilities, likeliest first. A label is an intent or `faq/<section>`."""

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, model_storage, resource
        self._words: list[TfidfVectorizer] = []
        self._labels: list[str] = []
        self._weights = self._bias = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearClassifier:
        """Untrained."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fits the model and stores it."""
        examples = [one for one in training_data.training_examples if one.get(TEXT) and one.get(INTENT)]
        labels = [label_of(one) for one in examples]
        texts = [one.get(TEXT).lower() for one in examples]
        self._words = _vectorizers()
        sparse = [vectorizer.fit_transform(texts) for vectorizer in self._words]
        features = scipy.sparse.hstack([*sparse, np.stack([one.get(EMBEDDING) for one in examples]) * 2]).tocsr()
        model = LogisticRegression(C=20, max_iter=200).fit(features, labels)
        self._labels = model.classes_.tolist()
        self._weights, self._bias = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
        self._persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the candidates."""
        for message in messages:
            text = (message.get(TEXT) or "").lower()
            sparse = [vectorizer.transform([text]) for vectorizer in self._words]
            features = scipy.sparse.hstack([*sparse, message.get(EMBEDDING)[None, :] * 2]).tocsr()
            scores = np.asarray(features @ self._weights.T)[0] + self._bias
            scores = np.exp(scores - scores.max())
            scores /= scores.sum()
            order = np.argsort(-scores)
            message.set(CANDIDATES, [(self._labels[index], float(scores[index])) for index in order])
        return messages

    def _persist(self) -> None:
        with self._storage.write_to(self._resource) as folder:
            words = [{term: int(index) for term, index in one.vocabulary_.items()} for one in self._words]
            (folder / "labels.json").write_text(json.dumps({"labels": self._labels, "words": words}), "utf-8")
            idf = {f"idf{number}": one.idf_ for number, one in enumerate(self._words)}
            np.savez(folder / "weights.npz", weights=self._weights, bias=self._bias, **idf)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearClassifier:
        """As stored by `train`."""
        self = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            stored = json.loads((folder / "labels.json").read_text("utf-8"))
            with np.load(folder / "weights.npz") as arrays:
                self._labels = stored["labels"]
                self._weights, self._bias = arrays["weights"], arrays["bias"]
                self._words = _vectorizers()
                for number, (one, vocabulary) in enumerate(zip(self._words, stored["words"])):
                    one.vocabulary = vocabulary
                    one.idf_ = arrays[f"idf{number}"]
        return self


def label_of(message: Message) -> str:
    """The intent, or `faq/<section>`."""
    return f"{FAQ}/{message.get(SECTION)}" if message.get(INTENT) == FAQ else message.get(INTENT)


def _vectorizers() -> list[TfidfVectorizer]:
    return [
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        TfidfVectorizer(analyzer="word", ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b"),
    ]
