"""Code comes from what is installed, never from where somebody stands."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents import AGENTS
from pipeline.servers.fleet import Fleet

ROOT = Path(__file__).parents[2]
STRANGER = "from pathlib import Path\nPath(__file__).with_name('taken').touch()\nraise SystemExit('taken')\n"


def plant(folder: Path) -> None:
    """A stranger's modules, under names that a worker imports."""
    for name in ("uvloop", "msgspec", "typer", "pipeline", "encodings"):
        (folder / f"{name}.py").write_text(STRANGER)


async def test_a_worker_runs_nothing_of_the_working_folder_or_of_python_variables(tmp_path: Path) -> None:
    """Started as `vigie up` starts it, where a stranger has put his uvloop.py; without servers it ends by saying so."""
    plant(tmp_path)
    (worker,) = Fleet(tmp_path / "data", {}, {name: int(name == "hotlist") for name in AGENTS}).workers
    process = await asyncio.create_subprocess_exec(
        *worker.process.program.argv, cwd=tmp_path, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "VIGIE_DATA_DIR": str(tmp_path / "data")},
    )  # fmt: skip
    _, said = await process.communicate()
    assert b"no servers are running" in said
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("parts", ["{}:", ":{}", "{}::{}"])
def test_an_empty_part_of_pythonpath_is_not_the_working_folder(tmp_path: Path, parts: str) -> None:
    """`export PYTHONPATH=$PYTHONPATH:/opt/lib` leaves one; a part that names a folder still counts."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "ours.py").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "theirs.py").write_text(STRANGER)
    code = "import pipeline.errors, ours, importlib.util as u; raise SystemExit(u.find_spec('theirs') is not None)"
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; del sys.path[0]; sys.path.insert(0, {str(ROOT)!r}); {code}"], check=False,
        cwd=tmp_path / "here", env={**os.environ, "PYTHONPATH": parts.format(tmp_path / "lib", tmp_path / "lib")},
    )  # fmt: skip
    assert 0 == run.returncode
