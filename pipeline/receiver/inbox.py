"""A desk's inbox: one JSON line per forward it took, one file per day, on disk before it is acknowledged.

A line that a crash cut short was never acknowledged: it is removed at the next start, and the sender sends it again. When a
day's file is deleted, the ids in it that have not expired yet are kept in another file, so that these forwards cannot be
replayed.
"""

import errno
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeAlias

import msgspec
import structlog

from pipeline.errors import Misconfigured
from pipeline.runtime.private import open_private, private_folder, sync_folder, write_private
from schemas.base import UNREADABLE, EpochMs, Message
from schemas.outcomes import Forward

log = structlog.get_logger()
DAY_MS = 86_400_000
DAYS = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].jsonl"


class InboxEntry(Message, frozen=True, kw_only=True):
    """One line of the inbox: the time of receipt (UTC), the sender's country, the forward, and the JWS text that the sender
    signed."""

    received_at_ms: EpochMs
    sender: str
    forward: Forward
    signed: str


class _Known(msgspec.Struct):
    forward_id: str
    expires_at_ms: int = 0


class _Line(msgspec.Struct):
    received_at_ms: int
    forward: _Known
    sender: str = ""  # lines of unexpired ids that an earlier version wrote are of whichever sender


_Id: TypeAlias = tuple[str, str]
"""A sender's country and the id of its forward: ids can be foreseen, so one sender's says nothing of another's."""


UNEXPIRED = "unexpired.jsonl"


class Inbox:
    """The forwards that a desk took in the last `keep_days` days. For one process and one thread."""

    def __init__(self, folder: Path, *, keep_days: int, now_ms: int) -> None:
        """Open the folder, read its files, and delete those of days older than keep_days. now_ms: UTC. Raises Misconfigured
        when another process uses the folder."""
        self._folder = folder
        self._keep_days = keep_days
        self._known: dict[_Id, _Line] = {}
        self._day = ""
        self._last_at_ms: int | None = None
        self._file: IO[bytes] | None = None
        private_folder(folder)
        self._lock = open_private(folder / "lock", "truncate")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise Misconfigured("inbox", found=f"{folder}, in use", allowed="a folder of this desk alone") from error
        for file in (folder / UNEXPIRED, *self._day_files()):
            if file.exists():
                self._load(file)
        self._drop_old(now_ms)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def last_at_ms(self) -> int | None:
        """When the newest forward was received, UTC ms; None: there is none."""
        return self._last_at_ms

    def received_at_ms(self, sender: str, forward_id: str) -> int | None:
        """When this forward of this sender was received, UTC ms; None: it was not."""
        known = self._known.get((sender, forward_id)) or self._known.get(("", forward_id))
        return None if known is None else known.received_at_ms

    def append(self, entry: InboxEntry) -> None:
        """Write an entry; it is on disk when this returns. Raises OSError; then nothing of the entry is in the inbox."""
        line = msgspec.json.encode(entry) + b"\n"
        file = self._file_of(entry.received_at_ms)
        end = file.seek(0, os.SEEK_END)
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), end)
            raise
        known = _Known(entry.forward.forward_id, entry.forward.expires_at_ms)
        self._know(_Line(entry.received_at_ms, known, entry.sender))

    def close(self) -> None:
        """Close the files, and allow another process to use the folder."""
        if self._file:
            self._file.close()
        self._lock.close()

    def _file_of(self, at_ms: int) -> IO[bytes]:
        day = _day_of(at_ms)
        if day != self._day or self._file is None:
            if self._file:
                self._file.close()
            self._drop_old(at_ms)
            self._file = open_private(self._folder / f"{day}.jsonl", "append", buffering=0)
            self._day = day
            sync_folder(self._folder)
        return self._file

    def _drop_old(self, now_ms: int) -> None:
        """Delete the files of days older than keep_days; keep the ids in them that have not expired yet."""
        oldest_ms = max(0, (now_ms // DAY_MS - self._keep_days + 1) * DAY_MS)
        old = [file for file in self._day_files() if file.stem < _day_of(oldest_ms)]
        kept = [line for line in self._known.values()
                if line.received_at_ms < oldest_ms and line.forward.expires_at_ms > now_ms]  # fmt: skip
        if old and not kept:
            (self._folder / UNEXPIRED).unlink(missing_ok=True)
        elif old:
            write_private(self._folder / UNEXPIRED, b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
        for file in old:
            file.unlink()
        self._known = {_id_of(line): line for line in kept} | {
            name: line for name, line in self._known.items() if line.received_at_ms >= oldest_ms
        }

    def _know(self, line: _Line) -> None:
        self._known[_id_of(line)] = line
        self._last_at_ms = max(self._last_at_ms or 0, line.received_at_ms)

    def _day_files(self) -> list[Path]:
        return sorted(self._folder.glob(DAYS))

    def _load(self, file: Path) -> None:
        with open_private(file, "change") as stream:
            good = 0
            for number, line in enumerate(stream, start=1):
                if not line.endswith(b"\n"):
                    log.warning("inbox.cut_line_dropped", file=file.name, line=number)
                    stream.truncate(good)
                    break
                good += len(line)
                try:
                    known = msgspec.json.decode(line, type=_Line)
                except UNREADABLE as error:
                    log.error("inbox.line_unreadable", file=file.name, line=number, error=str(error))
                    continue
                self._know(known)


def read_inbox(folder: Path) -> list[InboxEntry]:
    """Every complete entry of an inbox, oldest first; a desk may be running on it. Raises msgspec.DecodeError for a damaged
    line."""
    entries = []
    for file in sorted(folder.glob(DAYS)):
        lines = file.read_bytes().split(b"\n")[:-1]
        entries += [msgspec.json.decode(line, type=InboxEntry) for line in lines]
    return entries


def _id_of(line: _Line) -> _Id:
    return line.sender, line.forward.forward_id


def _day_of(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
