"""`desk test`: both sides always run, and one red side is enough."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from desk import suite
from desk.console import Console
from desk.paths import VENV, VENV_BOT


@pytest.fixture
def outcome(monkeypatch, tmp_path):
    """Runs the suite with given exit statuses of Rasa's side and the backend's (both of its runs, or one after the
    other); gives its own and what was run."""

    def run(bot, backend, options=()):
        calls, ends = [], {VENV_BOT: [bot], VENV: list(backend) if isinstance(backend, tuple) else [backend] * 2}

        def begin(venv, arguments, output=None):
            calls.append((venv, list(map(str, arguments))))
            return ends[venv].pop(0)

        monkeypatch.setattr(suite, "set_up", lambda console, tests: None)
        monkeypatch.setattr(suite, "train", lambda console, if_stale: None)
        monkeypatch.setattr(suite, "BOT_FOLDERS", (tmp_path, tmp_path / "not there"))
        monkeypatch.setattr(suite, "_begin", begin)
        monkeypatch.setattr(suite, "_end", lambda status: status)
        monkeypatch.setattr(suite.children, "stop", lambda children: None)
        return suite.run_tests(Console(io.StringIO()), options), calls

    return run


@pytest.mark.parametrize(
    ("bot", "backend", "expected"),
    [
        (0, (0, 0), 0),
        (1, (0, 0), 1),
        (0, (1, 0), 1),
        (0, (0, 1), 1),
        (1, (2, 3), 1),
        (5, (0, 0), 5),
        (0, (137, 0), 137),
    ],
)
def test_everything_runs_and_one_failure_is_enough(outcome, bot, backend, expected):
    status, calls = outcome(bot, backend)
    assert status == expected
    assert [venv for venv, _ in calls] == [VENV, VENV_BOT, VENV]


def test_every_test_is_run_once(outcome, tmp_path):
    _, ((_, beside), (_, bot), (_, stack)) = outcome(0, 0)
    assert beside[0] == str(suite.TESTS)
    assert {argument.removeprefix("--ignore=") for argument in beside[1:]} == {str(tmp_path), *stack}
    assert stack == [str(folder) for folder in suite.STACK_FOLDERS]
    assert bot[0] == str(tmp_path)


@pytest.mark.parametrize(("bot", "backend", "expected"), [(5, 0, 0), (0, 5, 0), (5, 5, 5), (5, 1, 1), (1, 5, 1)])
def test_a_selection_may_concern_one_side_alone(outcome, bot, backend, expected):
    status, calls = outcome(bot, backend, ["-k", "refund"])
    assert status == expected
    assert [venv for venv, _ in calls] == [VENV_BOT, VENV]


def test_each_side_gets_its_folders_and_the_options(outcome, tmp_path):
    _, ((_, bot), (_, backend)) = outcome(0, 0, ["-x"])
    assert bot[0] == str(tmp_path) and bot[-1] == "-x"
    assert f"--ignore={tmp_path}" in backend and backend[-1] == "-x"


def test_files_go_to_the_side_they_belong_to(outcome, tmp_path):
    (tmp_path / "test_one.py").touch()
    ours, theirs = str(Path(__file__)), f"{tmp_path}/test_one.py::test_x"
    _, calls = outcome(0, 0, [ours, theirs, "-x"])
    assert [(venv, arguments[0], arguments[-1]) for venv, arguments in calls] == [
        (VENV_BOT, theirs, "-x"),
        (VENV, ours, "-x"),
    ]
    _, calls = outcome(0, 0, [ours])
    assert calls == [(VENV, [ours])]
