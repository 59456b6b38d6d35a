"""Turns on their way through the dialogue engine: who waits for which answer, and what the engine is still doing.

An answer stands when the action has written it, which the engine hears last: whoever waits for the answer need not wait
for the engine as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from backend.tasks import ended


@dataclass(frozen=True)
class Way:
    """A turn's way through the engine: its answer to be, and the engine's part of it."""

    turn_id: str
    answer: asyncio.Future[Mapping[str, Any]]
    task: asyncio.Task[None]


class Routing:
    """Of this process. An answer that another one has written is found in the transcript once the engine is done."""

    def __init__(self) -> None:
        self._ways: dict[str, Way] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, turn_id: str, work: Coroutine[Any, Any, None]) -> Way:
        """Have the engine do its part of a turn. Whoever begins it ends it, with `answer_of` or `drop`."""
        task = asyncio.create_task(work, name="routing")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        way = self._ways[turn_id] = Way(turn_id, asyncio.get_running_loop().create_future(), task)
        return way

    def is_awaited(self, turn_id: str) -> bool:
        """Whether somebody still waits for the turn's answer."""
        return turn_id in self._ways and not self._ways[turn_id].answer.done()

    def answered(self, turn_id: str, answer: Mapping[str, Any]) -> None:
        """The turn's answer stands."""
        if self.is_awaited(turn_id):
            self._ways[turn_id].answer.set_result(answer)

    async def answer_of(self, way: Way) -> dict[str, Any] | None:
        """The answer as soon as it stands; None if the engine was done without. Raises what its part has raised."""
        try:
            await asyncio.wait((way.answer, way.task), return_when=asyncio.FIRST_COMPLETED)
            if way.answer.done():
                return dict(way.answer.result())
            await way.task
            return None
        finally:
            del self._ways[way.turn_id]

    def drop(self, way: Way) -> None:
        """The turn is not kept after all."""
        way.task.cancel()
        self._ways.pop(way.turn_id, None)

    async def stop(self) -> None:
        """What the engine is still doing may end first."""
        await asyncio.gather(*(ended(task) for task in self._tasks))
