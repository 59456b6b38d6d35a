"""The understanding pipeline on somebody else's questions: `python -m bot.bench_nlu --data DIR`.

DIR has train.csv and test.csv with the columns text and category, as BANKING77 has. The classifier is the one the desk
uses, with the same settings. `--cross-validate` leaves test.csv alone and scores train.csv by the classifier's held-out
scores: that is how settings are chosen.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np

from bot import quiet
from bot.nlu.cache import CachedEncoder
from bot.nlu.classifier import Classifier, Example, Settings
from bot.nlu.minilm import shared_model

TIMED = 200


def main(arguments: list[str] | None = None) -> int:
    """Prints accuracy, training time and the cost of a question."""
    parser = argparse.ArgumentParser(prog="python -m bot.bench_nlu", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with train.csv and test.csv")
    parser.add_argument("--per-intent", type=int, help="train on the first so many examples of each intent")
    parser.add_argument("--cross-validate", action="store_true", help="score train.csv only")
    options = parser.parse_args(arguments)
    quiet.before_rasa()
    try:
        examples = read(options.data / "train.csv", options.per_intent)
        tests = [] if options.cross_validate else read(options.data / "test.csv")
    except (OSError, KeyError) as error:
        print(
            f"Expected train.csv and test.csv with columns text and category in {options.data}: {error}",
            file=sys.stderr,
        )
        return 1
    print(
        f"{len(examples)} examples, {len({example.label for example in examples})} intents, {len(tests)} test questions"
    )
    encode = CachedEncoder().encode
    vectors = encode([example.text for example in examples])
    started = time.perf_counter()
    classifier, held_out = Classifier.fit(examples, vectors, Settings())
    print(f"training           {time.perf_counter() - started:6.1f} s, the sentence vectors apart")
    print(f"held out           {accuracy(classifier, held_out.scores, examples):6.2%} right first (training data)")
    if tests:
        test_vectors = encode([example.text for example in tests])
        pairs = zip(tests, test_vectors, strict=True)
        scores = np.stack([classifier.score(example.text, vector)[0] for example, vector in pairs])
        print(f"test               {accuracy(classifier, scores, tests):6.2%} right first")
        print(f"test, among three  {accuracy(classifier, scores, tests, 3):6.2%}")
    print(f"a question         {cost_ms(classifier, tests or examples):6.1f} ms, median, sentence model included")
    return 0


def read(path: Path, per_intent: int | None = None) -> list[Example]:
    """The file's questions, at most `per_intent` of each category, in the file's order."""
    examples: list[Example] = []
    counted: dict[str, int] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            category = row["category"]
            counted[category] = counted.get(category, 0) + 1
            if per_intent is None or counted[category] <= per_intent:
                examples.append(Example(row["text"].strip(), category, number))
    return examples


def accuracy(classifier: Classifier, scores: np.ndarray, examples: list[Example], among: int = 1) -> float:
    """The share of examples whose category is among the best `among` of the scores [m, c]."""
    best = np.argsort(-scores, axis=1)[:, :among]
    pairs = zip(examples, best, strict=True)
    return float(np.mean([example.label in {classifier.labels[at] for at in row} for example, row in pairs]))


def cost_ms(classifier: Classifier, examples: list[Example]) -> float:
    """Median milliseconds from text to scores."""
    model = shared_model()
    taken = []
    for example in examples[:TIMED]:
        started = time.perf_counter()
        classifier.score(example.text, model.encode([example.text])[0])
        taken.append(time.perf_counter() - started)
    return float(np.median(taken) * 1000)


if __name__ == "__main__":
    sys.exit(main())
