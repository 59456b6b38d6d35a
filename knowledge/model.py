"""What an article is once it has been read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


class KnowledgeError(Exception):
    """An article that cannot be used: which file, which line, and what belongs there."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Lines:
    """Where the parts of a section begin in its file, so that the checker can point there."""

    heading: int
    short: int
    full: int
    questions: tuple[int, ...]


@dataclass(frozen=True)
class Section:
    """One answer: what is said in the chat, what stands on the help page, and how learners ask for it."""

    id: str
    article: str
    anchor: str
    title: str
    sources: tuple[str, ...]
    operation: str | None
    diagnosis: str | None
    urgent: bool
    short_markdown: str
    full_markdown: str
    questions: tuple[str, ...]
    lines: Lines = field(repr=False)


@dataclass(frozen=True)
class Article:
    """One help page."""

    id: str
    title: str
    topic: str
    sources: tuple[str, ...]
    related: tuple[str, ...]
    reviewed: date
    intro_markdown: str
    sections: tuple[Section, ...]
    file: str = field(repr=False)
    intro_line: int = field(repr=False)


@dataclass(frozen=True)
class Knowledge:
    """All articles, in the order of their topics and ids."""

    articles: tuple[Article, ...]
    sections: tuple[Section, ...] = field(init=False, repr=False, compare=False)
    _by_article_id: dict[str, Article] = field(init=False, repr=False, compare=False)
    _by_section_id: dict[str, Section] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Looked up on every turn, so indexed once; a frozen dataclass has to be filled this way.
        sections = tuple(section for article in self.articles for section in article.sections)
        object.__setattr__(self, "sections", sections)
        object.__setattr__(self, "_by_article_id", {article.id: article for article in self.articles})
        object.__setattr__(self, "_by_section_id", {section.id: section for section in sections})

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that have articles."""
        return tuple(dict.fromkeys(article.topic for article in self.articles))

    def article(self, id: str) -> Article:
        """The article with this id; KeyError if there is none."""
        return self._by_article_id[id]

    def section(self, id: str) -> Section:
        """The section with this id, `<article>/<anchor>`; KeyError if there is none."""
        return self._by_section_id[id]
