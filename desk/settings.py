"""The environment variables the desk's programs are started with: what is given, then `.env`, then what follows."""

from __future__ import annotations

import errno
import os
import random
import re
import secrets
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

from desk.errors import DeskError
from desk.paths import shown

LOOPBACK = "127.0.0.1"
INTERNAL_PORTS = ("LECTERN_INTERNAL_PORT", "LECTERN_RASA_PORT", "LECTERN_ACTIONS_PORT")
RUN_SECRETS = ("LECTERN_SERVICE_TOKEN", "LECTERN_RASA_SECRET")
KEPT_SECRETS = ("LECTERN_SECRET", "LECTERN_IDENTITY_SECRET")
# Below the range from which systems take ports for outgoing connections: none of those can come in between.
FREE_PORTS = range(20000, 32000)
LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of a `.env` file: `NAME=value` a line, quotes and comments as in a shell. Empty if not there."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise DeskError(f"{shown(path)} cannot be read: {error}.") from error
    values = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.match(line)
        if found is None:
            raise DeskError(f"{shown(path)}, line {number}: expected NAME=value.")
        name, value = found.groups()
        quoted = re.match(r"^(['\"])(.*)\1(?:\s+#.*)?$", value)
        values[name] = quoted[2] if quoted else re.sub(r"(?:^|\s+)#.*$", "", value)
    return values


def compose(given: Mapping[str, str], state: Path) -> dict[str, str]:
    """All that the programs need, `given` first; ports that are not given are free ones, checked ones if they are.

    An empty value counts as not given. The public port, too, is any free one unless given.
    """
    env = {name: value for name, value in given.items() if not (name.startswith("LECTERN_") and value == "")}
    env["LECTERN_STATE_DIR"] = str(state)
    env.setdefault("LECTERN_HOST", LOOPBACK)
    taken: set[int] = set()
    for name in ("LECTERN_PORT", *INTERNAL_PORTS):
        host = env["LECTERN_HOST"] if name == "LECTERN_PORT" else LOOPBACK
        port = checked_port(name, env[name], host) if name in env else free_port(host, taken)
        if port in taken:
            raise DeskError(f"{name}={port} is given to two parts of the desk: choose another.")
        taken.add(port)
        env[name] = str(port)
    env.setdefault("LECTERN_RASA_URL", f"http://{LOOPBACK}:{env['LECTERN_RASA_PORT']}")
    env.setdefault("LECTERN_INTERNAL_URL", f"http://{LOOPBACK}:{env['LECTERN_INTERNAL_PORT']}")
    env.setdefault("LECTERN_ACTIONS_URL", f"http://{LOOPBACK}:{env['LECTERN_ACTIONS_PORT']}/webhook")
    env.setdefault("LECTERN_TRACKER_URL", f"sqlite:///{state / 'tracker.db'}")
    for name in RUN_SECRETS:
        env.setdefault(name, secrets.token_urlsafe(32))
    env["PYTHONUNBUFFERED"] = "1"
    env["NO_COLOR"] = "1"  # what they write goes into files
    return env


def keep_secrets(env: dict[str, str], path: Path) -> None:
    """Give `env` the secrets that must outlive a run from `path`, made at the first one and readable by the owner only.

    In production they are to be set: then nothing is made, and the backend says what is missing.
    """
    if env.get("LECTERN_ENV") == "production":
        return
    kept = read_dotenv(path)
    missing = {name: secrets.token_urlsafe(32) for name in KEPT_SECRETS if name not in kept}
    if missing:
        lines = "".join(f"{name}={value}\n" for name, value in {**kept, **missing}.items())
        scratch = path.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("# Made for this installation; production sets its own.\n" + lines)
        scratch.replace(path)
    for name in KEPT_SECRETS:
        env.setdefault(name, {**kept, **missing}[name])


def checked_port(name: str, value: str, host: str) -> int:
    """A port that can be listened on; DeskError with one sentence that names the variable if not."""
    if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= 65535:
        raise DeskError(f"{name} must be a whole number from 1 to 65535, not {value!r}.")
    port = int(value)
    try:
        listen_once(host, port)
    except socket.gaierror:
        raise DeskError(f"LECTERN_HOST={host} is not an address: choose one of this machine's.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else port - 1
            raise DeskError(
                f"Port {port} on {host} is taken by another program: stop it, or choose another with {name}={other}."
            ) from None
        if error.errno == errno.EACCES:
            raise DeskError(
                f"Port {port} needs more rights than you have: choose one above 1023 with {name}."
            ) from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise DeskError(f"LECTERN_HOST={host} is not an address of this machine: choose one that is.") from None
        raise DeskError(f"Port {port} on {host} cannot be used: {error.strerror}.") from error
    return port


def free_port(host: str, besides: set[int]) -> int:
    """A port nobody listens on."""
    for port in random.SystemRandom().sample(FREE_PORTS, 200):
        if port in besides:
            continue
        try:
            listen_once(host, port)
        except socket.gaierror:
            raise DeskError(f"LECTERN_HOST={host} is not an address: choose one of this machine's.") from None
        except OSError:
            continue
        return port
    raise DeskError(f"No free port was found on {host}.")


def listen_once(host: str, port: int) -> None:
    """Take a port and give it back; OSError if it cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def make_folder(path: Path) -> None:
    """Make a folder that can be written to; DeskError with one sentence if that is not possible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DeskError(
            f"The folder {shown(path)} cannot be written to ({reason}): "
            "mend that, or choose another with LECTERN_STATE_DIR."
        ) from None
