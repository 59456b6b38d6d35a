"""An office for every test: a desk, and a double of Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.backend.conftest import (  # noqa: F401  the databases of the backend's tests
    database_url,
    migrated_postgres,
    migrated_sqlite,
    quick_parts,
    sqlite_url,
)
from tests.slack.office import Office, running_office


@pytest.fixture
async def office(sqlite_url: str, quick_parts: None) -> AsyncIterator[Office]:  # noqa: F811
    """A running desk with Slack, on SQLite."""
    async with running_office(sqlite_url) as office:
        yield office


@pytest.fixture
async def each_office(database_url: str, quick_parts: None) -> AsyncIterator[Office]:  # noqa: F811
    """The same, once on each database."""
    async with running_office(database_url) as office:
        yield office
