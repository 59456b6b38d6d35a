"""Starting programs that never outlive this one.

Each is the leader of its own process group, so that Ctrl-C reaches this program alone and stopping reaches all of a
program's own children. When this program is gone, however that came about, the kernel ends them (launch.py, on Linux)
and so does a process that waits for just that (minder.py).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from desk.paths import ROOT

LAUNCHER = Path(__file__).with_name("launch.py")
MINDER = Path(__file__).with_name("minder.py")
STOP_SECONDS = 10.0


def spawn(command: Sequence[str | Path], env: Mapping[str, str], output: int | IO | None = None) -> subprocess.Popen:
    """Start a program in the repository's folder; `output` takes both of its streams, or None for this one's own.

    The kernel's promise holds for the thread that calls this: it must live as long as the program may.
    """
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *map(str, command)]
    child = subprocess.Popen(
        launch,
        cwd=ROOT,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
    )
    _tell_minder(f"+{child.pid}")
    return child


def forget(child: subprocess.Popen) -> None:
    """End what is left of an ended program's group, which then is no more."""
    send(child, signal.SIGKILL)
    _tell_minder(f"-{child.pid}")


def finish(child: subprocess.Popen, tick: Callable[[], None] | None = None) -> int:
    """Wait for a program's end and give its exit status; whatever interrupts the waiting stops it."""
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(0.2)
            if tick:
                tick()
    finally:
        stop([child])


def how(status: int) -> str:
    """How a program ended, to follow a verb: "with exit status 1", "by SIGSEGV"."""
    if status >= 0:
        return f"with exit status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"


def send(child: subprocess.Popen, signum: int) -> None:
    """Send a signal to a program's whole group, if there still is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signum)


def stop(children: Sequence[subprocess.Popen], seconds: float = STOP_SECONDS) -> None:
    """End programs together: ask, wait at most `seconds`, then end what is left of their groups."""
    for child in children:
        if child.poll() is None:
            send(child, signal.SIGTERM)
            send(child, signal.SIGCONT)  # one that was halted could not hear it
    deadline = time.monotonic() + seconds
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
    for child in children:
        forget(child)
        child.wait()


_minder: tuple[int, subprocess.Popen] | None = None  # and whose it is: a fork has none
_minder_lock = threading.Lock()


def _tell_minder(line: str) -> None:
    global _minder
    with _minder_lock:
        if _minder is None or _minder[0] != os.getpid():
            command = [sys.executable, "-I", "-S", str(MINDER)]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1, start_new_session=True
            )
            _minder = (os.getpid(), process)
        with contextlib.suppress(BrokenPipeError):
            _minder[1].stdin.write(line + "\n")
            _minder[1].stdin.flush()
