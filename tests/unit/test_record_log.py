"""The log's folder: whole whenever it is looked at, the same whoever makes it, and never another than was vouched for."""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.access import merkle
from pipeline.access.checkpoint import Signer, claimed, signer_of, witnessed
from pipeline.access.ledger import Ledger, grown, partials
from pipeline.access.tiles import Kept, Levels, bundle, commitment, entries_in, leaf_of, tile_path
from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.record.log_folder import LogFolder
from pipeline.record.reading import export, packed_records, shown
from pipeline.record.source import FolderSource
from pipeline.record.verify import Witnessed, root_over, verify
from pipeline.runtime.private import write_private
from schemas.topics import ACCESSES
from tests.oracles import record_verifier
from tests.record_logs import SIGNER, a_log, kept_entries

KEY = SIGNER.verifier


def plain(count: int) -> list[Kept]:
    """Records of no content that matters, with a hole in their offsets at every tenth."""
    return [Kept(number + number // 10, b"record %d" % number) for number in range(count)]


@given(st.lists(st.integers(0, 700), min_size=1, max_size=4))
def test_however_it_grows_the_tree_is_the_trees_of_its_entries(steps: list[int]) -> None:
    """In one batch or in several: the same root, and in the end the same files."""
    records, ledger, files, at = plain(sum(steps)), Ledger(), {}, 0
    tree = merkle.Tree()
    for step in steps:
        ledger, new = grown(ledger, records[at : at + step])
        files |= new
        for one in records[at : at + step]:
            tree.append(commitment(one.record))
        at += step
        assert tree.root() == ledger.root()
    at_once, all_files = grown(Ledger(), records)
    assert (at_once, all_files) == (ledger, files)
    assert partials(at_once) == partials(ledger)


def test_a_record_that_fits_into_no_bundle_never_enters_the_log() -> None:
    """It is refused before the tail, so that every later record and checkpoint is written; the largest message is taken."""
    largest = Kept(1, bytes(ACCESSES.max_message_bytes))
    ledger, _ = grown(Ledger(), [Kept(0, b"one"), largest])
    assert partials(ledger)
    with pytest.raises(BadRecord, match="too_large"):
        grown(ledger, [Kept(2, bytes(ACCESSES.max_message_bytes + 1))])


def test_tiles_lie_as_the_text_says() -> None:
    """The example of c2sp.org/tlog-tiles: 70,000 entries are 273 full tiles, one of 112, one full, one of 17, and one of 1."""
    ledger, files = grown(Ledger(), [Kept(number, b"%d" % number) for number in range(70_000)])
    full = {path for path in files if path.startswith("public/tile/0/")}
    assert 273 == len(full)
    assert ["public/tile/1/000"] == [path for path in files if path.startswith("public/tile/1/")]
    assert {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"} == {
        path.removeprefix("public/") for path in partials(ledger) if path.startswith("public/")
    }
    assert "tile/0/x001/x234/067" == tile_path(0, 1_234_067)


@given(st.integers(1, 600), st.data())
def test_roots_of_every_earlier_size_come_of_the_levels(size: int, data: st.DataObject) -> None:
    """As the tree had them then."""
    earlier = data.draw(st.integers(0, size))
    leaves = [leaf_of(one.record) for one in plain(size)]
    roots = []
    for first in range(0, size // 256 * 256, 256):
        full = merkle.Tree()
        for leaf in leaves[first : first + 256]:
            full.append_hash(leaf)
        roots.append(full.root())
    levels = Levels.over(roots, {index: leaves[index * 256 : index * 256 + 256] for index in range(size // 256 + 1)})
    tree = merkle.Tree()
    for leaf in leaves[:earlier]:
        tree.append_hash(leaf)
    assert tree.root() == root_over(levels, earlier)


@given(st.lists(st.binary(max_size=300), max_size=20), st.data())
def test_a_bundle_is_read_as_it_was_written_and_never_beyond_its_end(entries: list[bytes], data: st.DataObject) -> None:
    """Cut anywhere, it is refused or has fewer entries."""
    whole = bundle(entries)
    assert entries == entries_in(whole)
    cut = data.draw(st.integers(0, len(whole)))
    try:
        assert entries[: len(entries_in(whole[:cut]))] == entries_in(whole[:cut])
    except BadRecord as error:
        assert "within an entry" in str(error)


def test_what_comes_again_is_dropped_and_another_record_in_its_place_stops_the_log(tmp_path: Path) -> None:
    """A topic that was deleted and made again is another topic."""
    log, records = LogFolder(tmp_path / "record"), plain(600)
    log.append(records[:500])
    assert 600 == log.append(records[200:]).size
    assert records == [Kept(one.offset, one.record) for one in map(_kept, packed_records(tmp_path / "record"))]
    for other in (Kept(records[3].offset, b"other"), Kept(records[590].offset, b"other"), Kept(10, b"in the hole")):
        with pytest.raises(Misconfigured, match=f"another record at offset {other.offset}"):
            log.append([other])


def _kept(packed: bytes) -> Kept:
    return Kept(int.from_bytes(packed[:8], "big"), packed[8:])


def test_a_crash_between_any_two_writes_is_made_good_by_doing_it_again(tmp_path: Path) -> None:
    """Whichever file was the last that got to the disk: the log is as it was, and the next try gives what it should."""
    records = kept_entries(700)
    reference = LogFolder(tmp_path / "whole")
    reference.append(records)
    for writes in range(1, 12):
        folder, left = tmp_path / f"after{writes}", [writes]

        def until_it_dies(path: Path, content: bytes, left: list[int] = left) -> None:
            if not left[0]:
                raise KeyboardInterrupt  # as abrupt as it gets within a process
            left[0] -= 1
            write_private(path, content)

        log = LogFolder(folder)
        log.append(records[:100])
        with suppress(KeyboardInterrupt):
            LogFolder(folder, write=until_it_dies).append(records[50:])
        assert log.ledger().size in (100, 700)
        log.append(records[50:])
        log.vouch(SIGNER)
        assert reference.ledger() == log.ledger()
        assert [] == verify(FolderSource(folder), [KEY]).faults


def test_a_checkpoint_stays_while_nothing_is_added_and_never_goes_back(tmp_path: Path) -> None:
    """An older copy of the folder signs nothing before it has caught up."""
    folder = tmp_path / "record"
    first, second = a_log(folder, 300, 400)
    log = LogFolder(folder)
    assert second == log.vouch(SIGNER)
    assert (300, 400) == (claimed(first).size, claimed(second).size)
    (folder / "ledger").unlink()
    with pytest.raises(Unavailable, match="still lacks what it vouched for"):
        log.vouch(SIGNER)


def test_a_log_that_is_not_what_it_vouched_for_is_not_signed(tmp_path: Path) -> None:
    """Whoever exchanged the ledger gets no signature of the same size."""
    folder = tmp_path / "record"
    a_log(folder, 40)
    other = LogFolder(tmp_path / "other")
    other.append(kept_entries(40))
    (folder / "ledger").write_bytes((tmp_path / "other" / "ledger").read_bytes())
    with pytest.raises(Misconfigured, match="another root over the 40 entries"):
        LogFolder(folder).vouch(SIGNER)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 700])
def test_both_verifiers_take_a_log_and_each_checkpoint_that_it_gave(tmp_path: Path, size: int) -> None:
    """The second one was written from the open formats' texts alone."""
    folder = tmp_path / "record"
    notes = a_log(folder, size // 3, size)
    report = verify(FolderSource(folder), [KEY], (), [(str(at), note) for at, note in enumerate(notes)])
    assert ([], ["0", "1"], size) == (report.faults, report.matched, report.records)
    assert size == record_verifier.accept(folder, [KEY.text()], notes)


def test_a_log_that_has_grown_since_its_checkpoint_is_verified_as_far_as_that(tmp_path: Path) -> None:
    """What is added between two checkpoints is nobody's fault."""
    folder = tmp_path / "record"
    (note,) = a_log(folder, 250)
    LogFolder(folder).append(kept_entries(300, first=250))
    report = verify(FolderSource(folder), [KEY], (), [("before", note)])
    assert ([], 250) == (report.faults, report.records)
    assert 550 == len(shown(packed_records(folder))) * 2


@pytest.mark.parametrize("public_only", [False, True])
def test_an_export_is_verified_where_it_is_and_ends_at_its_checkpoint(tmp_path: Path, public_only: bool) -> None:
    """With the records or with their digests alone."""
    folder, out = tmp_path / "record", tmp_path / "out"
    a_log(folder, 300)
    LogFolder(folder).append(kept_entries(400, first=300))
    assert 300 == export(folder, out, public_only=public_only)
    report = verify(FolderSource(out / "public" if public_only else out), [KEY])
    assert ([], 0 if public_only else 300) == (report.faults, report.records)
    assert [] == [path for path in out.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    with pytest.raises(Misconfigured, match="empty or does not exist"):
        export(folder, out, public_only=public_only)


class Growing(FolderSource):
    """A log to which its agent adds, and signs, while it is copied."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._log, self._grown = LogFolder(folder), False

    def read(self, path: str) -> bytes | None:
        """The file's content, after the log has grown at the first call."""
        if not self._grown:
            self._grown = True
            self._log.append(kept_entries(400, first=300))
            self._log.vouch(SIGNER)
        return super().read(path)


def test_an_export_of_a_log_that_grows_meanwhile_ends_at_the_checkpoint_with_which_it_began(tmp_path: Path) -> None:
    """It is whole for whoever verifies it."""
    folder, out = tmp_path / "record", tmp_path / "out"
    a_log(folder, 300)
    assert 300 == export(folder, out, public_only=False, source_of=Growing)
    report = verify(FolderSource(out), [KEY])
    assert ([], 300) == (report.faults, report.records)


def test_a_witness_who_is_named_must_have_signed_the_checkpoint_or_one_that_the_log_continues(tmp_path: Path) -> None:
    """Else that is a fault; the report says up to which entry the witness vouches."""
    folder, witness = tmp_path / "record", Signer.generate("oversight.example", "witness")
    early, late = a_log(folder, 40, 90)
    source, named = FolderSource(folder), [witness.verifier]
    assert ["checkpoint"] == [one.where for one in verify(source, [KEY], named, [("early", early)]).faults]
    handed_out = witnessed(early, witness, 7)
    report = verify(source, [KEY], named, [("early", handed_out)])
    assert ([], [Witnessed(witness.name, 7, 40)]) == (report.faults, report.witnessed)
    (folder / "public" / "checkpoint").write_text(witnessed(late, witness, 9))
    report = verify(source, [KEY], named, [("early", handed_out)])
    assert ([], [Witnessed(witness.name, 9, 90)]) == (report.faults, report.witnessed)
    (other,) = a_log(tmp_path / "other", 40)
    forked = verify(FolderSource(tmp_path / "other"), [KEY], named, [("early", handed_out)])
    assert {"early", "checkpoint"} == {one.where for one in forked.faults}, other


def test_what_of_the_topic_is_not_in_the_log_is_told(tmp_path: Path) -> None:
    """By how many offsets and where: it could not be read, or somebody deleted it before it was."""
    log, entries = LogFolder(tmp_path / "record"), kept_entries(900)
    log.append([*entries[:300], *(one for one in entries[500:] if one.offset != 701)])
    log.vouch(SIGNER)
    report = verify(FolderSource(tmp_path / "record"), [KEY])
    assert ([], 201, [(300, 499), (701, 701)]) == (report.faults, report.left_out, report.spans)


def test_a_private_key_is_kept_as_one_line() -> None:
    """And a changed one is refused without a word of what it is."""
    line = SIGNER.text()
    assert SIGNER.verifier == signer_of(line).verifier
    witness = Signer.generate("oversight.example", "witness")
    assert witness.verifier == signer_of(witness.text()).verifier
    for wrong in (line[:-8], line.replace("PRIVATE", "PUBLIC"), line.replace("vigie", "vegie"), ""):
        with pytest.raises(BadRecord) as refused:
            signer_of(wrong)
        assert line[-20:] not in str(refused.value)


def test_offsets_rise_and_nothing_else_is_added() -> None:
    """A ledger is no place for what came before."""
    ledger, _ = grown(Ledger(), plain(5))
    with pytest.raises(ValueError, match="no offset behind"):
        grown(ledger, [Kept(0, b"x")])
    assert all(first.offset < second.offset for first, second in pairwise(plain(30)))
