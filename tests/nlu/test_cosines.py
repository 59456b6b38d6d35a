"""Cosines in eight bits are those of the numbers they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from bot.nlu.cosines import Cosines, Rounded


def lengths_of_one(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("common", [0.0, 0.1, 1.0])
def test_a_cosine_is_off_by_less_than_a_hundredth_whatever_all_have_in_common(common: float) -> None:
    random = np.random.default_rng(3)
    vectors = lengths_of_one(random.normal(size=(500, 64)) + common * random.normal(size=64) * 8)
    cosines = Cosines(Rounded.of(vectors))
    for asked in lengths_of_one(vectors[:20] + 0.1 * random.normal(size=(20, 64))):
        assert np.abs(cosines.to(asked) - vectors @ asked).max() < 0.01


def test_one_vector_alone_is_its_own_mean() -> None:
    vector = lengths_of_one(np.arange(1, 9)[None])
    assert np.allclose(Cosines(Rounded.of(vector)).to(vector[0]), [1.0], atol=1e-3)
