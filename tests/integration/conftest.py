"""Fixtures of the tests on real servers: commands of `vigie` in one process that lasts, which costs less than one for each."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.servers.pair import EmbeddedPair
from tests.integration.vigie_commands import Told, Vigie, settings_of


@pytest.fixture(scope="session")
def commands() -> Iterator["subprocess.Popen[str]"]:
    """A process that runs commands."""
    arguments = [sys.executable, "-m", "tests.integration.command_server"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def vigie(pair: EmbeddedPair, namespace: str, commands: "subprocess.Popen[str]", tmp_path: Path) -> Vigie:
    """Runs `vigie ...` against the session's servers, in a namespace of this test's own."""
    environment = settings_of(pair, namespace, tmp_path / "data") | {
        "VIGIE_REASON": "a trial of the commands",
        "COLUMNS": "200",
    }

    def asked(arguments: tuple[str, ...]) -> Told:
        assert commands.stdin is not None
        assert commands.stdout is not None
        commands.stdin.write(json.dumps({"arguments": arguments, "environment": environment}) + "\n")
        commands.stdin.flush()
        return Told(**json.loads(commands.stdout.readline()))

    async def run(*arguments: str) -> Told:
        return await asyncio.to_thread(asked, arguments)

    return run
