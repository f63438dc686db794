"""Files that are written whole or not at all, and that only their owner may read (passwords, keys) or write (settings)."""

import os
import stat
from pathlib import Path

from pipeline.errors import Misconfigured

OWNER_ONLY = 0o600
WRITABLE, OPEN = 0o022, 0o077
"""Modes that let others write; that let others do anything."""


def write_private(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """Replace the file in one step. It is on disk when this returns, and at no time has more rights than mode. Raises OSError."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


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
