"""Whose pid it is: only ours is ended, never a stranger that has its number by now."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pipeline.servers import pids


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own."""
    with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_living_process_is_recognised_and_a_dead_one_is_not(sleeper: subprocess.Popen[bytes]) -> None:
    """An ended process counts as gone even before its parent has taken note."""
    identity = pids.identity_of(sleeper.pid)
    assert identity is not None
    assert pids.lives(identity)
    sleeper.kill()
    assert pids.all_ended([identity], within_s=3.0)


def test_an_orphan_is_ended_and_its_file_removed(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """What a killed supervisor left running is ended by the next start."""
    identity = pids.identity_of(sleeper.pid, ("/bin/sleep", "60"))
    assert identity is not None
    pids.write(tmp_path / "child.pid", identity)

    assert pids.end_orphans(tmp_path) == [identity]

    assert not pids.lives(identity)
    assert list(tmp_path.iterdir()) == []


def test_a_stranger_with_the_same_pid_is_left_alone(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """A pid alone says nothing: the start time must fit too."""
    identity = pids.identity_of(sleeper.pid)
    assert identity is not None
    pids.write(tmp_path / "child.pid", msgspec.structs.replace(identity, started="before/1"))

    assert pids.end_orphans(tmp_path) == []

    assert pids.lives(identity)
    assert list(tmp_path.iterdir()) == []


def test_a_torn_file_is_cleared_away(tmp_path: Path) -> None:
    """A half-written pid file stops nothing."""
    (tmp_path / "child.pid").write_text('{"pid": 12')
    assert pids.end_orphans(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_this_process_lives() -> None:
    """The simplest case."""
    identity = pids.identity_of(os.getpid())
    assert identity is not None
    assert pids.lives(identity)
