"""The content of a file of reference data that was read to its end."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Generic, TypeVar

import msgspec

from pipeline.tables.columns import Table
from pipeline.tables.refusals import Refused
from schemas.base import Message

T = TypeVar("T", bound=Message)
_IN_MEMORY = 8 << 20  # bytes of checked items; more wait on disk
_WRITTEN_AT_ONCE = 1_000  # items


@dataclass(slots=True)
class Checked(Generic[T]):
    """A file that was read to its end. A context manager: leaving it drops the temporary file."""

    table: Table[T]
    good: int = 0  # items that may be taken
    bad: int = 0  # lines that may not
    digest: str = ""  # SHA-256 of the file, hex
    fatal: bool = False  # the file is broken as a whole: nothing may be taken
    refused: list[Refused] = field(default_factory=list)  # the first of them, by line
    changes: dict[str, list[str]] = field(default_factory=dict)  # of a delta: the keys to add, change and remove
    _spool: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  # __exit__ closes
    _waiting: list[bytes] = field(default_factory=list)
    _left_out: set[int] = field(default_factory=set)

    def add(self, key: str, data: bytes) -> None:
        """Add a good item, as JSON; empty: the item of this key is to be removed."""
        self._waiting.append(b"%b\t%b\n" % (key.encode(), data))
        self.good += 1
        if len(self._waiting) >= _WRITTEN_AT_ONCE:
            self._write()

    def leave_out(self, indexes: set[int]) -> None:
        """Take back the good items of these indexes, in the order in which they were added."""
        self._left_out = indexes
        self.good -= len(indexes)

    def _write(self) -> None:
        self._spool.write(b"".join(self._waiting))
        self._waiting.clear()

    def pairs(self) -> Iterator[tuple[str, bytes]]:
        """Key and JSON of every good item, in the file's order, without those to be removed or left out. May be called again."""
        self._write()
        self._spool.seek(0)
        for index, line in enumerate(self._spool):
            if index not in self._left_out:
                key, _, data = line.partition(b"\t")
                if len(data) > 1:
                    yield key.decode(), data[:-1]

    def keys(self) -> Iterator[str]:
        """The key of every item in the order in which they were added, also of those to be removed or left out."""
        self._write()
        self._spool.seek(0)
        return (line.partition(b"\t")[0].decode() for line in self._spool)

    def items(self) -> Iterator[T]:
        """Every good item that pairs() yields, decoded."""
        decoder = msgspec.json.Decoder(self.table.message)
        for _, data in self.pairs():
            yield decoder.decode(data)

    def __enter__(self) -> "Checked[T]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()
