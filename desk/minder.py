"""A process that outlives the one that started it by a moment: when that one is gone, it ends what it has left behind.

It is told on standard input which process groups there are, a line each: `+1234` a new one, `-1234` one that has
ended. The end of its input is the end of the other: then the groups that are left are ended, with all that is in
them. The kernel's own promise (launch.py) is quicker, but known to Linux only, and does not reach children's children.
"""

import contextlib
import os
import signal
import sys


def mind(lines) -> None:
    """Read until the end, then end what is left."""
    groups = set()
    for line in lines:
        change, number = line[:1], int(line[1:])
        (groups.add if change == "+" else groups.discard)(number)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    mind(sys.stdin)
