"""The files of one watched folder: which may be taken now, and how each is taken, kept aside or removed.

A folder's files come from whoever an FTP server lets in. Links, devices and pipes are never opened, and a file is moved out of the
sender's reach before it counts, so that what is read is what is kept.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.gateway.pictures import is_whole
from pipeline.gateway.request import MAX_BODY
from pipeline.runtime.private import open_plain, private_folder, write_private

TAKEN, REFUSED = ".taken", ".refused"
SETTLED_S = 2.0
"""A file that has not grown for so long may be whole."""
ABANDONED_S = 60.0
"""A file without its end that has not grown for so long is taken as it is: its upload broke."""
TABLE_S = 10.0
"""A file whose form has no end of its own, such as a table, is taken when it has not grown for so long."""
MOST_AT_ONCE, MOST_LOOKED_AT, DEPTH = 200, 20_000, 6
MOST_REFUSED = 100
LONGEST = 200
"""The most bytes of a name, so that there is room for what is put before and after it."""
STALE_FOLDER_S = 86_400.0
_PARTIAL = (".tmp", ".part", ".partial", ".filepart", ".uploading", ".crdownload", ".writing")


class Content(NamedTuple):
    """A file's bytes, cut after MAX_BODY + 1, and what tells whether it has changed since."""

    data: bytes
    mark: tuple[int, int, int]  # inode, size, when it last grew (ns)

    @property
    def age_s(self) -> float:
        """Seconds since it last grew, by this machine's clock."""
        return time.time() - self.mark[2] / 1e9


def waiting(folder: Path) -> list[Path]:
    """The files in a sender's folder, and in the folders in it, that have not changed for SETTLED_S, the oldest first, at most
    MOST_AT_ONCE. Those whose name says that they are still being uploaded, or begins with a point, are left out. Raises OSError."""
    now_s, found = time.time(), list[tuple[float, Path]]()
    for count, entry in enumerate(_files(folder, DEPTH)):
        if count >= MOST_LOOKED_AT:
            break
        name = entry.name.lower()
        if name.startswith(".") or name.endswith(_PARTIAL):
            continue
        try:
            changed_s = entry.stat(follow_symlinks=False).st_mtime
        except FileNotFoundError:
            continue  # it has its final name by now
        if now_s - changed_s >= SETTLED_S or changed_s > now_s + SETTLED_S:
            found.append((changed_s, Path(entry.path)))
    return [path for _, path in sorted(found)[:MOST_AT_ONCE]]


def _files(folder: Path, depth: int) -> Iterator["os.DirEntry[str]"]:
    """The files of a folder, and of the folders in it down to this depth. Empty folders in it that have not changed for a day are
    removed: some cameras make one a day."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                yield entry
            elif entry.is_dir(follow_symlinks=False) and depth and not entry.name.startswith("."):
                yield from _files(Path(entry.path), depth - 1)
                _remove_if_stale(entry)


def _remove_if_stale(entry: "os.DirEntry[str]") -> None:
    if time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE_FOLDER_S:
        try:
            Path(entry.path).rmdir()
        except OSError:
            return  # it is not empty, or not ours


def content_of(path: Path) -> Content:
    """What is in a file. Raises OSError, also for what is no plain file."""
    with open_plain(path) as file:
        status = os.fstat(file.fileno())
        return Content(file.read(MAX_BODY + 1), (status.st_ino, status.st_size, status.st_mtime_ns))


def is_complete(content: Content) -> bool:
    """Whether a file may be taken: it shows its end, has not grown for so long that no more will come, is too large in any case,
    or its time lies ahead, so that its age says nothing."""
    data, age_s = content.data, content.age_s
    if age_s >= ABANDONED_S or age_s < -SETTLED_S or len(data) > MAX_BODY:
        return True
    start, end = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1], data.rstrip(b"\x00 \t\r\n")[-1:]
    if not start:
        return False
    if start == b"{" or start == b"[":
        return end in (b"}", b"]")
    if start == b"<":
        return end == b">"
    if data.startswith((b"\xff\xd8", b"\x89P")):
        return is_whole(data)
    return age_s >= TABLE_S


class Shelf:
    """Where a sender's files go: those that are taken, until they are kept, and those that were refused. root: the folder
    with all senders' folders, which are on one disk with it."""

    def __init__(self, root: Path, sender_id: str) -> None:
        self.folder = root / sender_id
        self._taken, self._refused = root / TAKEN / sender_id, root / REFUSED / sender_id
        self._number = time.time_ns()

    def prepare(self) -> None:
        """Make the sender's folder and the two beside it. Raises OSError."""
        for folder in (self.folder, self._taken, self._refused):
            private_folder(folder)

    def left(self) -> list[Path]:
        """What was taken and not settled yet, the oldest first, also by an earlier process. Raises OSError."""
        return sorted(self._taken.iterdir())

    def take(self, path: Path) -> Path:
        """Move a file out of the sender's reach. Raises OSError."""
        self._number = max(self._number + 1, time.time_ns())
        name = path.name if len(os.fsencode(path.name)) <= LONGEST else f"{path.name[:40]}_{path.name[-20:]}"
        return path.rename(self._taken / f"{self._number:020}-{name}")

    def name_of(self, taken: Path) -> str:
        """The name that the sender gave to a file that is taken."""
        return os.fsencode(taken.name.partition("-")[2]).decode("utf-8", "replace")

    def refuse(self, taken: Path, why: str) -> None:
        """Keep a file aside, with a text that says why; of all that were refused, the last MOST_REFUSED stay. Raises OSError."""
        aside = taken.rename(self._refused / taken.name)
        write_private(aside.with_name(f"{aside.name}.why.txt"), f"{why}\n")
        files = sorted(path for path in self._refused.iterdir() if not path.name.endswith(".why.txt"))
        for path in files[:-MOST_REFUSED]:
            path.unlink(missing_ok=True)
            path.with_name(f"{path.name}.why.txt").unlink(missing_ok=True)
