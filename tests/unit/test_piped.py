"""What comes through a pipe is replayed as from a file."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from pipeline.errors import Misconfigured
from pipeline.sources.pictures import pictures_of
from pipeline.sources.piped import as_file
from pipeline.vision.pictures import encode_jpeg

JPEG = encode_jpeg(np.full((120, 160, 3), 90, np.uint8))


def piped(path: Path, content: bytes) -> Path:
    """A pipe through which a writer sends this, and closes it."""
    os.mkfifo(path)
    Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    return path


@pytest.mark.parametrize(("content", "ending", "count"), [(JPEG, ".jpg", 1), (JPEG * 3, ".mjpeg", 3)])
def test_a_pipe_is_read_once_and_replayed_as_often_as_need_be(
    tmp_path: Path, content: bytes, ending: str, count: int
) -> None:
    """One picture, or several after each other as programs for videos write them; nothing is left behind."""
    with as_file(piped(tmp_path / "pipe", content)) as file:
        assert ending == file.suffix
        for _ in range(2):
            found = list(pictures_of(file))
            assert [None] * count == [picture.error for picture in found]
    assert not file.exists()


def test_a_file_stays_where_it_is(tmp_path: Path) -> None:
    """Nothing is copied, and what does not exist is for others to say."""
    file = tmp_path / "a.jpg"
    with as_file(file) as missing:
        assert file == missing
    file.write_bytes(JPEG)
    with as_file(file) as found:
        assert file == found


def test_an_empty_pipe_and_an_endless_device_are_refused(tmp_path: Path) -> None:
    """With what would do."""
    with pytest.raises(Misconfigured, match="nothing came"), as_file(piped(tmp_path / "pipe", b"")):
        pass
    with pytest.raises(Misconfigured, match="a pipe, or - for standard input"), as_file(Path("/dev/zero")):
        pass


def test_standard_input_is_read_as_a_pipe_is() -> None:
    """`vigie replay - --local` reads one picture and says so."""
    command = [sys.executable, "-m", "pipeline.cli", "replay", "-", "--local"]
    ended = subprocess.run(command, input=JPEG, capture_output=True, check=False, timeout=120)
    assert (0, b"1 read") == (ended.returncode, ended.stderr.strip())
    assert ended.stdout.startswith(b"piped.jpg: no plate")
