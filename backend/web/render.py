"""Turns articles and search results into what the templates show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from rapidfuzz.distance import OSA

from backend.web.assets import Assets
from backend.web.topics import BY_ID, DIAGNOSES, OPERATIONS, POPULAR, POPULAR_COUNT, Topic, Wish
from knowledge import Article, Knowledge, Section, render
from knowledge.html import to_html
from knowledge.search import Hit
from knowledge.words import stem

_WORDS = re.compile(r"(\w+)")
_SNIPPET_CHARACTERS = 260


@dataclass(frozen=True)
class SectionView:
    """One section of a help page."""

    section: Section
    html: Markup
    wish: Wish | None
    first: bool  # no section before it on the page has the same wish


@dataclass(frozen=True)
class Found:
    """One search result. Title and text come in pieces `(text, matched)`, for the template to mark what matched."""

    section: Section
    article: Article
    title: list[tuple[str, bool]]
    text: list[tuple[str, bool]]


class Pages:
    """Renders the pages. `params_now` gives the numbers in force at this moment."""

    def __init__(self, knowledge: Knowledge, params_now: Callable[[], Mapping[str, Any]], assets: Assets) -> None:
        self._knowledge = knowledge
        self._params_now = params_now
        self._environment = Environment(
            loader=FileSystemLoader(__file__.removesuffix("render.py") + "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = assets.url
        self._environment.globals["assets"] = assets.urls
        self._environment.globals["topic_of"] = topic_of
        self._environment.filters["instant"] = instant

    def render(self, template: str, **values: Any) -> str:
        """A template as HTML."""
        return self._environment.get_template(template).render(**values)

    def topics(self) -> list[tuple[Topic, list[Article]]]:
        """The topics that have articles, each with them, in the order of the front page."""
        ids = [topic for topic in BY_ID if topic in self._knowledge.topics]
        ids += [topic for topic in self._knowledge.topics if topic not in BY_ID]
        return [(topic_of(id), self.articles_of(id)) for id in ids]

    def articles_of(self, topic: str) -> list[Article]:
        """The articles of a topic, by title."""
        found = (article for article in self._knowledge.articles if article.topic == topic)
        return sorted(found, key=lambda article: article.title)

    def popular(self) -> list[tuple[Section, Article]]:
        """The favourites that exist, filled up with sections that lead to something."""
        by_id = {section.id: section for section in self._knowledge.sections}
        chosen = [by_id[id] for id in POPULAR if id in by_id]
        chosen += [section for section in by_id.values() if section.operation and section not in chosen]
        return [(section, self._knowledge.article(section.article)) for section in chosen[:POPULAR_COUNT]]

    def related(self, article: Article) -> list[Article]:
        """The articles it names as related, as far as they exist."""
        by_id = {other.id: other for other in self._knowledge.articles}
        return [by_id[id] for id in article.related if id in by_id]

    def intro(self, article: Article) -> Markup:
        """The article's introduction."""
        return _html(article.intro_markdown, self._params_now(), article.file)

    def sections(self, article: Article) -> list[SectionView]:
        """The article's sections, with the numbers in force now."""
        params = self._params_now()
        views: list[SectionView] = []
        for section in article.sections:
            wish = wish_of(section)
            first = all(view.wish != wish for view in views)
            views.append(SectionView(section, _html(section.full_markdown, params, article.file), wish, first))
        return views

    def found(self, hits: list[Hit]) -> list[Found]:
        """Search results with the matching words marked."""
        params = self._params_now()
        found = []
        for hit in hits:
            article = self._knowledge.article(hit.section.article)
            text = plain_text(render(hit.section.short_markdown, params, article.file))
            title, snippet = mark(hit.section.title, hit.matched_words), mark(shorten(text), hit.matched_words)
            found.append(Found(hit.section, article, title, snippet))
        return found


def topic_of(id: str) -> Topic:
    """The topic; one that nobody has described yet is shown by its id."""
    return BY_ID.get(id) or Topic(id, id.replace("-", " ").capitalize(), "")


def wish_of(section: Section) -> Wish | None:
    """What the section leads to, if it leads to anything."""
    if section.operation:
        return OPERATIONS.get(section.operation)
    return DIAGNOSES.get(section.diagnosis or "")


def plain_text(markdown: str) -> str:
    """Markdown without its marks, in one line."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"(?m)^\s*(?:[-*+]|\d+\.|#+|>)\s+", "", text)
    return " ".join(re.sub(r"[*_`]", "", text).split())


def instant(text: str) -> str:
    """An RFC 3339 instant in words: 21 November 2026, 19:50 UTC."""
    then = datetime.fromisoformat(text).astimezone(timezone.utc)
    return f"{then.day} {then:%B %Y, %H:%M} UTC"


def shorten(text: str, most: int = _SNIPPET_CHARACTERS) -> str:
    """At most `most` characters, cut between words."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0].rstrip(" ,;:.") + " …"


def mark(text: str, matched: tuple[str, ...]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of the words a search matched by."""
    stems = {stem(word.lower()) for word in matched}
    pieces: list[tuple[str, bool]] = []
    for piece in filter(None, _WORDS.split(text)):
        word = stem(piece.lower())
        hit = word in stems or any(_near(word, wanted) for wanted in stems)
        if pieces and pieces[-1][1] == hit:
            pieces[-1] = (pieces[-1][0] + piece, hit)
        else:
            pieces.append((piece, hit))
    return pieces


def _near(word: str, wanted: str) -> bool:
    """A longer form of the word, or what a misspelling meant; the search takes both for a match."""
    return len(wanted) > 3 and (word.startswith(wanted) or OSA.distance(word, wanted, score_cutoff=1) <= 1)


def _html(markdown: str, params: Mapping[str, Any], file: str) -> Markup:
    """Rendered Markdown. It has no raw HTML of its own, so a tag that stands in it was put there by the renderer."""
    html = to_html(render(markdown, params, file))
    # A wide table scrolls by itself, with the keyboard too, instead of making the page scroll sideways.
    html = html.replace("<table>", '<div class="table" tabindex="0" role="region" aria-label="Table"><table>')
    return Markup(html.replace("</table>", "</table></div>"))
