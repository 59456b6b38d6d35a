"""Compile the lock files from the `requirements*.in` files (`make lock`; needs `uv` on PATH).

The bot's lock is resolved for CPython 3.10 alone, the others for 3.11 and newer; all for Linux and macOS. Every
archive is pinned by hash, so an install takes these files or none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from desk.errors import DeskError
from desk.paths import ROOT

SYSTEMS = ("linux", "darwin")
LOCKS = (
    # (input, output, oldest Python, extra marker)
    ("requirements.in", "requirements.lock", "3.11", ""),
    ("requirements-dev.in", "requirements-dev.lock", "3.11", ""),
    ("bot/requirements.in", "bot/requirements.lock", "3.10", " and python_full_version < '3.11'"),
)


def compile_locks(upgrade: bool = False) -> None:
    """Write every lock file anew; a version that still fits is kept unless `upgrade`."""
    uv = shutil.which("uv")
    if uv is None:
        raise DeskError("Making the lock files needs uv: install it with `python3 -m pip install uv`.")
    for source, target, python, marker in LOCKS:
        with tempfile.TemporaryDirectory() as folder:
            environments = ", ".join(f"\"sys_platform == '{system}'{marker}\"" for system in SYSTEMS)
            project = f'[project]\nname = "locks"\nversion = "0"\nrequires-python = ">={python}"\n'
            Path(folder, "pyproject.toml").write_text(f"{project}[tool.uv]\nenvironments = [{environments}]\n")
            command = [uv, "pip", "compile", "--project", folder, "--universal", "--generate-hashes", "--quiet"]
            command += ["--python-version", python, "--custom-compile-command", "make lock", source, "-o", target]
            if upgrade:
                command.append("--upgrade")
            # Extra package folders of this machine must not leave their versions or hashes in the files.
            env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
            done = subprocess.run(command, cwd=ROOT, env=env, check=False)
            if done.returncode:
                raise DeskError(f"{source} could not be resolved; uv says above why.")
        print(f"  {target}")
