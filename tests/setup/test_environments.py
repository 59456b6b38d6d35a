"""What is stale is made again, what is fresh is left, what is half-made is made anew."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from desk.console import Console
from desk.environments import PIN, Environment, Maker, digest, normal, packages_of, pin
from desk.errors import DeskError
from desk.paths import ROOT
from desk.pythons import BACKEND
from tests.setup.test_pythons import python

LOCK = """\
# made by something
one==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via two
two.parts==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:cc
"""


class Recorder(Maker):
    """A maker that notes what it would do."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.done = []
        self.broken = False

    def _make(self):
        self.stamp.unlink(missing_ok=True)
        self.done.append("made")
        python(self.environment.folder / "bin", "python", "3.12.1")
        return "3.12.1"

    def _pip(self, locks, options=()):
        self.done.append([lock.name for lock in locks])
        if self.broken:
            raise KeyboardInterrupt

    def _remove_what_no_lock_names(self):
        self.done.append("removed")


@pytest.fixture
def maker(tmp_path):
    """Makes makers of one environment in a folder of their own."""
    for name in ("run.lock", "dev.lock"):
        (tmp_path / name).write_text(LOCK + name)
    environment = Environment(
        "toy", "the toy", tmp_path / "venv", BACKEND, (tmp_path / "run.lock",), (tmp_path / "dev.lock",)
    )
    return lambda tests=False: Recorder(environment, Console(io.StringIO()), tests, tmp_path)


def test_is_made_once(maker):
    first, second = maker(), maker()
    assert first.ensure() and first.done == ["made", ["run.lock"]]
    assert not second.ensure() and second.done == []


def test_a_changed_lock_is_installed_into_what_is_there(maker, tmp_path):
    maker().ensure()
    (tmp_path / "run.lock").write_text("one==1.1\n")
    second = maker()
    assert second.stale_because() == "run.lock changed"
    assert second.ensure() and second.done == [["run.lock"], "removed"]
    assert not maker().ensure()


def test_what_tests_need_is_added_and_then_kept_in_step(maker, tmp_path):
    maker().ensure()
    (tests := maker(tests=True)).ensure()
    assert tests.done == [["run.lock", "dev.lock"], "removed"]
    (tmp_path / "run.lock").write_text("one==1.1\n")
    (plain := maker()).ensure()
    assert plain.done == [["run.lock", "dev.lock"], "removed"]


def test_interrupted_it_is_made_anew(maker, tmp_path):
    maker().ensure()
    (tmp_path / "run.lock").write_text("one==1.1\n")
    broken = maker()
    broken.broken = True
    with pytest.raises(KeyboardInterrupt):
        broken.ensure()
    after = maker()
    assert after.stale_because() == "it is half-made"
    assert after.ensure() and after.done[0] == "made"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder, stamp: (folder / "bin" / "python").unlink(), "its Python is gone"),
        (lambda folder, stamp: python(folder / "bin", "python", "3.12.2"), "its Python is gone"),
        (lambda folder, stamp: stamp.write_text("{"), "it is half-made"),
        (lambda folder, stamp: folder.rename(folder.with_name("away")), "it is not there"),
        (
            lambda folder, stamp: stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "folder": "/away"})),
            "it is half-made or was moved",
        ),
    ],
)
def test_damage_is_noticed_and_mended(maker, tmp_path, damage, reason):
    (first := maker()).ensure()
    damage(tmp_path / "venv", first.stamp)
    after = maker()
    assert after.stale_because() == reason
    assert after.ensure() and after.done[0] == "made"
    assert not maker().ensure()


def test_a_missing_lock_file_is_said(tmp_path):
    with pytest.raises(DeskError, match=r"gone\.lock is missing"):
        digest(tmp_path / "gone.lock")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("Collecting x\nOSError: [Errno 28] No space left on device\n", "the disk is full"),
        ("WARNING: Retrying (0) after connection broken by 'NewConnectionError'\nERROR: No matching x\n", "network"),
        ("Collecting x\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n\n", "THESE PACKAGES DO NOT MATCH THE HASHES."),
        ("", "it gave no reason."),
    ],
)
def test_pips_reason_is_given(maker, log, words):
    one = maker()
    one.log.write_text(log)
    assert words in one._last_words()


def test_one_package_of_a_lock():
    assert pin(LOCK, "one") == "one==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    assert pin(LOCK, "two.parts") == "two.parts==2.0 ; sys_platform == 'linux' \\\n    --hash=sha256:cc\n"
    with pytest.raises(DeskError, match="does not name three"):
        pin(LOCK, "three")
    assert normal("Two_Parts.x") == "two-parts-x"


def test_the_packages_of_an_environment_are_named_as_in_its_locks():
    names = packages_of(Path(sys.executable))
    pinned = set(PIN.findall(Path(ROOT, "requirements-dev.lock").read_text()))
    assert {"pytest", "pytest-asyncio", "pydantic-core"} <= names & pinned


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "bot/requirements.lock"])
def test_the_locks_pin_by_hash_and_name_no_place(name):
    text = Path(ROOT, name).read_text()
    pins = [line for line in text.splitlines() if line and line[0].isalnum()]
    assert pins and all(line.endswith("\\") and "==" in line for line in pins)
    assert not [line for line in text.splitlines() if "://" in line or "--index" in line or "--find-links" in line]
    assert not [line for line in pins if line.startswith(("torch==", "nvidia-"))]


def test_what_builds_rasas_dependencies_is_pinned():
    text = Path(ROOT, "bot/requirements.lock").read_text()
    for name in ("setuptools", "wheel"):
        assert "--hash=sha256:" in pin(text, name)
