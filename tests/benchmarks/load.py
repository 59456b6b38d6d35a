"""A load of learners against a desk: each talks in turn, several at once; what is counted are whole turns."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import psutil

# Answers are measured in as many conversations, taken in turn, whoever is asked and however many ask at once.
CONVERSATIONS = 8


@dataclass(frozen=True)
class Figures:
    """One measurement: `count` turns by `learners` at once; times in milliseconds."""

    learners: int
    count: int
    p50_ms: float
    p95_ms: float
    per_second: float

    @classmethod
    def of(cls, learners: int, times: Sequence[float], seconds: float) -> Figures:
        cuts = statistics.quantiles(times, n=20, method="inclusive")
        p50, p95 = statistics.median(times) * 1000, cuts[-1] * 1000
        return cls(learners, len(times), round(p50, 1), round(p95, 1), round(len(times) / seconds, 1))


Job = Callable[[int], Awaitable[float]]
"""Does the n-th piece of work and returns the seconds that count."""


async def measure(job: Job, *, learners: int, count: int, start: int = 0) -> Figures:
    """Have `learners` workers do `count` jobs between them, numbered from `start`."""
    numbers = iter(range(start, start + count))
    times: list[float] = []

    async def work() -> None:
        for number in numbers:
            times.append(await job(number))

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(learners)))
    return Figures.of(learners, times, time.perf_counter() - started)


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MB (10^6 bytes)."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return round(sum(member.memory_info().rss for member in family) / 1e6, 1)
