"""The supervisor: what crashes is started again, what was started is stopped, and giving up is said."""

from __future__ import annotations

import signal
import time

import pytest

from desk import stack as stack_module
from desk.errors import DeskError
from tests.setup.toys import DEAF, PARENT, SERVER, SLEEPER, ToyStack, eventually, is_running


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Makes stacks of stand-ins that are stopped at the end; pauses between starts are short."""
    monkeypatch.setattr(stack_module, "FIRST_PAUSE", 0.05)
    made = []

    def make(programs, **options):
        made.append(ToyStack(tmp_path / "state", programs, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_is_ready_when_the_probed_part_answers(toys):
    with toys({"server": SERVER, "sleeper": SLEEPER}, probed="server") as stack:
        assert is_running(stack.pid("server")) and is_running(stack.pid("sleeper"))
        assert "awake" in stack.log("sleeper").read_text()
        pids = [stack.pid("server"), stack.pid("sleeper")]
    assert not any(map(is_running, pids))


def test_starts_a_killed_part_again_and_says_so(toys):
    told = []
    with toys({"server": SERVER, "sleeper": SLEEPER}, probed="server", tell=told.append) as stack:
        before, other = stack.pid("server"), stack.pid("sleeper")
        stack.kill("server")
        stack.wait_ready(30)
        assert stack.pid("server") != before
        assert stack.pid("sleeper") == other
    assert any("stopped unexpectedly (by SIGKILL)" in line and "server.log" in line for line in told)
    assert any("is back after" in line for line in told)


def test_shows_warnings_of_the_programs(toys):
    told = []
    with toys({"server": SERVER}, probed="server", tell=told.append):
        assert eventually(lambda: "server: 2026-03-01 12:00:00 WARNING toy: ready" in told)


def test_gives_up_after_five_ends_in_a_row(toys):
    stack = toys({"crasher": "import time; time.sleep(0.05)"})
    stack.start()
    assert eventually(lambda: stack.failed, 30)
    assert "The crasher has stopped 5 times within 60 s, lastly with exit status 0: giving up" in stack.failed


def test_gives_up_on_a_part_that_never_gets_ready_again(toys, monkeypatch):
    monkeypatch.setattr(stack_module, "CRASH_WINDOW", 0.01)
    stack = toys({"server": "import time; time.sleep(0.1)"}, probed="server")
    stack.start()
    with pytest.raises(DeskError, match="stopped 5 times in a row"):
        stack.wait_ready(30)


def test_a_part_that_cannot_start_is_not_tried_again_and_its_last_words_are_given(toys):
    stack = toys({"broken": "import sys; sys.exit('There is no model.')", "sleeper": SLEEPER}, probed="broken")
    stack.start()
    with pytest.raises(DeskError, match=r"The broken could not start: There is no model\. \(see .*broken\.log\)"):
        stack.wait_ready(30)
    pid = stack.pid("sleeper")
    stack.stop()
    assert not is_running(pid)


def test_waiting_has_an_end(toys):
    stack = toys({"silent": SLEEPER}, probed="silent")
    stack.start()
    with pytest.raises(DeskError, match=r"The silent did not become ready within 0 s"):
        stack.wait_ready(0.3)


def test_stopping_ends_what_a_part_started_and_what_does_not_listen(toys, tmp_path):
    stack = toys({"parent": PARENT, "deaf": DEAF})
    stack.start()
    stack.wait_ready(30)
    grandchild = tmp_path / "state" / "grandchild"
    assert eventually(lambda: grandchild.exists() and grandchild.read_text())
    assert eventually(lambda: "deaf" in stack.log("deaf").read_text())
    pids = [stack.pid("parent"), stack.pid("deaf"), int(grandchild.read_text())]
    started = time.monotonic()
    stack.stop(seconds=0.5)
    assert 0.4 < time.monotonic() - started < 5
    assert eventually(lambda: not any(map(is_running, pids)))


def test_a_part_can_be_kept_down_and_brought_back(toys):
    with toys({"sleeper": SLEEPER}) as stack:
        before = stack.pid("sleeper")
        stack.stop("sleeper")
        assert not is_running(before)
        time.sleep(0.4)
        with pytest.raises(DeskError, match="is not running"):
            stack.pid("sleeper")
        stack.restart("sleeper")
        assert is_running(stack.pid("sleeper"))


def test_a_restart_is_no_crash(toys):
    told = []
    with toys({"server": SERVER}, probed="server", tell=told.append) as stack:
        for _ in range(6):
            before = stack.pid("server")
            stack.restart("server")
            stack.wait_ready(30)
            assert stack.pid("server") != before
        assert not stack.failed
    assert not [line for line in told if "unexpectedly" in line]


def test_a_halted_part_can_still_be_stopped(toys):
    with toys({"sleeper": SLEEPER}) as stack:
        pid = stack.pid("sleeper")
        stack.kill("sleeper", signal.SIGSTOP)
        started = time.monotonic()
    assert not is_running(pid)
    assert time.monotonic() - started < 5


def test_logs_of_earlier_starts_are_kept(toys, tmp_path):
    for _ in range(4):
        with toys({"sleeper": SLEEPER}) as stack:
            assert eventually(lambda stack=stack: stack.log("sleeper").exists())
    names = sorted(path.name for path in (tmp_path / "state" / "log").iterdir())
    assert names == ["sleeper.log", "sleeper.log.1", "sleeper.log.2"]


def test_settings_around_a_test_do_not_leak_into_its_stack(toys, monkeypatch):
    monkeypatch.setenv("LECTERN_DATABASE_URL", "postgresql://elsewhere/live")
    stack = toys({"sleeper": SLEEPER})
    assert "LECTERN_DATABASE_URL" not in stack.env
    assert stack.env["LECTERN_TESTING"] == "1"
