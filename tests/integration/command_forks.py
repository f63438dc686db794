"""Runs each command of `vigie` in a fork of a process that has loaded all of it: a process that can be killed, and starts at once.

A line on standard input is a JSON object with the arguments and the environment; a line on standard output the number of the
process. The first command runs in the server itself, so that its modules are loaded, and is answered when it has ended.
"""

import json
import os
import signal
import sys

from tests.integration.command_server import run


def forked(arguments: list[str], environment: dict[str, str]) -> int:
    """Start one command in a fork of this process. Returns the fork's pid."""
    number = os.fork()
    if number:
        return number
    run(arguments, environment)
    os._exit(0)


if __name__ == "__main__":
    first = json.loads(sys.stdin.readline())
    print(run(first["arguments"], first["environment"])["code"], flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is gone at once
    for line in sys.stdin:
        asked = json.loads(line)
        print(forked(asked["arguments"], asked["environment"]), flush=True)
