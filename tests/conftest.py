"""What tests of several folders share: the real stack, started once for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.stack import Stack


@pytest.fixture(scope="session")
def desk_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Rasa, the action server and the backend, with the testing surface, an own state folder and free ports."""
    with Stack({"LECTERN_TESTING": "1", "LECTERN_DEMO": "1"}, tmp_path_factory.mktemp("desk")) as stack:
        yield stack


@pytest.fixture(scope="session")
def desk_address(request: pytest.FixtureRequest) -> str:
    """Where the desk answers: LECTERN_TEST_ADDRESS, for a desk that runs already, or the stack started here."""
    running = os.environ.get("LECTERN_TEST_ADDRESS")
    return running or request.getfixturevalue("desk_stack").address


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).resolve().parent.parent
