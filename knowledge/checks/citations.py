"""Rules about what points where: links, related articles, sources, and the parameters' references."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend.policy.parameters import Parameter
from knowledge.checks import Material, Problem, shown
from knowledge.reader import placeholders

ALL_SOURCES = (*(f"F{number:02}" for number in range(50)), "D50")

_LINK = re.compile(r"\]\((?P<target>[^)\s]*)\)")
_BRACES = re.compile(r"\{\{|\}\}")
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")


def links_resolve(material: Material) -> Iterator[Problem]:
    """A link leads to an article or a section that exists."""
    articles = {article.id for article in material.knowledge.articles}
    sections = {section.id for section in material.knowledge.sections}
    for passage in material.passages():
        for match in _LINK.finditer(passage.markdown):
            target = match["target"]
            if target.startswith("https://"):
                continue
            line = passage.line + passage.markdown.count("\n", 0, match.start())
            place = target.removeprefix("/help/")
            if place == target:
                yield material.problem(passage.article, line, f"{target}: expected /help/<article>#<section>")
            elif "#" in place and place.replace("#", "/", 1) not in sections:
                yield material.problem(passage.article, line, f"{target}: there is no such section")
            elif "#" not in place and place not in articles:
                yield material.problem(passage.article, line, f"{target}: there is no such article")


def related_resolve(material: Material) -> Iterator[Problem]:
    """Related articles exist, are others, and are named once."""
    articles = {article.id for article in material.knowledge.articles}
    for article in material.knowledge.articles:
        for number, related in enumerate(article.related):
            if related not in articles:
                yield material.in_front_matter(article, "related", f"there is no article {related}")
            elif related == article.id or related in article.related[:number]:
                yield material.in_front_matter(article, "related", f"{related} is the article itself or stands twice")


def sources_agree(material: Material) -> Iterator[Problem]:
    """The article's sources are those of its sections, no more and no less."""
    for article in material.knowledge.articles:
        cited = {source for section in article.sections for source in section.sources}
        for source in sorted(set(article.sources) - cited):
            yield material.in_front_matter(article, "sources", f"no section of this article cites {source}")
        for section in article.sections:
            for source in section.sources:
                if source not in ALL_SOURCES:
                    yield material.in_section(section, f"sources: there is no source article {source}")
                elif source not in article.sources:
                    yield material.in_section(section, f"sources: {source} is missing in the article's own sources")


def every_source_cited(material: Material, is_warning: bool) -> Iterator[Problem]:
    """Every source article has become part of some section."""
    cited = {source for section in material.knowledge.sections for source in section.sources}
    for source in ALL_SOURCES:
        if source not in cited:
            yield Problem(shown(material.articles_folder), 1, f"no section cites {source}", is_warning)


def parameters_known(material: Material) -> Iterator[Problem]:
    """Whatever stands in double braces is the name of a parameter."""
    for passage in material.passages():
        for name, offset in placeholders(passage.markdown):
            if name not in material.parameters.by_name:
                yield material.problem(passage.article, passage.line + offset, f"there is no parameter {name!r}")
        # What is left once the good ones are taken out would reach the reader as it stands.
        for offset, line in enumerate(passage.markdown.splitlines()):
            if _BRACES.search(_PLACEHOLDER.sub("", line)):
                yield material.problem(passage.article, passage.line + offset, "a parameter is written {{ name }}")


def references_resolve(material: Material) -> Iterator[Problem]:
    """Every value of a parameter cites a section that exists, uses the parameter and cites the same sources."""
    sections = {section.id: section for section in material.knowledge.sections}
    for parameter in material.parameters.by_name.values():
        for value in parameter.history:
            section = sections.get(value.section)
            if section is None:
                yield _in_parameter(material, parameter, f"there is no section {value.section}")
                continue
            if parameter.name not in _used(f"{section.short_markdown}\n{section.full_markdown}"):
                yield _in_parameter(material, parameter, f"the section {section.id} does not use {parameter.name}")
            for source in value.sources:
                if source not in section.sources:
                    yield _in_parameter(material, parameter, f"the section {section.id} does not cite {source}")


def every_parameter_used(material: Material, is_warning: bool) -> Iterator[Problem]:
    """A number that no article mentions is one that learners are never told."""
    used = {name for passage in material.passages() for name in _used(passage.markdown)}
    for parameter in material.parameters.by_name.values():
        if parameter.name not in used:
            yield _in_parameter(material, parameter, f"no article uses {parameter.name}", is_warning)


def _used(markdown: str) -> set[str]:
    return {name for name, _ in placeholders(markdown)}


def _in_parameter(material: Material, parameter: Parameter, message: str, is_warning: bool = False) -> Problem:
    path = material.params_folder / (parameter.name.replace(".", "/") + ".yaml")
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((number for number, text in enumerate(lines, start=1) if "source:" in text), 1)
    return Problem(shown(path), line, message, is_warning)
