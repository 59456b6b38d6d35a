"""The project's Python files, parsed, for the tests of how it is built."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("backend", "bot", "actions", "desk", "knowledge")


@dataclass(frozen=True)
class Module:
    """One file. `name` is dotted, as it is imported."""

    path: Path

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @cached_property
    def imports(self) -> tuple[tuple[str, int], ...]:
        """What it imports, dotted and absolute, and in which line; `from a import b` names both `a` and `a.b`."""
        found: list[tuple[str, int]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                found += [(base, node.lineno), *((f"{base}.{alias.name}", node.lineno) for alias in node.names)]
        return tuple(found)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])

    def at(self, line: int) -> str:
        """A place a person can open."""
        return f"{self.path.relative_to(ROOT)}:{line}"


def modules(*folders: str) -> list[Module]:
    """Every module below the folders of the project."""
    return [Module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression that is only names; empty for others."""
    if isinstance(node, ast.Name):
        return node.id
    inner = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else ""


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call of something with a name."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node
