"""Measures the desk itself, through its own HTTP surface."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp

from desk.paths import ROOT, VENV_BOT, python_of
from desk.stack import Stack
from tests.benchmarks.load import CONVERSATIONS, measure, memory_mb

LEARNERS = 400


class Client:
    """The learner API, as the widget uses it."""

    def __init__(self, http: aiohttp.ClientSession, address: str) -> None:
        self._http = http
        self._address = address

    async def call(self, method: str, path: str, body: Any, token: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._http.request(method, self._address + path, json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def open(self, learner: str | None = None) -> tuple[str, str]:
        body: dict[str, Any] = {"channel": "web"}
        if learner:
            body["identity"] = (await self.call("POST", "/testing/identity", {"learner": learner}))["identity"]
        opened = await self.call("POST", "/api/v1/conversations", body)
        return opened["id"], opened["token"]

    async def send(self, conversation: tuple[str, str], **what: str) -> dict[str, Any]:
        path = f"/api/v1/conversations/{conversation[0]}/messages"
        return await self.call("POST", path, {"client_id": uuid.uuid4().hex, **what}, conversation[1])


def world() -> dict[str, Any]:
    """A course and many learners who each paid for it yesterday."""
    learners = [
        {
            "id": f"learner-{number}",
            "name": f"Learner {number}",
            "email": f"learner{number}@example.org",
            "enrollments": [{"id": "enr-1", "course": "ml-basics", "since": "now-1d"}],
            "payments": [{"id": "pay-1", "kind": "course", "item": "ml-basics", "amount": "79.00 USD", "at": "now-1d"}],
        }
        for number in range(LEARNERS)
    ]
    courses = [{"id": "ml-basics", "title": "Machine Learning Basics", "price": "79.00 USD"}]
    return {"catalog": {"courses": courses}, "learners": learners}


def train_seconds() -> float:
    """Seconds to train the model from nothing, the sentence vectors included."""
    started = time.perf_counter()
    subprocess.run([python_of(VENV_BOT), "-m", "bot.train", "--anew"], cwd=ROOT, check=True, capture_output=True)
    return round(time.perf_counter() - started, 1)


def understanding(times: int) -> dict[str, Any]:
    """What `bot.bench_cost` finds: the cost of a question on one core, now and with so many times the sections."""
    command = [python_of(VENV_BOT), "-m", "bot.bench_cost", "--times", str(times)]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(found.stdout.splitlines()[-1])


def measure_desk(state: Path, questions: list[str], turns: int, refunds: int) -> dict[str, Any]:
    """Start a stack of its own, measure answers and refunds at 1 and 8 learners, and stop it."""
    started = time.perf_counter()
    with Stack({"LECTERN_TESTING": "1"}, state) as stack:
        start_seconds = round(time.perf_counter() - started, 1)
        figures = asyncio.run(_measure(stack.address, questions, turns, refunds))
        memory = {name: memory_mb(stack.pid(name)) for name in ("backend", "rasa", "actions")}
    return {"start_seconds": start_seconds, **figures, "memory_mb": memory}


async def _measure(address: str, questions: list[str], turns: int, refunds: int) -> dict[str, Any]:
    async with aiohttp.ClientSession() as http:
        client = Client(http, address)
        await client.call("PUT", "/testing/world", world())
        answers, refunded = {}, {}
        for learners in (1, 8):
            ask = await _answer_job(client, questions)
            await measure(ask, learners=learners, count=max(16, turns // 10))  # warm up
            answers[str(learners)] = asdict(await measure(ask, learners=learners, count=turns))
        for number, learners in enumerate((1, 8)):
            job = _refund_job(client)
            refunded[str(learners)] = asdict(
                await measure(job, learners=learners, count=refunds, start=number * refunds)
            )
        return {"answer": answers, "refund": refunded}


async def _answer_job(client: Client, questions: list[str]) -> Any:
    """A question asked in one of the conversations."""
    conversations = [await client.open() for _ in range(CONVERSATIONS)]

    async def ask(number: int) -> float:
        conversation = conversations[number % CONVERSATIONS]
        started = time.perf_counter()
        await client.send(conversation, text=questions[number % len(questions)])
        return time.perf_counter() - started

    return ask


def _refund_job(client: Client) -> Any:
    """A whole refund of another learner: the wish, the offer, the yes, the result."""

    async def refund(number: int) -> float:
        conversation = await client.open(f"learner-{number}")
        started = time.perf_counter()
        offer = await client.send(conversation, text="please refund my machine learning course")
        button = offer["messages"][-1]["buttons"][0]["id"]
        result = await client.send(conversation, press=button)
        took = time.perf_counter() - started
        if result["messages"][0]["answer"]["kind"] != "result":
            raise RuntimeError("a refund of the benchmark was not carried out")
        return took

    return refund
