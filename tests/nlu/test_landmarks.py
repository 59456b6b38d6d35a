"""Training on landmarks: the same as exact training where every example is one, and close to it with few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.nlu import landmarks
from bot.nlu.classifier import Classifier, Example

LABELS = 12
EACH = 20
WORDS = "refund course cancel trial name aid grade badge login video quiz plus".split()


def corpus() -> tuple[list[Example], np.ndarray]:
    """Twelve topics, each a cloud around a direction; every fifth example has a variant, every seventh is light."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(LABELS, 16))
    examples, vectors = [], []
    for label in range(LABELS):
        for number in range(EACH):
            weight = 0.3 if number % 7 == 0 else 1.0
            for variant in range(2 if number % 5 == 0 else 1):
                text = f"{WORDS[label]} {random.integers(50)} {variant}"
                examples.append(Example(text, WORDS[label], label * EACH + number, weight))
                vectors.append(centres[label] + random.normal(scale=1.2, size=16))
    made = np.array(vectors, dtype=np.float32)
    return examples, made / np.linalg.norm(made, axis=1, keepdims=True)


def right(classifier: Classifier, scores: np.ndarray, examples: list[Example]) -> float:
    best = [classifier.labels[at] for at in scores.argmax(axis=1)]
    return float(np.mean([label == example.label for label, example in zip(best, examples, strict=True)]))


def test_with_every_example_a_landmark_it_is_exact_training(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, vectors = corpus()
    exact, held_exactly = Classifier.fit(examples, vectors)
    monkeypatch.setattr(landmarks, "choose", lambda owners, labels: np.arange(len(owners)))
    near, held_near = Classifier.fit(examples, vectors, exact_up_to=0)
    assert np.abs(held_near.scores - held_exactly.scores).max() < 0.01
    assert np.abs(held_near.nearest - held_exactly.nearest).max() < 1e-5
    for example, vector in zip(examples[::9], vectors[::9], strict=True):
        one, other = exact.score(example.text, vector)[0], near.score(example.text, vector)[0]
        assert np.abs(one - other).max() < 0.01


def test_what_is_held_out_is_what_training_without_it_would_give(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, vectors = corpus()
    order = sorted(range(len(examples)), key=lambda at: examples[at].label)
    left_out = next(at for at in order[1:] if examples[at].group % 5 and examples[at].weight == 1.0)
    marked = [at for at in order if at % 3 == 0 and at != left_out]

    def held(kept: list[int]) -> tuple[Classifier, np.ndarray]:
        """Trained on those kept, on the same landmarks whoever else is there."""
        inside = [at for at in order if at in kept]
        monkeypatch.setattr(landmarks, "choose", lambda *_: np.array([inside.index(at) for at in marked]))
        classifier, found = Classifier.fit([examples[at] for at in kept], vectors[kept], exact_up_to=0)
        return classifier, found.scores

    everything = list(range(len(examples)))
    _, scores = held(everything)
    without, _ = held([at for at in everything if at != left_out])
    really = without.score(examples[left_out].text, vectors[left_out])[0]
    # The n-grams are weighed anew without it, so the two are not the same to the last figure.
    assert np.abs(scores[left_out] - really).max() < 0.03


def test_few_landmarks_understand_nearly_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, vectors = corpus()
    exact, held_exactly = Classifier.fit(examples, vectors)
    choose = landmarks.choose
    monkeypatch.setattr(landmarks, "choose", lambda owners, labels: choose(owners, labels, 4 * labels))
    near, held_near = Classifier.fit(examples, vectors, exact_up_to=0)
    assert len(near._cosines.rounded.step) <= 4 * LABELS
    assert right(near, held_near.scores, examples) >= right(exact, held_exactly.scores, examples) - 0.05


def test_every_label_has_a_landmark_and_none_has_more_than_its_share() -> None:
    owners = np.repeat([0, 1, 2], [1, 50, 200])
    chosen = landmarks.choose(owners, 3, 30)
    assert np.bincount(owners[chosen]).tolist() == [1, 10, 10]
    assert (np.diff(chosen) > 0).all()
    assert np.bincount(owners[landmarks.choose(owners, 3, 1)]).tolist() == [1, 1, 1]


def test_what_was_learnt_on_landmarks_is_stored_whole(tmp_path: Path) -> None:
    examples, vectors = corpus()
    classifier, _ = Classifier.fit(examples, vectors, exact_up_to=0)
    classifier.save(tmp_path)
    again = Classifier.load(tmp_path)
    for example, vector in zip(examples[:5], vectors[:5], strict=True):
        assert np.allclose(classifier.score(example.text, vector)[0], again.score(example.text, vector)[0], atol=1e-6)


def test_with_very_many_labels_the_nearest_are_scored_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, vectors = corpus()
    classifier, _ = Classifier.fit(examples, vectors)
    scored = [classifier.score(example.text, vector)[0] for example, vector in zip(examples, vectors, strict=True)]
    monkeypatch.setattr("bot.nlu.classifier.CONSIDERED", 4)
    for example, vector, before in zip(examples, vectors, scored, strict=True):
        scores, nearest = classifier.score(example.text, vector)
        near = np.argsort(-nearest)[:4]
        assert np.allclose(scores[near], before[near], atol=1e-5)
        assert np.count_nonzero(scores) <= 4
