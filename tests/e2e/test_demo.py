"""The demo itself, as a newcomer runs it, only shorter."""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from pipeline.access.roles import RIGHTS, ROLES
from pipeline.runtime.ports import free_ports
from pipeline.simulation.network_small import small_network
from tests.search_secrets import leaks_of, plates_of


async def started(folder: Path, *arguments: str, **settings: str) -> Process:
    """`vigie demo` in a data folder of its own."""
    environment = {**os.environ, "VIGIE_DATA_DIR": str(folder), **settings}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", "demo", *arguments, stdout=PIPE, stderr=PIPE, env=environment
    )


def running_in(folder: Path) -> list[str]:
    """The command lines of processes that name the folder."""
    lines = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
    return [line for line in lines if str(folder) in line]


async def told_until(demo: Process, words: bytes) -> bytes:
    """What it says until it says these words, or ends."""
    assert demo.stderr is not None
    told = b""
    async with asyncio.timeout(240):
        while words not in told and (line := await demo.stderr.readline()):
            told += line
    return told


async def opens_to_everybody_named(told: str, port: str) -> None:
    """The address that it prints has this port and answers, and each login that it names works; there are lists for who keeps them,
    with versions, and two desks for who hands over."""
    plain = " ".join(told.split())
    url = re.search(r"open at (http://localhost:[0-9]+)", plain)
    password = re.search(r"the password ([-a-z0-9]+)", plain)
    logins = re.search(r"Log in as ([a-z_., ]+)[.] All", plain)
    assert url, plain
    assert password, plain
    assert logins, plain
    assert url[1].endswith(f":{port}")
    assert [f"demo.{role}" for role in ROLES] == logins[1].split(", ")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for role in ROLES:
            body = {"user_id": f"demo.{role}", "password": password[1]}
            async with http.post(
                f"{url[1]}/api/v1/session", json=body, headers={"Sec-Fetch-Site": "same-origin"}
            ) as answer:
                assert 200 == answer.status, await answer.text()
                assert set(RIGHTS[role]) == set((await answer.json())["may"])
                cookies = {name: one.value for name, one in answer.cookies.items()}
            for what, who, count in (
                ("lists", "list_manager", 6),
                ("lists/STOLEN/imports", "list_manager", 2),
                ("desks", "dispatcher", 2),
            ):
                if role == who:
                    async with http.get(f"{url[1]}/api/v1/{what}", cookies=cookies) as answer:
                        assert count == len((await answer.json())["items"])


@pytest.fixture
def anywhere() -> Iterator[Path]:
    """A folder that every user of the machine may enter, as none of pytest's is: what is private is so by itself."""
    with tempfile.TemporaryDirectory(prefix="vigie-demo-") as made:
        Path(made).chmod(0o755)
        yield Path(made).resolve()


async def test_the_demo_agrees_with_its_truth_and_leaves_nothing_behind(anywhere: Path) -> None:
    """Exit code 0, a report that says so, no process and no folder left; and while it runs, nothing that another user reads or
    does, no log, metric or record tells of plates, secrets or covert alerts whom it must not."""
    port = str(free_ports((), 1)[0])
    demo = await started(anywhere, "--seconds", "15", "--json", "--keep", VIGIE_DESKS_PORT=port)
    told = await told_until(demo, b"Left running")
    assert b"Left running" in told, told.decode()
    assert [] == await leaks_of(anywhere / "demo", plates_of(small_network())), told.decode()
    await opens_to_everybody_named(told.decode(), port)
    demo.send_signal(signal.SIGINT)
    report, rest = await asyncio.wait_for(demo.communicate(), 60)
    assert demo.returncode == 0, (told + rest).decode()
    outcome = json.loads(report)
    assert outcome["agrees"]
    assert {line["what"]: line["agrees"] for line in outcome["lines"]}["alerts"]
    assert next(line["expected"] for line in outcome["lines"] if line["what"] == "alerts") > 10
    assert outcome["pictures"][0]["right"] >= 0.8 * outcome["pictures"][0]["passages"] > 0
    assert not (anywhere / "demo").exists()
    assert not running_in(anywhere)


async def test_an_interrupted_demo_cleans_up(tmp_path: Path) -> None:
    """Ctrl-C while everything is starting: exit code 130, nothing runs on."""
    demo = await started(tmp_path, "--seconds", "60")
    assert demo.stderr is not None
    while b"Starting the agents" not in await asyncio.wait_for(demo.stderr.readline(), 120):
        continue
    demo.send_signal(signal.SIGINT)
    await asyncio.wait_for(demo.communicate(), 60)
    assert demo.returncode == 130
    assert not running_in(tmp_path)
    assert not (tmp_path / "demo").exists()
