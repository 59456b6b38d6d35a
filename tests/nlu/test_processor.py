"""The kernels of the linear algebra library are chosen by what the processor can do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.processor import KERNELS, SETTING, name_kernels
from bot.settings import ROOT

OLD = "fpu sse sse2 sse4_1"
AVX2 = f"{OLD} avx avx2 fma"
AVX512 = f"{AVX2} avx512f avx512cd avx512bw avx512dq avx512vl"


@pytest.fixture
def cpuinfo(tmp_path: Path) -> Path:
    return tmp_path / "cpuinfo"


def chosen(cpuinfo: Path, flags: str, **environment: str) -> str | None:
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: Any\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
    name_kernels(environment, cpuinfo)
    return environment.get(SETTING)


@pytest.mark.parametrize(("flags", "kernels"), [(AVX512, "SkylakeX"), (AVX2, "Haswell"), (OLD, None), ("", None)])
def test_a_processor_gets_the_best_kernels_it_can_run(cpuinfo: Path, flags: str, kernels: str | None) -> None:
    assert chosen(cpuinfo, flags) == kernels


@pytest.mark.parametrize("lacking", sorted(KERNELS[0][1]))
def test_a_processor_that_lacks_one_of_the_newest_flags_gets_the_kernels_before(cpuinfo: Path, lacking: str) -> None:
    assert chosen(cpuinfo, " ".join(set(AVX512.split()) - {lacking})) == "Haswell"


def test_what_the_environment_names_is_left_alone(cpuinfo: Path) -> None:
    assert chosen(cpuinfo, AVX512, **{SETTING: "Zen"}) == "Zen"


def test_without_linux_processor_file_nothing_is_named(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    name_kernels(environment, tmp_path / "none")
    assert environment == {}


def test_a_system_of_the_classifiers_kind_is_solved_on_this_machine() -> None:
    """In a process of its own: a wrong kernel does not raise, it ends the process."""
    solve = (
        "import bot, numpy as np; from bot.nlu.classifier import _solve;"
        "points = np.random.default_rng(0).standard_normal((1500, 64)).astype(np.float32);"
        "system = points @ points.T + 100 * np.eye(1500, dtype=np.float32);"
        "targets = np.ones((1500, 7), dtype=np.float32);"
        "weights, _ = _solve(system.copy(), targets);"
        "assert np.abs(system @ weights - targets).max() < 1e-3"
    )
    assert subprocess.run([sys.executable, "-c", solve], cwd=ROOT, check=False).returncode == 0
