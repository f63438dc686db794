"""The launcher that every child process starts as: it asks Linux to end the process when its parent ends, makes new files
readable by their owner alone, then becomes the wanted program.

``python -I -S launch.py PARENT_PID PROGRAM ARGUMENT...``. It is a program of its own and not a ``preexec_fn``, because code
between fork and exec is not safe beside threads. It needs the standard library only. On systems other than Linux it does not
ask for the process to be ended with its parent.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
ISOLATED = (sys.executable, "-I", "-u")
"""This Python, for a child: it imports what is installed and nothing from the working folder, whoever may write there, nor
what PYTHON* variables name; its output comes at once."""


def main(parent_pid: int, argv: list[str]) -> None:
    """Replace this process by the program in argv. Never returns: exits with 1 when the program cannot be run, or
    the parent has ended."""
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
