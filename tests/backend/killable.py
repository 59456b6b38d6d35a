"""Takes turns on a database in processes that can be killed: `python -m tests.backend.killable`, for `test_killed.py`.

One line of JSON in, `{"url", "conversation", "client_id", "press" | "text", "kill": {moment: n}}`; one line out,
`{"killed": true}` or `{"answer", "statements"}`. Every turn runs in a fork of its own, made before anything is
connected, and the fork kills itself (SIGKILL) at the n-th `statement`, `before_commit` or `after_commit`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from backend.app import build_services
from backend.conversations.turns import Sent
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from backend.wording import Wording
from knowledge.reader import load_knowledge
from tests.backend.running import NOW, settings_for
from tests.backend.stand_in import StandIn


class Countdown:
    """Kills the process the n-th time it is asked."""

    def __init__(self, last: int | None) -> None:
        self.count, self._last = 0, last

    def __call__(self, *_: Any) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


async def take(asked: Mapping[str, Any]) -> dict[str, Any]:
    """One turn, as a desk that has just been started takes it."""
    engine = StandIn()
    services = build_services(settings_for(asked["url"]), None, engine)  # type: ignore[arg-type]  nothing is fetched
    engine.turns = services.turns
    services.clock.set(NOW)
    kill = asked["kill"]
    statements = Countdown(kill.get("statement"))
    event.listen(services.store.engine.sync_engine, "before_cursor_execute", statements)
    event.listen(services.store.engine.sync_engine, "commit", Countdown(kill.get("before_commit")))
    event.listen(Session, "after_commit", Countdown(kill.get("after_commit")))
    sent = Sent(asked["client_id"], asked.get("text"), asked.get("press"))
    answer = await services.turns.take(asked["conversation"], sent)
    await services.store.close()
    return {"answer": answer, "statements": statements.count}


def in_a_fork(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The turn's outcome, or that it was killed."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        try:
            outcome = asyncio.run(take(asked))
        except BaseException as error:
            outcome = {"failed": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w") as answer:
            json.dump(outcome, answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return {"killed": True}
    return dict(json.loads(told))


def read_once() -> None:
    """Read the files before the forks are made: none of it ever changes."""
    for owner, name in ((Parameters, "load"), (Wording, "load"), (Lists, "load")):
        value = getattr(owner, name)()
        setattr(owner, name, lambda value=value: value)
    import backend.app
    import backend.knowledge_service

    knowledge = load_knowledge()
    search = backend.knowledge_service.Search(knowledge, Parameters.load().current(NOW))
    backend.app.load_knowledge = lambda: knowledge
    backend.knowledge_service.Search = lambda *_: search  # type: ignore[assignment,misc]


def main() -> None:
    """Answer line by line until the input ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    read_once()
    for line in sys.stdin:
        print(json.dumps(in_a_fork(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
