"""What understanding costs, now and with more sections: `python -m bot.bench_cost --times 10`, as JSON.

The further sections are made up from the real ones: each copy's texts are written in another alphabet's order and its
vectors are turned together in a direction of their own, so that a copy is as easy and as hard as the original and has
little to do with it. Training is real, and the questions are asked of the trained pipeline on one core.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import sys
import time
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from bot import quiet

TIMED = 300
WARM_UP = 20


def main(arguments: list[str] | None = None) -> int:
    """Prints a JSON object: sections, examples, seconds to train (the vectors apart) and the median milliseconds of a
    question, for the project's own corpus and for `--times` as many sections."""
    parser = argparse.ArgumentParser(prog="python -m bot.bench_cost", description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10, help="how many times as many sections (10)")
    options = parser.parse_args(arguments)
    quiet.before_rasa()
    from bot.nlu.cache import CachedEncoder
    from bot.nlu.corpus_files import project_corpus

    corpus = project_corpus()
    vectors = CachedEncoder().encode([example.text for example in corpus.examples])
    found = {"now": measured(corpus, vectors)}
    found["more"] = measured(*enlarged(corpus, vectors, options.times), asked=corpus)
    found["growth"] = round(found["more"]["question_ms"] / found["now"]["question_ms"] - 1.0, 3)
    print(json.dumps(found))
    return 0


def measured(corpus, vectors: np.ndarray, asked=None) -> dict[str, float]:
    """Train on the corpus with its vectors [n, v], then ask questions of `asked`, or else of the corpus itself."""
    from bot.importer import FAQ
    from bot.nlu.mind import Mind
    from bot.nlu.minilm import shared_model

    started = time.perf_counter()
    mind = Mind.fit(corpus, vectors)
    train_seconds = time.perf_counter() - started
    texts = [example.text for example in (asked or corpus).examples if example.weight == 1.0]
    taken = []
    with threadpool_limits(1):
        for text in random.Random(5).sample(texts, TIMED + WARM_UP):
            started = time.perf_counter()
            mind.choose(text, shared_model().encode([text])[0])
            taken.append(time.perf_counter() - started)
    sections = {example.label for example in corpus.examples if example.label.startswith(f"{FAQ}/")}
    return {
        "sections": len(sections),
        "examples": len(corpus.examples),
        "train_seconds": round(train_seconds, 1),
        "question_ms": round(float(np.median(taken[WARM_UP:])) * 1000, 2),
    }


def enlarged(corpus, vectors: np.ndarray, times: int):
    """The corpus with `times` as many sections, and its vectors."""
    from bot.importer import FAQ
    from bot.nlu.examples import Corpus

    at = [number for number, example in enumerate(corpus.examples) if example.label.startswith(f"{FAQ}/")]
    examples, more = list(corpus.examples), [vectors]
    groups = max(example.group for example in corpus.examples) + 1
    titles, related = dict(corpus.titles), dict(corpus.related)
    for copy in range(1, times):
        write = _alphabet(copy)
        for number in at:
            one = corpus.examples[number]
            label, group = f"{one.label}-{copy}", one.group + copy * groups
            examples.append(replace(one, text=one.text.lower().translate(write), label=label, group=group))
        titles |= {f"{label}-{copy}": title for label, title in corpus.titles.items()}
        more.append(vectors[at] @ _turn(copy, vectors.shape[1]))
    return Corpus(tuple(examples), titles, related), np.vstack(more)


def _alphabet(seed: int) -> dict[int, int]:
    letters = list(string.ascii_lowercase)
    random.Random(seed).shuffle(letters)
    return str.maketrans(string.ascii_lowercase, "".join(letters))


def _turn(seed: int, dimensions: int) -> np.ndarray:
    """[v, v]: keeps every angle between the vectors it turns."""
    turned, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(dimensions, dimensions)))
    return turned.astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
