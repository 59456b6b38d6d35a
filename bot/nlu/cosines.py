"""Cosines of one text with very many, in integers of eight bits.

Most of what a question costs is reading the vectors it is compared with; as bytes they are a quarter of the numbers to
read. NumPy has no product of bytes, so onnxruntime does it, as for the sentence model (see `integers.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bot.nlu.integers import MIDDLE, middle, product

_LARGEST = 127
_OPSET, _IR = 17, 10


@dataclass(frozen=True)
class Rounded:
    """Vectors [n, d] of length 1: what each differs from their mean by, in 255 steps of its own size."""

    steps: np.ndarray  # uint8 [n, d], 128 for none
    step: np.ndarray  # float32 [n]
    mean: np.ndarray  # float32 [d]
    offsets: np.ndarray  # float32 [n], products of the vectors with the mean

    @classmethod
    def of(cls, vectors: np.ndarray) -> Rounded:
        """From float32 [n, d]. A cosine is off by about a thousandth then."""
        mean = vectors.mean(axis=0)
        others = vectors - mean
        step = np.maximum(np.abs(others).max(axis=1) / _LARGEST, 1e-9)
        steps = np.rint(others / step[:, None]) + MIDDLE
        return cls(steps.astype(np.uint8), step.astype(np.float32), mean, vectors @ mean)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """By name, as the constructor takes them."""
        return dict(self.__dict__)


class Cosines:
    """Compares a vector [d] of length 1 with all of `Rounded`."""

    def __init__(self, rounded: Rounded) -> None:
        self.rounded = rounded
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            _product(rounded).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def to(self, vector: np.ndarray) -> np.ndarray:
        """float32 [n]."""
        other = vector - self.rounded.mean
        (found,) = self._session.run(None, {"other": other[None]})
        # x·v = (x - m)·(v - m) + m·v + (x - m)·m
        return found[0] + self.rounded.offsets + other @ self.rounded.mean


def _product(rounded: Rounded) -> onnx.ModelProto:
    """other [1, d] → its products [1, n]."""
    count, dimensions = rounded.steps.shape
    constants = {"steps": rounded.steps.T.copy(), "step": rounded.step}
    graph = helper.make_graph(
        list(product("other", "products", "steps", "step", set())),
        "cosines",
        [helper.make_tensor_value_info("other", TensorProto.FLOAT, [1, dimensions])],
        [helper.make_tensor_value_info("products", TensorProto.FLOAT, [1, count])],
        [middle(), *(numpy_helper.from_array(array, name) for name, array in constants.items())],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
