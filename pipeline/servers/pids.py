"""Which process is meant: a pid with its start time, kept in a file, so that a reused pid is never taken for ours."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.runtime.private import write_private


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One process, once and for all. started: when, in the system's own unit, unique together with the pid."""

    pid: int
    started: str
    argv: tuple[str, ...] = ()


def started(pid: int) -> str | None:
    """When the living process pid began (boot and clock ticks on Linux, a date elsewhere); None if there is none or it
    is only waiting to be reaped."""
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
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, date = shown.stdout.strip().partition(" ")
    return None if not date or state.startswith("Z") else date.strip()


def identity_of(pid: int, argv: tuple[str, ...] = ()) -> Identity | None:
    """The living process pid, or None."""
    began = started(pid)
    return None if began is None else Identity(pid=pid, started=began, argv=argv)


def lives(identity: Identity) -> bool:
    """Whether that very process still runs."""
    return started(identity.pid) == identity.started


def all_ended(identities: Sequence[Identity], within_s: float) -> bool:
    """Whether all of these processes, which need not be children of this one, end in time. Blocks until they have."""
    until = time.monotonic() + within_s
    while any(map(lives, identities)) and time.monotonic() < until:
        time.sleep(0.02)  # a stranger's end cannot be waited for
    return not any(map(lives, identities))


def write(path: Path, identity: Identity) -> None:
    """Replace the file in one step."""
    write_private(path, msgspec.json.encode(identity))


def read(path: Path) -> Identity | None:
    """What the file names, or None when it is absent or torn."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except (OSError, msgspec.MsgspecError):
        return None


def end_orphans(folder: Path, *, grace_s: float = 3.0) -> list[Identity]:
    """End what the pid files of this folder name and that still runs: SIGTERM, after grace_s SIGKILL; remove the files.

    Blocks. Returns the processes that were ended. A pid that another process has by now is left alone.
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
    """Signal the process group that pid leads; nothing happens when it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sent)
