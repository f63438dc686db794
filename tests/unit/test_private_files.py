"""Files are their owner's alone, and nobody who plants a link chooses what is written over."""

import os
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.runtime.private import (
    OPEN,
    WRITABLE,
    open_private,
    private_folder,
    read_trusted,
    replacing,
    write_once,
    write_private,
)


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


@pytest.mark.parametrize(("mode", "asked"), [
    (0o604, OPEN), (0o640, OPEN), (0o444, OPEN), (0o602, OPEN), (0o601, OPEN), (0o602, WRITABLE), (0o620, WRITABLE),
])  # fmt: skip
def test_what_another_user_could_change_or_of_a_secret_read_is_refused(tmp_path: Path, mode: int, asked: int) -> None:
    """And the message says how to mend it."""
    file = tmp_path / "secret"
    file.write_bytes(b"hush")
    file.chmod(mode)
    with pytest.raises(Misconfigured, match=r"chmod go-"):
        read_trusted("VIGIE_KEY_FILE", file, modes=asked)
    file.chmod(0o600 if asked == OPEN else 0o644)
    assert b"hush" == read_trusted("VIGIE_KEY_FILE", file, modes=asked)


def test_a_link_leads_to_no_folder_in_which_others_may_replace_the_file(tmp_path: Path) -> None:
    """The folder of the link is one's own; that of the file is not."""
    own, loose = tmp_path / "own", tmp_path / "loose"
    own.mkdir(0o700)
    loose.mkdir(0o777)
    (loose / "key").write_bytes(b"hush")
    (loose / "key").chmod(0o600)
    (own / "key").symlink_to(loose / "key")
    with pytest.raises(Misconfigured, match="loose"):
        read_trusted("VIGIE_KEY_FILE", own / "key", modes=OPEN)
    loose.chmod(0o1777)
    assert b"hush" == read_trusted("VIGIE_KEY_FILE", own / "key", modes=OPEN)


GIVEN = """
import os, sys
from pathlib import Path
from pipeline.errors import Misconfigured
from pipeline.runtime.private import OPEN, read_trusted
os.setgroups([4711]); os.setgid(65534); os.setuid(65534)
for name in sys.argv[1:]:
    try:
        print(read_trusted("VIGIE_KEY_FILE", Path(name), modes=OPEN).decode())
    except Misconfigured as error:
        print("container" in str(error) and "refused")
"""


def test_a_secret_that_root_gives_to_a_group_of_the_process_is_taken_and_one_for_everybody_is_not() -> None:
    """As a container is handed what it does not own: Kubernetes with fsGroup makes root's files of mode 0440. Only root can hand
    it over, so nobody else tries."""
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        for name, mode, group in (
            ("0440", 0o440, 4711),
            ("0444", 0o444, 4711),
            ("other", 0o444, 0),
            ("0460", 0o460, 4711),
        ):
            (folder / name).write_text(name)
            os.chown(folder / name, 0, group)
            (folder / name).chmod(mode)
        said = subprocess.run([sys.executable, "-c", GIVEN, *(str(one) for one in sorted(folder.iterdir()))],
                              check=True, capture_output=True, text=True)  # fmt: skip
    assert ["0440", "refused", "refused", "refused"] == said.stdout.split()
