"""The graph runner gives what Rasa's own gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage

from bot.runner import InOrder


class Counting(GraphComponent):
    """Adds what it is given, and counts how often it was asked."""

    asked = 0

    @classmethod
    def create(cls, *_: Any, **__: Any) -> Counting:
        return cls()

    def add(self, **numbers: int) -> int:
        Counting.asked += 1
        return sum(numbers.values())


def schema(**nodes: dict[str, str]) -> GraphSchema:
    return GraphSchema(
        {
            name: SchemaNode(needs=needs, uses=Counting, constructor_name="create", fn="add", config={}, eager=True)
            for name, needs in nodes.items()
        }
    )


@pytest.fixture
def both(tmp_path: Path) -> tuple[DaskGraphRunner, InOrder]:
    # Written with what comes first at the end: the order is the graph's, not the file's.
    graph = schema(
        total={"left": "twice", "right": "one"},
        twice={"left": "one", "right": "one"},
        one={"given": "input"},
        apart={"given": "input"},
    )
    made = (graph, LocalModelStorage(tmp_path), ExecutionContext(graph))
    return DaskGraphRunner.create(*made), InOrder.create(*made)


@pytest.mark.parametrize("targets", [["total"], ["twice", "one"], ["apart", "total"]])
def test_targets_get_what_rasas_runner_gives_them_every_time(
    both: tuple[DaskGraphRunner, InOrder], targets: list[str]
) -> None:
    theirs, ours = both
    for given in (3, 4):
        assert ours.run({"input": given}, targets) == theirs.run({"input": given}, targets)


def test_what_no_target_needs_is_not_run_and_nothing_twice(both: tuple[DaskGraphRunner, InOrder]) -> None:
    Counting.asked = 0
    assert both[1].run({"input": 1}, ["total"]) == {"total": 3}
    assert Counting.asked == 3


def test_a_missing_input_is_named(both: tuple[DaskGraphRunner, InOrder]) -> None:
    with pytest.raises(GraphRunError, match="input"):
        both[1].run({}, ["one"])
