"""Where things lie: the repository, its two environments, the stamps of what has been set up."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMPS = ROOT / ".state"
VENV = ROOT / ".venv"
VENV_BOT = ROOT / ".venv-bot"


def python_of(venv: Path) -> Path:
    """The interpreter of an environment."""
    return venv / "bin" / "python"


def shown(path: Path) -> str:
    """A path as a person reads it: from the repository when it lies inside."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
