"""Turns on their way through the dialogue engine: who waits for which answer, and what the engine is still doing.

An answer stands when the action has written it, which the engine hears last: whoever waits for the answer need not wait
for the engine as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from backend.tasks import ended


@dataclass(frozen=True)
class Way:
    """A turn's way through the engine: its answer to be, and the engine's part of it."""

    answer: asyncio.Future[Mapping[str, Any]]
    task: asyncio.Task[None]


class Routing:
    """Of this process. An answer that another one has written is found in the transcript once the engine is done."""

    def __init__(self) -> None:
        # Each for as long as somebody holds it, who waits for its answer.
        self._ways: WeakValueDictionary[str, Way] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, turn_id: str, work: Coroutine[Any, Any, None]) -> Way:
        """Have the engine do its part of a turn."""
        task = asyncio.create_task(work, name="routing")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        way = self._ways[turn_id] = Way(asyncio.get_running_loop().create_future(), task)
        return way

    def is_awaited(self, turn_id: str) -> bool:
        """Whether somebody still waits for the turn's answer."""
        way = self._ways.get(turn_id)
        return way is not None and not way.answer.done()

    def answered(self, turn_id: str, answer: Mapping[str, Any]) -> None:
        """The turn's answer stands."""
        if self.is_awaited(turn_id):
            self._ways[turn_id].answer.set_result(answer)

    @staticmethod
    async def answer_of(way: Way) -> dict[str, Any] | None:
        """The answer as soon as it stands; None if the engine was done without. Raises what its part has raised."""
        await asyncio.wait((way.answer, way.task), return_when=asyncio.FIRST_COMPLETED)
        if way.answer.done():
            return dict(way.answer.result())
        await way.task
        return None

    async def stop(self) -> None:
        """What the engine is still doing may end first."""
        await asyncio.gather(*(ended(task) for task in self._tasks))
