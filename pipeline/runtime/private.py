"""Writes files that only their owner may read, as all of Vigie's files are, and reads files that only their owner may
change.

Files hold plates, keys or logs. A file has mode 0600 whatever the umask. A path that is a symbolic link is refused or
replaced by a file: whoever can place a link in a folder must not choose what is overwritten.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from pipeline.errors import Misconfigured

OWNER_ONLY = 0o600
WRITABLE, OPEN = 0o022, 0o077
"""Modes that let others write; that let others do anything."""
FOLDER_MODE, UMASK = 0o700, 0o077
_ALWAYS = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FLAGS: dict[str, int] = {
    "new": os.O_WRONLY | os.O_EXCL,  # must not exist
    "truncate": os.O_WRONLY | os.O_TRUNC,
    "append": os.O_WRONLY | os.O_APPEND,
    "change": os.O_RDWR,
}
_WORDS = {"new": "wb", "truncate": "wb", "append": "ab", "change": "r+b"}


def open_private(path: Path, how: Literal["new", "truncate", "append", "change"], *, buffering: int = -1) -> IO[bytes]:
    """Open the file for writing; a missing one is made with mode 0600. Raises OSError, also where the path is a symbolic
    link, and for `new` where it exists."""
    descriptor = os.open(path, _FLAGS[how] | _ALWAYS, OWNER_ONLY)
    return os.fdopen(descriptor, _WORDS[how], buffering)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = False, mode: int = OWNER_ONLY) -> Iterator[IO[bytes]]:
    """A file to write, which takes the path's name when the block ends without an error; else nothing changes. Raises
    OSError.

    durable: content and name are on the disk when the block has ended.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(partial, _FLAGS["new"] | _ALWAYS, mode), "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def write_private(path: Path, content: bytes | str, *, mode: int = OWNER_ONLY) -> None:
    """Replace the file in one step, with this mode from the start. It is on the disk when this returns. Raises OSError."""
    with replacing(path, durable=True, mode=mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_once(path: Path, content: str) -> None:
    """Write the file unless it exists. Of several processes at once one succeeds, and no reader sees a part of it. Raises
    OSError."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open_private(partial, "new") as file:
            file.write(content.encode())
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def private_folder(path: Path) -> Path:
    """Make the folder, and missing ones above it, with mode 0700, and return its path. Raises OSError."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return path


def open_plain(path: Path) -> IO[bytes]:
    """Open a file for reading that somebody else put there. Raises OSError, also for a link, a device or a pipe, none of which is
    waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError(f"{path.name} is no plain file")
    return file


def sync_folder(folder: Path) -> None:
    """Write the folder's list of names to the disk: only then does a new or replaced file survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_trusted(setting: str, path: Path, *, modes: int) -> bytes:
    """The file's content, if only its owner may change it. modes: the permission bits that the file must not have (WRITABLE,
    OPEN). Nobody else may be able to write to its folder either, nor to that of the file that a link leads to.

    A file of OPEN is this user's or root's, and nobody else reads it. Root may also give it to one group of this process (mode
    0440): so a container is handed a secret that it does not own. 0444 is refused there, too: nobody can tell that a container
    holds no second user. Raises OSError, and Misconfigured, naming the setting and the cure, where another user owns the file,
    or may change or read it.
    """
    with path.open("rb") as file:
        _check_open(setting, path, file, modes)
        return file.read()


def check_file(setting: str, path: Path, *, modes: int) -> None:
    """Raise what read_trusted would, without reading the file."""
    with path.open("rb") as file:
        _check_open(setting, path, file, modes)


def _check_open(setting: str, path: Path, file: IO[bytes], modes: int) -> None:
    _refuse(setting, path, os.fstat(file.fileno()), modes)
    for folder in (path.absolute().parent, path.resolve().parent):
        status = folder.stat()
        if not status.st_mode & stat.S_ISVTX:  # in a sticky folder others cannot replace what is not theirs
            _refuse(setting, folder, status, WRITABLE)


def check_folder(setting: str, folder: Path) -> None:
    """Raise Misconfigured when another user owns the folder or may put files into it. setting: named in the message."""
    _refuse(setting, folder, folder.stat(), WRITABLE)


def _refuse(setting: str, path: Path, status: os.stat_result, modes: int) -> None:
    if status.st_uid not in (0, os.geteuid()):
        allowed = f"yours alone, or root's: chown it, or copy {path.name} into a folder of yours"
        raise Misconfigured(setting, found=f"{path}, which another user owns", allowed=allowed)
    if _open_bits(status) & modes:
        who, cure = ("change", "go-w") if modes == WRITABLE else ("read or change", "go-rwx")
        allowed = f"yours alone: chmod {cure} '{path}'"
        if modes == OPEN and status.st_uid != os.geteuid():
            allowed = (
                f"{allowed} and chown it, or have root give it to a group of this process with mode 0440 ({_CONTAINER})"
            )
        raise Misconfigured(setting, found=f"{path}, which others may {who}", allowed=allowed)


_CONTAINER = "in a container: uid, gid and mode of the secret; in Kubernetes fsGroup and defaultMode 0400"


def _open_bits(status: os.stat_result) -> int:
    """What others than its owner may do, as permission bits; without the reading of a group to which root gives the file, if this
    process is in that group."""
    bits = stat.S_IMODE(status.st_mode) & OPEN
    is_given = status.st_uid == 0 != os.geteuid() and status.st_gid in (os.getegid(), *os.getgroups())
    return bits & ~stat.S_IRGRP if is_given else bits


def private_by_default() -> None:
    """Set the umask so that all files made by this process and its children are readable by their owner alone."""
    os.umask(UMASK)
