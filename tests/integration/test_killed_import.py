"""An import that is killed at any moment: the hotlist is the old one or the new one, whole, for whoever looks.

`VIGIE_KILLED_IMPORTS=200` kills as many; the suite kills a few.
"""

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import HOTLIST
from pipeline.state.replica import ReplicaWriter
from schemas.reference import HotlistEntry
from tests.integration.test_cli_reference import admins_url
from tests.integration.test_switching import Worker

T = TypeVar("T")
LONG_RUN = "VIGIE_KILLED_IMPORTS"
KILLED = int(os.environ.get(LONG_RUN, "12"))
ENTRIES = 4_000
FAR_MS = 4_000_000_000_000  # whatever was switched to holds by then
pytestmark = pytest.mark.timeout(300 + 30 * KILLED)
HEADER = "entry_id,plate,hotlist,category,owner,legal_basis\n"


def file_of(folder: Path, number: int) -> tuple[str, str]:
    """A list that has half of its entries in common with the one before; its path, and the plate of all its entries."""
    plate = f"1AAA{number % 1000:03}"
    first = number % 2 * ENTRIES // 2
    path = folder / f"list-{number}.csv"
    lines = [f"E{first + at},{plate},stolen,theft,police,art. 44\n" for at in range(ENTRIES)]
    path.write_text(HEADER + "".join(lines))
    return str(path), plate


async def patiently(look: Callable[[], Awaitable[T]]) -> T:
    """What it finds; on a busy machine Redis may answer late, and is asked again."""
    while True:
        try:
            return await look()
        except Unavailable:
            await asyncio.sleep(1.0)


async def plates_of(worker: Worker) -> list[str]:
    """The plates of all entries, as the worker has them."""
    return await patiently(lambda: worker.plates(FAR_MS))


async def started(*arguments: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    """Start `vigie ...`, which takes no setting that it does not know."""
    others = {name: value for name, value in os.environ.items() if name != LONG_RUN}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", *arguments, env={**others, **env},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def killed_at_some_moment(
    redis: Redis, name: str, chance: random.Random, *arguments: str, env: dict[str, str]
) -> None:
    """Run an import, and kill -9 it at a moment between its first block and its end; now and then earlier."""
    blocks = f"{{{name}:hotlist}}:staged:*"
    before = set(await redis.keys(blocks))
    process = await started(*arguments, env=env)
    if chance.random() < 0.1:
        await asyncio.sleep(chance.random())
    else:
        for _ in range(30_000):
            if set(await redis.keys(blocks)) - before or process.returncode is not None:
                break
            await asyncio.sleep(0.002)
        await asyncio.sleep(chance.random() ** 2 * 0.2)
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_a_killed_import_leaves_the_old_list_or_the_new_one(
    pair: EmbeddedPair, namespace: str, redis: Redis, tmp_path: Path
) -> None:
    """For a worker that follows all the while, for one that begins afterwards, and for whoever lists the entries."""
    name, chance = namespace, random.Random(7)
    env = {"VIGIE_KAFKA_URL": admins_url(pair), "VIGIE_REDIS_URL": pair.redis_url, "VIGIE_NAMESPACE": name,
           "VIGIE_DATA_DIR": str(tmp_path / "data")}  # fmt: skip
    path, live = file_of(tmp_path, 0)
    assert 0 == await (await started("hotlist", "import", path, "--replace", env=env)).wait()
    follower, outcomes = Worker(redis, name), set[str]()
    for number in range(1, KILLED + 1):
        path, new = file_of(tmp_path, number)
        running = asyncio.create_task(
            killed_at_some_moment(
                redis, name, chance, "hotlist", "import", path, "--replace", "--confirm-share", env=env
            )
        )
        while not running.done():
            assert set(await plates_of(follower)) <= {live, new}
            await asyncio.sleep(0.01)
        seen = await plates_of(follower)
        assert seen == await plates_of(Worker(redis, name))
        listed: list[HotlistEntry] = list(await patiently(lambda: ReplicaWriter(redis, name).list(HOTLIST)))
        assert seen == sorted(one.plate for one in listed)
        assert ENTRIES == len(seen)
        assert {live} == set(seen) or {new} == set(seen)
        outcomes.add("old" if {live} == set(seen) else "new")
        live = seen[0]
    assert {"old", "new"} == outcomes
