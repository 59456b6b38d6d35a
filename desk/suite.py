"""`desk test`: both environments' tests, each with the Python it is for; red if either is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from desk import children
from desk.console import Console
from desk.environments import set_up
from desk.paths import ROOT, VENV, VENV_BOT, python_of
from desk.run import train

TESTS = ROOT / "tests"
# These import Rasa.
BOT_FOLDERS = (TESTS / "nlu", TESTS / "dialogue")
# These talk to a running desk: they mostly wait, and all others run beside them on another core.
STACK_FOLDERS = (TESTS / "scenarios", TESTS / "browser", TESTS / "soak")
NOTHING_COLLECTED = 5
# Rasa's libraries warn of each other by the dozen, and the plugins that some settings are for are not there.
QUIET = ("--disable-warnings",)
FOR_TESTS = ("LECTERN_CHROMIUM", "LECTERN_TEST_")


def run_tests(console: Console, options: Sequence[str]) -> int:
    """Set up, train, run pytest; `options` go to each run of it. The exit status."""
    set_up(console, tests=True)
    train(console, if_stale=True)
    statuses = _selection(console, options) if options else _everything(console)
    status = next((status for status in statuses if status), 0)
    console.step("Some tests failed: see above" if status else "All tests passed")
    return status


def _everything(console: Console) -> list[int]:
    """Two runs side by side; what the quiet one said is shown when the other is through."""
    apart = [folder for folder in (*BOT_FOLDERS, *STACK_FOLDERS) if folder.is_dir()]
    with tempfile.TemporaryFile() as said:
        beside = _begin(VENV, [TESTS, *(f"--ignore={folder}" for folder in apart)], said)
        try:
            console.step("Tests on Rasa's side")
            statuses = [_pytest(VENV_BOT, [*_there(BOT_FOLDERS), *QUIET])]
            console.step("Tests against a running desk")
            statuses.append(_pytest(VENV, _there(STACK_FOLDERS)))
            console.step("Tests on the backend's side, which have run meanwhile")
            statuses.append(_end(beside))
        finally:
            children.stop([beside])
            said.seek(0)
            shutil.copyfileobj(said, sys.stdout.buffer)
            sys.stdout.flush()
    return statuses


def _selection(console: Console, options: Sequence[str]) -> list[int]:
    """What was asked for, each side's by itself."""
    paths = [option for option in options if not option.startswith("-") and _path(option).exists()]
    others = [option for option in options if option not in paths]
    bot = [path for path in paths if any(_path(path).is_relative_to(folder) for folder in BOT_FOLDERS)]
    backend = [path for path in paths if path not in bot]
    if not paths:
        bot = _there(BOT_FOLDERS)
        backend = [str(TESTS), *(f"--ignore={folder}" for folder in BOT_FOLDERS)]
    statuses = []
    if bot:
        console.step("Tests on Rasa's side")
        statuses.append(_pytest(VENV_BOT, [*bot, *QUIET, *others]))
    if backend:
        console.step("Tests on the backend's side")
        statuses.append(_pytest(VENV, [*backend, *others]))
    # A selection may well concern one side alone.
    return [status for status in statuses if status != NOTHING_COLLECTED] or statuses


def _there(folders: Sequence[Path]) -> list[str]:
    return [str(folder) for folder in folders if folder.is_dir()]


def _path(option: str) -> Path:
    return Path(option.partition("::")[0]).resolve()


def _pytest(venv: Path, arguments: Sequence[str | Path]) -> int:
    return _end(_begin(venv, arguments))


def _begin(venv: Path, arguments: Sequence[str | Path], output: IO | None = None) -> subprocess.Popen:
    # Settings of this terminal must not reach the tests; a run of them must not depend on where it is.
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LECTERN_") or name.startswith(FOR_TESTS)
    }
    return children.spawn([python_of(venv), "-m", "pytest", *arguments], env, output)


def _end(child: subprocess.Popen) -> int:
    status = children.finish(child)
    return status if status >= 0 else 128 + signal.Signals(-status).value
