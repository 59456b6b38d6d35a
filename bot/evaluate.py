"""How well the desk understands, by cross-validation over all its examples: `python -m bot.evaluate`.

Every fold trains a whole pipeline on the rest, thresholds included, and is asked the fold's questions. Writes
results/evaluate/report.json and report.html, and prints the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot import quiet
from bot.settings import ROOT

RESULTS = ROOT / "results" / "evaluate"
FOLDS = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one held-out question."""

    text: str
    label: str
    kind: str  # known, unclear or unknown
    ranking: tuple[tuple[str, float], ...]
    sections: tuple[str, ...]  # the best three sections
    same_matter: bool  # the first is the label, or another way into the same matter


def main(arguments: list[str] | None = None) -> int:
    """Evaluates, writes the reports and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bot.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    quiet.before_rasa()
    from bot.nlu.cache import CachedEncoder
    from bot.nlu.corpus_files import project_corpus

    corpus = project_corpus()
    vectors = CachedEncoder().encode([example.text for example in corpus.examples])
    outcomes = cross_validate(corpus, vectors, options.folds)
    report = summarise(outcomes) | {"folds": options.folds}
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    from bot.evaluation_page import page

    (options.output / "report.html").write_text(page(report), encoding="utf-8")
    print(table(report))
    return 0


def cross_validate(corpus, vectors: np.ndarray, folds: int) -> list[Outcome]:
    """Every question once, each by a pipeline that has not seen it or its variants. `vectors` [n, v]."""
    from bot.nlu.examples import Corpus
    from bot.nlu.mind import Mind

    fold_of = _folds(corpus, folds)
    outcomes: list[Outcome] = []
    for fold in range(folds):
        rest = [at for at, example in enumerate(corpus.examples) if fold_of.get(example.group) != fold]
        mind = Mind.fit(Corpus(tuple(corpus.examples[at] for at in rest), corpus.titles, corpus.related), vectors[rest])
        asked: set[int] = set()
        for at, example in enumerate(corpus.examples):
            if fold_of.get(example.group) == fold and example.group not in asked:
                asked.add(example.group)
                outcomes.append(_outcome(mind, example, vectors[at]))
        print(f"fold {fold + 1} of {folds}: {len(asked)} questions", file=sys.stderr)
    return outcomes


def _outcome(mind, example, vector: np.ndarray) -> Outcome:
    choice = mind.choose(example.text, vector)
    sections = tuple(label for label, _ in choice.ranking if label.startswith("faq/"))[:3]
    same = mind.selector.same_matter(example.label, choice.ranking[0][0])
    return Outcome(example.text, example.label, choice.kind, choice.ranking[:5], sections, same)


def _folds(corpus, folds: int) -> dict[int, int]:
    """Group → fold, each label spread evenly. What articles say is in every training and never asked."""
    rng = np.random.default_rng(0)
    groups: dict[str, list[int]] = {}
    for example in corpus.examples:
        if example.weight == 1.0:
            members = groups.setdefault(example.label, [])
            if not members or members[-1] != example.group:
                members.append(example.group)
    return {
        group: (at + offset) % folds
        for offset, members in enumerate(groups.values())
        for at, group in enumerate(rng.permutation(members).tolist())
    }


def summarise(outcomes: list[Outcome]) -> dict:
    """All figures; shares are between 0 and 1."""
    outside = [one for one in outcomes if one.label == "out_of_scope"]
    inside = [one for one in outcomes if one.label != "out_of_scope"]
    faq = [one for one in inside if one.label.startswith("faq/")]
    intents = [one for one in inside if not one.label.startswith("faq/")]
    unknown = [one for one in outcomes if one.kind == "unknown"]
    answered = [one for one in inside if one.kind == "known"]
    return {
        "questions": {"sections": len(faq), "intents": len(intents), "out_of_scope": len(outside)},
        "labels": len({one.label for one in outcomes}),
        "sections": {
            "first": _share(faq, lambda one: one.sections[0] == one.label),
            "among_three": _share(faq, lambda one: one.label in one.sections),
            "first_of_all_labels": _share(faq, _is_first),
            "matter_first": _share(faq, lambda one: one.same_matter),
        },
        "intents": {
            "first": _share(intents, _is_first),
            "matter_first": _share(intents, lambda one: one.same_matter),
            "among_three": _share(intents, lambda one: one.label in [label for label, _ in one.ranking[:3]]),
        },
        "out_of_scope": {
            "recall": _share(outside, lambda one: one.kind == "unknown"),
            "precision": _share(unknown, lambda one: one.label == "out_of_scope"),
            "good_questions_turned_away": _share(inside, lambda one: one.kind == "unknown"),
            "good_questions_asked_back": _share(inside, lambda one: one.kind == "unclear"),
        },
        "answered_rightly": _share(answered, lambda one: one.same_matter),
        "calibration": _calibration(answered),
        "confusions": _confusions(inside),
        "families": {name: _family(members) for name, members in _families(intents).items()},
    }


def _is_first(one: Outcome) -> bool:
    return one.ranking[0][0] == one.label


def _share(members: list[Outcome], is_so) -> float:
    return round(sum(map(is_so, members)) / len(members), 4) if members else 0.0


def _calibration(answered: list[Outcome]) -> list[dict]:
    """Ten bins of confidence: how sure it was, and how often it was right."""
    bins: list[dict] = []
    for low in np.arange(0.0, 1.0, 0.1):
        members = [
            one for one in answered if low <= one.ranking[0][1] < low + 0.1 or (low > 0.85 and one.ranking[0][1] >= 1)
        ]
        if members:
            sure = float(np.mean([one.ranking[0][1] for one in members]))
            bins.append(
                {
                    "from": round(float(low), 1),
                    "questions": len(members),
                    "confidence": round(sure, 4),
                    "right": _share(members, _is_first),
                    "matter": _share(members, lambda one: one.same_matter),
                }
            )
    return bins


def _confusions(inside: list[Outcome]) -> list[dict]:
    """The commonest pairs of different matters, each with an example."""
    wrong = [one for one in inside if not one.same_matter]
    pairs = Counter((one.label, one.ranking[0][0]) for one in wrong)
    sample = {(one.label, one.ranking[0][0]): one.text for one in wrong}
    return [
        {"asked": asked, "understood": understood, "questions": count, "example": sample[asked, understood]}
        for (asked, understood), count in pairs.most_common(30)
    ]


def _families(intents: list[Outcome]) -> dict[str, list[Outcome]]:
    families: dict[str, list[Outcome]] = {}
    for one in intents:
        prefix = one.label.split("_")[0]
        families.setdefault(f"{prefix}_*" if "_" in one.label else one.label, []).append(one)
    return families


def _family(members: list[Outcome]) -> dict:
    return {
        "questions": len(members),
        "first": _share(members, _is_first),
        "matter_first": _share(members, lambda one: one.same_matter),
    }


def table(report: dict) -> str:
    """The figures for a terminal."""
    sections, intents, outside = report["sections"], report["intents"], report["out_of_scope"]
    rows = [
        ("right section first (among sections)", sections["first"]),
        ("right section among three", sections["among_three"]),
        ("right section first (among all labels)", sections["first_of_all_labels"]),
        ("right matter first, questions of articles", sections["matter_first"]),
        ("right intent first", intents["first"]),
        ("right matter first, requests and talk", intents["matter_first"]),
        ("right matter, of those answered at once", report["answered_rightly"]),
        ("out of scope recognised (recall)", outside["recall"]),
        ("turned away and rightly so (precision)", outside["precision"]),
        ("good questions turned away", outside["good_questions_turned_away"]),
        ("good questions asked back", outside["good_questions_asked_back"]),
    ]
    counted = report["questions"]
    head = (
        f"{counted['sections']} questions of articles, {counted['intents']} requests and talk, "
        f"{counted['out_of_scope']} out of scope; {report['labels']} labels, {report['folds']} folds"
    )
    return "\n".join([head, *(f"  {name:<44}{value:7.2%}" for name, value in rows)])


if __name__ == "__main__":
    sys.exit(main())
