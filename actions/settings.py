"""The settings of the action server, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_INTERNAL_URL = "http://127.0.0.1:5056"


class SettingsError(Exception):
    """Settings the action server cannot start with."""


@dataclass(frozen=True)
class Settings:
    """LECTERN_INTERNAL_URL, where the backend's internal API listens, and LECTERN_SERVICE_TOKEN, its bearer token."""

    internal_url: str
    service_token: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """SettingsError without a token."""
        token = environment.get("LECTERN_SERVICE_TOKEN")
        if not token:
            raise SettingsError("LECTERN_SERVICE_TOKEN is not set: expected the same token the backend has")
        return cls((environment.get("LECTERN_INTERNAL_URL") or DEFAULT_INTERNAL_URL).rstrip("/"), token)
