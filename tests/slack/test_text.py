"""Marks: the desk's and Slack's, in both directions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from backend.slack.text import cut, escape, markdown, mentions, mrkdwn, pieces, quoted, written
from backend.wording import Wording

ROOT = Path(__file__).parents[2]


def test_nothing_that_was_written_becomes_a_mention_a_link_or_a_mark() -> None:
    for text in ("<!channel>", "<@U1>", "<#C1>", "<https://evil.example|bank>", "&lt;!here&gt;"):
        assert "<" not in escape(text) and "<" not in quoted(text) and "<" not in mrkdwn(text)
    assert quoted("a *b* _c_ ~d~ `e`\nf").startswith(">a ")
    assert not re.search(r"(?<!\u200b)[*_~`]", quoted("a *b* _c_ ~d~ `e`"))
    assert quoted("one\ntwo") == ">one\n>two"


def test_the_desks_markdown_is_slacks() -> None:
    assert mrkdwn("**bold** & more\n- one\n- two") == "*bold* &amp; more\n• one\n• two"
    assert mrkdwn("see [the page](/help/x#y)") == "see the page"
    assert mrkdwn(r"**C\*\* Pointers**") == "*C\u200b*\u200b* Pointers*"


def test_what_was_typed_in_slack_is_plain_text() -> None:
    assert written("a &lt;b&gt; &amp; <https://x.example/y|here> <mailto:a@b.example|a@b.example>") == (
        "a <b> & https://x.example/y a@b.example"
    )
    assert markdown("*bold* and 2*3*4 and _it_") == "**bold** and 2*3*4 and _it_"
    assert mentions("hi <@U1>") and mentions("<!here>") and mentions("<#C1|x>") and not mentions("a <https://x>")


@pytest.mark.parametrize("text", ["x" * 9000, "word " * 2000, "&amp;" * 2000, "line\n" * 1500, ""])
def test_long_texts_are_divided_without_loss(text: str) -> None:
    parts = pieces(text, 1000)
    assert all(len(part) <= 1000 for part in parts)
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")
    assert all(not re.search(r"&\w{0,4}$", part) for part in parts)


def test_what_is_cut_says_so() -> None:
    assert cut("short", 10) == "short"
    assert cut("x" * 11, 10) == "x" * 9 + "…"
    assert cut("xxxxxx&amp;x", 10) == "xxxxxx…"


def test_every_sentence_for_slack_is_said_somewhere_and_none_is_missing() -> None:
    source = [path.read_text("utf-8") for path in (ROOT / "backend" / "slack").rglob("*.py")]
    nodes = [node for text in source for node in ast.walk(ast.parse(text))]
    said = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    # `f"state_{…}"`: every key with this beginning counts.
    open_ended = {
        node.values[0].value
        for node in nodes
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
    }
    keys = {key.removeprefix("utter_slack_") for key in Wording.load().keys if key.startswith("utter_slack_")}
    made = ("done", "asked_second")
    unused = {
        key
        for key in keys
        if key not in said
        and f"slack_{key}" not in said
        and not key.startswith(tuple(begin for begin in open_ended if len(begin) > 3))
        and not any(key == f"{one}_before" for one in made)
    }
    assert unused == set()
    named = {name for text in source for name in re.findall(r"(?:parts\.|_parts\.|\b)say\(\s*\"([a-z_]+)\"", text)}
    assert {name for name in named if name.removeprefix("slack_") not in keys} == set()
