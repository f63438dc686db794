"""Files are replaced whole, and are their owner's alone."""

import os
from pathlib import Path

import pytest

from pipeline.runtime.private import write_private


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_is_replaced_with_the_rights_that_were_asked_for(tmp_path: Path, mode: int) -> None:
    """Whatever it was before; nothing half written stays beside it."""
    path = tmp_path / "key"
    path.write_bytes(b"old")
    path.chmod(0o666)
    before = os.umask(0o022)
    try:
        write_private(path, b"new", mode=mode)
    finally:
        os.umask(before)
    assert (b"new", mode, [path]) == (path.read_bytes(), path.stat().st_mode & 0o777, list(tmp_path.iterdir()))


def test_a_link_in_the_way_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    """Nobody has another file overwritten that way."""
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    (tmp_path / f".key.{os.getpid()}").symlink_to(other)
    write_private(tmp_path / "key", b"mine")
    assert (b"theirs", b"mine") == (other.read_bytes(), (tmp_path / "key").read_bytes())
