"""One at a time, and what of the logs the person sees."""

from __future__ import annotations

import subprocess
import sys

import pytest

from desk import logs
from desk.errors import DeskError
from desk.guard import alone
from desk.logs import Follower, last_words
from desk.paths import ROOT

HOLD = """
import sys, time; from pathlib import Path; from desk.guard import alone
with alone(Path(sys.argv[1])): print("held", flush=True); time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that has the lock for some seconds."""
    made = []

    def make(seconds):
        command = [sys.executable, "-c", HOLD, str(tmp_path / "lock"), str(seconds)]
        made.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE))
        assert made[-1].stdout.readline() == b"held\n"
        return made[-1]

    yield make
    for each in made:
        each.kill()
        each.communicate()


def test_the_second_is_told_and_waits(tmp_path, holder):
    first, told = holder(0.3), []
    with alone(tmp_path / "lock", waiting=told.append):
        assert told == [str(first.pid)]
        assert first.wait() == 0


def test_the_second_is_refused(tmp_path, holder):
    first = holder(30)
    with pytest.raises(DeskError, match=f"taken by {first.pid}"), alone(tmp_path / "lock", refusal="taken by {holder}"):
        pass


def test_a_killed_holder_gives_the_lock_back(tmp_path, holder):
    first = holder(30)
    first.kill()
    first.wait()
    with alone(tmp_path / "lock", refusal="still taken"):
        pass


@pytest.mark.parametrize(
    ("line", "is_shown"),
    [
        ("2026-03-01 12:00:00 WARNING bot.channel The action server is slow", True),
        ("2026-03-01T12:00:00Z [\x1b[33mwarning  \x1b[0m] rasa.unreachable", True),
        ('{"event": "mail.failed", "level": "error"}', True),
        ("2026-03-01T12:00:00Z [info     ] turn.answered", False),
        ('{"event": "errors.none", "level": "info"}', False),
        ("Traceback (most recent call last):", False),
    ],
)
def test_warnings_and_worse_are_shown(tmp_path, line, is_shown):
    log = tmp_path / "x.log"
    follower = Follower(log)
    assert follower.serious() == []
    log.write_text(line + "\n")
    assert bool(follower.serious()) is is_shown
    assert follower.serious() == []


def test_a_line_is_shown_when_it_is_whole(tmp_path):
    log = tmp_path / "x.log"
    follower = Follower(log)
    with log.open("a") as file:
        file.write("ERROR half")
        file.flush()
        assert follower.serious() == []
        file.write(" and half\n")
    assert follower.serious() == ["ERROR half and half"]


def test_a_flood_is_counted_instead(tmp_path, monkeypatch):
    log = tmp_path / "x.log"
    follower = Follower(log)
    now = 1000.0
    monkeypatch.setattr(logs, "monotonic", lambda: now)
    log.write_text("ERROR again\n" * 25)
    assert len(follower.serious()) == logs.LINES_A_MINUTE
    now += 61
    assert follower.serious() == ["(15 more such lines are in x.log)"]


def test_a_log_does_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LARGEST_BYTES", 100)
    log = tmp_path / "x.log"
    follower = Follower(log)
    with log.open("a") as file:
        for number in range(8):
            file.write(f"ERROR number {number} {'.' * 40}\n")
            file.flush()
            assert len(follower.serious()) == 1
    assert log.stat().st_size < 100
    assert tmp_path.joinpath("x.log.1").read_text().startswith("ERROR number")


def test_last_words(tmp_path):
    (tmp_path / "x.log").write_text("first\n\x1b[31mlast\x1b[0m\n\n")
    assert last_words(tmp_path / "x.log") == "last"
    assert last_words(tmp_path / "none.log") == ""
