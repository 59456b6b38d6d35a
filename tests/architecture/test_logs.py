"""Logs are events: a static dotted name, ids and codes as fields, never what people wrote or who they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Module, calls, modules

LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
# Fields that would hold words, names or secrets.
PRIVATE = frozenset(
    "text message messages body content words question query reply replies comment name email address title subject "
    "payload form details values password token secret cookie identity headers data json args kwargs".split()
)


def logged(*folders: str) -> Iterator[tuple[Module, ast.Call, str]]:
    """Every call of a logger, and the method that was called."""
    for module in modules(*folders):
        for name, call in calls(module):
            owner, _, method = name.rpartition(".")
            if method in LEVELS and owner.split(".")[-1] in ("log", "logger", "_log", "_logger", "structlog"):
                yield module, call, method


def test_there_are_logs() -> None:
    assert len(list(logged("backend"))) > 10


def test_every_event_has_a_static_dotted_name() -> None:
    for module, call, _ in logged("backend", "bot"):
        assert call.args, module.at(call.lineno)
        event = call.args[0]
        assert isinstance(event, ast.Constant) and isinstance(event.value, str), module.at(call.lineno)
        assert EVENT.fullmatch(event.value), f"{module.at(call.lineno)}: {event.value}"
        assert len(call.args) == 1, f"{module.at(call.lineno)}: values go into fields"


def test_no_field_holds_words_people_or_secrets() -> None:
    for module, call, _ in logged("backend", "bot", "actions"):
        for keyword in call.keywords:
            assert keyword.arg is not None, f"{module.at(call.lineno)}: fields are named one by one"
            assert keyword.arg not in PRIVATE, f"{module.at(call.lineno)}: {keyword.arg}"


# Slack's codes, or the type of what failed.
CODES_AS_TEXT = ("backend.slack.queue",)


def test_no_value_is_a_message_or_an_errors_words() -> None:
    """`str(error)`, `repr(x)`, f-strings and `….text` may hold what somebody wrote; a type's name does not."""
    for module, call, _ in logged("backend", "bot", "actions"):
        for keyword in call.keywords:
            for node in ast.walk(keyword.value):
                place = f"{module.at(call.lineno)}: {keyword.arg}"
                assert not isinstance(node, ast.JoinedStr), place
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    assert node.func.id not in ("str", "repr", "format", "vars") or module.name in CODES_AS_TEXT, place
                if isinstance(node, ast.Attribute):
                    assert node.attr not in ("text", "message", "email", "payload", "args"), place


def test_the_standard_librarys_logger_is_not_used_beside() -> None:
    """One way to log, with one form; libraries' own warnings are configured in one place."""
    for module in modules("backend"):
        # Slack's library logs what it was sent: it is told to be quiet there.
        if module.name not in ("backend.logging", "backend.slack.bolt"):
            for name, line in module.imports:
                assert name != "logging", module.at(line)
