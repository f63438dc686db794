"""Plays a dishonest administrator, who has the folder and often the log's key, and changes the record to hide something.

    python -m tests.tampering --tries 10000 --seed 1

Each try takes an honest log, of which an outsider has the public key and one or two checkpoints, changes it in one way, and
asks both verifiers. Exit code 1 when either takes a changed log for the honest one.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pipeline.access.tiles import WIDTH, Kept, bundle, entries_in, kept
from pipeline.record.log_folder import LogFolder
from pipeline.record.reading import packed_records
from pipeline.record.source import FolderSource
from pipeline.record.verify import verify
from tests.oracles import record_verifier
from tests.record_logs import SIGNER, a_log, kept_entries

KEY = SIGNER.verifier
SIZES = (150, 300, 530)
"""At these the honest log was vouched for: before a full tile, within the second, and within the third."""


@dataclass(frozen=True, slots=True)
class Case:
    """An honest log: its folder, its records, and the checkpoints that were handed out."""

    folder: Path
    records: Sequence[Kept]
    notes: Sequence[str]


Deed = Callable[[Case, Path, Random], None]


def honest(folder: Path) -> Case:
    """A log as the platform makes it."""
    notes = a_log(folder / "record", *SIZES)
    return Case(folder / "record", [kept(one) for one in packed_records(folder / "record")], notes)


def _copy(case: Case, to: Path) -> Path:
    shutil.copytree(case.folder, to)
    return to


def _rewritten(to: Path, records: Sequence[Kept]) -> None:
    """A log made again of these records, and signed with the log's own key: only handed-out checkpoints show the difference."""
    log = LogFolder(to, write=at_once)
    log.append([Kept(offset, one.record) for offset, one in enumerate(records)])
    log.vouch(SIGNER)


def at_once(path: Path, content: bytes) -> None:
    """Write a file without waiting for the disk: nothing crashes here, and 10,000 tries are many."""
    path.write_bytes(content)


def _below(case: Case, random: Random) -> int:
    """The index of an entry that some handed-out checkpoint covers."""
    return random.randrange(SIZES[-2])


def edit_and_sign(case: Case, to: Path, random: Random) -> None:
    """Change the time in an entry, make the log again and sign it."""
    records, at = list(case.records), _below(case, random)
    records[at] = Kept(0, records[at].record.replace(b'"at_ms":', b'"at_ms":1', 1))
    _rewritten(to, records)


def delete_and_sign(case: Case, to: Path, random: Random) -> None:
    """Leave out an entry, make the log again and sign it."""
    at = _below(case, random)
    _rewritten(to, [*case.records[:at], *case.records[at + 1 :]])


def insert_and_sign(case: Case, to: Path, random: Random) -> None:
    """Add a false entry, make the log again and sign it."""
    at = _below(case, random)
    _rewritten(to, [*case.records[:at], *kept_entries(1, first=9_000), *case.records[at:]])


def reorder_and_sign(case: Case, to: Path, random: Random) -> None:
    """Swap two entries, make the log again and sign it."""
    records = list(case.records)
    first, second = random.sample(range(SIZES[-2]), 2)
    records[first], records[second] = records[second], records[first]
    _rewritten(to, records)


def cut_the_tail_and_sign(case: Case, to: Path, random: Random) -> None:
    """Leave out the last entries, though a checkpoint covers them, make the log again and sign it."""
    _rewritten(to, case.records[: random.randrange(SIZES[-1])])


def fork_and_sign(case: Case, to: Path, random: Random) -> None:
    """Replace all entries after some index, make the log again and sign it."""
    at = _below(case, random)
    _rewritten(to, [*case.records[:at], *kept_entries(SIZES[-1] - at, first=20_000 + at)])


def rewrite_all_and_sign(case: Case, to: Path, random: Random) -> None:
    """Make a log of other entries, of any length, and sign it."""
    _rewritten(to, kept_entries(random.randrange(1, 800), first=random.randrange(50_000) * 2))


