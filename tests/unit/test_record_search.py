"""Searching the record, and proving that an entry is in its log: newest first, page by page, with whatever size the log has."""

import hashlib
from pathlib import Path

import pytest

from pipeline.access.checkpoint import opened
from pipeline.access.merkle import leaf_hash, root_from_inclusion
from pipeline.access.tiles import Kept
from pipeline.record.log_folder import LogFolder
from pipeline.record.reading import ShownIntent
from pipeline.record.search import LOOKED_AT, LogReader
from tests.record_logs import SIGNER, a_log, kept_entries
from tests.tampering import at_once


def everything(_one: ShownIntent) -> bool:
    """Whatever there is."""
    return True


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_pages_hold_each_intent_once_newest_first(tmp_path: Path, size: int) -> None:
    """With the outcome that followed it, also where that is on another page or in another bundle."""
    a_log(tmp_path / "log", size)
    reader, before, found = LogReader(tmp_path / "log"), None, list[ShownIntent]()
    while True:
        page = reader.search(everything, before, 7)
        found += page.items
        if page.before is None:
            break
        before = page.before
    assert list(range(0, size, 2))[::-1] == [one.index for one in found]
    assert all((one.outcome is None) == (one.index == size - 1) for one in found)
    assert all(one.outcome is None or one.outcome.intent_id == one.access_id for one in found)


def test_what_is_written_meanwhile_moves_nothing(tmp_path: Path) -> None:
    """Who goes on from a page gets what was older then."""
    a_log(tmp_path / "log", 300)
    first = LogReader(tmp_path / "log").search(everything, None, 100)
    LogFolder(tmp_path / "log").append(kept_entries(300, first=300))
    assert first.before is not None
    second = LogReader(tmp_path / "log").search(everything, first.before, 1)
    assert first.items[-1].index - 2 == second.items[0].index


def test_a_search_that_finds_nothing_ends_and_says_where_to_go_on(tmp_path: Path) -> None:
    """It reads a bounded part of a long log."""
    log = LogFolder(tmp_path / "log", write=at_once)
    log.append(kept_entries(LOOKED_AT + 10))
    page = LogReader(tmp_path / "log").search(lambda one: one.index == 0, None, 5)
    assert ([], 10) == (page.items, page.before)
    page = LogReader(tmp_path / "log").search(lambda one: one.index == 0, page.before, 5)
    assert ([0], None) == ([one.index for one in page.items], page.before)


def test_an_entry_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """It stays in the log, can be proven, and hides no other."""
    log = LogFolder(tmp_path / "log")
    log.append([*kept_entries(2), Kept(2, b"no entry"), *kept_entries(2, first=4)])
    log.vouch(SIGNER)
    reader = LogReader(tmp_path / "log")
    assert [3, 0] == [one.index for one in reader.search(everything, None, 9).items]
    proven = reader.proven(2)
    assert proven is not None
    assert b"no entry" == proven.record


@pytest.mark.parametrize("sizes", [(1,), (2,), (256,), (255, 257), (300, 600), (65_536 + 300,)])
def test_a_proof_leads_from_the_record_to_the_signed_root(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """At every size, for entries at the edges of tiles; another record leads elsewhere."""
    log = LogFolder(tmp_path / "log", write=at_once)
    done = 0
    for size in sizes:
        log.append(kept_entries(size - done, first=done))
        log.vouch(SIGNER)
        done = size
    reader = LogReader(tmp_path / "log")
    for index in {0, 1, 254, 255, 256, sizes[-1] // 2, 65_535, 65_536, sizes[-1] - 1}:
        if index >= sizes[-1]:
            assert None is reader.proven(index)
            continue
        one = reader.proven(index)
        assert one is not None
        assert one.checkpoint is not None
        root = opened(one.checkpoint, [SIGNER.verifier]).checkpoint.root
        for content, is_right in ((one.record, True), (one.record + b" ", False)):
            leaf = leaf_hash(hashlib.sha256(content).digest())
            assert is_right == (root == root_from_inclusion(leaf, index, one.size, one.proof))
    assert None is reader.proven(-1)


def test_an_entry_that_no_checkpoint_covers_yet_has_no_proof(tmp_path: Path) -> None:
    """It says so by having none."""
    a_log(tmp_path / "log", 10)
    LogFolder(tmp_path / "log").append(kept_entries(5, first=10))
    proven = LogReader(tmp_path / "log").proven(12)
    assert proven is not None
    assert (None, []) == (proven.checkpoint, proven.proof)
