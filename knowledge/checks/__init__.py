"""What the build demands of the articles: each rule is a function from `Material` to problems.

`knowledge.check` runs them all. Rules only look; none stops at the first problem, so that one run shows everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.policy.parameters import Parameters
from knowledge.model import Article, Knowledge, Section


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to put right, and where. A warning is shown but does not fail the build."""

    file: str
    line: int
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {'warning: ' if self.is_warning else ''}{self.message}"


@dataclass(frozen=True)
class Passage:
    """A stretch of an article's own wording, with the line it begins on."""

    article: Article
    line: int
    markdown: str


@dataclass(frozen=True)
class Material:
    """Everything that is checked, read once."""

    knowledge: Knowledge
    parameters: Parameters
    articles_folder: Path
    params_folder: Path

    def problem(self, article: Article, line: int, message: str, is_warning: bool = False) -> Problem:
        """A problem in an article's file."""
        return Problem(shown(self.articles_folder / article.file), line, message, is_warning)

    def in_front_matter(self, article: Article, key: str, message: str) -> Problem:
        """A problem of one key of an article's front matter."""
        lines = (self.articles_folder / article.file).read_text(encoding="utf-8").splitlines()
        line = next((number for number, text in enumerate(lines, start=1) if text.startswith(f"{key}:")), 1)
        return self.problem(article, line, f"{key}: {message}")

    def in_section(self, section: Section, message: str) -> Problem:
        """A problem of a whole section, shown at its heading."""
        return self.problem(self.knowledge.article(section.article), section.lines.heading, message)

    def passages(self) -> Iterator[Passage]:
        """All wording of all articles; not the questions, which are the learners' words."""
        for article in self.knowledge.articles:
            yield Passage(article, _TITLE_LINE, article.title)
            yield Passage(article, article.intro_line, article.intro_markdown)
            for section in article.sections:
                yield Passage(article, section.lines.heading, section.title)
                yield Passage(article, section.lines.short, section.short_markdown)
                yield Passage(article, section.lines.full, section.full_markdown)


# By convention the title follows the id, right below the opening line of the front matter.
_TITLE_LINE = 3


def shown(path: Path) -> str:
    """The path as a person in the working directory would type it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
