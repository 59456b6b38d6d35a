"""Reads the articles.

An article is front matter, an introduction and one `##` heading a section:

    ---
    id: request-a-refund
    title: Request a refund
    topic: payments
    sources: [F16, F20]
    related: [cancel-a-subscription]
    reviewed: 2026-11-21
    ---

    Introduction for the help page.

    ## Time limit for a refund {#time-limit}

    sources: F16, F20
    operation: refund

    > Short answer for the chat, with numbers as {{ refund.window_days }}.

    Full text for the help page.

    ### Questions

    - how long do i have to ask for my money back

Runs inside Rasa's Python 3.10 as well as in the backend, so it needs nothing but PyYAML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from knowledge.model import Article, Knowledge, KnowledgeError, Lines, Section

ARTICLES_FOLDER = Path(__file__).parent / "articles"

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SOURCE = re.compile(r"[FD]\d\d")
_HEADING = re.compile(r"##\s+(?P<title>.+?)\s*\{#(?P<anchor>[^}\s]*)\}\s*")
_METADATA = re.compile(r"(?P<key>[a-z_]+):\s*(?P<value>.*?)\s*")
_PLACEHOLDER = re.compile(r"\{\{\s*(?P<name>[^{}]*?)\s*\}\}")
_QUESTIONS_HEADING = "### Questions"
_SECTION_KEYS = ("sources", "operation", "diagnosis", "urgent")


def load_knowledge(root: Path | str | None = None) -> Knowledge:
    """All articles below `root` (the project's own unless given); raises the first KnowledgeError found."""
    knowledge, errors = read_knowledge(root)
    if errors:
        raise errors[0]
    return knowledge


def read_knowledge(root: Path | str | None = None) -> tuple[Knowledge, list[KnowledgeError]]:
    """The articles that can be read, and everything that is wrong with the others."""
    folder = Path(root) if root is not None else ARTICLES_FOLDER
    if not folder.is_dir():
        return Knowledge(()), [KnowledgeError(folder.name, 1, "expected a folder of articles, found none")]
    articles: dict[str, Article] = {}
    errors: list[KnowledgeError] = []
    for path in sorted(folder.rglob("*.md")):
        file = path.relative_to(folder).as_posix()
        reading = _Reading(file, path.read_text(encoding="utf-8"))
        article = reading.article()
        errors += reading.errors
        if article is None:
            continue
        if article.id in articles:
            errors.append(KnowledgeError(file, 1, f"the id {article.id} is taken by {articles[article.id].file}"))
        else:
            articles[article.id] = article
    return Knowledge(tuple(articles.values())), errors


def render(markdown: str, params: Mapping[str, Any], file: str = "text") -> str:
    """The Markdown with every `{{ name }}` replaced by its value. `file` is only for the error message."""

    def value(match: re.Match[str]) -> str:
        if match["name"] in params:
            return str(params[match["name"]])
        raise KnowledgeError(file, line_of(match), f"there is no parameter {match['name']!r}")

    def line_of(match: re.Match[str]) -> int:
        return markdown.count("\n", 0, match.start()) + 1

    return _PLACEHOLDER.sub(value, markdown)


def placeholders(markdown: str) -> list[tuple[str, int]]:
    """The parameter names used in the text, each with its line, counted from 0."""
    found = _PLACEHOLDER.finditer(markdown)
    return [(match["name"], markdown.count("\n", 0, match.start())) for match in found]


class _Reading:
    """One file on its way to an Article. Goes on after an error, so that all of a file's errors come together."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.errors: list[KnowledgeError] = []

    def error(self, line: int, message: str) -> None:
        self.errors.append(KnowledgeError(self.file, line + 1, message))

    def article(self) -> Article | None:
        """The article, or None if there is any error."""
        body = self._end_of_front_matter()
        if body is None:
            return None
        head = self._front_matter(body)
        starts = self._section_starts(body)
        intro_end = starts[0] if starts else len(self.lines)
        intro = next((number for number in range(body, intro_end) if self.lines[number].strip()), intro_end)
        article_id = str(head.get("id", ""))
        sections = []
        for start, end in zip(starts, [*starts[1:], len(self.lines)], strict=False):
            section = self._section(article_id, start, end)
            if section and any(other.anchor == section.anchor for other in sections):
                self.error(start, f"the anchor {section.anchor} stands twice in this article")
            elif section:
                sections.append(section)
        if not starts:
            self.error(body, "expected at least one section, a line such as: ## Time limit {#time-limit}")
        if self.errors:
            return None
        return Article(
            id=article_id,
            title=head["title"],
            topic=head["topic"],
            sources=tuple(head["sources"]),
            related=tuple(head["related"]),
            reviewed=head["reviewed"],
            intro_markdown=_text(self.lines[intro:intro_end]),
            sections=tuple(sections),
            file=self.file,
            intro_line=intro + 1,
        )

    def _end_of_front_matter(self) -> int | None:
        """The line after the closing `---`."""
        if not self.lines or self.lines[0].rstrip() != "---":
            self.error(0, "expected the first line to be --- and front matter after it")
            return None
        for number, line in enumerate(self.lines[1:], start=1):
            if line.rstrip() == "---":
                return number + 1
        self.error(0, "the front matter is not closed: expected a second line ---")
        return None

    def _front_matter(self, body: int) -> dict[str, Any]:
        try:
            head = yaml.safe_load("\n".join(self.lines[1 : body - 1]))
        except yaml.YAMLError as error:
            self.error(0, f"the front matter is not YAML: {' '.join(str(error).split())}")
            return {}
        if not isinstance(head, dict):
            self.error(0, f"expected the keys {', '.join(_FRONT_MATTER)}")
            return {}
        for key in head:
            if key not in _FRONT_MATTER:
                self.error(self._line_of_key(key), f"unknown key {key!r}; expected {', '.join(_FRONT_MATTER)}")
        for key, (fits, expected) in _FRONT_MATTER.items():
            if key not in head:
                self.error(0, f"{key} is missing: expected {expected}")
            elif not fits(head[key]):
                self.error(self._line_of_key(key), f"{key}: expected {expected}")
        self._check_place(head)
        return head

    def _check_place(self, head: dict[str, Any]) -> None:
        """Name and folder of the file repeat id and topic, so that an article is found without searching."""
        path = Path(self.file)
        if path.stem != head.get("id", path.stem):
            self.error(self._line_of_key("id"), f"id: expected the file's name, {path.stem}")
        if path.parent.name != head.get("topic", path.parent.name):
            self.error(
                self._line_of_key("topic"), f"topic: expected the folder's name, {path.parent.name or 'a folder'}"
            )

    def _line_of_key(self, key: str) -> int:
        return next((number for number, line in enumerate(self.lines) if line.startswith(f"{key}:")), 0)

    def _section_starts(self, body: int) -> list[int]:
        starts = []
        in_code = False
        for number in range(body, len(self.lines)):
            line = self.lines[number]
            if line.lstrip().startswith("```"):
                in_code = not in_code
            elif not in_code and re.match(r"##\s", line):
                starts.append(number)
            elif not in_code and re.match(r"#\s", line):
                self.error(number, "the title stands in the front matter; sections begin with ##")
        return starts

    def _section(self, article_id: str, start: int, end: int) -> Section | None:
        errors_before = len(self.errors)
        heading = _HEADING.fullmatch(self.lines[start])
        if not heading or not _KEBAB.fullmatch(heading["anchor"]):
            self.error(start, "expected a heading with its anchor, such as: ## Time limit {#time-limit}")
        metadata, at = self._metadata(start + 1, end)
        short_at, at, short = self._short_answer(at, end)
        questions_at = self._questions_heading(at, end)
        questions = self._questions(questions_at, end)
        while at < questions_at and not self.lines[at].strip():
            at += 1
        full = _text(self.lines[at:questions_at])
        if not full:
            self.error(start, "the full text for the help page is missing, after the short answer")
        if len(self.errors) > errors_before or not heading:
            return None
        return Section(
            id=f"{article_id}/{heading['anchor']}",
            article=article_id,
            anchor=heading["anchor"],
            title=heading["title"],
            sources=tuple(metadata["sources"].replace(",", " ").split()),
            operation=metadata.get("operation"),
            diagnosis=metadata.get("diagnosis"),
            urgent=metadata.get("urgent") == "yes",
            short_markdown=short,
            full_markdown=full,
            questions=tuple(questions.values()),
            lines=Lines(start + 1, short_at + 1, at + 1, tuple(number + 1 for number in questions)),
        )

    def _metadata(self, at: int, end: int) -> tuple[dict[str, str], int]:
        """The `key: value` lines under the heading, and the line after them."""
        start = at
        found: dict[str, str] = {}
        while at < end and not self.lines[at].strip():
            at += 1
        while at < end and (match := _METADATA.fullmatch(self.lines[at])):
            key, value = match["key"], match["value"]
            if key not in _SECTION_KEYS:
                self.error(at, f"unknown key {key!r}; expected {', '.join(_SECTION_KEYS)}")
            elif key in found:
                self.error(at, f"{key} stands twice")
            elif not value:
                self.error(at, f"{key} has no value")
            elif key == "urgent" and value not in ("yes", "no"):
                self.error(at, "urgent: expected yes or no")
            elif key == "sources" and not all(_SOURCE.fullmatch(one) for one in value.replace(",", " ").split()):
                self.error(at, "sources: expected source articles such as F16, F20")
            found[key] = value
            at += 1
        if "sources" not in found:
            self.error(start - 1, "sources is missing: expected a line such as: sources: F16, F20")
        return found, at

    def _short_answer(self, at: int, end: int) -> tuple[int, int, str]:
        """The first line of the quoted short answer, the line after it, and its text."""
        while at < end and not self.lines[at].strip():
            at += 1
        start = at
        while at < end and self.lines[at].startswith(">"):
            at += 1
        short = _text([line[1:].removeprefix(" ") for line in self.lines[start:at]])
        if not short:
            self.error(min(start, end - 1), "expected the short answer, quoted with > and before the full text")
        return start, at, short

    def _questions_heading(self, at: int, end: int) -> int:
        for number in range(at, end):
            if self.lines[number].strip() == _QUESTIONS_HEADING:
                return number
        return end

    def _questions(self, heading: int, end: int) -> dict[int, str]:
        questions: dict[int, str] = {}
        for number in range(heading + 1, end):
            line = self.lines[number].strip()
            if line.startswith("- ") and line[2:].strip():
                questions[number] = line[2:].strip()
            elif line:
                self.error(number, f"only questions, one a line after -, may follow {_QUESTIONS_HEADING}")
        return questions


def _text(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip()


def _is_kebab(value: Any) -> bool:
    return isinstance(value, str) and bool(_KEBAB.fullmatch(value))


def _all_match(pattern: re.Pattern[str], values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) and pattern.fullmatch(value) for value in values)


_FRONT_MATTER = {
    "id": (_is_kebab, "lower-case words joined by -, such as request-a-refund"),
    "title": (lambda value: isinstance(value, str) and bool(value.strip()), "a title"),
    "topic": (_is_kebab, "a topic such as payments, the folder's name"),
    "sources": (lambda value: bool(value) and _all_match(_SOURCE, value), "source articles such as [F16, F20]"),
    "related": (lambda value: _all_match(_KEBAB, value), "ids of articles, such as [payment-policies], or []"),
    "reviewed": (
        lambda value: isinstance(value, date) and not isinstance(value, datetime),
        "the day it was last compared with its sources, such as 2026-11-21",
    ),
}
