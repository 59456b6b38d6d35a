"""`make bench`: start-up, training, turns and memory, against Rasa's stock pipeline in the same run."""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from desk.paths import ROOT
from knowledge.reader import load_knowledge
from tests.benchmarks.crowd import Figures, measure_crowd
from tests.benchmarks.crowd import table as crowd_table
from tests.benchmarks.desk import measure_desk, train_seconds, understanding
from tests.benchmarks.stock import measure_stock


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--turns", type=int, default=400, help="answer turns in each measurement (400)")
    parser.add_argument("--refunds", type=int, default=100, help="refunds in each measurement (100, at most 200)")
    parser.add_argument(
        "--no-baseline", action="store_true", help="leave the stock baseline out (its training is slow)"
    )
    parser.add_argument(
        "--stock-epochs",
        type=int,
        default=None,
        help="train the baseline for so many rounds only (its 100); same speed",
    )
    parser.add_argument(
        "--times", type=int, default=10, help="how many times as many sections understanding is measured with (10)"
    )
    parser.add_argument(
        "--crowd-seconds", type=float, default=300.0, help="how long 200 learners and 20 agents are connected (300)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "bench.json", help="where the figures go")
    return parser.parse_args()


def ask_list(count: int = 300) -> list[str]:
    """Example questions of many sections, always the same ones."""
    questions = [question for section in load_knowledge().sections for question in section.questions]
    return random.Random(7).sample(questions, min(count, len(questions)))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(options: argparse.Namespace) -> dict[str, Any]:
    questions = ask_list()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        print("training the desk's model …", flush=True)
        results["desk"] = {"train_seconds": train_seconds()}
        print("measuring the desk …", flush=True)
        results["desk"] |= measure_desk(Path(folder) / "desk", questions, options.turns, options.refunds)
        print(f"measuring understanding, also with {options.times} times the sections …", flush=True)
        results["understanding"] = understanding(options.times)
        print("connecting 200 learners and 20 agents …", flush=True)
        results["crowd"] = asdict(measure_crowd(Path(folder) / "crowd", seconds=options.crowd_seconds))
        if not options.no_baseline:
            print("training and measuring the stock baseline (several minutes) …", flush=True)
            results["stock"] = measure_stock(
                Path(folder) / "stock", questions, options.turns, free_port(), options.stock_epochs
            )
            results["ratios"] = ratios(results["desk"], results["stock"])
    return results


def ratios(desk: dict[str, Any], stock: dict[str, Any]) -> dict[str, float]:
    """The desk against the baseline of the same run."""
    return {
        "answer_p50_at_1": round(desk["answer"]["1"]["p50_ms"] / stock["answer"]["1"]["p50_ms"], 3),
        "turns_per_second_at_8": round(desk["answer"]["8"]["per_second"] / stock["answer"]["8"]["per_second"], 2),
    }


def table(results: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{'':34}{'desk':>12}{'stock':>12}"]

    def row(name: str, *path: str, places: int = 1) -> None:
        cells = []
        for side in ("desk", "stock"):
            value: Any = results.get(side, {})
            for key in path:
                value = value.get(key, {}) if isinstance(value, dict) else {}
            cells.append(f"{value:>12.{places}f}" if isinstance(value, (int, float)) else f"{'-':>12}")
        lines.append(f"{name:34}" + "".join(cells))

    row("seconds to train", "train_seconds")
    row("seconds to start", "start_seconds")
    for learners in ("1", "8"):
        row(f"answer p50 ms, {learners} at once", "answer", learners, "p50_ms")
        row(f"answer p95 ms, {learners} at once", "answer", learners, "p95_ms")
        row(f"turns per second, {learners} at once", "answer", learners, "per_second")
    for learners in ("1", "8"):
        row(f"whole refund p50 ms, {learners} at once", "refund", learners, "p50_ms")
        row(f"whole refund p95 ms, {learners} at once", "refund", learners, "p95_ms")
    for name in ("rasa", "actions", "backend"):
        row(f"memory MB, {name}", "memory_mb", name)
    for name, value in results.get("ratios", {}).items():
        lines.append(f"{name:34}{value:>12.3f}  (desk / stock)")
    for found in ("now", "more"):
        cost = results["understanding"][found]
        lines.append(
            f"a question on one core, {cost['sections']} sections: {cost['question_ms']:.1f} ms "
            f"({cost['examples']} examples, trained in {cost['train_seconds']:.0f} s)"
        )
    lines.append(f"{'growth of that cost':34}{results['understanding']['growth']:>12.0%}")
    lines.append(crowd_table(Figures(**results["crowd"])))
    return "\n".join(lines)


def main() -> int:
    options = arguments()
    results = run(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    print(table(results))
    print(f"written to {options.out.relative_to(ROOT) if options.out.is_relative_to(ROOT) else options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
