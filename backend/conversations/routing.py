"""Turns on their way through the dialogue engine: who waits for which answer, and what the engine is still doing.

An answer stands when the action has written it, which the engine hears last. Whoever waits for it need not wait for
the engine as well; only the conversation's next turn has to, as the engine takes one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from backend.tasks import ended

Answer = asyncio.Future[Mapping[str, Any]]


class Routing:
    """Of this process. An answer that another one has written is found in the transcript once the engine is done."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @contextmanager
    def awaited(self, turn_id: str) -> Iterator[Answer]:
        """The turn's answer to be."""
        self._answers[turn_id] = answer = asyncio.get_running_loop().create_future()
        try:
            yield answer
        finally:
            del self._answers[turn_id]

    def is_awaited(self, turn_id: str) -> bool:
        """Whether somebody still waits for the turn's answer."""
        return turn_id in self._answers and not self._answers[turn_id].done()

    def answered(self, turn_id: str, answer: Mapping[str, Any]) -> None:
        """The turn's answer stands."""
        if self.is_awaited(turn_id):
            self._answers[turn_id].set_result(answer)

    async def begin(self, conversation_id: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have the engine do its part of a turn, once its part of the conversation's turn before is over."""
        if before := self._tasks.get(conversation_id):
            await asyncio.wait((before,))
        task = self._tasks[conversation_id] = asyncio.create_task(work, name="routing")
        task.add_done_callback(lambda _: self._forget(conversation_id, task))
        return task

    def _forget(self, conversation_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(conversation_id) is task:
            del self._tasks[conversation_id]

    async def stop(self) -> None:
        """What the engine is still doing may end first."""
        await asyncio.gather(*(ended(task) for task in self._tasks.values()))
