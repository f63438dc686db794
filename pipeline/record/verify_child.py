"""Checks every n-th run of a log in a process of its own: `python -I -m pipeline.record.verify_child`.

It reads a Share from standard input, and writes each Checked after its length in four bytes. Isolated (-I): nothing in the
folder where somebody verifies a log is run.
"""

import contextlib
import fcntl
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import msgspec

from pipeline.access.tiles import WIDTH
from pipeline.errors import Unavailable
from pipeline.record.bundles import Run, check_run
from pipeline.record.source import source_of

RUN_BUNDLES = 64
_LENGTH_BYTES = 4
_PIPE_BYTES = 1024 * 1024  # a whole Run fits: a child goes on with its next one while the other is read
_LOST = "a process that verifies the log"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """The runs that one process checks: every `step`th from `first` on. place: of the log, as source_of takes it. size: entries.
    wanted: see check_run."""

    place: str
    size: int
    wanted: frozenset[int]
    first: int
    step: int


class Checked(msgspec.Struct, frozen=True):
    """The result of one run; or what was away, so that it could not be checked."""

    run: Run | None = None
    away: str | None = None


def runs_in(size: int) -> range:
    """The first bundle of each run of a log of so many entries."""
    return range(0, -(-size // WIDTH), RUN_BUNDLES)


def checked_elsewhere(place: str, size: int, wanted: frozenset[int], processes: int) -> Iterator[Run]:
    """Check all runs of a log in this many processes; yields them in order. Raises Unavailable when a file cannot be
    read, or a process ended."""
    with contextlib.ExitStack() as closing:
        children = [
            closing.enter_context(_child(Share(place=place, size=size, wanted=wanted, first=first, step=processes)))
            for first in range(processes)
        ]
        for number in range(len(runs_in(size))):
            checked = _received(children[number % processes])
            if checked.run is None:
                raise Unavailable(checked.away or _LOST)
            yield checked.run


@contextlib.contextmanager
def _child(share: Share) -> Iterator[IO[bytes]]:
    """The output of a process that checks this share. The process ends with the block."""
    command = (sys.executable, "-I", "-m", "pipeline.record.verify_child")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        try:
            with contextlib.suppress(OSError, AttributeError):  # a smaller pipe only costs time
                fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            with process.stdin as told, contextlib.suppress(BrokenPipeError):
                told.write(msgspec.msgpack.encode(share))
            yield process.stdout
        finally:
            process.kill()


def _received(stream: IO[bytes]) -> Checked:
    head = stream.read(_LENGTH_BYTES)
    length = int.from_bytes(head, "big")
    data = stream.read(length) if len(head) == _LENGTH_BYTES else b""
    if not data or len(data) < length:
        raise Unavailable(_LOST)
    return msgspec.msgpack.decode(data, type=Checked)


def main() -> None:
    """Check the runs of the share on standard input."""
    share = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Share)
    source, bundles = source_of(share.place), -(-share.size // WIDTH)
    for first in runs_in(share.size)[share.first :: share.step]:
        try:
            checked = Checked(run=check_run(source, first, min(first + RUN_BUNDLES, bundles), share.size, share.wanted))
        except Unavailable as error:
            checked = Checked(away=error.what)
        data = msgspec.msgpack.encode(checked)
        sys.stdout.buffer.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
        sys.stdout.buffer.flush()
        if checked.run is None:
            return


if __name__ == "__main__":
    main()
