"""Finding Pythons among what looks like them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from desk.errors import DeskError
from desk.pythons import BACKEND, BOT, ask, find_python

NOT_CHOSEN = "echo 'pyenv: python3.10: command not found' >&2; exit 127"


def command(folder: Path, name: str, script: str) -> Path:
    """A program that runs a shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def python(folder: Path, name: str, version: str, implementation: str = "cpython") -> Path:
    """A program that answers as an interpreter of this version does."""
    path = folder / name
    return command(folder, name, f"echo {version.replace('.', ' ')} {implementation} {path}")


@pytest.fixture
def environ(tmp_path):
    """Nothing but this folder's `path` on PATH, and no pyenv."""
    return {"PATH": str(tmp_path / "path"), "HOME": str(tmp_path), "PYENV_ROOT": str(tmp_path / "pyenv")}


@pytest.fixture(autouse=True)
def _running_one_is_too_old(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(python(tmp_path / "running", "python3", "3.9.2")))


def test_the_running_one_is_taken_if_it_fits(tmp_path, environ, monkeypatch):
    running = python(tmp_path, "python3", "3.12.1")
    monkeypatch.setattr(sys, "executable", str(running))
    found = find_python(BACKEND, environ)
    assert (found.path, found.version, found.label) == (running, (3, 12, 1), "3.12.1")


def test_one_on_path_is_taken(tmp_path, environ):
    expected = python(tmp_path / "path", "python3.10", "3.10.13")
    python(tmp_path / "path", "python3", "3.12.1")
    assert find_python(BOT, environ).path == expected
    assert find_python(BACKEND, environ).version == (3, 12, 1)


def test_a_shim_that_fails_is_passed_over_for_pyenvs_own(tmp_path, environ):
    command(tmp_path / "path", "python3.10", NOT_CHOSEN)
    expected = python(tmp_path / "pyenv" / "versions" / "3.10.13" / "bin", "python", "3.10.13")
    python(tmp_path / "pyenv" / "versions" / "3.11.7" / "bin", "python", "3.11.7")
    assert find_python(BOT, environ).path == expected


def test_the_second_of_that_name_on_path_is_tried(tmp_path, environ):
    command(tmp_path / "path", "python3.10", NOT_CHOSEN)
    expected = python(tmp_path / "behind", "python3.10", "3.10.4")
    environ["PATH"] += f":{tmp_path / 'behind'}"
    assert find_python(BOT, environ).path == expected


def test_uv_is_asked_and_told_to_fetch(tmp_path, environ):
    fetched = tmp_path / "uv" / "python3.10"
    command(
        tmp_path / "path", "uv",
        f'[ "$2" = install ] && /bin/mkdir -p {fetched.parent} && echo "#!/bin/sh\necho 3 10 19 cpython {fetched}" '
        f'> {fetched} && /bin/chmod +x {fetched}\n[ "$2" = find ] && [ -e {fetched} ] && echo {fetched}',
    )  # fmt: skip
    told = []
    found = find_python(BOT, environ, told.append)
    assert found.path == fetched
    assert told == ["Fetching Python 3.10 with uv"]


def test_without_any_there_is_one_sentence_that_says_how_to_get_one(tmp_path, environ):
    python(tmp_path / "path", "python3", "3.11.4")
    with pytest.raises(DeskError, match=r"Rasa needs Python 3\.10 .* `uv python install 3\.10`, and run this again\.$"):
        find_python(BOT, environ)


@pytest.mark.parametrize("script", ["exit 1", "echo hello", "echo 3 10 1 pypy /usr/bin/pypy"])
def test_what_does_not_answer_as_python_is_none(tmp_path, script):
    assert ask(command(tmp_path, "python3.10", script)) is None


def test_what_is_not_there_is_none(tmp_path):
    assert ask(tmp_path / "python") is None


def test_an_environment_names_the_python_it_was_made_from():
    here = ask(Path(sys.prefix) / "bin" / "python")
    assert here.version == sys.version_info[:3]
    assert not str(here.path).startswith(sys.prefix) or sys.prefix == sys.base_prefix
