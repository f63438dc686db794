"""The log's folder: grown batch by batch, whole after any crash, and by one process at a time.

    ledger            how far the log has come: replaced in one step once all that it speaks of is on disk
    lock              held by whoever grows or signs
    records/          the records, in bundles; for the eyes of auditors
    public/           checkpoint and tiles (c2sp.org/tlog-tiles); may be handed out, or served by any web server

The folder is on a disk of one machine. A log that is made anew elsewhere from the same topic is the same log.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

import msgspec

from pipeline.access.checkpoint import Checkpoint, NotProven, Signer, opened, signed
from pipeline.access.ledger import PUBLIC, Files, Ledger, grown, partials
from pipeline.access.tiles import WIDTH, Kept, entries_in, kept, records_path
from pipeline.errors import Misconfigured, Unavailable
from pipeline.runtime.private import open_private, private_folder, sync_folder, write_private
from schemas.base import UNREADABLE

CHECKPOINT = f"{PUBLIC}checkpoint"
LOCK_WITHIN_S = 5.0
_LEDGER, _LOCK = "ledger", "lock"


class LogFolder:
    """The log in a folder, which is made when it is missing. Every method raises Unavailable when the disk fails.

    write: replaces a file in one step, and returns when it is on disk.
    """

    def __init__(self, folder: Path, *, write: Callable[[Path, bytes], None] = write_private) -> None:
        self.folder = folder
        self._write_file = write

    def ledger(self) -> Ledger:
        """The state of the log. Raises Misconfigured for a damaged ledger."""
        path = self.folder / _LEDGER
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=Ledger)
        except FileNotFoundError:
            return Ledger()
        except OSError as error:
            raise _away(error) from error
        except UNREADABLE as error:
            cure = "one that `vigie worker audit` wrote: restore it, or move the folder away, and it is made anew from the topic"
            raise Misconfigured(
                f"the log in {self.folder}", found=f"a damaged ledger ({error})", allowed=cure
            ) from error

    def append(self, records: Sequence[Kept]) -> Ledger:
        """Add those of these records that come after the log's last one. They are on disk when this returns.

        records: in rising order of their offsets. Those before the log's next offset must be in it already: they come again
        after a crash. Raises Misconfigured as `ledger` does, and when the log holds another record at such an offset, or none:
        it was made of another topic. Raises BadRecord for a record that fits into no bundle.
        """
        with self._locked():
            before = self.ledger()
            self._compare([one for one in records if one.offset < before.next_offset], before)
            after, files = grown(before, [one for one in records if one.offset >= before.next_offset])
            if after.size > before.size:
                self._write(files)
                self._replace_ledger(after)
                self._drop_partials(files)
            return after

    def vouch(self, signer: Signer) -> str:
        """Sign a checkpoint of the whole log and write it where readers of the log find it. Returns the signed note.

        A checkpoint of the same size stays as it is, with the signatures that witnesses added. Raises Misconfigured when the log
        has another root than an earlier checkpoint of the same key and size, Unavailable while it is shorter than that.
        """
        with self._locked():
            ledger = self.ledger()
            checkpoint = Checkpoint(signer.name, ledger.size, ledger.root())
            earlier = self.checkpoint()
            if earlier is not None and (same := self._grown_from(earlier, signer, checkpoint)):
                return same
            note = signed(checkpoint, signer)
            self._write({**partials(ledger), CHECKPOINT: note.encode()})
            return note

    def checkpoint(self) -> str | None:
        """The latest signed checkpoint; None before the first."""
        try:
            return (self.folder / CHECKPOINT).read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise _away(error) from error

    def _grown_from(self, note: str, signer: Signer, now: Checkpoint) -> str | None:
        """The note if it is of the same state as `now`; None if the log has grown since. Raises Misconfigured, Unavailable."""
        try:
            earlier = opened(note, [signer.verifier]).checkpoint
        except NotProven:
            return None  # by another key: a log may change its key, and readers know both
        if earlier.size > now.size:
            raise Unavailable(f"the log in {self.folder}, which still lacks what it vouched for,")
        if earlier.size == now.size and earlier != now:
            found = f"another root over the {now.size} entries that a checkpoint vouched for"
            raise Misconfigured(
                f"the log in {self.folder}", found=found, allowed="what it was: `vigie audit verify` says more"
            )
        return note if earlier == now else None

    def _compare(self, records: Sequence[Kept], ledger: Ledger) -> None:
        """Check that the log holds these records, which come again after a crash. Raises Misconfigured."""
        known = {one.offset: one.record for one in self._since(records[0].offset, ledger)} if records else {}
        for one in records:
            if known.get(one.offset) != one.record:
                found = f"another record at offset {one.offset} of the topic of accesses, or none"
                cure = "of the topic that is read; was the topic deleted? Keep this folder, and name a new one in VIGIE_RECORD_DIR"
                raise Misconfigured(f"the log in {self.folder}", found=found, allowed=cure)

    def _since(self, offset: int, ledger: Ledger) -> Iterator[Kept]:
        """The log's records from this offset on, latest bundle first."""
        found = [kept(one) for one in ledger.tail]
        yield from found
        for index in reversed(range(ledger.size // WIDTH)):
            if found and found[0].offset <= offset:
                return
            with _disk():
                packed = (self.folder / records_path(index)).read_bytes()
            found = [kept(one) for one in entries_in(packed)]
            yield from found

    def _write(self, files: Files) -> None:
        for path, content in files.items():
            with _disk():
                self._make(Path(path).parent)
                self._write_file(self.folder / path, content)

    def _make(self, folder: Path) -> None:
        """Make the folder inside the log's; its name is on disk when this returns."""
        for part in (*reversed(folder.parents), folder):
            if not (self.folder / part).exists():
                private_folder(self.folder / part)
                sync_folder((self.folder / part).parent)

    def _replace_ledger(self, ledger: Ledger) -> None:
        with _disk():
            self._write_file(self.folder / _LEDGER, msgspec.msgpack.encode(ledger))

    def _drop_partials(self, files: Files) -> None:
        """Delete the partial tiles that became full ones."""
        for path in files:
            rmtree(self.folder / f"{path}.p", ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder's lock while the block lasts; the system releases it when the process ends. Raises Unavailable when
        another process holds it for LOCK_WITHIN_S."""
        with _disk():
            private_folder(self.folder)
            file = open_private(self.folder / _LOCK, "append")
        with file:
            until = time.monotonic() + LOCK_WITHIN_S
            while not _taken(file.fileno()):
                if time.monotonic() > until:
                    raise Unavailable(f"the log in {self.folder}, which another process holds,")
                time.sleep(0.01)
            yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _away(error) from error


def _away(error: OSError | UnicodeDecodeError) -> Unavailable:
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return Unavailable(f"the record's folder ({why})")
