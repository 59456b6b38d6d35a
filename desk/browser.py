"""The browser that browser tests drive. Only tests need one; without it they say so and are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from desk.children import finish, spawn
from desk.console import Console

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
MISSING = (
    "No Chromium or Chrome was found: the browser tests will be skipped. Install one, or name it with LECTERN_CHROMIUM."
)


def find_browser(environ: Mapping[str, str] = os.environ) -> str | None:
    """The path of a Chromium or Chrome; `LECTERN_CHROMIUM` names another than the one on PATH."""
    if named := environ.get("LECTERN_CHROMIUM"):
        return shutil.which(named, path=environ.get("PATH"))
    for name in NAMES:
        if found := shutil.which(name, path=environ.get("PATH", "")):
            return found
    return next((path for path in ELSEWHERE if Path(path).is_file()), None)


def ensure_browser(console: Console) -> bool:
    """Install Debian's Chromium where that can be done without asking anybody; True if it was."""
    if find_browser():
        return False
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        console.step(MISSING)
        return False
    console.step("Setting up Chromium for the browser tests (apt-get install chromium)")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        child = spawn(["apt-get", "-qq", *command], env, subprocess.DEVNULL)
        finish(child, tick=lambda: console.progress("  installing Chromium"))
    console.step("  Chromium is ready" if find_browser() else MISSING)
    return True
