"""How Vigie works. What is imported from here on comes from where it is installed, never from the working folder.

An empty part of PYTHONPATH (`PYTHONPATH=:/opt/lib`, as `export PYTHONPATH=$PYTHONPATH:/opt/lib` leaves it) stands for the working
folder, in which a stranger may have put a module.
"""

import os
import sys
from pathlib import Path


def _leave_working_folder() -> None:
    """Take out of Python's path what an empty part of PYTHONPATH has put there: the working folder."""
    parts = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    here = {"", str(Path.cwd())} - set(parts)
    if len(parts) > 1 and "" in parts and not sys.flags.ignore_environment:
        sys.path[1:] = [place for place in sys.path[1:] if place not in here]


_leave_working_folder()
