"""The first thing that a child runs: ask Linux to end it when its parent ends, keep what it writes for its owner alone, then
become the wanted program.

``python -I -S launch.py PARENT_PID PROGRAM ARGUMENT...``. A program of its own rather than a ``preexec_fn``, because
code between fork and exec is not safe beside threads. Standard library only; elsewhere than on Linux it only becomes
the program.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
ISOLATED = (sys.executable, "-I", "-u")
"""This Python, for a child: it imports what is installed and nothing from the working folder, whoever may write there, nor
what PYTHON* variables name; its output comes at once."""


def main(parent_pid: int, argv: list[str]) -> None:
    """Never returns: becomes argv, or exits with 127 when that cannot be run."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it ended before it could be asked for
            sys.exit(1)
    os.umask(0o077)
    try:
        os.execv(argv[0], argv)
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
