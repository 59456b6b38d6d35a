"""`make soak`: the model-based test for ten minutes, with restarts, on a stack of its own."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time

from desk.stack import Stack
from tests.scenarios.runner import Api
from tests.soak.machine import Broken, Machine

STEPS = 120


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--seed", type=int, default=None, help="the first seed (the clock's); each run takes the next")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    ends, runs, steps = time.monotonic() + options.minutes * 60, 0, 0
    with tempfile.TemporaryDirectory() as folder, Stack({"LECTERN_TESTING": "1"}, folder) as stack:

        def restart() -> None:
            stack.kill("backend")
            stack.wait_ready()

        while time.monotonic() < ends:
            machine = Machine(Api(stack.address), seed + runs, restart)
            try:
                for _ in range(STEPS):
                    machine.step()
                    steps += 1
            except Broken as broken:
                print(broken)
                return 1
            runs += 1
            print(f"seed {machine.seed}: {STEPS} steps, everything holds", flush=True)
    print(f"{runs} people, {steps} steps, nothing broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
