"""Reads a log's files from its folder, a copy of it, or a web server. They are verified elsewhere."""

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from pipeline.access.ledger import PUBLIC
from pipeline.access.tiles import WIDTH
from pipeline.errors import Misconfigured, Unavailable

MOST_BYTES = 32 * 1024 * 1024
"""Of one file: 256 records of the largest size fit."""
TIMEOUT_S = 20.0


class Source(Protocol):
    """A log's files, by path below its prefix. whole: the records are part of it, so a missing one is a fault. place: by which
    source_of finds the same log in another process; None: it is in this process alone."""

    whole: bool
    place: str | None

    def read(self, path: str) -> bytes | None:
        """The file's content; None: there is no such file. Raises Unavailable when it cannot be read."""
        ...


class FolderSource:
    """A folder: the log's own or an export, with records/ and public/, or the public part alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place: str | None = str(folder.absolute())
        self.whole = (folder / PUBLIC).is_dir()
        self._public = folder / PUBLIC if self.whole else folder

    def read(self, path: str) -> bytes | None:
        """See Source.read."""
        file = (self._folder if path.startswith("records/") else self._public) / path
        try:
            with file.open("rb") as opened:
                return opened.read(MOST_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unavailable(f"{file} ({error.strerror})") from error


class WebSource:
    """The public part of a log behind an https:// or http:// prefix. Records are never there."""

    whole = False

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.rstrip("/")
        self.place: str | None = self._prefix

    def read(self, path: str) -> bytes | None:
        """See Source.read."""
        if path.startswith("records/"):
            return None
        try:
            with urllib.request.urlopen(f"{self._prefix}/{path}", timeout=TIMEOUT_S) as answer:
                return bytes(answer.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            if error.code in (403, 404, 410):
                return None
            raise Unavailable(f"{self._prefix} ({error})") from error
        except OSError as error:
            raise Unavailable(f"{self._prefix} ({error})") from error


def read_part(source: Source, path_of: Callable[[int, int], str], index: int, width: int) -> bytes | None:
    """The bytes of the tile or bundle with this index and width (entries). If there is no such file, the full one, uncut:
    the caller cuts it. None: neither exists. Raises Unavailable."""
    found = source.read(path_of(index, width))
    return source.read(path_of(index, WIDTH)) if found is None and width < WIDTH else found


def source_of(place: str) -> Source:
    """The log in a folder or at a URL. Raises Misconfigured when there is no such folder; a URL is not tried yet."""
    if urlsplit(place).scheme in ("http", "https"):
        return WebSource(place)
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise Misconfigured("LOG", found=place, allowed="a folder that holds a log, or the https:// prefix of one")
    return FolderSource(folder)
