"""What to make of the scores: answer, ask which of two is meant, or say that it was not understood.

Three figures are chosen on held-out scores while training, and stored with the model: the temperature that makes scores
probabilities; what tells a question the desk knows from any other; and how close two candidates may be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

OUT_OF_SCOPE = "out_of_scope"
# Of the questions the desk can answer, so many at most may be turned away …
TURNED_AWAY = 0.025
# … and so many at most answered with a question back.
ASKED_BACK = 0.06
# What a learner can choose between by pressing a button.
CAN_BE_OPTIONS = ("faq/", "do_", "can_")
RANKED = 5
# More than anybody looks at; beyond that a ranking only costs time.
LISTED = 60


@dataclass(frozen=True)
class Choice:
    """`kind`: known (one label), unclear (two of them), unknown (not a question for this desk, or not understood)."""

    kind: str
    labels: tuple[str, ...]
    confidence: float
    ranking: tuple[tuple[str, float], ...]  # labels with probabilities, likeliest first, out of scope left out
    looks_out_of_scope: bool


class Selector:
    """Decides from scores [c] and nearest examples [c], both in the order of `labels`."""

    def __init__(
        self, labels: Sequence[str], related: Mapping[str, Sequence[str]], chosen: Mapping[str, object]
    ) -> None:
        self._labels = list(labels)
        self._related = {label: frozenset(others) for label, others in related.items()}
        self.chosen = dict(chosen)
        self._outside = np.array([label == OUT_OF_SCOPE for label in self._labels])

    def choose(self, scores: np.ndarray, nearest: np.ndarray) -> Choice:
        """The decision for one message."""
        probabilities = self._probabilities(scores[None])[0]
        order = np.argsort(-probabilities)[: LISTED + int(self._outside.sum())]
        ranking = tuple((self._labels[at], float(probabilities[at])) for at in order if not self._outside[at])
        known = self._known(scores[None], nearest[None], probabilities[None])[0]
        first, second = ranking[0], ranking[1]
        looks_outside = bool(self._outside.any()) and bool(scores[self._outside].max() >= scores[~self._outside].max())
        if known < float(self.chosen["known_from"]):
            return Choice("unknown", (), float(known), ranking, looks_outside)
        if self.is_close(first, second):
            return Choice("unclear", (first[0], second[0]), first[1], ranking, looks_outside)
        return Choice("known", (first[0],), first[1], ranking, looks_outside)

    def is_close(self, first: tuple[str, float], second: tuple[str, float]) -> bool:
        """Whether the learner is asked: both can be buttons, they are different matters, and about as likely."""
        return (
            second[1] >= float(self.chosen["close_from"]) * first[1]
            and not self.same_matter(first[0], second[0])
            and all(label.startswith(CAN_BE_OPTIONS) for label in (first[0], second[0]))
        )

    def same_matter(self, one: str, other: str) -> bool:
        """Whether two labels are two ways into the same thing."""
        return one == other or other in self._related.get(one, frozenset())

    def _probabilities(self, scores: np.ndarray) -> np.ndarray:
        """[m, c] → [m, c], out of scope given none: whether it is in scope is decided apart."""
        return _softmax(np.where(self._outside, -np.inf, scores * float(self.chosen["temperature"])))

    def _known(self, scores: np.ndarray, nearest: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """[m]: how likely each is a question the desk knows."""
        signs = _signs(scores, nearest, probabilities, self._outside)
        weights, bias = np.array(self.chosen["known_weights"]), float(self.chosen["known_bias"])
        return 1.0 / (1.0 + np.exp(-(signs @ weights + bias)))

    @classmethod
    def fit(
        cls,
        labels: Sequence[str],
        related: Mapping[str, Sequence[str]],
        truth: np.ndarray,
        scores: np.ndarray,
        nearest: np.ndarray,
    ) -> Selector:
        """Chooses the figures on held-out examples: their labels' numbers [m], scores [m, c] and nearest [m, c]."""
        self = cls(labels, related, {"temperature": 1.0, "known_from": 0.0, "close_from": 1.0})
        self.chosen |= {"known_weights": [0.0] * _SIGNS, "known_bias": 0.0}
        inside = ~self._outside[truth]
        self.chosen["temperature"] = _temperature(
            scores[inside][:, ~self._outside], self._inside_numbers(truth[inside])
        )
        probabilities = self._probabilities(scores)
        if not inside.all():
            self._fit_known(scores, nearest, probabilities, inside)
        self.chosen["close_from"] = self._fit_close(probabilities[inside])
        return self

    def _fit_known(
        self, scores: np.ndarray, nearest: np.ndarray, probabilities: np.ndarray, inside: np.ndarray
    ) -> None:
        model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)
        model.fit(_signs(scores, nearest, probabilities, self._outside), inside)
        self.chosen["known_weights"] = model.coef_[0].tolist()
        self.chosen["known_bias"] = float(model.intercept_[0])
        known = self._known(scores, nearest, probabilities)
        self.chosen["known_from"] = float(np.quantile(known[inside], TURNED_AWAY))

    def _fit_close(self, probabilities: np.ndarray) -> float:
        """The ratio of second to first from which ASKED_BACK of the questions would be asked back."""
        ratios = []
        self.chosen["close_from"] = 0.0
        for row in probabilities:
            one, two = np.argsort(-row)[:2]
            first, second = (self._labels[one], float(row[one])), (self._labels[two], float(row[two]))
            ratios.append(second[1] / first[1] if self.is_close(first, second) else 0.0)
        return float(np.clip(np.quantile(ratios, 1.0 - ASKED_BACK), 0.5, 0.99)) if ratios else 1.0

    def _inside_numbers(self, truth: np.ndarray) -> np.ndarray:
        return (np.cumsum(~self._outside) - 1)[truth]

    def save(self, folder: Path) -> None:
        """selector.json in the folder."""
        stored = {
            "labels": self._labels,
            "related": {label: sorted(others) for label, others in self._related.items()},
            "chosen": self.chosen,
        }
        (folder / "selector.json").write_text(json.dumps(stored), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Selector:
        """As saved."""
        stored = json.loads((folder / "selector.json").read_text(encoding="utf-8"))
        return cls(stored["labels"], stored["related"], stored["chosen"])


_SIGNS = 5


def _signs(scores: np.ndarray, nearest: np.ndarray, probabilities: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """[m, 5]: what tells a known question, by the classifier and by the nearest examples."""
    best, near = scores[:, ~outside].max(axis=1), nearest[:, ~outside].max(axis=1)
    best_outside = scores[:, outside].max(axis=1) if outside.any() else np.zeros_like(best)
    near_outside = nearest[:, outside].max(axis=1) if outside.any() else np.zeros_like(near)
    sure = np.log(probabilities.max(axis=1) + 1e-6)
    return np.stack([best, best - best_outside, near, near - near_outside, sure], axis=1)


def _temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    """What scores are multiplied with so that, as probabilities, they are right as often as they say."""

    def loss(log_temperature: float) -> float:
        probabilities = _softmax(scores * np.exp(log_temperature))
        return -float(np.log(probabilities[np.arange(len(truth)), truth] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(0.0, 5.0), method="bounded").x))


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
