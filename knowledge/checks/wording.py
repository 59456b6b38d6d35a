"""Rules about the wording itself: no number that is a parameter, no sentence of a source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from backend.policy.parameters import Parameter
from knowledge.checks import Material, Passage, Problem
from knowledge.model import Article

COPIED_RUN = 8

_UP_TO_NINETEEN = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen"""
_ONES = _UP_TO_NINETEEN.split()
_TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNIT_WORDS = {
    "days": r"days?",
    "hours": r"hours?",
    "minutes": r"min(?:ute)?s?",
    "words": r"words?",
    "percent": r"(?:percent|per cent|%)",
    "MB": r"(?:mb|megabytes?)",
}
# "Once a year" is a rhythm, "within a year" a length; only lengths can be parameters.
_LENGTH = r"(?:within|for|after|than|to|of|lasts|takes?) "
# The same lengths in other units, as people write them.
_OTHER_WORDS = {
    ("days", 7): rf"(?:one|1)[ -]week|{_LENGTH}a week",
    ("days", 14): r"(?:two|2)[ -]weeks?|(?:a )?fortnight",
    ("days", 180): r"(?:six|6)[ -]months?|half a year",
    ("days", 365): rf"(?:one|1)[ -]years?|(?:twelve|12)[ -]months?|year-long|{_LENGTH}a year",
    ("hours", 24): rf"(?:one|1)[ -]day|{_LENGTH}a day",
    ("minutes", 90): r"one and a half hours|an hour and a half|1\.5 hours",
}
_WORD = re.compile(r"[A-Za-z0-9]+(?:['\u2019][A-Za-z]+)*")
_BLOCK_END = re.compile(
    r"""(\n\s*\n|\n\s*(?:[-*]|\d+\.)\s|\||\*\*[^*]+\*\*|`[^`]+`|"[^"]+"|\u201c[^\u201d]+\u201d|(?:[\w-]+,\s+){4,})"""
)
_SEED_NAME = re.compile(r"([FD]\d\d)-.*\.txt")
# Small words inside names: "University of the Arts".
_CONNECTORS = frozenset({"a", "and", "at", "de", "du", "for", "in", "la", "of", "on", "the", "to", "und", "y"})


def no_literal_parameters(material: Material) -> Iterator[Problem]:
    """A number that a source of this article sets is written by its parameter's name, so that it stands in one file."""
    for passage in material.passages():
        for parameter in material.parameters.by_name.values():
            if not _sources(parameter) & set(passage.article.sources):
                continue
            for match in literal_pattern(parameter).finditer(passage.markdown):
                line = passage.line + passage.markdown.count("\n", 0, match.start())
                written = " ".join(match[0].split())
                message = f"{written!r} is a parameter: write {{{{ {parameter.name} }}}} {parameter.unit}"
                yield material.problem(passage.article, line, message)


def literal_pattern(parameter: Parameter) -> re.Pattern[str]:
    """Everything that would be this parameter written out: "14 days", "14-day", "fourteen days", "two weeks"."""
    forms = []
    unit = parameter.unit.split()[0]
    for value in parameter.history:
        numbers = "|".join((re.escape(str(value.value)), *_spelled(value.value)))
        forms.append(rf"(?:{numbers})[\s-]*{_UNIT_WORDS.get(unit, re.escape(unit))}")
        if (unit, value.value) in _OTHER_WORDS:
            forms.append(_OTHER_WORDS[unit, value.value])
    pattern = "|".join(forms).replace(" ", r"\s+")
    return re.compile(rf"(?<![\w.])(?:{pattern})(?!\w)", re.IGNORECASE)


def _spelled(number: object) -> tuple[str, ...]:
    """The number in words, with and without "and"; only what parameters need: whole numbers below 1000."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 1000:
        return ()
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    small = _ONES[rest] if rest < 20 else f"{_TENS[tens]}[ -]{_ONES[ones]}" if ones else _TENS[tens]
    if not hundreds:
        return (small,)
    hundred = "(?:one|a) hundred" if hundreds == 1 else f"{_ONES[hundreds]} hundred"
    return (f"{hundred} (?:and )?{small}" if rest else hundred,)


def _sources(parameter: Parameter) -> set[str]:
    return {source for value in parameter.history for source in value.sources}


def read_seeds(folder: Path) -> dict[str, str]:
    """The source articles' texts by number."""
    found = ((_SEED_NAME.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    return {match[1]: path.read_text(encoding="utf-8") for match, path in found if match}


def no_copied_text(material: Material, seeds: Mapping[str, str]) -> Iterator[Problem]:
    """Articles are in our own words. Labels, messages and lists of names can have no others and are let through."""
    origin: dict[tuple[str, ...], str] = {}
    for source, text in seeds.items():
        for line in text.splitlines():
            words = [match[0].lower() for match in _WORD.finditer(line)]
            for start in range(len(words) - COPIED_RUN + 1):
                origin.setdefault(tuple(words[start : start + COPIED_RUN]), source)
    for passage in material.passages():
        for line, words in _blocks(passage):
            yield from _copied(material, passage.article, line, words, origin)


def _blocks(passage: Passage) -> Iterator[tuple[int, list[str]]]:
    """The words between two points where a sentence cannot go on, with the line they begin on.

    Such points are a blank line, a list item, a cell of a table, and text that has to be as it is: a label, a
    message, code, an enumeration of single words.
    """
    line = passage.line
    for number, piece in enumerate(_BLOCK_END.split(passage.markdown)):
        if number % 2 == 0:  # every second piece is a separator
            blank = len(piece) - len(piece.lstrip())
            yield line + piece.count("\n", 0, blank), [match[0] for match in _WORD.finditer(piece)]
        line += piece.count("\n")


def _copied(
    material: Material, article: Article, line: int, words: list[str], origin: Mapping[tuple[str, ...], str]
) -> Iterator[Problem]:
    start = 0
    while start + COPIED_RUN <= len(words):
        run = words[start : start + COPIED_RUN]
        source = origin.get(tuple(word.lower() for word in run))
        if source is None or _are_names(run):
            start += 1
            continue
        yield material.problem(article, line, f"copied from {source}: {' '.join(run)!r}")
        start += COPIED_RUN


def _are_names(run: list[str]) -> bool:
    return all(word[0].isupper() or word[0].isdigit() or word in _CONNECTORS for word in run)
