"""A short run of the model-based test; `make soak` is the long one."""

from __future__ import annotations

import pytest

from tests.scenarios.runner import Api
from tests.soak.machine import Machine


@pytest.mark.parametrize("seed", [11, 23])
def test_whatever_people_do_money_records_and_transcripts_agree(seed: int, desk_address: str) -> None:
    machine = Machine(Api(desk_address), seed)
    for _ in range(60):
        machine.step()
