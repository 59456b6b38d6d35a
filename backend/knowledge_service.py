"""The articles as the backend uses them: rendered with the numbers in force, cited, searched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from backend.clock import Clock
from backend.errors import NotFound
from backend.policy.parameters import Parameters
from knowledge.model import Article, Knowledge, Section
from knowledge.reader import render
from knowledge.search import Search

# A line break within a paragraph or a list item: not before another item, a quote or an empty line.
_WRAPPED = re.compile(r"(?<!\n)\n[ \t]*(?!\n|[ \t]*(?:[-*+]|\d+[.)])[ \t]|[ \t]*>|[ \t]*\n)")


class KnowledgeService:
    """Sections by id (`article/anchor`), with every number as of the clock's present."""

    def __init__(self, knowledge: Knowledge, params: Parameters, clock: Clock) -> None:
        self.knowledge = knowledge
        self._params = params
        self._clock = clock
        self._sections = {section.id: section for section in knowledge.sections}
        self._leads: dict[str, list[Section]] = {}
        for section in knowledge.sections:
            for name in (section.operation, section.diagnosis):
                if name:
                    self._leads.setdefault(name, []).append(section)
        self.searcher = Search(knowledge, self.numbers())

    def numbers(self, as_of: datetime | None = None) -> Mapping[str, Any]:
        """Every parameter's value now."""
        return self._params.current(as_of or self._clock.now())

    def has(self, section_id: str) -> bool:
        return section_id in self._sections

    def section(self, section_id: str) -> Section:
        """Raises NotFound."""
        try:
            return self._sections[section_id]
        except KeyError:
            raise NotFound(f"There is no section {section_id!r}.") from None

    def short(self, section: Section) -> str:
        """The chat's answer, Markdown, numbers filled in; lines that were only wrapped in the file are joined."""
        return _WRAPPED.sub(" ", render(section.short_markdown, self.numbers()))

    def full(self, section: Section) -> str:
        """The help page's text, Markdown, numbers filled in."""
        return render(section.full_markdown, self.numbers())

    def leading_to(self, name: str) -> Section | None:
        """The section that speaks of an operation or diagnosis: the first of the article that leads there most."""
        leads = self._leads.get(name, [])
        often = Counter(section.article for section in leads)
        return max(leads, key=lambda section: often[section.article], default=None)

    def citation(self, section: Section) -> dict[str, Any]:
        """The contract's citation."""
        return {
            "article": section.article,
            "section": section.anchor,
            "title": section.title,
            "url": f"/help/{section.article}#{section.anchor}",
            "sources": list(section.sources),
        }

    def citations_for(self, name: str, sources: Iterable[str], limit: int = 3) -> list[dict[str, Any]]:
        """Sections that state these articles' facts, those leading to `name` first, each article at most once."""
        wanted = list(dict.fromkeys(sources))
        leads = self._leads.get(name, [])
        ranked = sorted(
            (section for section in self._sections.values() if set(section.sources) & set(wanted)),
            key=lambda section: (section not in leads, -len(set(section.sources) & set(wanted))),
        )
        chosen: list[Section] = []
        missing = set(wanted)
        for section in ranked:
            if set(section.sources) & missing:
                chosen.append(section)
                missing -= set(section.sources)
            if len(chosen) == limit or not missing:
                break
        return [self.citation(section) for section in chosen]

    def search(self, text: str, limit: int = 8) -> list[dict[str, Any]]:
        """The contract's search hits."""
        return [
            {
                **self.citation(hit.section),
                "id": hit.section.id,
                "article_title": self.knowledge.article(hit.section.article).title,
                "matched": list(hit.matched_words),
                "score": round(hit.score, 3),
            }
            for hit in self.searcher.query(text, limit=limit)
        ]

    def near(self, text: str, limit: int = 2) -> list[Section]:
        """The sections nearest to a text, for when the desk is not sure."""
        return [hit.section for hit in self.searcher.query(text, limit=limit)]

    def list_articles(self) -> list[dict[str, Any]]:
        """Every article: id, title, topic, sources and its sections' ids and titles."""
        return [self._outline(article) for article in self.knowledge.articles]

    def show_article(self, article_id: str) -> dict[str, Any] | None:
        """One article with its texts as Markdown, numbers filled in; None if there is none."""
        article = next((known for known in self.knowledge.articles if known.id == article_id), None)
        if article is None:
            return None
        texts = [
            {**outline, "short": self.short(section), "full": self.full(section)}
            for outline, section in zip(self._outline(article)["sections"], article.sections, strict=True)
        ]
        return {
            **self._outline(article),
            "intro": render(article.intro_markdown, self.numbers()),
            "related": list(article.related),
            "reviewed": article.reviewed.isoformat(),
            "sections": texts,
        }

    @staticmethod
    def _outline(article: Article) -> dict[str, Any]:
        return {
            "id": article.id,
            "title": article.title,
            "topic": article.topic,
            "sources": list(article.sources),
            "url": f"/help/{article.id}",
            "sections": [
                {
                    "id": section.id,
                    "anchor": section.anchor,
                    "title": section.title,
                    "sources": list(section.sources),
                    "url": f"/help/{article.id}#{section.anchor}",
                    "operation": section.operation,
                    "diagnosis": section.diagnosis,
                }
                for section in article.sections
            ],
        }
