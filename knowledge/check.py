"""Checks the articles and the parameters together: `python -m knowledge.check`, a part of `make lint`.

Prints every problem with its file and line and fails if there is any; warnings do not fail.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from backend.policy.parameters import PARAMS_FOLDER, ParameterError, Parameters
from knowledge.checks import Material, Problem, citations, sections, shown, wording
from knowledge.reader import ARTICLES_FOLDER, read_knowledge


def find_problems(
    articles: Path = ARTICLES_FOLDER,
    params: Path = PARAMS_FOLDER,
    seeds: Mapping[str, str] | None = None,
    all_sources: bool = False,
    near_duplicates: bool = False,
) -> list[Problem]:
    """Everything wrong with the articles and the parameters' references, ordered by file and line."""
    knowledge, errors = read_knowledge(articles)
    problems = [Problem(shown(articles / error.file), error.line, error.message) for error in errors]
    try:
        parameters = Parameters.load(params)
    except ParameterError as error:
        return [*problems, Problem(shown(params), 1, str(error))]
    material = Material(knowledge, parameters, articles, params)
    problems += _run(material, seeds or {}, all_sources, near_duplicates)
    return sorted(problems)


def _run(material: Material, seeds: Mapping[str, str], all_sources: bool, near_duplicates: bool) -> Iterator[Problem]:
    yield from sections.enough_questions(material)
    yield from sections.short_enough(material)
    yield from sections.known_names(material)
    yield from sections.questions_once(material)
    yield from citations.links_resolve(material)
    yield from citations.related_resolve(material)
    yield from citations.sources_agree(material)
    yield from citations.parameters_known(material)
    yield from citations.references_resolve(material)
    yield from citations.every_source_cited(material, is_warning=not all_sources)
    yield from citations.every_parameter_used(material, is_warning=not all_sources)
    yield from wording.no_literal_parameters(material)
    yield from wording.no_copied_text(material, seeds)
    if near_duplicates:
        yield from sections.nearly_the_same(material)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status is 1 if there is a problem."""
    parser = argparse.ArgumentParser(prog="python -m knowledge.check", description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=Path, default=ARTICLES_FOLDER, help="folder of the articles")
    parser.add_argument("--params", type=Path, default=PARAMS_FOLDER, help="folder of the parameters")
    parser.add_argument("--seeds", type=Path, help="folder of the source articles: also look for copied text")
    parser.add_argument("--all-sources", action="store_true", help="fail on sources not cited, parameters not used")
    parser.add_argument("--near-duplicates", action="store_true", help="warn of questions that hardly differ")
    options = parser.parse_args(arguments)
    if options.seeds and not options.seeds.is_dir():
        parser.error(f"--seeds: {options.seeds} is not a folder")
    seeds = wording.read_seeds(options.seeds) if options.seeds else {}
    problems = find_problems(options.articles, options.params, seeds, options.all_sources, options.near_duplicates)
    for problem in problems:
        print(problem)
    failures = sum(not problem.is_warning for problem in problems)
    print(f"{failures} problems, {len(problems) - failures} warnings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
