"""How the code looks: small modules, thin handlers, one clock."""

from __future__ import annotations

import ast
import inspect

import pytest

from backend.app import public_routes
from backend.http import internal
from backend.settings import Settings
from tests.architecture.source import CODE, Module, calls, modules

LONGEST_MODULE = 400
LONGEST_HANDLER = 15
CLOCK = "backend.clock"
# Reading the time, or waiting by it, other than through the one clock.
TELLS_THE_TIME = frozenset(
    f"{owner}.{name}"
    for owner, names in {
        "datetime": ("now", "utcnow", "today", "fromtimestamp"),
        "datetime.datetime": ("now", "utcnow", "today"),
        "date": ("today",),
        "datetime.date": ("today",),
        "time": ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "localtime", "gmtime", "sleep"),
    }.items()
    for name in names
) - {"datetime.fromtimestamp"}
CHANCE = ("random.", "secrets.", "uuid.", "os.urandom")


def test_every_module_is_small() -> None:
    long = {
        str(module.path): lines
        for module in modules(*CODE, "tests")
        if (lines := module.text.count("\n")) >= LONGEST_MODULE
    }
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    for module in modules(*CODE):
        if module.text.strip():
            assert ast.get_docstring(module.tree), module.path


def test_handlers_parse_call_once_and_render() -> None:
    settings = Settings(testing=True, demo=True, slack_signing_secret="secret", slack_bot_token="token")
    for route in (*public_routes(settings), *internal.ROUTES):
        lines = len(inspect.getsource(route.handler).splitlines())
        assert lines < LONGEST_HANDLER, f"{route.handler.__module__}.{route.handler.__name__} has {lines} lines"


@pytest.mark.parametrize("module", [m for m in modules("backend") if m.name != CLOCK], ids=lambda m: m.name)
def test_nothing_but_the_clock_reads_the_time(module: Module) -> None:
    told = [module.at(call.lineno) for name, call in calls(module) if name in TELLS_THE_TIME]
    assert told == []


def test_the_rules_leave_nothing_to_chance_to_files_or_to_the_network() -> None:
    for module in modules("backend/policy"):
        for name, call in calls(module):
            assert not name.startswith(CHANCE), module.at(call.lineno)
            if module.path.stem not in ("parameters", "lists"):
                assert name not in ("open", "print", "input", "exec", "eval"), module.at(call.lineno)


def test_nothing_is_carried_out_as_code() -> None:
    for module in modules("backend", "bot", "actions", "knowledge"):
        for name, call in calls(module):
            place = module.at(call.lineno)
            assert name not in ("eval", "exec", "pickle.loads", "pickle.load", "os.system"), place
            if name == "yaml.load":
                loaders = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "Loader"]
                assert (
                    loaders and "Unsafe" not in loaders[0] and loaders[0] not in ("yaml.Loader", "yaml.FullLoader")
                ), place


def test_only_the_command_line_prints() -> None:
    for module in modules("backend"):
        if module.path.stem in ("__main__", "migrate"):
            continue
        for name, call in calls(module):
            assert name != "print", module.at(call.lineno)


def test_no_exception_is_swallowed_whole() -> None:
    """`except Exception: pass` hides defects; what is caught so widely is logged, answered or kept."""
    for module in modules("backend", "actions"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler):
                wide = node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")
                nothing = all(isinstance(line, (ast.Pass, ast.Continue)) for line in node.body)
                assert not (wide and nothing), module.at(node.lineno)
