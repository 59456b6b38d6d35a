"""How a text is spelt: its runs of letters and of words, weighted by how rare they are."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer

_DRAWN_OUT = re.compile(r"(.)\1{2,}")


def plain(text: str) -> str:
    """Lower case, compatible characters folded, drawn-out letters ("pleeease") shortened to two."""
    return _DRAWN_OUT.sub(r"\1\1", unicodedata.normalize("NFKC", text).lower())


class NGrams:
    """Rows of length 1 or less; the product of two rows is how alike two texts are spelt."""

    def __init__(self) -> None:
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
        # Two-word runs tell "can i cancel" from "i can cancel"; one-letter words are kept for the same reason.
        self._words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b")

    def fit(self, texts: Sequence[str]) -> scipy.sparse.csr_matrix:
        """Learns from the texts and returns their rows, float32 [texts, terms]."""
        plain_texts = [plain(text) for text in texts]
        self._letters.fit(plain_texts)
        self._words.fit(plain_texts)
        return self.transform(texts)

    def transform(self, texts: Sequence[str]) -> scipy.sparse.csr_matrix:
        """float32 [texts, terms]."""
        plain_texts = [plain(text) for text in texts]
        rows = scipy.sparse.hstack([self._letters.transform(plain_texts), self._words.transform(plain_texts)])
        return (rows * np.sqrt(0.5)).tocsr().astype(np.float32)

    def save(self, folder: Path) -> None:
        """ngrams.json and ngrams.npz in the folder."""
        terms = [{term: int(at) for term, at in one.vocabulary_.items()} for one in (self._letters, self._words)]
        (folder / "ngrams.json").write_text(json.dumps(terms), encoding="utf-8")
        np.savez(folder / "ngrams.npz", letters=self._letters.idf_, words=self._words.idf_)

    @classmethod
    def load(cls, folder: Path) -> NGrams:
        """As saved."""
        self = cls()
        terms = json.loads((folder / "ngrams.json").read_text(encoding="utf-8"))
        with np.load(folder / "ngrams.npz") as weights:
            both = (self._letters, self._words)
            for vectorizer, vocabulary, name in zip(both, terms, ("letters", "words"), strict=True):
                vectorizer.vocabulary = vocabulary
                vectorizer.idf_ = weights[name]
        return self
