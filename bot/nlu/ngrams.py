"""How a text is spelt: its runs of letters and of words, weighted by how rare they are."""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
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

    def weigh(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The columns of the text's terms, int32, and their weights, float32: what is not 0 in `transform` of the one
        text, without its cost for every term there is."""
        plain_text = plain(text)
        columns, values, offset = [], [], 0
        for analyse, vocabulary, rarity in self._taken_apart:
            counted = Counter(term for term in analyse(plain_text) if term in vocabulary)
            found = np.fromiter((vocabulary[term] for term in counted), dtype=np.int32, count=len(counted))
            weighed = (1.0 + np.log(list(counted.values()))) * rarity[found]
            columns.append(found + offset)
            values.append(weighed / max(np.linalg.norm(weighed), 1e-12) * np.sqrt(0.5))
            offset += len(vocabulary)
        return np.concatenate(columns), np.concatenate(values).astype(np.float32)

    @functools.cached_property
    def _taken_apart(self) -> list[tuple[Callable[[str], list[str]], dict[str, int], np.ndarray]]:
        """How each takes a text apart, the columns of its terms and how rare they are; after learning."""
        return [(one.build_analyzer(), one.vocabulary_, one.idf_) for one in (self._letters, self._words)]

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
