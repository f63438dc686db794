"""Files are their owner's alone, and nobody who plants a link chooses what is written over."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.runtime.private import open_private, private_folder, replacing, write_once, write_private


def mode_of(path: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def careless_umask() -> object:
    """As a shell may have it: everything for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_whatever_is_written_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask."""
    write_private(tmp_path / "a", "x")
    write_once(tmp_path / "b", "x")
    for how in ("new", "truncate", "append", "change"):
        open_private(tmp_path / how, how).close()  # type: ignore[arg-type]  # each of the four
    assert {0o600} == {mode_of(path) for path in tmp_path.iterdir()}
    assert 0o700 == mode_of(private_folder(tmp_path / "deep" / "er"))
    assert 0o700 == mode_of(tmp_path / "deep")


@pytest.mark.parametrize("how", ["new", "truncate", "append", "change"])
def test_a_planted_link_is_not_followed(tmp_path: Path, how: str) -> None:
    """Neither one that leads somewhere nor one that leads nowhere yet."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"kept")
    for target in (victim, tmp_path / "nowhere"):
        link = tmp_path / f"link to {target.name}"
        link.symlink_to(target)
        with pytest.raises(OSError, match=r"symbolic|exists"):
            open_private(link, how)  # type: ignore[arg-type]  # each of the four
    assert b"kept" == victim.read_bytes()
    assert not (tmp_path / "nowhere").exists()


def test_what_replaces_a_link_replaces_the_link_alone(tmp_path: Path) -> None:
    """An export to a planted name writes beside what the link led to."""
    (tmp_path / "victim").write_bytes(b"kept")
    (tmp_path / "out").symlink_to(tmp_path / "victim")
    write_private(tmp_path / "out", b"exported")
    assert (b"kept", b"exported") == ((tmp_path / "victim").read_bytes(), (tmp_path / "out").read_bytes())
    assert not (tmp_path / "out").is_symlink()


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing beside it."""
    write_private(tmp_path / "file", "before")
    with pytest.raises(TypeError), replacing(tmp_path / "file") as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]  # what fails
    assert ["file"] == [path.name for path in tmp_path.iterdir()]
    assert "before" == (tmp_path / "file").read_text()


def test_of_many_who_write_once_one_wins_and_all_see_it_whole(tmp_path: Path) -> None:
    """A platform's key is made by whichever process starts first."""

    def made(number: int) -> str:
        write_once(tmp_path / "key", f"{number:04d}" * 16)
        return (tmp_path / "key").read_text()

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(made, range(100)))
    assert 1 == len(seen)
    assert 64 == len(seen.pop())
    assert ["key"] == [path.name for path in tmp_path.iterdir()]
