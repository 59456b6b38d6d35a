"""The articles as the backend uses them: rendered with the numbers in force, cited, searched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from backend.clock import Clock
from backend.errors import NotFound
from backend.policy.parameters import Parameters
from knowledge.model import Article, Knowledge, Section
from knowledge.reader import render
from knowledge.search import Search

# A line break within a paragraph or a list item: not before another item, a quote or an empty line.
_WRAPPED = re.compile(r"(?<!\n)\n[ \t]*(?!\n|[ \t]*(?:[-*+]|\d+[.)])[ \t]|[ \t]*>|[ \t]*\n)")


STATED_IN = Path(__file__).resolve().parents[1] / "knowledge" / "lists" / "reasons.yaml"


def load_stated_in(path: Path = STATED_IN) -> dict[str, str]:
    """Section ids by reason code."""
    return dict(yaml.safe_load(path.read_text("utf-8")))


class KnowledgeService:
    """Sections by id (`article/anchor`), with every number as of the clock's present."""

    def __init__(
        self, knowledge: Knowledge, params: Parameters, clock: Clock, stated_in: Mapping[str, str] | None = None
    ) -> None:
        """`stated_in`: the section that states a reason code's rule (`load_stated_in`)."""
        self.knowledge = knowledge
        self._params = params
        self._clock = clock
        self._sections = {section.id: section for section in knowledge.sections}
        self._stated_in = dict(stated_in or {})
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

    def leading_to(self, name: str, text: str = "") -> Section | None:
        """The section that speaks of an operation or diagnosis: of those that lead there, the one nearest to the text.

        Without one that is near, the first of the article that leads there most.
        """
        leads = self._leads.get(name, [])
        near = [
            hit.section
            for hit in (self.searcher.query(text, limit=12) if text else ())
            if hit.section in leads and len(hit.matched_words) > 1
        ]
        if near:
            return near[0]
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

    def citations_for(
        self, name: str, codes: Iterable[tuple[str, tuple[str, ...]]], limit: int = 3
    ) -> list[dict[str, Any]]:
        """The sections that state these reasons, `(code, sources)` each, best first; at most `limit`."""
        found = [section for code, sources in codes if (section := self._stating(name, code, tuple(sources)))]
        return [self.citation(section) for section in dict.fromkeys(found)][:limit]

    @lru_cache(maxsize=1024)  # noqa: B019 - one service lives as long as the process
    def _stating(self, name: str, code: str, sources: tuple[str, ...]) -> Section | None:
        """The section that says what a reason's code says: by the list, or else among those of its sources.

        Codes are words (`certificate_already_earned`), so the search knows best; among equals one that leads to `name`.
        """
        if self._stated_in.get(code) in self._sections:
            return self._sections[self._stated_in[code]]
        wanted, leads = set(sources), self._leads.get(name, [])
        hits = self.searcher.query(f"{code} {name}".replace("_", " "), limit=40)
        fitting = [hit.section for hit in hits if wanted & set(hit.section.sources)]
        leading = [section for section in fitting[:3] if section in leads]
        others = [section for section in leads if wanted & set(section.sources)]
        return next(iter([*leading, *fitting, *others]), None)

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
