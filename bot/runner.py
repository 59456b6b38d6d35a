"""Runs a model's graph node by node, in an order found once.

Rasa has dask plan the graph anew for every message and every decision, which took about as long as the policy itself.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner

# A node, and the names of what it is given.
Step = tuple[GraphNode, tuple[str, ...]]


class InOrder(GraphRunner):
    """The nodes of a loaded graph, one after the other."""

    def __init__(self, loaded: DaskGraphRunner) -> None:
        self._schema = loaded._graph_schema
        self._nodes = loaded._instantiated_nodes
        self._plans: dict[tuple[str, ...], list[Step]] = {}

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> InOrder:
        """From a schema, as Rasa makes its own runner."""
        return cls(DaskGraphRunner.create(*args, **kwargs))

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """The output of each target. GraphRunError if something is missing that a node needs."""
        wanted = tuple(targets or self._schema.target_names)
        if wanted not in self._plans:
            self._plans[wanted] = self._plan(wanted)
        found = {name: (name, value) for name, value in (inputs or {}).items()}
        try:
            for node, needs in self._plans[wanted]:
                name, output = node(*(found[need] for need in needs))
                found[name] = (name, output)
        except KeyError as error:
            raise GraphRunError(f"The graph was run without {error}.") from error
        return {name: found[name][1] for name in wanted}

    def _plan(self, targets: tuple[str, ...]) -> list[Step]:
        """What the targets need, each after what it needs itself."""
        schema = self._schema.minimal_graph_schema(list(targets)).nodes
        steps: dict[str, Step] = {}

        def add(name: str) -> None:
            if name in schema and name not in steps:  # what is not a node is an input
                needs = tuple(schema[name].needs.values())
                for need in needs:
                    add(need)
                steps[name] = (self._nodes[name], needs)

        for target in targets:
            add(target)
        return list(steps.values())
