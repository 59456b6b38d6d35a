"""The baseline: Rasa's stock pipeline and policies (`rasa init`'s defaults), the same data, no backend behind it.

Every intent answers with a fixed text, every section of the articles through the stock ResponseSelector.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from desk.paths import ROOT, VENV_BOT, python_of
from knowledge.reader import load_knowledge
from tests.benchmarks.load import CONVERSATIONS, measure, memory_mb

READY_SECONDS = 300


def stock_config(epochs: int | None) -> dict[str, Any]:
    """`rasa init`'s configuration: empty, so that Rasa takes its own defaults.

    With `epochs` the same defaults are written out, trained for so many rounds instead of a hundred: a turn costs the
    same however long the weights were trained.
    """
    head: dict[str, Any] = {"recipe": "default.v1", "assistant_id": "stock", "language": "en"}
    if epochs is None:
        return {**head, "pipeline": None, "policies": None}
    learnt = {"epochs": epochs, "constrain_similarities": True}
    pipeline = [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", **learnt},
        {"name": "EntitySynonymMapper"},
        {"name": "ResponseSelector", **learnt},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ]
    policies = [
        {"name": "MemoizationPolicy"},
        {"name": "RulePolicy"},
        {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": epochs},
        {"name": "TEDPolicy", "max_history": 5, **learnt},
    ]
    return {**head, "pipeline": pipeline, "policies": policies}


def write_project(folder: Path, epochs: int | None = None) -> None:
    """A project as `rasa init` makes it, with the desk's own examples in place of the demo's."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = _intents()
    sections = {section.id.replace("/", "."): section for section in load_knowledge().sections}
    nlu = [{"intent": name, "examples": _bullets(texts)} for name, texts in examples.items()]
    nlu += [{"intent": f"faq/{name}", "examples": _bullets(section.questions)} for name, section in sections.items()]
    responses = {f"utter_{name}": [{"text": f"About {name}."}] for name in examples}
    responses |= {f"utter_faq/{name}": [{"text": section.short_markdown}] for name, section in sections.items()}
    rules = [
        {"rule": f"answer {name}", "steps": [{"intent": name}, {"action": f"utter_{name}"}]}
        for name in [*examples, "faq"]
    ]
    stories = [
        {
            "story": f"{first} then {second}",
            "steps": [
                {"intent": first},
                {"action": f"utter_{first}"},
                {"intent": second},
                {"action": f"utter_{second}"},
            ],
        }
        for first, second in zip(list(examples)[:6], list(examples)[1:7], strict=True)
    ]
    _write(folder / "config.yml", stock_config(epochs))
    _write(folder / "domain.yml", {"version": "3.1", "intents": [*examples, "faq"], "responses": responses})
    _write(folder / "data" / "nlu.yml", {"version": "3.1", "nlu": nlu})
    _write(folder / "data" / "rules.yml", {"version": "3.1", "rules": rules, "stories": stories})
    _write(folder / "credentials.yml", {"rest": None})
    _write(folder / "endpoints.yml", {})


def _intents() -> dict[str, list[str]]:
    """The desk's own examples by intent, from `data/**/nlu.yml`."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "data").rglob("nlu.yml")):
        for entry in yaml.safe_load(path.read_text("utf-8")).get("nlu") or ():
            if "intent" in entry:
                lines = [line.strip().removeprefix("- ").strip() for line in entry["examples"].splitlines()]
                found.setdefault(entry["intent"], []).extend(line for line in lines if line)
    return found


def _bullets(texts: Any) -> str:
    return "".join(f"- {text}\n" for text in texts)


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000), "utf-8")


def measure_stock(
    folder: Path, questions: list[str], turns: int, port: int, epochs: int | None = None
) -> dict[str, Any]:
    """Train it, start it, measure answers at 1 and 8 learners, and stop it."""
    write_project(folder, epochs)
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    started = time.perf_counter()
    rasa = [python_of(VENV_BOT), "-m", "rasa"]
    with (folder / "train.log").open("wb") as log:
        subprocess.run([*rasa, "train", "--quiet"], cwd=folder, env=environment, check=True, stdout=log, stderr=log)
    train_seconds = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    with (folder / "run.log").open("wb") as log:
        server = subprocess.Popen(
            [*rasa, "run", "--port", str(port), "--interface", "127.0.0.1", "--connector", "rest"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        figures = asyncio.run(_measure(server, port, questions, turns, started))
        memory = memory_mb(server.pid)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    return {"train_seconds": train_seconds, "epochs": epochs or 100, **figures, "memory_mb": {"rasa": memory}}


async def _measure(
    server: subprocess.Popen[bytes], port: int, questions: list[str], turns: int, started: float
) -> dict[str, Any]:
    async with aiohttp.ClientSession() as http:
        ask = _ask(http, port, questions)
        start_seconds = await _ready(ask, server, started)
        answers = {}
        for learners in (1, 8):
            await measure(ask, learners=learners, count=max(16, turns // 10))
            answers[str(learners)] = asdict(await measure(ask, learners=learners, count=turns))
        return {"start_seconds": start_seconds, "answer": answers}


def _ask(http: aiohttp.ClientSession, port: int, questions: list[str]) -> Any:
    async def ask(number: int) -> float:
        body = {"sender": f"learner-{number % CONVERSATIONS}", "message": questions[number % len(questions)]}
        started = time.perf_counter()
        async with http.post(f"http://127.0.0.1:{port}/webhooks/rest/webhook", json=body) as answer:
            answer.raise_for_status()
            await answer.read()
        return time.perf_counter() - started

    return ask


async def _ready(ask: Any, server: subprocess.Popen[bytes], started: float) -> float:
    """Seconds until it answers. Raises RuntimeError if it does not."""
    while time.perf_counter() - started < READY_SECONDS:
        if server.poll() is not None:
            raise RuntimeError("the stock baseline ended while it was starting; see run.log")
        try:
            await ask(0)
            return round(time.perf_counter() - started, 1)
        except aiohttp.ClientError:
            await asyncio.sleep(0.5)
    raise RuntimeError("the stock baseline did not become ready")
