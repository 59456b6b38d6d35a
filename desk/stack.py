"""The whole desk as one object: start, wait until ready, stop; kill or restart a part.

    with Stack({"LECTERN_TESTING": "1"}, tmp_path / "state") as stack:
        urlopen(f"{stack.address}/readyz")

A part that ends by itself is started again, after 0.5 s, then 1, 2, 4, … s. After five such ends within a minute or
without ever being ready in between, or after one with an error before it was ready for the first time, the stack
gives up: `failed` says why in one sentence.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from desk import children, logs
from desk.errors import DeskError
from desk.paths import ROOT, VENV, python_of, shown
from desk.services import Running, Service, address, desk_services, upper_first
from desk.settings import compose, keep_secrets, make_folder

READY_SECONDS = 180.0
CRASHES, CRASH_WINDOW = 5, 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
TICK = 0.1

Tell = Callable[[str], None]


def silent(text: str) -> None:
    """For those who do not want to hear."""


class Stack:
    """The desk with its own state folder, ports and database; `env` adds to or replaces the settings.

    Settings of the surrounding environment (`LECTERN_*`) are not taken over: a test must not depend on them. Without
    a word about it in `env`, the testing surface is open. `services` replaces the programs, for tests of this class.
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        state_dir: Path | str = ROOT / "var",
        services: Callable[[Mapping[str, str]], Sequence[Service]] = desk_services,
        tell: Tell = silent,
    ):
        self.state = Path(state_dir).resolve()
        around = {name: value for name, value in os.environ.items() if not name.startswith("LECTERN_")}
        self.env = compose({**around, "LECTERN_TESTING": "1", **(env or {})}, self.state)
        self.address = address(self.env)
        self.failed = ""
        self._tell = tell
        self._prepared = False
        self._stopping = threading.Event()
        self._stop_seconds = children.STOP_SECONDS
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        log_folder = self.state / "log"
        self._parts = {each.name: Running(each, log_folder / f"{each.name}.log") for each in services(self.env)}

    def __enter__(self) -> Stack:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def prepare(self) -> None:
        """Make the folders and the secrets, and bring the database up to date; DeskError if that fails."""
        for folder in (self.state, self.state / "log", self.state / "run"):
            make_folder(folder)
        keep_secrets(self.env, self.state / "secrets.env")
        self.backend("migrate")
        self._prepared = True

    def backend(self, *arguments: str) -> str:
        """Run a command of the backend and give what it wrote; DeskError with its last line if it fails."""
        log = self.state / "log" / f"{arguments[0]}.log"
        with log.open("wb") as output:
            status = children.finish(children.spawn([python_of(VENV), "-m", "backend", *arguments], self.env, output))
        if status:
            raise DeskError(f"{_complaint(log) or f'backend {arguments[0]} failed.'} (see {shown(log)})")
        return log.read_text(errors="replace")

    def start(self) -> None:
        """Start every part and the thread that watches over them; does not wait."""
        if self._thread is not None:
            raise RuntimeError("this stack has been started; make another")
        if not self._prepared:
            self.prepare()
        for part in self._parts.values():
            logs.rotate(part.log)
        # Every program is started by this one thread, because none outlives the thread that started it.
        self._thread = threading.Thread(target=self._watch, name="desk-stack", daemon=True)
        self._thread.start()

    def wait_ready(self, seconds: float = READY_SECONDS, progress: Tell = silent) -> None:
        """Return when every part is ready; DeskError if the stack gives up or takes longer."""
        started = time.monotonic()
        while True:
            waiting = [part.service for part in self._parts.values() if not ((part.ready and part.alive) or part.down)]
            if self.failed:
                raise DeskError(self.failed)
            if not waiting:
                return
            waited = time.monotonic() - started
            if waited > seconds:
                raise DeskError(
                    f"{upper_first(_listed(waiting))} did not become ready within {seconds:.0f} s: see the logs in "
                    f"{shown(self.state / 'log')}."
                )
            progress(f"waiting for {_listed(waiting)} ({waited:.0f} s)")
            with self._changed:
                self._changed.wait(0.2)

    def wait_failed(self) -> str:
        """Return only when the stack has given up, with the sentence that says why."""
        while not self.failed:
            with self._changed:
                self._changed.wait(1.0)
        return self.failed

    def stop(self, name: str | None = None, seconds: float = children.STOP_SECONDS) -> None:
        """Stop everything for good, or one part, which then stays down until `restart`. May be called twice."""
        if name is not None:
            part = self._parts[name]
            with self._changed:
                part.down = True
            self._end(part, seconds)
            return
        self._stop_seconds = seconds
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def kill(self, name: str, signum: int = signal.SIGKILL) -> None:
        """Send a part a signal, as an accident would; the stack starts it again if that ends it.

        After SIGKILL it is gone when this returns. SIGSTOP makes it hang, SIGCONT go on.
        """
        process = self._process(name)
        children.send(process, signum)
        if signum == signal.SIGKILL:
            process.wait()

    def restart(self, name: str, seconds: float = children.STOP_SECONDS) -> None:
        """Stop a part in good order and start it anew; returns when the new one runs (`wait_ready` for more)."""
        part = self._parts[name]
        with self._changed:
            before = part.process
            part.replacing, part.down = True, False
            part.start_after = 0.0
        self._end(part, seconds)
        while (part.process is before or part.process is None) and not self.failed:
            with self._changed:
                self._changed.wait(0.2)

    def pid(self, name: str) -> int:
        """The process number a part has now."""
        return self._process(name).pid

    def log(self, name: str) -> Path:
        """The file a part writes to."""
        return self._parts[name].log

    def hurry(self) -> None:
        """End every part at once, without asking. For a second Ctrl-C."""
        for part in self._parts.values():
            if part.process is not None:
                children.send(part.process, signal.SIGKILL)

    def _process(self, name: str) -> subprocess.Popen:
        """A part's process; while it is between two, the coming one."""
        part = self._parts[name]
        deadline = time.monotonic() + LONGEST_PAUSE + 2
        while not part.alive and not self.failed and not part.down and time.monotonic() < deadline:
            with self._changed:
                self._changed.wait(0.1)
        if part.process is None or not part.alive:
            raise DeskError(f"{part.service.title_first} is not running.")
        return part.process

    @staticmethod
    def _end(part: Running, seconds: float) -> None:
        if part.process is not None:
            children.stop([part.process], seconds)

    def _watch(self) -> None:
        try:
            while not self._stopping.wait(TICK):
                for part in self._parts.values():
                    self._look_after(part)
                    if self.failed:
                        return
        except OSError as error:
            self.failed = f"The desk cannot go on: {error}."
        finally:
            with self._changed:
                self._changed.notify_all()
            self._stopping.wait()
            # Here and not in `stop`: the kernel ends the parts, without asking, together with this thread.
            children.stop([part.process for part in self._parts.values() if part.process], self._stop_seconds)
            for part in self._parts.values():
                part.ready = False

    def _look_after(self, part: Running) -> None:
        with self._changed:
            if part.process is not None and not part.alive:
                self._ended(part, part.process)
            if part.process is None and not part.down and not self.failed and time.monotonic() >= part.start_after:
                self._spawn(part)
        if part.probe():
            if part.away_since:
                self._tell(f"{part.service.title_first} is back after {time.monotonic() - part.away_since:.1f} s")
            part.away_since, part.in_vain = 0.0, 0
            with self._changed:
                self._changed.notify_all()
        for line in part.follower.serious():
            self._tell(f"{part.service.name}: {line}")

    def _spawn(self, part: Running) -> None:
        with part.log.open("ab") as output:
            part.process = children.spawn(part.service.command, self.env, output)
        part.ready = part.replacing = False
        self._changed.notify_all()

    def _ended(self, part: Running, process: subprocess.Popen) -> None:
        """What to do about a part that is no longer there."""
        children.forget(process)
        part.process, part.ready = None, False
        self._changed.notify_all()
        if part.down or part.replacing:
            return
        now = time.monotonic()
        title, how = part.service.title_first, children.how(process.returncode)
        if not part.ever_ready and process.returncode > 0:
            words = logs.last_words(part.log) or how
            told = words if "cannot start" in words else f"{title} could not start: {words}"
            self.failed = f"{told} (see {shown(part.log)})"
            return
        part.crashes.append(now)
        part.in_vain += 1
        part.away_since = part.away_since or now
        while now - part.crashes[0] > CRASH_WINDOW:
            part.crashes.popleft()
        if max(len(part.crashes), part.in_vain) >= CRASHES:
            often = f"within {CRASH_WINDOW:.0f} s" if len(part.crashes) >= CRASHES else "in a row"
            self.failed = (
                f"{title} has stopped {CRASHES} times {often}, lastly {how}: giving up (see {shown(part.log)})."
            )
            return
        pause = min(FIRST_PAUSE * 2 ** (len(part.crashes) - 1), LONGEST_PAUSE)
        part.start_after = now + pause
        self._tell(f"{title} stopped unexpectedly ({how}): starting it again in {pause:g} s (see {shown(part.log)})")


def _complaint(log: Path) -> str:
    """What a command of the backend says is wrong: from `lectern: ` on, or else its last line."""
    _, found, told = log.read_text(errors="replace").rpartition("lectern: ")
    return " ".join(told.split()) if found else logs.last_words(log)


def _listed(services: Sequence[Service]) -> str:
    titles = [service.title for service in services]
    return f"{', '.join(titles[:-1])} and {titles[-1]}" if len(titles) > 1 else titles[0]