def flip_a_bit(case: Case, to: Path, random: Random) -> None:
    """Flip one bit in some file of the log, as an editor or a failing disk may.

    It is not one of the offset in front of a record: that is the log's own note of where the record came from, and nothing
    vouches for it.
    """
    file = random.choice([path for path in _copy(case, to).rglob("*") if path.is_file() and matters(path)])
    content = bytearray(file.read_bytes())
    at = random.randrange(len(content))
    if "/records/" in file.as_posix():
        packed = random.choice(entries_in(bytes(content)))
        at = content.index(packed) + random.randrange(8, len(packed))
    content[at] ^= 1 << random.randrange(8)
    file.write_bytes(content)


def remove_a_file(case: Case, to: Path, random: Random) -> None:
    """Delete a bundle or a tile."""
    random.choice([path for path in _copy(case, to).rglob("*") if path.is_file() and matters(path)]).unlink()


def swap_in_a_bundle(case: Case, to: Path, random: Random) -> None:
    """Swap two records in a bundle of records, or two entries in a bundle of entries, without the key."""
    files = [
        path
        for path in _copy(case, to).rglob("*")
        if path.is_file() and matters(path) and "checkpoint" not in path.name
    ]
    file = random.choice([path for path in files if "/tile/" not in path.as_posix() or "/entries/" in path.as_posix()])
    entries = entries_in(file.read_bytes())
    first, second = random.sample(range(len(entries)), 2)
    entries[first], entries[second] = entries[second], entries[first]
    file.write_bytes(bundle(entries))


def drop_from_a_bundle(case: Case, to: Path, random: Random) -> None:
    """Remove a record, or an entry, from its bundle."""
    files = [
        path
        for path in _copy(case, to).rglob("*")
        if path.is_file() and matters(path) and "checkpoint" not in path.name
    ]
    file = random.choice([path for path in files if "/tile/" not in path.as_posix() or "/entries/" in path.as_posix()])
    entries = entries_in(file.read_bytes())
    del entries[random.randrange(len(entries))]
    file.write_bytes(bundle(entries))


def put_an_old_checkpoint_back(case: Case, to: Path, random: Random) -> None:
    """Put back an earlier checkpoint with its genuine signature; the rest of the log stays."""
    (_copy(case, to) / "public" / "checkpoint").write_text(random.choice(case.notes[:-1]))


def sign_with_another_key(case: Case, to: Path, random: Random) -> None:
    """Replace the log by one of other entries, signed with another key of the same name."""
    a_log(to, random.randrange(1, 600), signer=type(SIGNER).generate(SIGNER.name))


DEEDS: tuple[Deed, ...] = (
    edit_and_sign, delete_and_sign, insert_and_sign, reorder_and_sign, cut_the_tail_and_sign, fork_and_sign,
    rewrite_all_and_sign, flip_a_bit, remove_a_file, swap_in_a_bundle, drop_from_a_bundle, put_an_old_checkpoint_back,
    sign_with_another_key,
)  # fmt: skip


def matters(path: Path) -> bool:
    """Whether an outsider reads this file. The ledger and the lock are for the log itself, and nobody reads old partial
    tiles."""
    if path.name in ("ledger", "lock"):
        return False
    return path.parent.suffix != ".p" or int(path.name) in (SIZES[-1] % WIDTH, SIZES[-1] // WIDTH)


def unseen(case: Case, deed: Deed, random: Random, scratch: Path) -> list[str]:
    """The names of the verifiers that take a log for the honest one after the deed has changed it; none where both see it."""
    to = scratch / "changed"
    shutil.rmtree(to, ignore_errors=True)
    deed(case, to, random)
    handed_out = [(f"kept {at}", note) for at, note in enumerate(case.notes)]
    blind = [] if verify(FolderSource(to), [KEY], (), handed_out).faults else ["verify"]
    try:
        record_verifier.accept(to, [KEY.text()], case.notes)
    except record_verifier.Rejected:
        return blind
    return [*blind, "the second verifier"]


def main() -> int:
    """Run the tries, and print how many of each kind were found and not found. Returns 1 when any was not found, else 0."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tries", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    random, found, missed = Random(asked.seed), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        case = honest(Path(scratch))
        for _ in range(asked.tries):
            deed = random.choice(DEEDS)
            blind = unseen(case, deed, random, Path(scratch))
            (missed if blind else found)[deed.__name__] += 1
    for deed in DEEDS:
        sys.stdout.write(f"{deed.__name__:28} found {found[deed.__name__]:6}  not found {missed[deed.__name__]:6}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
