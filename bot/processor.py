"""Which of the linear algebra library's kernels this machine's processor can run.

The OpenBLAS inside the locked NumPy and SciPy knows processors by their model numbers, up to those of its year. On a
later one it takes the oldest kernels it has: four times slower, and its triangular solve then ends the process.
What the processor can do stands in its flags, and those it can be told by.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
SETTING = "OPENBLAS_CORETYPE"
# Best first: a name of OpenBLAS and the flags its kernels need.
KERNELS = (
    ("SkylakeX", {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}),
    ("Haswell", {"avx2", "fma"}),
)


def name_kernels(environment: MutableMapping[str, str] = os.environ, cpuinfo: Path = CPUINFO) -> None:
    """Must run before NumPy is imported. Leaves alone what the environment names and unknown processors."""
    kernels = kernels_for(flags(cpuinfo))
    if kernels:
        environment.setdefault(SETTING, kernels)


def kernels_for(flags: set[str]) -> str | None:
    """The best kernels that need no more than these flags."""
    return next((name for name, needed in KERNELS if needed <= flags), None)


def flags(cpuinfo: Path) -> set[str]:
    """The first processor's flags as Linux names them; none where there is no such file."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    found = (line.partition(":")[2] for line in lines if line.startswith("flags"))
    return set(next(found, "").split())
