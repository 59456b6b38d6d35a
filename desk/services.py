"""The programs that make up the desk, how each is started and when it is ready."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from desk.logs import Follower
from desk.paths import VENV, VENV_BOT, python_of
from desk.settings import LOOPBACK

PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class Service:
    """A program to keep running. It is ready when `probe` answers 200, or as soon as it runs if there is none."""

    name: str
    title: str
    command: tuple[str | Path, ...]
    probe: str | None = None

    @property
    def title_first(self) -> str:
        """The title as a sentence begins with it."""
        return upper_first(self.title)


def upper_first(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def desk_services(env: Mapping[str, str]) -> tuple[Service, ...]:
    """The action server, Rasa and the backend, with the addresses they have in `env`."""
    backend, bot = python_of(VENV), python_of(VENV_BOT)
    actions_port, rasa_port = env["LECTERN_ACTIONS_PORT"], env["LECTERN_RASA_PORT"]
    return (
        Service("actions", "the action server", (bot, "-m", "actions"), f"http://{LOOPBACK}:{actions_port}/health"),
        Service("rasa", "Rasa", (bot, "-m", "bot.serve"), f"http://{LOOPBACK}:{rasa_port}/webhooks/lectern/"),
        Service("backend", "the backend", (backend, "-m", "backend", "serve"), f"{address(env)}/readyz"),
    )


def address(env: Mapping[str, str]) -> str:
    """Where a browser on this machine finds the desk."""
    host = env["LECTERN_HOST"]
    if host in ("0.0.0.0", "::", "*"):
        host = LOOPBACK
    return f"http://{f'[{host}]' if ':' in host else host}:{env['LECTERN_PORT']}"


def answers(url: str) -> bool:
    """Whether a GET is answered with 200. Asked directly, past any proxy that is set up."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or LOOPBACK, parts.port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Connection": "close"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass
class Running:
    """A service's present state; changed by the stack's own thread, but for `down` and `replacing`, which ask it."""

    service: Service
    log: Path
    process: subprocess.Popen | None = None
    start_after: float = 0.0
    probe_after: float = 0.0
    ready: bool = False
    ever_ready: bool = False
    down: bool = False
    replacing: bool = False
    crashes: deque[float] = field(default_factory=deque)  # when, the last minute's
    in_vain: int = 0  # ends since it was last ready
    away_since: float = 0.0
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.follower = Follower(self.log)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def probe(self) -> bool:
        """Ask, at most four times a second, whether the service is ready by now; True the moment it has become so."""
        now = time.monotonic()
        if self.ready or not self.alive or now < self.probe_after:
            return False
        self.probe_after = now + 0.25
        self.ready = self.service.probe is None or answers(self.service.probe)
        self.ever_ready |= self.ready
        return self.ready
