"""An import that is killed at any moment: the hotlist is the old one or the new one, whole, for whoever looks.

`VIGIE_KILLED_IMPORTS=200` kills as many; the suite kills a few. Every few tries the hotlist begins anew: each version of an
entry is kept for forty days, and what a night brings once would come here every second.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import HOTLIST
from pipeline.state.replica import ReplicaWriter
from schemas.reference import HotlistEntry
from tests.integration.test_switching import Worker
from tests.integration.vigie_commands import settings_of

T = TypeVar("T")
LONG_RUN = "VIGIE_KILLED_IMPORTS"
KILLED = int(os.environ.get(LONG_RUN, "12"))
ENTRIES = 4_000
ONE_AFTER_THE_OTHER = 10  # tries, until the hotlist begins anew
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


class Importers:
    """Processes that import, each killed at some moment."""

    def __init__(self, server: asyncio.subprocess.Process, env: dict[str, str]) -> None:
        self._server, self._env = server, env

    async def start(self, path: str) -> int:
        """Import the file as the whole list. Returns the number of the process; of the first one 0, when it has ended well."""
        arguments = ["hotlist", "import", path, "--replace", "--confirm-share"]
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps({"arguments": arguments, "environment": self._env}).encode() + b"\n")
        return int(await self._server.stdout.readline())


@pytest.fixture
async def importers(pair: EmbeddedPair, namespace: str, tmp_path: Path) -> AsyncIterator[Importers]:
    """A server of commands that can be killed. `vigie` takes no setting that it does not know."""
    others = {name: value for name, value in os.environ.items() if name != LONG_RUN}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.command_forks", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, env=others,
    )  # fmt: skip
    yield Importers(process, settings_of(pair, namespace, tmp_path / "data"))
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


def is_there(number: int) -> bool:
    """Whether the process has not ended."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


async def ended(number: int) -> None:
    """Wait for the end of a process that nobody kills; 0: it has ended."""
    while number and is_there(number):  # noqa: ASYNC110  # it is a process, and sets no event
        await asyncio.sleep(0.005)


async def killed_at_some_moment(
    redis: Redis, name: str, chance: random.Random, importers: Importers, path: str
) -> None:
    """Run an import, and kill -9 it at a moment between its first block and its end; now and then earlier."""
    blocks = f"{{{name}:hotlist}}:staged:*"
    before = set(await redis.keys(blocks))
    number = await importers.start(path)
    if chance.random() < 0.1:
        await asyncio.sleep(chance.random())
    else:
        for _ in range(30_000):
            if set(await redis.keys(blocks)) - before or not is_there(number):
                break
            await asyncio.sleep(0.002)
        await asyncio.sleep(chance.random() ** 2 * 0.2)
    while is_there(number):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        await asyncio.sleep(0.005)


async def begun_anew(redis: Redis, name: str, importers: Importers, path: str) -> Worker:
    """Forget the hotlist and all its versions, and import this file whole. Returns a worker that follows."""
    if old := await redis.keys(f"{{{name}:hotlist}}:*"):
        await redis.delete(*old)
    await ended(await importers.start(path))
    return Worker(redis, name)


async def test_a_killed_import_leaves_the_old_list_or_the_new_one(
    importers: Importers, namespace: str, redis: Redis, tmp_path: Path
) -> None:
    """For a worker that follows all the while, for one that begins afterwards, and for whoever lists the entries."""
    name, chance, outcomes = namespace, random.Random(7), set[str]()
    for number in range(KILLED):
        if number % ONE_AFTER_THE_OTHER == 0:
            path, live = file_of(tmp_path, number)
            follower = await begun_anew(redis, name, importers, path)
            assert {live} == set(await plates_of(follower))
        path, new = file_of(tmp_path, number + 1)
        running = asyncio.create_task(killed_at_some_moment(redis, name, chance, importers, path))
        while not running.done():
            assert set(await plates_of(follower)) <= {live, new}
            await asyncio.sleep(0.01)
        await running
        seen = await plates_of(follower)
        assert seen == await plates_of(Worker(redis, name))
        listed: list[HotlistEntry] = list(await patiently(lambda: ReplicaWriter(redis, name).list(HOTLIST)))
        assert seen == sorted(one.plate for one in listed)
        assert ENTRIES == len(seen)
        assert {live} == set(seen) or {new} == set(seen)
        outcomes.add("old" if {live} == set(seen) else "new")
        live = seen[0]
    assert {"old", "new"} == outcomes
