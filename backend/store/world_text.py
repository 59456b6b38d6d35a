"""From a world's text to plain values: YAML or JSON, with the two surprises of YAML taken out.

Instants stay text, so that a bad one is reported with its place rather than by the YAML parser; and only true and
false are booleans, so that Norway (`NO`) stays a country. A key that stands twice in a mapping is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Any

import yaml

from backend.store.world_schema import Reading

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    reading: Reading

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                self.reading.problem(f"line {key.start_mark.line + 1}", f"the key {key.value!r} stands twice")
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
        return super().construct_mapping(node, deep=deep)


_OURS = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, regexp) for tag, regexp in resolvers if tag not in _OURS]
    for letter, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_OURS[1], re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def plain_values(source: str | bytes, reading: Reading) -> Any:
    """What the text holds, or None with the problem reported."""
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            reading.problem("", f"expected UTF-8 text; byte {error.start} is none")
            return None
    if source.lstrip().startswith("{"):
        try:
            return json.loads(source, object_pairs_hook=lambda pairs: _mapping(pairs, reading))
        except (ValueError, RecursionError):
            pass  # YAML may begin with a brace too, and its messages say where it breaks
    return _yaml(source, reading)


def _mapping(pairs: list[tuple[str, Any]], reading: Reading) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        twice = sorted({key for key, _ in pairs if [name for name, _ in pairs].count(key) > 1})
        reading.problem("", f"the key {', '.join(map(repr, twice))} stands twice in one mapping")
    return mapping


def _yaml(source: str, reading: Reading) -> Any:
    try:
        loader = _Loader(source)
        loader.reading = reading
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reading.problem(place, f"expected YAML or JSON; {error.problem or error.context}")
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reading.problem("", f"expected YAML or JSON; {type(error).__name__}: {str(error).splitlines()[0]}")
    return None
