"""Every scenario file is a test: a conversation with its end state, against the real stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.runner import ROOT, Api, read, run

FILES = sorted(path for path in ROOT.rglob("*.yml") if ROOT / "worlds" not in path.parents)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT).with_suffix("")) for path in FILES])
def test_the_conversation_ends_as_the_scenario_says(path: Path, desk_address: str) -> None:
    run(Api(desk_address), read(path))
