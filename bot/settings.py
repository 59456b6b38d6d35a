"""The settings of Rasa's process, read once from the environment.

| Variable | Meaning |
|---|---|
| LECTERN_RASA_SECRET | the bearer secret of the turn route; needed |
| LECTERN_SERVICE_TOKEN | the bearer token the action server asks for; needed |
| LECTERN_ACTIONS_URL | where the action server listens |
| LECTERN_TRACKER_URL | SQLAlchemy address of the tracker store |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"

DEFAULT_ACTIONS_URL = "http://127.0.0.1:5055/webhook"
DEFAULT_TRACKER_URL = "sqlite:///var/tracker.db"


class SettingsError(Exception):
    """Settings Rasa cannot start with; the message names each and says what to do."""


@dataclass(frozen=True)
class Settings:
    """Secrets are kept out of `repr`, so that no log line can show them."""

    actions_url: str
    tracker_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings; SettingsError names everything that is missing or wrong at once."""
        problems = [
            f"{name} is not set: expected a random secret, the same one the backend has"
            for name in ("LECTERN_RASA_SECRET", "LECTERN_SERVICE_TOKEN")
            if not environment.get(name)
        ]
        if problems:
            raise SettingsError("; ".join(problems))
        return cls(
            actions_url=environment.get("LECTERN_ACTIONS_URL") or DEFAULT_ACTIONS_URL,
            tracker_url=environment.get("LECTERN_TRACKER_URL") or DEFAULT_TRACKER_URL,
        )
