"""`desk test`: both environments' tests, each with the Python it is for; red if either is."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from desk import children
from desk.console import Console
from desk.environments import set_up
from desk.paths import ROOT, VENV, VENV_BOT, python_of
from desk.run import train

# These import Rasa.
BOT_FOLDERS = (ROOT / "tests" / "nlu", ROOT / "tests" / "dialogue")
NOTHING_COLLECTED = 5
FOR_TESTS = ("LECTERN_CHROMIUM", "LECTERN_TEST_")


def run_tests(console: Console, options: Sequence[str]) -> int:
    """Set up, train, run pytest twice; `options` go to both. The exit status."""
    set_up(console, tests=True)
    train(console, if_stale=True)
    paths = [option for option in options if not option.startswith("-") and _path(option).exists()]
    others = [option for option in options if option not in paths]
    bot = [path for path in paths if any(_path(path).is_relative_to(folder) for folder in BOT_FOLDERS)]
    backend = [path for path in paths if path not in bot]
    if not paths:
        bot = [str(folder) for folder in BOT_FOLDERS if folder.is_dir()]
        backend = [str(ROOT / "tests"), *(f"--ignore={folder}" for folder in BOT_FOLDERS)]
    statuses = []
    if bot:
        console.step("Tests on Rasa's side")
        # Rasa's libraries warn of each other by the dozen, and the plugins that some settings are for are not there.
        statuses.append(_pytest(VENV_BOT, [*bot, "--disable-warnings", *others]))
    if backend:
        console.step("Tests on the backend's side")
        statuses.append(_pytest(VENV, [*backend, *others]))
    if options:  # a selection may well concern one side alone
        statuses = [status for status in statuses if status != NOTHING_COLLECTED] or statuses
    status = next((status for status in statuses if status), 0)
    console.step("Some tests failed: see above" if status else "All tests passed")
    return status


def _path(option: str) -> Path:
    return Path(option.partition("::")[0]).resolve()


def _pytest(venv: Path, arguments: Sequence[str | Path]) -> int:
    # Settings of this terminal must not reach the tests; a run of them must not depend on where it is.
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LECTERN_") or name.startswith(FOR_TESTS)
    }
    child = children.spawn([python_of(venv), "-m", "pytest", *arguments], env)
    status = children.finish(child)
    return status if status >= 0 else 128 + signal.Signals(-status).value
