"""Finding the two Pythons: a current one for the backend, 3.10 for Rasa.

A name on PATH proves nothing (pyenv puts a `python3.10` there that only says it is not the chosen one), so every
candidate is run and asked for its version, and whether it can make an environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from desk.errors import DeskError

QUESTION = "import sys, ensurepip, venv; print(*sys.version_info[:3], sys.implementation.name, sys._base_executable)"


@dataclass(frozen=True)
class Python:
    """An interpreter that answered: where it is and its version, as in (3, 11, 7)."""

    path: Path
    version: tuple[int, int, int]

    @property
    def label(self) -> str:
        return ".".join(map(str, self.version))


@dataclass(frozen=True)
class Wanted:
    """What an environment needs: the oldest minor version, the newest if there is one, and what to say if none fits."""

    oldest: tuple[int, int]
    newest: tuple[int, int] | None
    sentence: str

    def fits(self, python: Python) -> bool:
        minor = python.version[:2]
        return minor >= self.oldest and (self.newest is None or minor <= self.newest)

    @property
    def names(self) -> list[str]:
        """Commands to look for, the versions the locks were tried with first."""
        last = self.newest[1] if self.newest else 14
        minors = [minor for minor in (13, 12, 11, 10, 14) if self.oldest[1] <= minor <= last]
        return [f"python3.{minor}" for minor in minors] + ["python3", "python"]


BACKEND = Wanted(
    (3, 11),
    None,
    "The backend needs Python 3.11 or newer with pip and venv, and none was found: "
    "install one, for example with `pyenv install 3.12` or `uv python install 3.12`, and run this again.",
)
BOT = Wanted(
    (3, 10),
    (3, 10),
    "Rasa needs Python 3.10 with pip and venv, and none was found: "
    "install it, for example with `pyenv install 3.10` or `uv python install 3.10`, and run this again.",
)


def find_python(
    wanted: Wanted, environ: Mapping[str, str] = os.environ, say: Callable[[str], None] = lambda text: None
) -> Python:
    """The first interpreter that fits; DeskError with the one sentence how to get one. `say` hears of a download."""
    asked: set[Path] = set()
    for candidate in _candidates(wanted, environ, say):
        path = candidate.absolute()  # not resolved: a shim does what its own name says
        if path in asked:
            continue
        asked.add(path)
        python = ask(path, environ)
        if python and wanted.fits(python):
            return python
    raise DeskError(wanted.sentence)


def ask(path: Path, environ: Mapping[str, str] = os.environ) -> Python | None:
    """Run an interpreter and take its own word; None if it does not run or cannot make environments."""
    command = [str(path), "-I", "-c", QUESTION]
    try:
        done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, timeout=20, check=True)
        major, minor, micro, implementation, base = done.stdout.strip().split(" ", 4)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if implementation != "cpython":
        return None
    # An interpreter inside an environment gives the one it was made from: the environment may be about to go.
    return Python(Path(base or path), (int(major), int(minor), int(micro)))


def _candidates(wanted: Wanted, environ: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Path]:
    """Cheapest first: the running one, PATH, pyenv's folder, then uv, which may fetch one."""
    yield Path(sys.executable)
    search = environ.get("PATH", "")
    for name in wanted.names:
        for folder in search.split(os.pathsep):
            if folder and (found := shutil.which(name, path=folder)):
                yield Path(found)
    yield from _pyenv_versions(wanted, environ)
    if uv := shutil.which("uv", path=search):
        yield from _uv(uv, wanted, environ, say)


def _pyenv_versions(wanted: Wanted, environ: Mapping[str, str]) -> Iterator[Path]:
    root = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "~")).expanduser() / ".pyenv")
    for name in wanted.names[:-2]:
        minor = name.removeprefix("python")
        yield from sorted((root / "versions").glob(f"{minor}*/bin/python"), reverse=True)


def _uv(uv: str, wanted: Wanted, environ: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Path]:
    version = ".".join(map(str, wanted.newest or (3, 12)))
    for fetch in (False, True):
        if fetch:
            say(f"Fetching Python {version} with uv")
            subprocess.run([uv, "python", "install", version], env=dict(environ), capture_output=True, check=False)
        done = subprocess.run(
            [uv, "python", "find", "--no-project", "--system", version],
            env=dict(environ), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0 and done.stdout.strip():
            yield Path(done.stdout.strip())
