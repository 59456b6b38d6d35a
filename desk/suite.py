"""`desk test`: both environments' tests, each with the Python it is for; red if either is."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from desk import children
from desk.console import Console
from desk.environments import set_up
from desk.paths import ROOT, VENV, VENV_BOT, python_of, shown
from desk.run import train

# These import Rasa.
BOT_FOLDERS = (ROOT / "tests" / "nlu", ROOT / "tests" / "dialogue")
NOTHING_COLLECTED = 5


def run_tests(console: Console, options: Sequence[str]) -> int:
    """Set up, train, run pytest twice; `options` go to both. The exit status."""
    set_up(console, tests=True)
    train(console, if_stale=True)
    bot_folders = [folder for folder in BOT_FOLDERS if folder.is_dir()]
    console.step(f"Rasa's side: {', '.join(map(shown, bot_folders)) or 'no tests'}")
    # Rasa's environment lacks the plugins that some of the settings are for.
    quietly = ("-W", "ignore::pytest.PytestConfigWarning")
    statuses = [_pytest(VENV_BOT, [*bot_folders, *quietly, *options])] if bot_folders else []
    console.step("The backend's side: all other tests")
    apart = [f"--ignore={folder}" for folder in BOT_FOLDERS]
    statuses.append(_pytest(VENV, [ROOT / "tests", *apart, *options]))
    console.step("All tests passed" if not any(statuses) else "Some tests failed: see above")
    if options and all(status in (0, NOTHING_COLLECTED) for status in statuses) and 0 in statuses:
        return 0  # a selection may well concern one side alone
    return next((status for status in statuses if status), 0)


def _pytest(venv: Path, arguments: Sequence[str | Path]) -> int:
    # Settings of this terminal must not reach the tests; a run of them must not depend on where it is.
    env = {name: value for name, value in os.environ.items() if not name.startswith("LECTERN_")}
    if chromium := os.environ.get("LECTERN_CHROMIUM"):
        env["LECTERN_CHROMIUM"] = chromium
    child = children.spawn([python_of(venv), "-m", "pytest", *arguments], env)
    status = children.finish(child)
    return status if status >= 0 else 128 + signal.Signals(-status).value
