"""Classifier and selector, trained on a handful of examples; and the sentence model they rest on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.nlu import classifier
from bot.nlu.classifier import Classifier, Example
from bot.nlu.examples import Corpus
from bot.nlu.language import foreign_language
from bot.nlu.mind import Mind, is_plain_yes, understand
from bot.nlu.minilm import DIMENSIONS, shared_model
from bot.nlu.mood import asks, requests
from bot.nlu.ngrams import plain

SAID = {
    "do_refund": (
        "refund me",
        "i want my money back",
        "give me my money back",
        "please refund the course",
        "refund it",
    ),
    "do_unenroll": ("unenroll me", "take me out of the course", "remove me from the class", "drop the course for me"),
    "faq/refund/time-limit": (
        "how long can i get a refund",
        "until when can i ask for my money back",
        "refund deadline",
    ),
    "faq/video/download": ("how do i save a lecture", "can i download the video", "watch lectures offline"),
    "faq/plus/refund": ("is coursera plus refundable", "money back for coursera plus?", "refund policy of plus"),
    "affirm": ("yes", "yes please", "go ahead", "ok do it"),
    "out_of_scope": (
        "what is the weather",
        "tell me a joke",
        "who won the match",
        "book a flight to rome",
        "i like cheese",
        "asdf jkl qwert",
    ),
}


@pytest.fixture(scope="module")
def mind() -> Mind:
    examples = [Example(text, label, 0) for label, texts in SAID.items() for text in texts]
    examples = [Example(one.text, one.label, group) for group, one in enumerate(examples)]
    titles = {"faq/refund/time-limit": "Time limit for a refund", "faq/video/download": "Download a video"}
    related = {"do_refund": ("faq/refund/time-limit",), "faq/refund/time-limit": ("do_refund",)}
    vectors = shared_model().encode([example.text for example in examples])
    return Mind.fit(Corpus(tuple(examples), titles, related), vectors)


def _understand(mind: Mind, text: str, topic: str | None = None) -> tuple[str, float, dict]:
    return understand(mind, text, shared_model().encode([text])[0], topic)


def test_vectors_do_not_depend_on_what_they_are_encoded_with() -> None:
    texts = ["refund me", "a text of quite another length than the other one that it is encoded together with"]
    together, alone = shared_model().encode(texts), np.stack([shared_model().encode([text])[0] for text in texts])
    assert together.shape == (2, DIMENSIONS)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.array_equal(together, alone)


@pytest.mark.parametrize(
    "text", ["", "?", "😀😀😀", "\u0000", "退款", "x" * 4000, "a" * 300 + " b" * 300], ids=lambda text: ascii(text)[:12]
)
def test_odd_texts_are_survived(mind: Mind, text: str) -> None:
    intent, confidence, found = _understand(mind, text)
    assert intent
    assert 0 <= confidence <= 1
    assert len(found["ranking"]) == 5


def test_requests_sections_and_what_is_neither(mind: Mind) -> None:
    assert _understand(mind, "i want to get my money back please")[0] == "do_refund"
    intent, together, found = _understand(mind, "how do i download a video")
    assert (intent, found["section"]) == ("faq", "video/download")
    assert together >= found["section_confidence"] - 1e-3  # the latter is rounded
    assert _understand(mind, "what is the weather in rome")[0] == "out_of_scope"
    assert _understand(mind, "sdfkjh qwelkj zxmnb")[2]["kind"] == "gibberish"


def test_ranking_is_sorted_and_named(mind: Mind) -> None:
    ranking = _understand(mind, "refund")[2]["ranking"]
    assert all(set(one) in ({"section", "confidence"}, {"intent", "confidence"}) for one in ranking)
    confidences = [one["confidence"] for one in ranking]
    assert confidences == sorted(confidences, reverse=True)
    assert {"intent": "out_of_scope"} not in [{"intent": one.get("intent")} for one in ranking]


def test_two_of_one_matter_are_never_asked_about(mind: Mind) -> None:
    assert not mind.selector.is_close(("do_refund", 0.5), ("faq/refund/time-limit", 0.5))
    assert mind.selector.is_close(("do_refund", 0.5), ("faq/video/download", 0.5))
    assert not mind.selector.is_close(("affirm", 0.5), ("do_refund", 0.5))
    assert not mind.selector.is_close(("do_refund", 0.9), ("faq/video/download", 0.1))


def test_a_short_message_goes_on_with_the_topic(mind: Mind) -> None:
    assert _understand(mind, "and for plus?", "refund/time-limit")[2]["ranking"][0].get("section") in (
        "plus/refund",
        "refund/time-limit",
    )


@pytest.mark.parametrize(
    "text", ["unenroll me", "please cancel plus", "could you delete my account", "i want a refund", "reset my password"]
)
def test_a_request(text: str) -> None:
    assert requests(text)
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    ["how do i unenroll", "what happens when i cancel plus", "so where is the refund button", "when am i charged"],
)
def test_a_question(text: str) -> None:
    assert asks(text)
    assert not requests(text)


@pytest.mark.parametrize("text", ["can i unenroll", "is plus refundable?", "do you take paypal"])
def test_neither_a_request_nor_an_open_question(text: str) -> None:
    assert not requests(text)
    assert not asks(text)


@pytest.mark.parametrize("text", ["yes", "yes please", "ok, do it", "go ahead"])
def test_a_plain_yes(text: str) -> None:
    assert is_plain_yes(text)


@pytest.mark.parametrize(
    "text", ["not yes", "yes but only half", "yes?", "no wait yes", "yes if it's free", "don't do it"]
)
def test_no_plain_yes(text: str) -> None:
    assert not is_plain_yes(text)


def test_held_out_scores_are_those_of_a_training_without_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    # Along the same axes: those are not found anew without the group.
    monkeypatch.setattr(
        classifier, "_axes", lambda vectors, _owners, _settings: np.eye(vectors.shape[1], dtype=np.float32)
    )
    examples = [Example(text, label, 0) for label, texts in SAID.items() for text in texts]
    examples = [Example(one.text, one.label, at // 2) for at, one in enumerate(examples)]
    vectors = shared_model().encode([example.text for example in examples])
    _, held_out = Classifier.fit(examples, vectors)
    left = [at for at, example in enumerate(examples) if example.group != 1]
    without, _ = Classifier.fit([examples[at] for at in left], vectors[left])
    scores, nearest = without.score(examples[2].text, vectors[2])
    # The n-grams' weights and the labels' sizes are those of all examples in the one and of the rest in the other.
    assert np.abs(scores - held_out.scores[2]).max() < 0.1
    assert np.allclose(nearest, held_out.nearest[2], atol=5e-3)  # asked in eight bits


def test_saved_and_loaded_decides_the_same(mind: Mind, tmp_path: Path) -> None:
    mind.save(tmp_path)
    again = Mind.load(tmp_path)
    for text in ("refund me", "how do i save a lecture", "tell me a joke"):
        assert _understand(mind, text) == _understand(again, text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("quiero cancelar mi suscripción por favor", "es"),
        ("je voudrais un remboursement pour mon cours", "fr"),
        ("как отменить подписку", "ru"),
        ("退款", "zh"),
        ("ok", None),
        ("coursera plus", None),
        ("😀", None),
    ],
)
def test_other_languages(text: str, language: str | None) -> None:
    assert foreign_language(text, known_words=0.1) == language


def test_half_english_passes() -> None:
    assert foreign_language("me devuelves the money for python please", known_words=0.8) is None


def test_drawn_out_letters_and_wide_letters_are_folded() -> None:
    assert plain("PLEEEEASE \uff32efund") == "pleease refund"


def test_what_texts_of_one_label_differ_by_anyway_counts_less() -> None:
    """Two labels told apart by a small step along one axis; along another every text is somewhere else."""
    random = np.random.default_rng(5)

    def texts(step: float, count: int) -> np.ndarray:
        vectors = random.normal(scale=0.02, size=(count, 12))
        vectors[:, 0] += 1.0
        vectors[:, 1] += step
        vectors[:, 2] += random.normal(scale=0.6, size=count)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    learnt = np.vstack([texts(0.15, 60), texts(-0.15, 60)])
    owners = np.repeat([0, 1], 60)
    axes = classifier._axes(learnt, owners, classifier.Settings())
    along = classifier._along(axes, learnt)

    def between_to_within(vectors: np.ndarray) -> float:
        means = np.stack([vectors[owners == owner].mean(axis=0) for owner in (0, 1)])
        return float(np.linalg.norm(means[0] - means[1]) / np.linalg.norm(vectors - means[owners], axis=1).mean())

    assert between_to_within(along) > 1.2 * between_to_within(learnt)
    assert np.allclose(np.linalg.norm(along, axis=1), 1.0, atol=1e-5)
