"""`python3 -m desk COMMAND`: set up, train, run and test the desk."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 this is the sentence for those who have an older one
    sys.exit("Lectern's set-up needs Python 3.10 or newer as `python3`; this is {}.{}.".format(*sys.version_info[:2]))

import argparse
import shutil

from desk.console import Console
from desk.environments import set_up
from desk.errors import DeskError
from desk.guard import alone
from desk.locks import compile_locks
from desk.paths import ROOT, STAMPS, VENV, VENV_BOT, shown
from desk.run import Stopped, listen_for_signals, run, train
from desk.suite import run_tests

EPILOG = """\
`run` takes its settings from LECTERN_* variables and from .env; .env.example lists them all. The ones it looks at
itself:
  LECTERN_PORT (8080), LECTERN_HOST (127.0.0.1)   where the desk answers
  LECTERN_STATE_DIR (var)                         database, logs, secrets of this installation
  LECTERN_DEMO (1)                                load the demo world into an empty database, show its sign-ins
  LECTERN_RASA_PORT, LECTERN_ACTIONS_PORT, LECTERN_INTERNAL_PORT
                                                  loopback ports between the programs; free ones unless set
Exit status: 0 done, or stopped on request; 1 not possible, and one sentence says why; 2 wrong usage.
"""


def main(arguments: "list[str] | None" = None) -> int:
    """Run one command; what a person can mend becomes one sentence and exit status 1."""
    options = _options(arguments)
    console = Console()
    listen_for_signals()
    try:
        return options.do(console, options)
    except DeskError as error:
        console.say(f"desk: {error}")
        return 1
    except Stopped as stop:
        console.say("desk: stopped.")
        return 128 + stop.signum


def _set_up(console: Console, options: argparse.Namespace) -> int:
    if not set_up(console, tests=options.tests, force=options.force):
        console.step("Everything is set up")
    return 0


def _train(console: Console, options: argparse.Namespace) -> int:
    set_up(console)
    train(console, if_stale=not options.force)
    return 0


def _clean(console: Console, _options: argparse.Namespace) -> int:
    running = "Lectern is running (process {holder}): stop it first."
    lock = ROOT / "var" / "run" / "lectern.lock"
    if lock.exists():
        with alone(lock, refusal=running):
            pass
    for folder in (VENV, VENV_BOT, STAMPS, ROOT / "models", ROOT / "var", ROOT / "results", ROOT / ".rasa"):
        if folder.is_dir() and not folder.is_symlink():
            console.step(f"Removing {shown(folder)}")
            shutil.rmtree(folder)
    return 0


def _options(arguments: "list[str] | None") -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m desk",
        description="Set up, train, run and test Lectern. `make help` lists the short forms.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    setup = _command(commands, "setup", "make .venv and .venv-bot, or refresh what is stale", _set_up)
    setup.add_argument("--tests", action="store_true", help="also what the tests need: pytest, ruff, a browser")
    setup.add_argument("--force", action="store_true", help="make both anew, whatever their state")

    training = _command(commands, "train", "train the model if what it is made from has changed", _train)
    training.add_argument("--force", action="store_true", help="train in any case")

    _command(
        commands, "run", "set up, train, migrate, load the demo, start everything; Ctrl-C stops it",
        lambda console, _: run(console),
    )  # fmt: skip
    tests = _command(
        commands, "test", "run every test, Rasa's side in .venv-bot and the rest in .venv",
        lambda console, options: run_tests(console, options.pytest),
    )  # fmt: skip
    tests.add_argument("pytest", nargs=argparse.REMAINDER, help="options for pytest, such as -k NAME or -x")

    lock = _command(commands, "lock", "compile the lock files from requirements*.in (needs uv)", _lock)
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    _command(commands, "clean", "remove the environments, the models, the state and the results", _clean)
    return parser.parse_args(arguments)


def _lock(_console: Console, options: argparse.Namespace) -> int:
    compile_locks(options.upgrade)
    return 0


def _command(commands, name: str, text: str, do) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(do=do)
    return parser


if __name__ == "__main__":
    sys.exit(main())
