"""The project's own corpus, read as training reads it."""

from __future__ import annotations

from pathlib import Path

from rasa.shared.importers.importer import TrainingDataImporter

from bot.model_files import training_files
from bot.nlu.examples import Corpus
from bot.settings import ROOT


def project_corpus(root: Path = ROOT) -> Corpus:
    """All examples of data/ and of the articles."""
    paths = [str(path) for path in training_files(root)]
    importer = TrainingDataImporter.load_from_config(str(root / "config.yml"), str(root / "domain.yml"), paths)
    return Corpus.from_training_data(importer.get_nlu_data())
