"""`launch.py PARENT COMMAND …`: become COMMAND, to be ended by the kernel when the process PARENT is gone.

Run by desk.children; a program of its own because nothing safe can be done between fork and exec in a process that
has threads.
"""

import os
import signal
import sys


def end_with_parent(parent: int, signum: int = signal.SIGKILL) -> None:
    """Have the kernel send `signum` to this process when its parent ends (Linux; elsewhere nothing happens)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signum), 0, 0, 0)
    if os.getppid() != parent:
        # It ended before the kernel knew; later it would have been told.
        os.kill(os.getpid(), signum)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[2]} cannot be started: {error.strerror}")
