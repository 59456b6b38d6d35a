"""Trains the model: `python -m bot.train`, or with `--if-stale` only when something it is made from has changed."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from bot import quiet
from bot.model_files import fingerprint, model_file, training_files
from bot.settings import MODELS, ROOT

KEPT_MODELS = 3


def main(arguments: list[str] | None = None) -> int:
    """Prints the model's fingerprint; 1 and one sentence if training is not possible."""
    parser = argparse.ArgumentParser(prog="python -m bot.train", description="Train the model.")
    parser.add_argument("--if-stale", action="store_true", help="only if what the model is made from has changed")
    parser.add_argument("--anew", action="store_true", help="forget the vectors of earlier trainings first")
    options = parser.parse_args(arguments)
    if options.anew:
        forget_vectors()
    mark = fingerprint()
    target = model_file(mark)
    if options.if_stale and target.is_file():
        os.utime(target)  # the newest is served, also after going back to an earlier state
        print(f"The model {mark} is up to date.")
        return 0
    started = time.monotonic()
    quiet.before_rasa()
    try:
        train(target)
    except _expected_errors() as error:
        print(f"The model cannot be trained: {error}", file=sys.stderr)
        return 1
    _remove_old(MODELS)
    print(f"Trained the model {mark} in {time.monotonic() - started:.0f} s.")
    return 0


def forget_vectors() -> None:
    """As on a new machine: every text is embedded again."""
    for path in MODELS.glob("embeddings-*.npz"):
        path.unlink()


def train(target: Path, root: Path = ROOT) -> None:
    """Trains from the files below `root` into `target`; RasaException or KnowledgeError when they do not fit."""
    import rasa.model_training

    quiet.after_rasa()
    os.chdir(root)
    with tempfile.TemporaryDirectory(dir=_folder(target.parent), prefix=".training-") as folder:
        result = rasa.model_training.train(
            domain="domain.yml",
            config="config.yml",
            training_files=[str(path) for path in training_files(root)],
            output=folder,
            fixed_model_name=target.name,
            force_training=True,
        )
        # Moved only when whole: a training that was stopped leaves no model that looks up to date.
        Path(result.model).replace(target)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _expected_errors() -> tuple[type[Exception], ...]:
    from rasa.shared.exceptions import RasaException

    from knowledge.model import KnowledgeError

    return (RasaException, KnowledgeError)


def _remove_old(models: Path) -> None:
    """A model a day would fill the disk; a few are kept to go back to."""
    found = sorted(models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[KEPT_MODELS:]:
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
