"""The project's own articles: complete, resolvable, and in agreement with the rules' data."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from backend.policy.parameters import Parameters
from knowledge import Article, load_knowledge, render
from knowledge.check import find_problems
from knowledge.html import to_html
from knowledge.reader import ARTICLES_FOLDER

KNOWLEDGE = load_knowledge()
PARAMS = Parameters.load().current(datetime(2026, 11, 21, tzinfo=timezone.utc))
LISTS = ARTICLES_FOLDER.parent / "lists"


def id_of(article: Article) -> str:
    return article.id


def test_the_checker_finds_nothing_not_even_a_warning():
    assert [str(problem) for problem in find_problems(all_sources=True)] == []


@pytest.mark.parametrize("article", KNOWLEDGE.articles, ids=id_of)
def test_every_article_renders_with_todays_numbers(article):
    texts = [article.intro_markdown]
    texts += [text for section in article.sections for text in (section.short_markdown, section.full_markdown)]
    for text in texts:
        page = to_html(render(text, PARAMS, article.file))
        assert "{{" not in page
        assert "}}" not in page


@pytest.mark.parametrize("article", KNOWLEDGE.articles, ids=id_of)
def test_every_citation_resolves(article):
    known = {other.id for other in KNOWLEDGE.articles}
    assert set(article.related) <= known
    for section in article.sections:
        assert set(section.sources) <= set(article.sources)


def test_every_value_of_every_parameter_is_stated_by_the_section_it_cites():
    for parameter in Parameters.load().by_name.values():
        for value in parameter.history:
            section = KNOWLEDGE.section(value.section)
            stated = render(f"{section.short_markdown}\n{section.full_markdown}", PARAMS)
            assert str(value.value) in stated


def test_the_regions_for_paypal_are_the_ones_the_rules_use():
    stated = KNOWLEDGE.section("accepted-payment-methods/paypal")
    countries = list(listed("payment_methods.yaml")["paypal_countries"].values())
    assert items(stated.full_markdown) == countries
    assert all(country in " ".join(stated.short_markdown.split()) for country in countries)


def test_what_india_cannot_pay_with_is_what_the_rules_say():
    stated = KNOWLEDGE.section("accepted-payment-methods/india").full_markdown
    for method in listed("payment_methods.yaml")["not_accepted"]["IN"].values():
        assert method["name"] in stated


def test_the_partners_in_and_out_of_coursera_plus_are_the_lists_the_rules_use():
    lists = listed("coursera_plus.yaml")
    stated = KNOWLEDGE.section("coursera-plus/partners")
    assert items(stated.full_markdown) == lists["partners_included"] + lists["partners_excluded"]
    assert f"{len(lists['partners_included'])} partners are in" in stated.short_markdown
    assert f"{len(lists['partners_excluded'])} are left out" in stated.short_markdown


def test_the_certificates_outside_coursera_plus_are_the_list_the_rules_use():
    titles = listed("coursera_plus.yaml")["titles_excluded"]
    stated = KNOWLEDGE.section("coursera-plus/certificates-excluded")
    assert items(stated.full_markdown) == titles
    assert f"{len(titles)} Professional Certificates" in stated.short_markdown


def test_every_function_and_constant_of_math_assignments_is_explained():
    lists = listed("math_functions.yaml")
    sections = [section for section in KNOWLEDGE.sections if section.article == "math-assignments"]
    stated = "\n".join(section.full_markdown for section in sections)
    names = [name for group in lists["functions"].values() for name in group] + list(lists["constants"])
    missing = [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", stated)]
    assert missing == []


def items(markdown: str) -> list[str]:
    """The entries of the lists in a text."""
    return re.findall(r"^- (.+?),?$", markdown, re.MULTILINE)


def listed(name: str) -> dict:
    return yaml.safe_load(Path(LISTS / name).read_text(encoding="utf-8"))
