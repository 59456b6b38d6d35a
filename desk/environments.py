"""Making the two environments, and making again what has become stale.

An environment is fresh when its stamp in `.state/` names the folder, the Python and the hashes of the lock files that
it was made from, and that Python still runs. The stamp is taken away before anything is changed and written when all
is done: an environment without one is half-made and is made anew from nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from desk import browser
from desk.children import finish, spawn
from desk.console import Console
from desk.errors import DeskError
from desk.guard import alone
from desk.paths import ROOT, STAMPS, VENV, VENV_BOT, python_of, shown
from desk.pythons import BACKEND, BOT, Wanted, ask, find_python

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE)
# What `python -m venv` brings and no lock names.
BROUGHT_ALONG = {"pip", "setuptools", "wheel"}


@dataclass(frozen=True)
class Environment:
    """One environment: its lock files, those only tests need, and what has to be there before the rest can be built."""

    key: str
    title: str
    folder: Path
    wanted: Wanted
    locks: tuple[Path, ...]
    test_locks: tuple[Path, ...] = ()
    build_tools: tuple[str, ...] = ()


ENVIRONMENTS = (
    Environment(
        "backend", "the backend's environment", VENV, BACKEND,
        (ROOT / "requirements.lock",), (ROOT / "requirements-dev.lock",),
    ),
    # Three of Rasa's dependencies come as source only, too old to name what builds them: the pinned setuptools and
    # wheel are installed first and used, instead of whatever is newest that day.
    Environment(
        "bot", "Rasa's environment", VENV_BOT, BOT,
        (ROOT / "bot" / "requirements.lock",), (), ("setuptools", "wheel"),
    ),
)  # fmt: skip


def set_up(console: Console, tests: bool = False, force: bool = False) -> bool:
    """Bring both environments up to date, and with `tests` what tests need; True if anything had to be done."""
    try:
        STAMPS.mkdir(exist_ok=True)
        with alone(
            STAMPS / "setup.lock",
            waiting=lambda holder: console.step(f"Another set-up is running (process {holder}): waiting for it"),
        ):
            changed = [Maker(each, console, tests).ensure(force) for each in ENVIRONMENTS]
            if tests:
                changed.append(browser.ensure_browser(console))
    except OSError as error:
        raise DeskError(
            f"The set-up cannot write {error.filename or shown(STAMPS)} ({(error.strerror or '').lower()})."
        ) from error
    return any(changed)


class Maker:
    """Makes one environment."""

    def __init__(self, environment: Environment, console: Console, tests: bool, stamps: Path = STAMPS):
        self.environment = environment
        self.console = console
        self.stamp = stamps / f"{environment.key}.json"
        self.log = stamps / f"setup-{environment.key}.log"
        installed = self.read_stamp().get("locks", {})
        # Once tests have been set up they stay so, in step with the rest.
        extra = [lock for lock in environment.test_locks if tests or lock.name in installed]
        self.locks = [*environment.locks, *extra]

    def read_stamp(self) -> dict:
        """What the environment was made from; empty if it is not there or half-made."""
        try:
            stamp = json.loads(self.stamp.read_text())
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def stale_because(self) -> str:
        """Why something has to be done, for the person to read; empty if all is fresh."""
        stamp, folder = self.read_stamp(), self.environment.folder
        if not folder.is_dir():
            return "it is not there"
        if stamp.get("folder") != str(folder):
            return "it is half-made or was moved" if stamp else "it is half-made"
        python = ask(python_of(folder))
        if python is None or python.label != stamp.get("python") or not self.environment.wanted.fits(python):
            return "its Python is gone"
        changed = [lock.name for lock in self.locks if stamp.get("locks", {}).get(lock.name) != digest(lock)]
        return f"{' and '.join(changed)} changed" if changed else ""

    def ensure(self, force: bool = False) -> bool:
        """Make or refresh what is stale; True if something was done."""
        reason = "asked for" if force else self.stale_because()
        if not reason:
            return False
        anew = force or not reason.endswith("changed")
        environment = self.environment
        self.console.step(f"Setting up {environment.title} in {shown(environment.folder)} ({reason})")
        label = self._make() if anew else self.read_stamp()["python"]
        self.stamp.unlink(missing_ok=True)
        hashes = {lock.name: digest(lock) for lock in self.locks}
        self.log.write_bytes(b"")
        if environment.build_tools:
            self._install_build_tools()
        self._pip(self.locks, ["--no-build-isolation"] if environment.build_tools else [])
        if not anew:
            self._remove_what_no_lock_names()
        text = json.dumps({"folder": str(environment.folder), "python": label, "locks": hashes}, indent=1)
        scratch = self.stamp.with_suffix(".new")
        scratch.write_text(text + "\n")
        scratch.replace(self.stamp)
        self.console.step(f"  {environment.title} is ready (Python {label})")
        return True

    def _make(self) -> str:
        """An empty environment, in place of what may be there; gives its Python's version."""
        python = find_python(self.environment.wanted, say=self.console.step)
        self.stamp.unlink(missing_ok=True)
        folder = self.environment.folder
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                raise DeskError(f"{shown(folder)} cannot be removed: do that yourself, and run this again.")
        with self.log.open("wb") as log:
            status = finish(spawn([python.path, "-I", "-m", "venv", folder], clean_env(), log))
        if status:
            raise DeskError(f"Python at {python.path} cannot make an environment: {self._last_words()}")
        return python.label

    def _install_build_tools(self) -> None:
        subset = self.stamp.with_name(f"build-{self.environment.key}.txt")
        pins = [pin(lock.read_text(), name) for lock in self.environment.locks for name in self.environment.build_tools]
        subset.write_text("".join(pins))
        self._pip([subset])

    def _pip(self, locks: Iterable[Path], options: Iterable[str] = ()) -> None:
        command: list[str | Path] = [python_of(self.environment.folder), "-I", "-m", "pip", "install", *options]
        command += ["--require-hashes", "--no-user", "--no-input", "--disable-pip-version-check"]
        # Most of what TensorFlow brings is never imported: Python compiles what is, when it is.
        command += ["--progress-bar", "off", "--no-compile"]
        total = 0
        for lock in locks:
            command += ["-r", lock]
            total += len(PIN.findall(lock.read_text()))
        before = self.log.stat().st_size
        with self.log.open("ab") as log:
            status = finish(spawn(command, clean_env(), log), tick=lambda: self._tell(before, total))
        if status != 0:
            raise DeskError(
                f"The packages of {self.environment.title} could not be installed: {self._last_words()} "
                f"All of pip's words are in {shown(self.log)}."
            )

    def _tell(self, before: int, total: int) -> None:
        text = "\n" + self.log.read_bytes()[before:].decode(errors="replace")
        if "\nInstalling collected packages" in text:
            installed = len(list(self.environment.folder.glob("lib/python*/site-packages/*.dist-info")))
            self.console.progress(f"  {min(installed, total)} of {total} packages installed")
        else:
            fetched = text.count("\nRequirement already satisfied") + text.count("\nCollecting ")
            self.console.progress(f"  {min(fetched, total)} of {total} packages fetched")

    def _last_words(self) -> str:
        """The line in which pip says what is wrong, as a sentence."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        if any("No space left on device" in line for line in lines):
            return "the disk is full."
        if any("connection broken" in line or "Failed to establish" in line for line in lines[-60:]):
            return "the package index could not be reached; is the network there?"
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        words = (errors or lines or ["it gave no reason"])[-1]
        return words if words.endswith((".", "!", "?")) else words + "."

    def _remove_what_no_lock_names(self) -> None:
        python = python_of(self.environment.folder)
        named = {name for lock in self.locks for name in PIN.findall(lock.read_text())}
        extra = sorted(packages_of(python) - named - BROUGHT_ALONG)
        if extra:
            self.console.step(f"  removing {', '.join(extra)}, which no lock file names any more")
            with self.log.open("ab") as log:
                finish(spawn([python, "-I", "-m", "pip", "uninstall", "-y", *extra], clean_env(), log))


def packages_of(python: Path) -> set[str]:
    """The names of the packages that an environment has, as lock files write them."""
    question = (
        "import importlib.metadata as m; print(*{each.metadata['Name'] for each in m.distributions()}, sep='\\n')"
    )
    done = subprocess.run([python, "-I", "-c", question], env=clean_env(), capture_output=True, text=True, check=True)
    return {normal(name) for name in done.stdout.split()}


def digest(path: Path) -> str:
    """SHA-256 of a lock file; DeskError if it is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise DeskError(f"{shown(path)} is missing: get it back with `git checkout -- {shown(path)}`.") from None


def pin(lock: str, name: str) -> str:
    """The lines of one package in a lock file: its version and its hashes."""
    found = re.search(rf"^{re.escape(name)}==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    if found is None:
        raise DeskError(f"The lock file does not name {name}, which is needed to build other packages.")
    return "".join(line for line in found[0].splitlines(keepends=True) if not line.lstrip().startswith("#"))


def normal(name: str) -> str:
    """A package's name as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def clean_env() -> dict[str, str]:
    """The environment without what would lead another Python astray."""
    led_astray = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    env = {name: value for name, value in os.environ.items() if name not in led_astray}
    return {**env, "PYTHONUNBUFFERED": "1"}
