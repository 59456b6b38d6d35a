"""Many learners and agents at once: nothing lost or doubled, agents see quickly what learners write, memory stays flat.

`python -m tests.benchmarks.crowd` starts a desk of its own, connects 200 learners and 20 agents for five minutes and
ends with 1 if one of the promises was not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from desk.paths import ROOT, VENV, python_of
from desk.stack import Stack
from tests.benchmarks.load import memory_mb

PASSWORD = "a long password of the crowd"
ADMIN = "admin@crowd.example"
# What is promised.
P95_MS = 300.0
GROWTH = 0.10
# Some minutes until every connection has been used and caches are full; then memory has to stay where it is.
WARM_UP = 0.25
# A learner writes every so many seconds, an agent answers every third message: ten lively chats an agent.
EVERY = 15.0
ANSWERED = 3
# How long the last ones may be on their way before they count as lost.
SETTLE = 30.0


@dataclass
class Figures:
    """What was found. `lost` and `doubled` count messages of every stream against the transcripts."""

    learners: int
    agents: int
    seconds: float
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    resyncs: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    growth: float = 0.0

    def broken(self) -> list[str]:
        """The promises that were not kept."""
        found = []
        if not self.messages:
            found.append("nothing was said")
        if self.lost or self.doubled:
            found.append(f"{self.lost} messages were lost and {self.doubled} doubled")
        if self.p95_ms > P95_MS:
            found.append(f"agents saw messages after {self.p95_ms} ms (p95), promised are {P95_MS}")
        if self.growth > GROWTH:
            found.append(f"memory grew by {self.growth:.0%}, promised are at most {GROWTH:.0%}")
        return found


class Learner:
    """A learner with an open chat."""

    def __init__(self, http: aiohttp.ClientSession, address: str) -> None:
        self._http, self._address = http, address
        self.id = self._token = ""
        self.seqs: list[int] = []

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    async def arrive(self) -> None:
        async with self._http.post(f"{self._address}/api/v1/conversations", json={"channel": "web"}) as answer:
            opened = await answer.json()
        self.id, self._token = opened["id"], opened["token"]
        await self.say("a person please")

    async def say(self, text: str) -> None:
        body = {"client_id": uuid.uuid4().hex, "text": text}
        path = f"{self._address}/api/v1/conversations/{self.id}/messages"
        async with self._http.post(path, json=body, headers=self._bearer) as answer:
            answer.raise_for_status()
            await answer.read()

    async def listen(self) -> None:
        path = f"{self._address}/api/v1/conversations/{self.id}/stream"
        async with self._http.ws_connect(path, headers=self._bearer) as socket:
            async for frame in socket:
                event = json.loads(frame.data)
                if event["type"] == "message":
                    self.seqs.append(event["message"]["seq"])

    async def transcript(self) -> list[int]:
        path, found = f"{self._address}/api/v1/conversations/{self.id}/messages", [0]
        while True:
            async with self._http.get(f"{path}?after={found[-1]}", headers=self._bearer) as answer:
                messages = (await answer.json())["messages"]
            if not messages:
                return found[1:]
            found += [message["seq"] for message in messages]


class Agent:
    """A member of staff with an open console."""

    def __init__(self, address: str, number: int, arrived: Callable[[str], None]) -> None:
        # Every agent has an address of their own: from one, only a few may sign in within a minute.
        connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{number + 1}", 0), limit=0)
        self._http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True))
        self._base = f"{address}/api/v1/staff"
        self._arrived = arrived
        self._csrf = ""
        self.email = f"agent{number}@crowd.example"
        self.seqs: dict[str, list[int]] = {}
        self.resyncs = 0

    async def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"X-CSRF-Token": self._csrf}
        async with self._http.request(method, f"{self._base}/{path}", json=body, headers=headers) as answer:
            answer.raise_for_status()
            return dict(await answer.json())

    async def sign_in(self, email: str) -> None:
        self._csrf = (await self.call("POST", "session", {"email": email, "password": PASSWORD}))["csrf"]

    async def claim(self, conversation: str) -> None:
        self.seqs[conversation] = []
        await self.call("POST", f"conversations/{conversation}/claim", {})

    async def say(self, conversation: str, text: str) -> None:
        body = {"client_id": uuid.uuid4().hex, "text": text}
        await self.call("POST", f"conversations/{conversation}/messages", body)

    async def listen(self, is_there: asyncio.Event) -> None:
        async with self._http.ws_connect(f"{self._base}/stream") as socket:
            async for frame in socket:
                event = json.loads(frame.data)
                if event["type"] == "hello":
                    is_there.set()
                elif event["type"] == "resync":
                    self.resyncs += 1
                elif event["type"] == "message":
                    self.seqs.setdefault(event["conversation"], []).append(event["message"]["seq"])
                    self._arrived(event["message"]["text"])

    async def leave(self) -> None:
        await self._http.close()


async def crowd(
    address: str, *, learners: int = 200, agents: int = 20, seconds: float = 300.0, memory: Callable[[], float]
) -> Figures:
    """Have `learners` and `agents` talk for `seconds` on the desk at `address`, which has an admin (ADMIN, PASSWORD).

    `memory` tells the backend's memory in MB.
    """
    figures, sent, took = Figures(learners, agents, seconds), {}, []

    def arrived(text: str) -> None:
        began = sent.pop(text, None)
        if began is not None:
            took.append(time.perf_counter() - began)

    staff = [Agent(address, number, arrived) for number in range(agents)]
    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    people = [Learner(http, address) for _ in range(learners)]
    streams: list[asyncio.Task[None]] = []
    try:
        await _begin(address, staff, people, streams)
        until = time.perf_counter() + seconds
        watching = asyncio.create_task(_watch(memory, seconds, figures.memory_mb))
        talks = [_talk(one, staff[number % agents], until, sent) for number, one in enumerate(people)]
        figures.messages = sum(await asyncio.gather(*talks))
        await watching
        await _settled(sent)
        await _compare(figures, staff, people, len(sent))
    finally:
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        for one in (http, *staff):
            await (one.close() if isinstance(one, aiohttp.ClientSession) else one.leave())
    if len(took) > 1:
        figures.p50_ms = round(statistics.median(took) * 1000, 1)
        figures.p95_ms = round(statistics.quantiles(took, n=20, method="inclusive")[-1] * 1000, 1)
    figures.growth = _growth(figures.memory_mb)
    return figures


async def _begin(address: str, staff: list[Agent], people: list[Learner], streams: list[asyncio.Task[None]]) -> None:
    """Everybody is connected, and every conversation is claimed."""
    admin = Agent(address, 200, lambda _: None)
    await admin.sign_in(ADMIN)
    for number, agent in enumerate(staff):
        made = {"email": agent.email, "name": f"Agent {number}", "role": "agent", "password": PASSWORD}
        await admin.call("POST", "members", made)
        await agent.sign_in(agent.email)
        is_there = asyncio.Event()
        streams.append(asyncio.create_task(agent.listen(is_there)))
        await asyncio.wait_for(is_there.wait(), 30)
    await admin.leave()
    for number, learner in enumerate(people):
        await learner.arrive()
        streams.append(asyncio.create_task(learner.listen()))
        await staff[number % len(staff)].claim(learner.id)


async def _talk(learner: Learner, agent: Agent, until: float, sent: dict[str, float]) -> int:
    """One learner writes again and again, and the agent answers now and then; how many messages that were."""
    said = 0
    await asyncio.sleep(random.uniform(0, EVERY))
    while time.perf_counter() < until:
        # Of letters only: among so many random digits some would be hidden as a card's number.
        text = f"message {''.join(random.choices('abcdefghij', k=24))}"
        sent[text] = time.perf_counter()
        await learner.say(text)
        said += 1
        if said % ANSWERED == 0:
            await agent.say(learner.id, "I see.")
        await asyncio.sleep(random.uniform(0.5 * EVERY, 1.5 * EVERY))
    return said + said // ANSWERED


async def _watch(memory: Callable[[], float], seconds: float, kept: list[float]) -> None:
    """Look at the memory twenty times."""
    for _ in range(20):
        await asyncio.sleep(seconds / 20)
        kept.append(memory())


async def _settled(sent: dict[str, float]) -> None:
    """Wait until what was said last has arrived, too."""
    until = time.perf_counter() + SETTLE
    while sent and time.perf_counter() < until:  # noqa: ASYNC110 - they arrive at a stream, which waits by itself
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)


async def _compare(figures: Figures, staff: list[Agent], people: list[Learner], never_seen: int) -> None:
    """Every stream against the transcript: a learner's whole, an agent's from the claim on."""
    figures.lost += never_seen
    figures.resyncs = sum(agent.resyncs for agent in staff)
    for number, learner in enumerate(people):
        whole = await learner.transcript()
        agents = staff[number % len(staff)].seqs[learner.id]
        from_claim = [seq for seq in whole if agents and seq >= agents[0]]
        for heard, should in ((learner.seqs, whole), (agents, from_claim)):
            figures.doubled += len(heard) - len(set(heard))
            figures.lost += len(set(should) - set(heard))
        figures.lost += whole != list(range(1, len(whole) + 1))


def _growth(memory: list[float]) -> float:
    """From after the warm-up to the end, by the means of five looks each."""
    warm = memory[int(len(memory) * WARM_UP) :]
    if len(warm) < 10:
        return 0.0
    first, last = statistics.mean(warm[:5]), statistics.mean(warm[-5:])
    return round(last / first - 1, 4)


def measure_crowd(folder: Path, *, learners: int = 200, agents: int = 20, seconds: float = 300.0) -> Figures:
    """The same on a desk of its own, in `folder`."""
    with Stack({"LECTERN_TESTING": "1", "LECTERN_LOG_LEVEL": "warning"}, folder) as stack:
        made = [python_of(VENV), "-m", "backend", "create-staff", ADMIN, "--name", "Ada Admin", "--role", "admin"]
        subprocess.run(made, cwd=ROOT, env=stack.env, input=PASSWORD, text=True, check=True, capture_output=True)
        backend = stack.pid("backend")
        found = crowd(
            stack.address, learners=learners, agents=agents, seconds=seconds, memory=lambda: memory_mb(backend)
        )
        return asyncio.run(found)


def table(figures: Figures) -> str:
    """The figures for people."""
    memory = figures.memory_mb
    rows = [
        ("learners and agents at once", f"{figures.learners} + {figures.agents}"),
        ("seconds", f"{figures.seconds:.0f}"),
        ("messages", f"{figures.messages}"),
        ("lost, doubled, loaded anew", f"{figures.lost}, {figures.doubled}, {figures.resyncs}"),
        ("learner to agent p50 ms", f"{figures.p50_ms:.1f}"),
        ("learner to agent p95 ms", f"{figures.p95_ms:.1f}"),
        ("memory MB, first and last", f"{memory[0]:.1f}, {memory[-1]:.1f}" if memory else "-"),
        ("growth after warming up", f"{figures.growth:.1%}"),
    ]
    return "\n".join(f"{name:34}{value:>16}" for name, value in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.crowd", description=__doc__)
    parser.add_argument("--learners", type=int, default=200)
    parser.add_argument("--agents", type=int, default=20, help="at most 200")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long they talk (300)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure_crowd(Path(folder), learners=options.learners, agents=options.agents, seconds=options.seconds)
    print(table(figures))
    for broken in figures.broken():
        print(f"not kept: {broken}")
    return 1 if figures.broken() else 0


if __name__ == "__main__":
    sys.exit(main())
