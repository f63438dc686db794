"""Files that only their owner may read: everything that Vigie writes is written here. And files that only their owner may change.

What is written holds plates, keys or logs. A file has mode 0600 whatever the umask; a name that is a symbolic link is refused, or
replaced, link and all: who can plant a link in a folder must not choose what is overwritten.
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
    """The file, open to be written; made with mode 0600 where it is missing. Raises OSError, also where it is a symbolic link."""
    descriptor = os.open(path, _FLAGS[how] | _ALWAYS, OWNER_ONLY)
    return os.fdopen(descriptor, _WORDS[how], buffering)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = False, mode: int = OWNER_ONLY) -> Iterator[IO[bytes]]:
    """A file that takes this name once all is written, whole or not at all; what had the name before goes. Raises OSError.

    durable: it is on the disk, and so is its name, before this returns.
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
    """Replace the file in one step. It is on disk when this returns, and at no time has more rights than mode. Raises OSError."""
    with replacing(path, durable=True, mode=mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_once(path: Path, content: str) -> None:
    """Give the file this content unless it exists: of several processes at once one wins, and no one sees half of it."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open_private(partial, "new") as file:
            file.write(content.encode())
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def private_folder(path: Path) -> Path:
    """The folder, made with mode 0700 where it is missing, and those above it. Raises OSError."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return path


def sync_folder(folder: Path) -> None:
    """Have the names of the folder's files on disk: a new or replaced file is safe only then."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_trusted(setting: str, path: Path, *, modes: int) -> bytes:
    """What the file holds. modes: those that it must not have (WRITABLE, OPEN); its folder must not be open to writing either.

    Raises OSError, and Misconfigured, naming the setting and the cure, where another user owns it or may change it.
    """
    with path.open("rb") as file:
        _refuse(setting, path, os.fstat(file.fileno()), modes)
        folder = path.absolute().parent
        status = folder.stat()
        if not status.st_mode & stat.S_ISVTX:  # in a sticky folder others cannot replace what is not theirs
            _refuse(setting, folder, status, WRITABLE)
        return file.read()


def check_folder(setting: str, folder: Path) -> None:
    """Raises Misconfigured where others may put files into the folder, or another user owns it."""
    _refuse(setting, folder, folder.stat(), WRITABLE)


def _refuse(setting: str, path: Path, status: os.stat_result, modes: int) -> None:
    if status.st_uid not in (0, os.geteuid()):
        allowed = f"yours alone, or root's: chown it, or copy {path.name} into a folder of yours"
        raise Misconfigured(setting, found=f"{path}, which another user owns", allowed=allowed)
    if stat.S_IMODE(status.st_mode) & modes:
        who, cure = ("change", "go-w") if modes == WRITABLE else ("read or change", "go-rwx")
        allowed = f"yours alone: chmod {cure} '{path}'"
        raise Misconfigured(setting, found=f"{path}, which others may {who}", allowed=allowed)


def private_by_default() -> None:
    """Have everything that this process and its children make readable by their owner alone, whoever writes it."""
    os.umask(UMASK)
