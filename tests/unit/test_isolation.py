"""Code comes from what is installed, never from where somebody stands."""

import asyncio
import os
from pathlib import Path

from agents import AGENTS
from pipeline.servers.fleet import Fleet

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
