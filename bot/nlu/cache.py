"""Vectors of texts, remembered between trainings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.nlu.minilm import VECTORS, SentenceModel, shared_model
from bot.settings import MODELS


class CachedEncoder:
    """Remembers vectors between trainings in one file, as texts seldom change."""

    def __init__(self, model: SentenceModel | None = None, folder: Path = MODELS) -> None:
        self._model = model
        self._file = folder / f"embeddings-{VECTORS}.npz"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """As SentenceModel.encode, float32 [texts, DIMENSIONS]."""
        known = self._read()
        missing = list(dict.fromkeys(text for text in texts if _key(text) not in known))
        if missing:
            self._model = self._model or shared_model()
            vectors = self._model.encode(missing, workers=os.cpu_count() or 1)
            for text, vector in zip(missing, vectors, strict=True):
                known[_key(text)] = vector
            self._write(known)
        return np.stack([known[_key(text)] for text in texts])

    def _read(self) -> dict[str, np.ndarray]:
        try:
            with np.load(self._file) as stored:
                return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError):
            return {}  # no cache yet, or one that cannot be read: it is only a cache

    def _write(self, known: dict[str, np.ndarray]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._file.with_suffix(".tmp.npz")
        np.savez(unfinished, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
        unfinished.replace(self._file)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
