"""Stand-ins for the desk's programs: small, quick, and as badly behaved as a test asks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from desk.services import Service
from desk.settings import LOOPBACK
from desk.stack import Stack

SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
print("2026-03-01 12:00:00 WARNING toy: ready", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["LECTERN_PORT"])), Handler).serve_forever()
"""
# A program that starts another and writes that one's number into the state folder.
PARENT = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(os.environ["LECTERN_STATE_DIR"], "grandchild").write_text(str(child.pid))
time.sleep(600)
"""


def program(name: str, code: str, probe: str | None = None) -> Service:
    """A service that runs Python code."""
    return Service(name, f"the {name}", (sys.executable, "-u", "-c", code), probe)


class ToyStack(Stack):
    """A stack of stand-ins, `toys` by name, without a database."""

    def __init__(self, state: Path, toys: dict[str, str], probed: str = "", **options):
        def services(env):
            probe = f"http://{LOOPBACK}:{env['LECTERN_PORT']}/"
            return [program(name, code, probe if name == probed else None) for name, code in toys.items()]

        super().__init__({}, state, services=services, **options)

    def backend(self, *arguments: str) -> str:
        return " ".join(arguments)


def eventually(happened: Callable[[], object], seconds: float = 20.0) -> bool:
    """Whether something comes about within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.02)
    return bool(happened())


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be collected."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.returncode == 0 and not done.stdout.strip().startswith("Z")


if __name__ == "__main__":
    # `python -m tests.setup.toys STATE`: a supervised stack of its own, as `desk run` has one.
    from desk.console import Console
    from desk.errors import DeskError
    from desk.run import listen_for_signals, supervise

    listen_for_signals()
    console = Console()
    toys = {"sleeper": SLEEPER, "parent": PARENT}
    if len(sys.argv) > 2:
        toys["crasher"] = sys.argv[2]
    stack = ToyStack(Path(sys.argv[1]), toys, probed="crasher", tell=console.step)
    try:
        sys.exit(supervise(stack, console, demo=False))
    except DeskError as error:
        sys.exit(f"desk: {error}")
