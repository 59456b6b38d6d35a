"""`desk run` as a person meets it: Ctrl-C, an accident to the supervisor, and sentences instead of tracebacks."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from desk import run
from desk.console import Console
from desk.errors import DeskError
from desk.paths import ROOT
from tests.setup.toys import eventually, is_running

LINUX = sys.platform.startswith("linux")


class Supervised:
    """A supervisor with stand-ins in a process of its own."""

    def __init__(self, state, *arguments, prefix=()):
        self.state = state
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.setup.toys", str(state), *arguments],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(),
            # Tests that run under nohup hand down a hang-up that is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )  # fmt: skip

    def wait_until_up(self):
        output = ""
        grandchild = self.state / "grandchild"
        for line in self.process.stdout:
            output += line
            if "Lectern is at" in line:
                assert eventually(lambda: grandchild.exists() and grandchild.read_text())
                return [*descendants(self.process.pid), int(grandchild.read_text())]
        raise AssertionError(output)

    def finish(self, seconds=40):
        output, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, output


@pytest.fixture
def supervised(tmp_path):
    made = []

    def make(*arguments, **options):
        made.append(Supervised(tmp_path / "state", *arguments, **options))
        return made[-1]

    yield make
    for each in made:
        each.process.kill()
        each.process.wait()


def environment(**settings):
    around = {name: value for name, value in os.environ.items() if not name.startswith("LECTERN_")}
    around.pop("MAKELEVEL", None)
    return {**around, **settings}


def descendants(pid):
    """The numbers of a process's children."""
    listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(child) for child, parent in (line.split() for line in listing.splitlines()) if int(parent) == pid]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_stop_stops_everything_and_is_no_failure(supervised, signum):
    desk = supervised()
    pids = desk.wait_until_up()
    assert len(pids) >= 3 and all(map(is_running, pids))
    desk.process.send_signal(signum)
    status, output = desk.finish()
    assert status == 0
    assert "Stopped" in output and "Traceback" not in output
    assert eventually(lambda: not any(map(is_running, pids)))


def test_nothing_is_left_when_the_supervisor_is_killed(supervised):
    desk = supervised()
    pids = desk.wait_until_up()
    desk.process.kill()
    desk.process.wait()
    assert len(pids) >= 3 and eventually(lambda: not any(map(is_running, pids)))


@pytest.mark.skipif(not LINUX, reason="only Linux tells a process of its parent's end")
def test_not_even_when_what_minds_it_is_killed_as_well(supervised):
    desk = supervised()
    *children, grandchild = desk.wait_until_up()
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    (minder,) = [pid for pid in children if b"minder.py" in commands[pid]]
    os.kill(minder, signal.SIGKILL)
    desk.process.kill()
    desk.process.wait()
    assert eventually(lambda: not any(map(is_running, children)))
    os.kill(grandchild, signal.SIGKILL)  # the kernel's promise does not reach it


def test_giving_up_is_one_sentence_and_exit_status_1(supervised):
    status, output = supervised("raise SystemExit('no model')").finish()
    assert status == 1
    assert re.search(r"desk: The crasher could not start: no model \(see ", output)
    assert "Traceback" not in output


def run_desk(*arguments, cwd=ROOT, user=None, **settings):
    return subprocess.run(
        [sys.executable, "-m", "desk", *arguments],
        cwd=cwd, env=environment(**settings), capture_output=True, text=True, timeout=60, check=False, user=user,
    )  # fmt: skip


def assert_one_sentence(done, words):
    assert done.returncode == 1
    assert done.stdout.startswith("desk: ") and done.stdout.count("\n") == 1
    assert words in done.stdout
    assert done.stderr == ""


def test_a_taken_port_is_said_at_once(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_desk("run", LECTERN_PORT=str(port), LECTERN_STATE_DIR=str(tmp_path))
    assert_one_sentence(done, f"Port {port} on 127.0.0.1 is taken by another program")
    assert f"LECTERN_PORT={port + 1}" in done.stdout


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "80 80"])
def test_a_port_that_is_none_is_said(tmp_path, value):
    done = run_desk("run", LECTERN_PORT=value, LECTERN_STATE_DIR=str(tmp_path))
    assert_one_sentence(done, "LECTERN_PORT must be a whole number from 1 to 65535")


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_here_is_said(tmp_path, host):
    done = run_desk("run", LECTERN_HOST=host, LECTERN_STATE_DIR=str(tmp_path))
    assert_one_sentence(done, f"LECTERN_HOST={host} is not an address")


def test_a_state_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    done = run_desk("run", LECTERN_PORT="29871", LECTERN_STATE_DIR=str(tmp_path / "file" / "var"))
    assert_one_sentence(done, "cannot be written to (not a directory)")
    assert "LECTERN_STATE_DIR" in done.stdout


def test_two_desks_with_one_state_are_refused(tmp_path):
    (tmp_path / "run").mkdir()
    holding = "import sys, time; from pathlib import Path; from desk.guard import alone\n"
    holding += "with alone(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    lock = str(tmp_path / "run" / "lectern.lock")
    with subprocess.Popen([sys.executable, "-c", holding, lock], cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        done = run_desk("run", LECTERN_PORT="29872", LECTERN_STATE_DIR=str(tmp_path))
        holder.kill()
    assert_one_sentence(done, f"running already with the state in {tmp_path} (process {holder.pid})")


def test_help_names_every_command():
    done = run_desk("--help")
    assert done.returncode == 0
    for command in ("setup", "train", "run", "test", "lock", "clean"):
        assert re.search(rf"^    {command} ", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("status", "told"), [(1, "the last line of its log"), (-11, "The training was ended by SIGSEGV")]
)
def test_a_training_that_failed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, told: str):
    def spawn(command, env, output):
        output.write(b"a warning of long ago\nthe last line of its log\n")
        output.flush()

    monkeypatch.setattr(run, "STAMPS", tmp_path)
    monkeypatch.setattr(run.children, "spawn", spawn)
    monkeypatch.setattr(run.children, "finish", lambda child, tick: status)
    with pytest.raises(DeskError) as failure:
        run.train(Console(io.StringIO()), if_stale=False)
    assert told in str(failure.value) and "train.log" in str(failure.value)
