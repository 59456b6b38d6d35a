"""N-grams: one text by itself is weighed as it is among others."""

from __future__ import annotations

import numpy as np
import pytest

from bot.nlu.ngrams import NGrams

TEXTS = ["Refund me please", "pleeease refund my course", "i can cancel", "can i cancel it?", "a Ünïcode täxt ﬁne"]


@pytest.mark.parametrize("text", [*TEXTS, "refund refund refund", "", "???", "words nobody wrote", "ﬁne CAN İ"])
def test_one_row_is_the_row_of_the_whole(text: str) -> None:
    ngrams = NGrams()
    ngrams.fit(TEXTS)
    (together,) = ngrams.transform([text]).toarray()
    alone = np.zeros_like(together)
    columns, weights = ngrams.weigh(text)
    alone[columns] = weights
    assert np.allclose(together, alone, atol=1e-6)
