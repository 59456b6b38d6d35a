"""Articles become training data."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.nlu.constants import INTENT, TEXT

from bot.importer import PASSAGE, RELATED, SECTION, KnowledgeImporter, comparable
from bot.nlu.examples import Corpus, variants
from knowledge.model import KnowledgeError

ARTICLE = """---
id: leave-a-class
title: Leave a class
topic: enrollment
sources: [F11]
related: []
reviewed: 2026-11-21
---

## How to leave {#how-to}

sources: F11
operation: unenroll
diagnosis: missing_course

> Open [My Courses](/help/x#y) and choose **Leave**. You have {{ refund.window_days }} days.

The whole story of leaving stands here.

### Questions

- how do i leave
- where is the leave button
"""


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "enrollment"
    folder.mkdir()
    (folder / "leave-a-class.md").write_text(ARTICLE, encoding="utf-8")
    return tmp_path


def test_questions_and_passages(articles: Path) -> None:
    messages = KnowledgeImporter(articles=str(articles)).get_nlu_data().training_examples
    asked = [message for message in messages if not message.get(PASSAGE)]
    assert [message.get(TEXT) for message in asked] == ["how do i leave", "where is the leave button"]
    assert {message.get(INTENT) for message in messages} == {"faq"}
    assert {message.get(SECTION) for message in messages} == {"leave-a-class/how-to"}
    assert asked[0].get(RELATED) == ["do_unenroll", "can_unenroll", "check_missing_course"]
    passages = [message.get(TEXT) for message in messages if message.get(PASSAGE)]
    assert passages == [
        "How to leave",
        "Leave a class: How to leave",
        "Open My Courses and choose Leave.",
        "You have N days.",
    ]


def test_what_an_intent_claims_is_left_out(articles: Path, tmp_path: Path) -> None:
    data = tmp_path / "nlu.yml"
    data.write_text("nlu:\n  - intent: can_unenroll\n    examples: |\n      - How do I leave?\n", encoding="utf-8")
    importer = KnowledgeImporter(articles=str(articles), training_data_paths=[str(data)])
    asked = [message for message in importer.get_nlu_data().training_examples if not message.get(PASSAGE)]
    assert [message.get(TEXT) for message in asked] == ["where is the leave button"]


def test_a_broken_article_is_named(articles: Path) -> None:
    path = articles / "enrollment" / "leave-a-class.md"
    path.write_text(ARTICLE.replace("sources: F11", "sauces: F11"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"leave-a-class\.md:\d+"):
        KnowledgeImporter(articles=str(articles)).get_nlu_data()


def test_it_brings_no_domain_and_no_stories(articles: Path) -> None:
    importer = KnowledgeImporter(articles=str(articles))
    assert importer.get_domain().is_empty()
    assert importer.get_stories().is_empty()


def test_related_works_both_ways(articles: Path) -> None:
    corpus = Corpus.from_training_data(KnowledgeImporter(articles=str(articles)).get_nlu_data())
    assert "do_unenroll" in corpus.related["faq/leave-a-class/how-to"]
    assert corpus.related["check_missing_course"] == ("faq/leave-a-class/how-to",)
    assert corpus.titles == {"faq/leave-a-class/how-to": "How to leave"}


def test_comparable() -> None:
    assert comparable(" Can I  get a refund?! ") == comparable("can i get a refund")


def test_titles_are_exchanged() -> None:
    courses = ["game theory", "introduction to game theory", "songwriting"]
    assert variants("refund Introduction to Game Theory please", courses, 2) == variants(
        "refund Introduction to Game Theory please", courses, 2
    )
    assert sorted(variants("refund Introduction to Game Theory please", courses, 2)) == [
        "refund game theory please",
        "refund songwriting please",
    ]
    assert variants("refund me", courses) == []
