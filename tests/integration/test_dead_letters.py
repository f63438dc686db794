"""`vigie dead-letters`, as an operator uses it, on real Kafka and Valkey."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest_asyncio

from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.stream import codec
from schemas.topics import DEAD_LETTERS, READS
from tests.builders import NOON_MS, make_read
from tests.conftest import records_in
from tests.unit.test_dead_letters import letter_of

READ = make_read()


@pytest_asyncio.fixture
async def environment(pair: EmbeddedPair, namespace: str, tmp_path: Path) -> dict[str, str]:
    """The settings of an operator's shell, with the accounts of this Vigie."""
    await provide(pair.kafka, pair.redis_url, namespace, pair.accounts)
    return {**pair.env(), "VIGIE_NAMESPACE": namespace, "VIGIE_DATA_DIR": str(tmp_path), "COLUMNS": "250",
            "VIGIE_REASON": "reads of one camera are missing"}  # fmt: skip


async def vigie(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `vigie dead-letters ...`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", "dead-letters", *arguments, env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def listed(environment: dict[str, str], *arguments: str) -> list[Any]:
    """The letters that `list --json` shows."""
    code, out, err = await vigie(environment, "list", "--json", *arguments)
    assert 0 == code, err
    return [json.loads(line) for line in out.splitlines()]


async def test_letters_are_found_sent_back_and_dropped(
    kafka: KafkaConnection, namespace: str, environment: dict[str, str]
) -> None:
    """One of a batch goes back alone; what somebody is done with is no longer open; a second copy of a letter is none."""
    topic = f"{namespace}.reads"
    unknown = letter_of(msgspec.json.encode(READ), index=2, topic=topic, reason="unknown_camera")
    rubbish = letter_of(b"\xffrubbish", topic=topic, offset=8, refused_at_ms=NOON_MS + 1)
    cut = letter_of(b"{", topic=topic, offset=-1, reason="output_too_large", stage="ocr", refused_at_ms=NOON_MS + 2)
    sender = Sender(kafka.client_kwargs())
    await sender.start()
    await sender.send_all([
        Outgoing(f"{namespace}.dead_letters", codec.encode(DEAD_LETTERS, one)) for one in (unknown, rubbish, cut, unknown)
    ])  # fmt: skip
    await sender.stop()

    assert [one.dead_letter_id for one in (unknown, rubbish, cut)] == [one["id"] for one in await listed(environment)]
    assert 2 == (await vigie(environment, "resend"))[0]
    code, out, _ = await vigie(environment, "show", rubbish.dead_letter_id)
    assert 0 == code
    assert "rubbish" in out

    assert (0, "1 sent back") == await ended(environment, "resend", "--reason", "unknown_camera")
    (record,) = await records_in(kafka, topic)
    assert ((READ,), 3) == (codec.decode(READS, record.value).reads, record.partition)

    assert (0, "1 dropped") == await ended(environment, "drop", rubbish.dead_letter_id)
    assert (1, "0 sent back, 1 cannot be") == await ended(environment, "resend", "--agent", "ocr")
    assert [cut.dead_letter_id] == [one["id"] for one in await listed(environment)]
    states = {one["id"]: one["state"].split()[0] for one in await listed(environment, "--all")}
    assert ["resent", "dropped", "open"] == [states[one.dead_letter_id] for one in (unknown, rubbish, cut)]
    assert 1 == (await vigie(environment, "drop", rubbish.dead_letter_id))[0]
    assert 2 == (await vigie(environment, "show", "d-unknown"))[0]


async def ended(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Exit code and the last line of standard error."""
    code, _, err = await vigie(environment, *arguments)
    return code, err.strip().splitlines()[-1]
