"""Rasa trains, stores and loads the pipeline; a model's name changes with what it is made from."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from rasa.core.agent import Agent

from bot import train
from bot.model_files import ModelError, fingerprint, newest_model, training_files
from bot.turn import UNDERSTANDING

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """The project's configuration with two flows and one article."""
    for name in ("config.yml", "domain.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for flow in ("refund", "smalltalk"):
        shutil.copytree(ROOT / "data" / flow, tmp_path / "data" / flow)
    (tmp_path / "knowledge" / "articles").mkdir(parents=True)
    (tmp_path / "bot").mkdir()
    return tmp_path


def test_a_small_project_trains_and_understands(small_project: Path, tmp_path: Path) -> None:
    config = (small_project / "config.yml").read_text(encoding="utf-8")
    importer = "  - name: bot.importer.KnowledgeImporter\n"
    articles = small_project / "knowledge" / "articles"
    shutil.copytree(ROOT / "knowledge" / "articles" / "video", articles / "video")
    assert importer in config
    config = config.replace(importer, f"{importer}    articles: {articles}\n")
    (small_project / "config.yml").write_text(config, encoding="utf-8")
    target = tmp_path / "models" / "lectern-small.tar.gz"
    here = Path.cwd()
    try:
        train.train(target, small_project)
    finally:
        os.chdir(here)
    agent = Agent.load(str(target))
    for text, intent in (("refund me please", "do_refund"), ("hello", "smalltalk_greet")):
        found = asyncio.run(agent.parse_message(text))
        assert found["intent"]["name"] == intent
        assert found[UNDERSTANDING]["ranking"][0] == {"intent": intent, "confidence": pytest.approx(1, abs=0.3)}
    found = asyncio.run(agent.parse_message("how do i save a lecture on my laptop"))
    assert found["intent"]["name"] == "faq"
    assert found[UNDERSTANDING]["section"].startswith("download-videos/")


def test_the_fingerprint_follows_what_a_model_is_made_from(small_project: Path) -> None:
    before = fingerprint(small_project)
    assert fingerprint(small_project) == before
    (small_project / "data" / "refund" / "responses.yml").write_text("wording: 1\n", encoding="utf-8")
    assert fingerprint(small_project) == before, "wording is the backend's"
    (small_project / "knowledge" / "articles" / "x.md").write_text("x", encoding="utf-8")
    with_article = fingerprint(small_project)
    assert with_article != before
    rules = small_project / "data" / "refund" / "rules.yml"
    rules.write_text(rules.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert fingerprint(small_project) not in (before, with_article)


def test_only_nlu_and_rules_are_read(small_project: Path) -> None:
    assert {path.name for path in training_files(small_project)} == {"nlu.yml", "rules.yml"}


def test_no_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"python -m bot\.train"):
        newest_model(tmp_path)


def test_an_up_to_date_model_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "lectern-x.tar.gz"
    model.write_bytes(b"")
    monkeypatch.setattr(train, "model_file", lambda mark: model)
    monkeypatch.setattr(train, "train", lambda target: pytest.fail("trained"))
    assert train.main(["--if-stale"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_old_models_are_removed(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"lectern-{number}.tar.gz").write_bytes(b"")
    train._remove_old(tmp_path)
    assert len(list(tmp_path.glob("*.tar.gz"))) == train.KEPT_MODELS
