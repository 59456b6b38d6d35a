"""Articles from file to record, and every way a file can be wrong."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from knowledge import KnowledgeError, load_knowledge, render
from knowledge.html import to_html
from knowledge.reader import read_knowledge


def test_an_article_is_read_whole(shelf):
    article = load_knowledge(shelf.articles).article("request-a-refund")
    assert (article.title, article.topic) == ("Request a refund", "payments")
    assert article.sources == ("F16", "F20")
    assert article.related == ("cancel-a-trial",)
    assert article.reviewed == date(2026, 11, 21)
    assert article.intro_markdown == "How to have your money returned."


def test_a_section_is_read_whole(shelf):
    section = load_knowledge(shelf.articles).section("request-a-refund/time-limit")
    assert (section.article, section.anchor, section.title) == ("request-a-refund", "time-limit", "Time limit")
    assert section.sources == ("F16", "F20")
    assert (section.operation, section.diagnosis, section.urgent) == ("refund", None, False)
    assert section.short_markdown == "Ask within {{ refund.window_days }} days:\n\n1. Open **My Purchases**."
    assert section.full_markdown.startswith("You have {{ refund.window_days }} days.")
    assert section.full_markdown.endswith("### Details\n\nThe days count from the payment.")
    assert len(section.questions) == 10
    assert section.questions[0] == "how long do i have"


def test_each_part_knows_its_line(shelf):
    section = load_knowledge(shelf.articles).section("request-a-refund/time-limit")
    lines = shelf.refund.read_text(encoding="utf-8").splitlines()
    assert lines[section.lines.heading - 1].startswith("## Time limit")
    assert lines[section.lines.short - 1].startswith("> Ask within")
    assert lines[section.lines.full - 1].startswith("You have")
    assert [lines[line - 1][2:] for line in section.lines.questions] == list(section.questions)


def test_articles_topics_and_sections_are_listed_in_order(shelf):
    knowledge = load_knowledge(shelf.articles)
    assert [article.id for article in knowledge.articles] == ["request-a-refund", "cancel-a-trial"]
    assert knowledge.topics == ("payments", "subscriptions")
    assert [section.id for section in knowledge.sections] == ["request-a-refund/time-limit", "cancel-a-trial/how"]


def test_an_id_nobody_has_is_a_key_error(shelf):
    knowledge = load_knowledge(shelf.articles)
    with pytest.raises(KeyError):
        knowledge.article("nothing")
    with pytest.raises(KeyError):
        knowledge.section("request-a-refund/nothing")


def test_records_cannot_be_changed(shelf):
    article = load_knowledge(shelf.articles).articles[0]
    with pytest.raises(FrozenInstanceError):
        article.title = "Another"


def test_urgent_sections_are_marked(shelf):
    shelf.spoil(shelf.refund, "operation: refund", "urgent: yes")
    assert load_knowledge(shelf.articles).section("request-a-refund/time-limit").urgent


def test_two_signs_in_a_code_block_are_no_heading(shelf):
    shelf.spoil(shelf.refund, "The days count from the payment.", "```\n## not a section\n```")
    assert "## not a section" in load_knowledge(shelf.articles).section("request-a-refund/time-limit").full_markdown


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("---\nid", "id", "expected the first line to be ---"),
        ("reviewed: 2026-11-21\n---\n", "reviewed: 2026-11-21\n", "not closed"),
        ("title: Request a refund", "title: [", "front matter is not YAML"),
        ("title: Request a refund\n", "", "title is missing"),
        ("title:", "name:", "unknown key 'name'"),
        ("id: request-a-refund", "id: another", "id: expected the file's name, request-a-refund"),
        ("topic: payments", "topic: plus", "topic: expected the folder's name, payments"),
        ("sources: [F16, F20]", "sources: []", "sources: expected source articles"),
        ("related: [cancel-a-trial]", "related: cancel-a-trial", "related: expected ids of articles"),
        ("reviewed: 2026-11-21", "reviewed: lately", "reviewed: expected the day"),
        ("## Time limit {#time-limit}", "## Time limit", "expected a heading with its anchor"),
        ("{#time-limit}", "{#Time_Limit}", "expected a heading with its anchor"),
        ("sources: F16, F20\noperation", "operation", "sources is missing"),
        ("sources: F16, F20\n", "sources: page 3\n", "expected source articles such as F16, F20"),
        ("operation: refund", "operations: refund", "unknown key 'operations'"),
        ("operation: refund", "operation:", "operation has no value"),
        ("operation: refund", "operation: refund\noperation: refund", "operation stands twice"),
        ("operation: refund", "urgent: very", "urgent: expected yes or no"),
        ("- until when can i ask\n", "- until when can i ask\n\nMore text.\n", "only questions"),
        ("How to have your money returned.", "# Request a refund", "the title stands in the front matter"),
    ],
)
def test_a_mistake_names_the_file_the_line_and_what_belongs_there(shelf, old, new, complaint):
    shelf.spoil(shelf.refund, old, new)
    with pytest.raises(KnowledgeError) as raised:
        load_knowledge(shelf.articles)
    assert complaint in raised.value.message
    assert str(raised.value).startswith(f"payments/request-a-refund.md:{raised.value.line}: ")


def test_the_line_of_a_mistake_is_the_one_to_edit(shelf):
    line = shelf.spoil(shelf.refund, "operation: refund", "operations: refund")
    with pytest.raises(KnowledgeError) as raised:
        load_knowledge(shelf.articles)
    assert raised.value.line == line


def test_a_section_without_short_answer_is_refused(shelf):
    shelf.spoil(shelf.trial, "> Click **Cancel** in time.\n", "")
    with pytest.raises(KnowledgeError, match="expected the short answer"):
        load_knowledge(shelf.articles)


def test_a_section_without_full_text_is_refused(shelf):
    shelf.spoil(shelf.trial, "Open the tab with your subscriptions and click **Cancel**.\n", "")
    with pytest.raises(KnowledgeError, match="the full text for the help page is missing"):
        load_knowledge(shelf.articles)


def test_an_article_without_sections_is_refused(shelf):
    text = shelf.trial.read_text(encoding="utf-8")
    shelf.trial.write_text(text[: text.index("## How")], encoding="utf-8")
    with pytest.raises(KnowledgeError, match="at least one section"):
        load_knowledge(shelf.articles)


def test_an_anchor_can_stand_only_once_in_an_article(shelf):
    text = shelf.trial.read_text(encoding="utf-8")
    shelf.trial.write_text(text + "\n" + text[text.index("## How") :], encoding="utf-8")
    with pytest.raises(KnowledgeError, match="the anchor how stands twice"):
        load_knowledge(shelf.articles)


def test_an_id_can_be_taken_only_once(shelf):
    twin = shelf.articles / "other" / shelf.trial.name
    twin.parent.mkdir()
    twin.write_text(shelf.trial.read_text(encoding="utf-8").replace("subscriptions", "other", 1), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"cancel-a-trial is taken by other/cancel-a-trial\.md"):
        load_knowledge(shelf.articles)


def test_all_mistakes_of_all_files_are_found_in_one_reading(shelf):
    shelf.spoil(shelf.refund, "operation: refund", "operations: refund")
    shelf.spoil(shelf.refund, "title:", "name:")
    shelf.spoil(shelf.trial, "sources: [F42]", "sources: []")
    knowledge, errors = read_knowledge(shelf.articles)
    assert knowledge.articles == ()
    assert [error.file for error in errors].count("payments/request-a-refund.md") == 3
    assert [error.file for error in errors].count("subscriptions/cancel-a-trial.md") == 1


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(KnowledgeError, match="found none"):
        load_knowledge(tmp_path / "nowhere")


def test_render_puts_the_values_in_place():
    assert render("within {{ refund.window_days }} days, {{refund.window_days}}.", {"refund.window_days": 14}) == (
        "within 14 days, 14."
    )


def test_render_names_file_line_and_parameter_it_does_not_know():
    with pytest.raises(KnowledgeError) as raised:
        render("one\ntwo {{ refund.days }}", {}, "payments/request-a-refund.md")
    assert str(raised.value) == "payments/request-a-refund.md:2: there is no parameter 'refund.days'"


def test_html_shows_markdown_and_no_markup_of_its_own():
    page = to_html("**bold** <script>alert(1)</script> [link](/help/a#b) [bad](javascript:alert(1))")
    assert "<strong>bold</strong>" in page
    assert '<a href="/help/a#b">link</a>' in page
    assert "<script" not in page
    assert 'href="javascript' not in page


def test_html_knows_tables():
    assert "<table>" in to_html("| a | b |\n|---|---|\n| 1 | 2 |")
