"""A sentence model that is multiplied in integers.

The published file keeps its weights in eight bits each and makes floats of them before every product: as slow as a
model of floats, and four times as large in memory. Here such a product becomes ONNX's dynamic quantisation: the left
side is brought to eight bits by its own range at that moment, multiplied in integers, and scaled back.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

# Weights are moved from -128…127 to 0…255: products of two unsigned bytes are exact on every processor, those of mixed
# signs run over on processors without instructions of their own for them.
MIDDLE = 128
_MIDDLE_NAME = "middle_of_weights"


def in_integers(content: bytes, also_gives: str) -> bytes:
    """The model of `content` with its weighed products in integers; the inner value `also_gives` is given out too.

    Raises ValueError if there is no such product: it is not a model of this kind.
    """
    model = onnx.load_from_string(content)
    graph = model.graph
    weights = _kept_in_bytes(model)
    nodes: list[NodeProto] = []
    quantised: set[str] = set()
    for node in graph.node:
        weight = weights.get(node.input[1]) if node.op_type == "MatMul" else None
        nodes.extend([node] if weight is None else product(node.input[0], node.output[0], *weight, quantised))
    if not quantised:
        raise ValueError("expected a model whose products have weights of eight bits")
    _move(model, {name for name, _ in weights.values()})
    del graph.node[:]
    graph.node.extend(nodes)
    graph.output.append(helper.make_tensor_value_info(also_gives, TensorProto.FLOAT, None))
    return model.SerializeToString()


def _kept_in_bytes(model: ModelProto) -> dict[str, tuple[str, str]]:
    """For each weight that a product uses and that is made of bytes: the names of the bytes and of their scales."""
    made_by = {output: node for node in model.graph.node for output in node.output}
    found = {}
    for product in model.graph.node:
        scaled = made_by.get(product.input[1]) if product.op_type == "MatMul" else None
        as_float = made_by.get(scaled.input[0]) if scaled is not None and scaled.op_type == "Mul" else None
        if as_float is not None and as_float.op_type == "Cast":
            found[product.input[1]] = (as_float.input[0], scaled.input[1])
    return found


def product(left: str, name: str, weight: str, scales: str, quantised: set[str]) -> Iterator[NodeProto]:
    """The nodes that make `name` of `left` and a weight in bytes with its scales, beside the tensor `middle()`.

    The left side is brought to bytes once for all products that use it, which `quantised` knows.
    """
    in_bytes = [f"{left}_bytes", f"{left}_scale", f"{left}_zero"]
    if left not in quantised:
        quantised.add(left)
        yield helper.make_node("DynamicQuantizeLinear", [left], in_bytes)
    yield helper.make_node("MatMulInteger", [in_bytes[0], weight, in_bytes[2], _MIDDLE_NAME], [f"{name}_whole"])
    yield helper.make_node("Cast", [f"{name}_whole"], [f"{name}_float"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [in_bytes[1], scales], [f"{name}_scale"])
    yield helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name])


def middle() -> TensorProto:
    """What stands for 0 among the bytes of a weight."""
    return numpy_helper.from_array(np.array(MIDDLE, np.uint8), _MIDDLE_NAME)


def _move(model: ModelProto, names: set[str]) -> None:
    for tensor in model.graph.initializer:
        if tensor.name in names:
            moved = numpy_helper.to_array(tensor).astype(np.int16) + MIDDLE
            tensor.CopyFrom(numpy_helper.from_array(moved.astype(np.uint8), tensor.name))
    model.graph.initializer.append(middle())
