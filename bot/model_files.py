"""The model files in models/, and what a model depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from bot.settings import MODELS, ROOT

# A model is named after the fingerprint of what it was trained from.
PREFIX = "lectern-"
SUFFIX = ".tar.gz"


class ModelError(Exception):
    """There is no model that can be served; the message says what to do."""


def training_files(root: Path = ROOT) -> list[Path]:
    """Rasa's training data. Wording is left out: it is the backend's, and changing it must not ask for training."""
    return sorted([*root.glob("data/**/nlu.yml"), *root.glob("data/**/rules.yml")])


def fingerprint(root: Path = ROOT) -> str:
    """16 hex digits that change with whatever a model is made from."""
    sources = [
        root / "config.yml",
        root / "domain.yml",
        root / "bot" / "requirements.lock",
        *training_files(root),
        *sorted((root / "knowledge" / "articles").rglob("*.md")),
        *sorted((root / "knowledge").glob("*.py")),
        *sorted((root / "bot").rglob("*.py")),
        *sorted((root / "bot" / "nlu").glob("*.txt")),
    ]
    return _digest(root, (path for path in sources if path.is_file()))


def model_file(mark: str, models: Path = MODELS) -> Path:
    """Where the model with this fingerprint lies once it has been trained."""
    return models / f"{PREFIX}{mark}{SUFFIX}"


def newest_model(models: Path = MODELS) -> Path:
    """The model to serve; ModelError if there is none."""
    found = sorted(models.glob(f"{PREFIX}*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise ModelError("There is no model in models/: train one with `python -m bot.train`.")
    return found[-1]


def _digest(root: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
