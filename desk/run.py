"""`desk run`: from a fresh clone to a running desk, and everything stopped when the person says so."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from desk import children
from desk.console import Console
from desk.environments import set_up
from desk.errors import DeskError
from desk.guard import alone
from desk.launch import end_with_parent
from desk.logs import last_words
from desk.paths import ROOT, STAMPS, VENV_BOT, python_of, shown
from desk.settings import make_folder, read_dotenv
from desk.stack import Stack

DEFAULT_PORT = "8080"
DEMO_WORLD = ROOT / "demo" / "world.yml"


class Stopped(BaseException):
    """The person, or the system, wants this program to end. `signum` says how that was said."""

    def __init__(self, signum: int):
        super().__init__(signum)
        self.signum = signum


def listen_for_signals() -> None:
    """Have Ctrl-C, SIGTERM and a closed terminal raise Stopped, once; `make` ending counts as well."""
    stoppers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored: started to outlive the terminal
        stoppers.append(signal.SIGHUP)
        if "MAKELEVEL" in os.environ:
            end_with_parent(os.getppid(), signal.SIGTERM)

    def stop(signum: int, _frame: object) -> None:
        for each in stoppers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signum)

    for each in stoppers:
        signal.signal(each, stop)


def run(console: Console) -> int:
    """Set up, train, migrate, load the demo, start, supervise; the exit status."""
    settings = run_settings(os.environ)
    state = Path(settings["LECTERN_STATE_DIR"])
    # Before anything that takes long: what cannot go well is said now.
    stack = Stack(settings, state, tell=console.step)
    make_folder(state / "run")
    refusal = f"Lectern is running already with the state in {shown(state)} (process {{holder}}): stop that one first."
    with alone(state / "run" / "lectern.lock", refusal=refusal):
        set_up(console)
        train(console, if_stale=True)
        console.step("Bringing the database up to date")
        stack.prepare()
        if is_on(settings.get("LECTERN_DEMO")) and DEMO_WORLD.is_file():
            stack.backend("load", str(DEMO_WORLD), "--if-empty")
        return supervise(stack, console, demo=is_on(settings.get("LECTERN_DEMO")))


def run_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The person's settings: the environment, then `.env`, then what `run` takes for granted."""
    given = {**read_dotenv(ROOT / ".env"), **environ}
    settings = {name: value for name, value in given.items() if name.startswith("LECTERN_") and value}
    production = settings.get("LECTERN_ENV") == "production"
    settings.setdefault("LECTERN_PORT", DEFAULT_PORT)
    settings.setdefault("LECTERN_DEMO", "0" if production else "1")
    settings.setdefault("LECTERN_TESTING", "0")
    settings["LECTERN_STATE_DIR"] = str(Path(settings.get("LECTERN_STATE_DIR", ROOT / "var")).resolve())
    return settings


def is_on(value: str | None) -> bool:
    """Whether a switch is set, in the words the backend takes for yes."""
    return (value or "").lower() in ("1", "true", "yes", "on", "y", "t")


def train(console: Console, if_stale: bool) -> None:
    """Train the model, or see that it is up to date; one at a time."""
    STAMPS.mkdir(exist_ok=True)
    waiting = "The model is being trained by process {}: waiting for it"
    with alone(STAMPS / "train.lock", waiting=lambda holder: console.step(waiting.format(holder))):
        command: list[str | Path] = [python_of(VENV_BOT), "-m", "bot.train"]
        if if_stale:
            command.append("--if-stale")
        log = STAMPS / "train.log"
        started = time.monotonic()
        with log.open("wb") as output:
            child = children.spawn(command, os.environ, output)
            status = children.finish(
                child, tick=lambda: console.progress(f"Training the model ({time.monotonic() - started:.0f} s)")
            )
        if status > 0:
            raise DeskError(f"{last_words(log) or 'The model could not be trained.'} (see {shown(log)})")
        if status:  # ended from outside or by an accident: its last words are of something else
            raise DeskError(f"The training was ended {children.how(status)} (see {shown(log)})")
        console.step(last_words(log) or "The model is ready.")


def supervise(stack: Stack, console: Console, demo: bool) -> int:
    """Start everything, say where it is, and stay until told to stop."""
    try:
        console.step("Starting the desk")
        stack.start()
        sign_ins = _sign_ins(stack) if demo else ""  # while Rasa loads its model
        stack.wait_ready(progress=console.progress)
        console.step("Ready")
        console.say(f"\n  Lectern is at {stack.address}/   Ctrl-C stops it; logs: {shown(stack.state / 'log')}/")
        console.say(sign_ins + "\n" if sign_ins else "")
        raise DeskError(stack.wait_failed())
    except Stopped:
        signal.signal(signal.SIGINT, lambda *_: stack.hurry())
        console.step("Stopping")
        stack.stop()
        console.step("Stopped")
        return 0
    finally:
        stack.stop()


def _sign_ins(stack: Stack) -> str:
    try:
        return "\n  On it you can be one of the demo's learners:\n\n" + stack.backend("demo").rstrip()
    except DeskError as error:
        return f"  The demo sign-ins cannot be shown: {error}"
