"""All learner-facing sentences: read from `data/<flow>/responses.yml`, filled with values of known types."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from backend.policy.money import Money

ROOT = Path(__file__).resolve().parents[2] / "data"


class WordingError(Exception):
    """A sentence that is missing or cannot be filled: a defect of ours, never the learner's."""


def spoken(value: Any) -> str:
    """A value as people read it: `$79.00`, `15 March 2026, 12:00 UTC`, `a, b and c`."""
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, datetime):
        value = value.astimezone(timezone.utc)
        # Whole minutes, rounded down: a deadline is never shown later than it is.
        return f"{value.day} {value:%B %Y, %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        words = [spoken(item) for item in value]
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"
    return "" if value is None else str(value)


# What a field's format ends with where the field stands in bold: marked while reading, nobody writes it.
_IN_BOLD = "|bold"
_BOLD = re.compile(r"(?<=\*\*)\{(\w+)(?::(\w+))?\}(?=\*\*)")
_MARKS = re.compile(r"[\\*`\[\]]")


def literal(text: str) -> str:
    """A text whose signs mean nothing in Markdown: each that could is escaped by a backslash."""
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", text)


def plain(markdown: str) -> str:
    """The chat's Markdown as plain text, for a mail: without bold, escapes undone."""
    return re.sub(r"\\([\\*`\[\]])", r"\1", re.sub(r"(?<!\\)\*\*", "", markdown))


class _Speaker(string.Formatter):
    """`{name}` is spoken; `{name:date}` only the day, `{name:percent}` a share, `{name:word}` what the value is called
    (`utter_word_<value>`), `{name:once}` a list without repetition; nothing else is interpreted.

    What stands in bold, `**{title}**`, is somebody's text: Markdown in it is escaped (see `literal`).
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        return self.get_value(field_name, args, kwargs), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec.endswith(_IN_BOLD):
            return literal(self.format_field(value, format_spec.removesuffix(_IN_BOLD)))
        if isinstance(value, (list, tuple)):
            each = dict.fromkeys(value) if format_spec == "once" else value
            return spoken([self.format_field(item, format_spec) for item in each])
        if format_spec == "date" and isinstance(value, datetime):
            value = value.astimezone(timezone.utc)
            return f"{value.day} {value:%B %Y}"
        if format_spec == "percent":
            return f"{value * 100:g} %"
        if format_spec == "word":
            return self._words.get(f"utter_word_{value}", spoken(value))
        return spoken(value)


def _marked(field: re.Match[str]) -> str:
    return f"{{{field[1]}:{field[2] or ''}{_IN_BOLD}}}"


class Wording:
    """Sentences by key (`utter_…`, as in Rasa's `responses:`).

    A key may have several texts, the most telling first: the first one whose values are all known is said. An empty
    list counts as not known.
    """

    def __init__(self, templates: Mapping[str, Sequence[str]]) -> None:
        templates = {key: [_BOLD.sub(_marked, text) for text in texts] for key, texts in templates.items()}
        self._speaker = _Speaker({key: texts[0] for key, texts in templates.items() if key.startswith("utter_word_")})
        self._variants = {
            key: [(text, frozenset(name for _, name, _, _ in self._speaker.parse(text) if name)) for text in texts]
            for key, texts in templates.items()
        }

    @classmethod
    def load(cls, root: Path = ROOT) -> Wording:
        """Read every `responses.yml`. Raises WordingError on a key that stands twice or has no text."""
        templates: dict[str, list[str]] = {}
        for path in sorted(root.rglob("responses.yml")):
            for key, variants in (yaml.safe_load(path.read_text("utf-8")) or {}).get("responses", {}).items():
                if key in templates:
                    raise WordingError(f"{path}: {key} stands in another file already")
                texts = [variant.get("text") for variant in variants or ()]
                if not texts or not all(isinstance(text, str) for text in texts):
                    raise WordingError(f"{path}: {key} needs a text")
                templates[key] = [text.strip() for text in texts]
        return cls(templates)

    def has(self, key: str) -> bool:
        return f"utter_{key}" in self._variants

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._variants)

    def say(self, key: str, values: Mapping[str, Any] | None = None, **more: Any) -> str:
        """The sentence `utter_<key>` filled with the values. Raises WordingError."""
        given = {**(values or {}), **more}
        known = {name: value for name, value in given.items() if value is not None and value not in ([], ())}
        try:
            variants = self._variants[f"utter_{key}"]
        except KeyError:
            raise WordingError(f"no response utter_{key} in data/*/responses.yml") from None
        for text, needed in variants:
            if needed <= known.keys():
                return self._speaker.vformat(text, (), known)
        missing = sorted(variants[-1][1] - known.keys())
        raise WordingError(f"utter_{key} needs {', '.join(missing)}, which it was not given")

    def first(self, *keys: str, values: Mapping[str, Any] | None = None) -> str:
        """The first of the sentences that exists. Raises WordingError if none does."""
        for key in keys:
            if self.has(key):
                return self.say(key, values)
        raise WordingError(f"no response for any of {', '.join(keys)}")
