"""Imports point inward: from what talks to the outside, through what the desk does, to the rules."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT, Module, modules, within

# What everything may use: they know nothing of the desk.
PLAIN = ("clock", "errors", "ids", "tasks", "settings")
# Which other parts of the backend each part may import; what is not named here may import everything but `app`.
INWARD: dict[str, tuple[str, ...]] = {
    "policy": (),
    "wording": ("policy",),
    "passwords": (),
    "store": ("policy", "passwords", *PLAIN),
    "outbox": ("store", "wording", *PLAIN),
    "mail": ("outbox",),
    "operations": ("policy", "store", "wording", "outbox", *PLAIN),
    "knowledge_service": ("policy", *PLAIN),
    "rasa_client": PLAIN,
    "dialogue": ("operations", "policy", "store", "wording", "knowledge_service", "conversations", *PLAIN),
    "conversations": ("dialogue", "policy", "store", "wording", "passwords", "rasa_client", *PLAIN),
    "staff": (
        "conversations",
        "dialogue",
        "operations",
        "policy",
        "store",
        "wording",
        "passwords",
        "knowledge_service",
        *PLAIN,
    ),
    "web": PLAIN,
    **dict.fromkeys(PLAIN, ()),
    "tasks": ("errors",),
}
# The dialogue fills a turn; taking one is the conversation's.
SHARED_WITH_DIALOGUE = ("agenda", "replies", "transcript")
# Read files of the project when the desk starts; everything else in `policy` is given what it needs.
READERS = ("parameters", "lists")
PURE = frozenset(
    "__future__ collections dataclasses datetime decimal enum functools itertools math operator re types typing "
    "unicodedata".split()
)

BACKEND = modules("backend")


def part(name: str) -> str:
    """`operations` of `backend.operations.refund`."""
    return name.split(".")[1] if "." in name else ""


@pytest.mark.parametrize("module", [module for module in BACKEND if part(module.name) in INWARD], ids=lambda m: m.name)
def test_a_part_imports_only_what_lies_further_in(module: Module) -> None:
    mine = part(module.name)
    allowed = (*INWARD[mine], mine)
    outward = [
        f"{module.at(line)} imports {name}"
        for name, line in module.imports
        if within(name, "backend") and "." in name and part(name) not in allowed
    ]
    assert outward == []


def test_every_part_has_its_place() -> None:
    known = {*INWARD, "app", "__main__", "services", "http", "slack", "logging"}
    assert {part(module.name) for module in BACKEND} - {""} == known


def test_nothing_imports_what_puts_it_together() -> None:
    for module in BACKEND:
        for name, line in module.imports:
            if within(name, "backend.app"):
                assert module.name == "backend.__main__" or part(module.name) == "slack", module.at(line)
            assert not within(name, "backend.__main__"), module.at(line)


def test_the_dialogue_knows_only_the_values_it_shares_with_the_conversation() -> None:
    for module in modules("backend/dialogue"):
        for name, line in module.imports:
            if within(name, "backend.conversations") and name.count(".") > 1:
                assert name.split(".")[2] in SHARED_WITH_DIALOGUE, module.at(line)


@pytest.mark.parametrize("module", modules("backend/policy"), ids=lambda m: m.name)
def test_the_rules_import_nothing_but_each_other_and_what_only_computes(module: Module) -> None:
    allowed = PURE | ({"pathlib", "yaml"} if module.path.stem in READERS else set())
    for name, line in module.imports:
        assert within(name, "backend.policy") or name.split(".")[0] in allowed, f"{module.at(line)} imports {name}"


def test_only_the_door_and_the_store_know_their_frameworks() -> None:
    """The web framework at the edge, the database where rows are read and written, Redis where backends share."""
    homes = {
        "aiohttp": ("http", "slack", "web", "app", "__main__", "rasa_client"),
        "sqlalchemy": (
            "store",
            "operations",
            "conversations",
            "dialogue",
            "staff",
            "outbox",
            "slack",
            "http",
            "__main__",
        ),
        "redis": ("conversations", "slack", "app"),
        "alembic": ("store",),
        "jwt": ("conversations",),
        "jinja2": ("web",),
        "aiosmtplib": ("mail",),
        "argon2": ("passwords",),
        "pyotp": ("staff",),
        "pydantic": ("http", "settings", "__main__"),
    }
    for module in BACKEND:
        for name, line in module.imports:
            allowed = homes.get(name.split(".")[0])
            assert allowed is None or part(module.name) in allowed, f"{module.at(line)} imports {name}"


def test_the_programs_around_the_backend_reach_it_over_http_only() -> None:
    for module in modules("actions", "bot", "desk"):
        for name, line in module.imports:
            assert not within(name, "backend"), f"{module.at(line)} imports {name}"
    for module in modules("knowledge"):
        for name, line in module.imports:
            assert not within(name, "backend") or within(name, "backend.policy") or name == "backend", module.at(line)


def test_the_supervisor_needs_nothing_but_python() -> None:
    known = {*sys.stdlib_module_names, "desk"}
    for module in modules("desk"):
        for name, line in module.imports:
            assert name.split(".")[0] in known, f"{module.at(line)} imports {name}"


def test_nothing_in_the_code_imports_the_tests() -> None:
    for module in modules("backend", "bot", "actions", "desk", "knowledge"):
        for name, line in module.imports:
            assert not within(name, "tests"), module.at(line)


WATCHED = """
import importlib, sys
import aiohttp, alembic.command, asyncio, redis.asyncio, sqlalchemy.ext.asyncio, structlog

def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "sqlite3.connect", "subprocess.Popen", "os.system"):
        raise AssertionError(f"{event} {arguments}")
    if event == "open" and set(str(arguments[1])) & set("wax+") and str(arguments[0]) != "/dev/null":
        raise AssertionError(f"{event} {arguments}")

sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_nothing_connects_or_writes_when_it_is_imported() -> None:
    # Alembic runs the migrations' own environment itself.
    names = [module.name for module in BACKEND if "migrations" not in module.name and module.path.stem != "__main__"]
    ran = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, *names], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
