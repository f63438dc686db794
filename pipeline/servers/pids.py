"""Identifies processes by pid and start time, kept in a file, so that a process that got a reused pid is never taken for the
old one."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from pipeline.runtime.private import write_private
from schemas.base import UNREADABLE


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Identifies one process, also after its pid is used again. started: see `started`. argv: its command line, for
    messages."""

    pid: int
    started: str
    argv: tuple[str, ...] = ()


def started(pid: int) -> str | None:
    """When the living process with this pid began, as text; None: there is none, or it is a zombie.

    On Linux it is the boot's id and clock ticks since the boot, which stay right when the machine's clock is set; psutil
    only gives a date, which is used elsewhere.
    """
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            threads = sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return None
        state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
        ended = state in "ZX" and threads < 2  # its other threads may outlive the first, and hold its ports till then
        return None if ended else f"{boot}/{fields[18]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.Error:
        return None


def identity_of(pid: int, argv: tuple[str, ...] = ()) -> Identity | None:
    """The identity of the process that has this pid now; None if there is none. argv: kept in the identity."""
    began = started(pid)
    return None if began is None else Identity(pid=pid, started=began, argv=argv)


def lives(identity: Identity) -> bool:
    """Whether the process with this pid and start time still runs."""
    return started(identity.pid) == identity.started


def all_ended(identities: Sequence[Identity], within_s: float) -> bool:
    """Wait until all of these processes have ended, at most within_s; returns whether they have. They need not be children
    of this one."""
    until = time.monotonic() + within_s
    while any(map(lives, identities)) and time.monotonic() < until:
        time.sleep(0.02)  # a stranger's end cannot be waited for
    return not any(map(lives, identities))


def write(path: Path, identity: Identity) -> None:
    """Write the identity into the file, replacing it in one step."""
    write_private(path, msgspec.json.encode(identity))


def read(path: Path) -> Identity | None:
    """The identity in the file, or None when the file is missing or incomplete."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except (OSError, *UNREADABLE):
        return None


def end_orphans(folder: Path, *, grace_s: float = 3.0) -> list[Identity]:
    """Ask the processes that this folder's pid files name, and their process groups, to end: SIGTERM, then SIGKILL after
    grace_s. Removes the files.

    Blocks. Returns the processes that ran when it was called; one that may not be signalled can still run. A different process
    that now has such a pid is left alone.
    """
    files = sorted(folder.glob("*.pid"))
    orphans = [identity for file in files if (identity := read(file)) is not None and lives(identity)]
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for orphan in filter(lives, orphans):
            signal_group(orphan.pid, sent)
        all_ended(orphans, grace_s)
    for file in files:
        file.unlink(missing_ok=True)
    return orphans


def signal_group(pid: int, sent: signal.Signals) -> None:
    """Send the signal to the process group that pid leads; does nothing when there is none."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sent)
