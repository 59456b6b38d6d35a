"""Rasa and the action server as they really run, in front of a backend that answers what a test wants."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECRET, TOKEN = "secret-of-rasa", "token-of-the-service"
READY_S = 90


@dataclass
class Backend:
    """What the internal API was asked, and what it answers: a status and a body, after `delay_s`."""

    port: int
    asked: list[tuple[str, str, dict]] = field(default_factory=list)  # turn, authorization, do
    status: int = 200
    body: bytes = b""
    delay_s: float = 0.0

    def answer(
        self, replies: list[dict] | None = None, *, status: int = 200, body: bytes = b"", delay_s: float = 0
    ) -> None:
        self.asked.clear()
        self.status, self.delay_s = status, delay_s
        self.body = body or json.dumps({"replies": replies if replies is not None else [{"text": "ok"}]}).encode()


@dataclass
class Desk:
    """The turn route."""

    address: str
    log: Path

    def turn(self, secret: str = SECRET, raw: bytes | None = None, **asked: Any) -> tuple[int, dict]:
        """Status and JSON of one turn; session and turn are there unless given."""
        body = raw if raw is not None else json.dumps({"session": "s-1", "turn": "t-1", **asked}).encode()
        return self._call("POST", "/turn", body, {"Authorization": f"Bearer {secret}"})

    def ready(self) -> int:
        return self._call("GET", "/", None, {})[0]

    def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, dict]:
        request = urllib.request.Request(f"{self.address}/webhooks/lectern{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture(scope="session")
def _backend() -> Iterator[Backend]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            do = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            backend.asked.append((self.path.rpartition("/")[2], self.headers["Authorization"], do))
            time.sleep(backend.delay_s)
            self.send_response(backend.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(backend.body)))
            self.end_headers()
            self.wfile.write(backend.body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    backend = Backend(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield backend
    server.shutdown()


@pytest.fixture
def backend(_backend: Backend) -> Backend:
    """The backend, answering well."""
    _backend.answer()
    return _backend


@pytest.fixture(scope="session")
def environment(_backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    actions_port = _free_port()
    return {
        **os.environ,
        "LECTERN_RASA_SECRET": SECRET,
        "LECTERN_SERVICE_TOKEN": TOKEN,
        "LECTERN_INTERNAL_URL": f"http://127.0.0.1:{_backend.port}",
        "LECTERN_ACTIONS_URL": f"http://127.0.0.1:{actions_port}/webhook",
        "LECTERN_ACTIONS_PORT": str(actions_port),
        "LECTERN_TRACKER_URL": f"sqlite:///{tmp_path_factory.mktemp('tracker') / 'tracker.db'}",
    }


@pytest.fixture(scope="session")
def desk(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The trained model, served; trained first if it is stale."""
    subprocess.run([sys.executable, "-m", "bot.train", "--if-stale"], cwd=ROOT, env=environment, check=True)
    log = tmp_path_factory.mktemp("log") / "desk.log"
    port = _free_port()
    with log.open("wb") as out:
        running = [
            subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=out, stderr=out)
            for command in (["actions"], ["bot.serve", "--port", str(port)])
        ]
        try:
            desk = Desk(f"http://127.0.0.1:{port}", log)
            _wait(lambda: desk.ready() == 200 and _health(environment), running, log)
            yield desk
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=20)


def _health(environment: dict[str, str]) -> bool:
    address = environment["LECTERN_ACTIONS_URL"].replace("/webhook", "/health")
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.status == 200


def _wait(is_ready: Any, running: list[subprocess.Popen], log: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if any(process.poll() is not None for process in running):
            break
        try:
            if is_ready():
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not ready:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
