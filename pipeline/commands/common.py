"""Shared by the commands: exit codes, output, and how an error ends a command."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import orjson

from pipeline.errors import BadRecord, Misconfigured, Unavailable, VigieError
from pipeline.runtime.private import private_folder
from pipeline.runtime.terminal import Terminal, styled, visible_json

EXIT_OK = 0
EXIT_REFUSED = 1  # the input, or the outcome, is not as it should be
EXIT_USAGE = 2  # a wrong flag or setting
EXIT_UNAVAILABLE = 3  # a server that is needed does not answer
EXIT_INTERRUPTED = 130

EXIT_CODES = "Exit codes: 0 done, 1 refused or not as expected, 2 wrong usage or setting, 3 servers unavailable, 130 interrupted."

errors = Terminal(stderr=True)


def run_async(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run the coroutine that `work` makes on uvloop, and return its result."""

    async def awaited() -> Any:
        return await work()

    import uvloop

    return uvloop.run(awaited())


def check_data_folder(folder: Path) -> None:
    """Make the data folder if it is missing. Raises Misconfigured when it cannot be made or written to."""
    try:
        private_folder(folder)
        why = None if os.access(folder, os.W_OK | os.X_OK) else "it cannot be written to"
    except OSError as error:
        why = error.strerror
    if why:
        allowed = f"a folder that can be made and written to ({why})"
        raise Misconfigured("VIGIE_DATA_DIR", found=str(folder), allowed=allowed)


def print_json(value: Any) -> None:
    """Print one JSON value on a line of standard output."""
    sys.stdout.buffer.write(visible_json(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)))
    sys.stdout.buffer.flush()


def fail(error: VigieError) -> NoReturn:
    """Print what is wrong and end the command with the exit code of the error."""
    errors.print(styled(("vigie:", "bold red"), f" {error}"))
    if type(error) is Unavailable:  # the others say themselves what to do
        errors.print("Start it, or try again once it is back; `vigie doctor` says what is amiss.")
    raise SystemExit(exit_code_of(error))


def exit_code_of(error: VigieError) -> int:
    """The exit code of a command that ends with this error: 2 for Misconfigured, 3 for Unavailable, 1 for any other."""
    match error:
        case Misconfigured():
            return EXIT_USAGE
        case Unavailable():
            return EXIT_UNAVAILABLE
        case BadRecord():
            return EXIT_REFUSED
    return EXIT_REFUSED
