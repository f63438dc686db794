"""`vigie audit`, as auditors, witnesses and the oversight body run it: with the auditor's own account, or with no server at all."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest_asyncio
from redis.asyncio import Redis

from pipeline.access.record import Operation, Result
from pipeline.record.log_folder import LogFolder
from pipeline.record.recorder import KafkaRecorder
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Sender
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.record_keys import RecordKeys
from schemas.topics import TOPICS
from tests.conftest import PARTITIONS
from tests.integration.vigie_commands import Told
from tests.record_logs import SIGNER, a_log

Audit = Callable[..., Awaitable[Told]]
ELSEWHERE = {"VIGIE_KAFKA_URL": "", "VIGIE_REDIS_URL": "", "VIGIE_ACCOUNTS_DIR": ""}
"""An outsider's machine: no server, no account."""


@pytest_asyncio.fixture
async def audit(
    pair: EmbeddedPair, namespace: str, commands: "subprocess.Popen[str]", tmp_path: Path
) -> AsyncIterator[Audit]:
    """Runs `vigie audit ...` beside a worker of the agent `audit`, each with its own account."""
    partitions = {one.name: PARTITIONS for one in TOPICS}
    await provide(pair.kafka, pair.redis_url, namespace, pair.accounts, partitions=partitions)
    settings = pair.env() | {
        "VIGIE_NAMESPACE": namespace, "VIGIE_DATA_DIR": str(tmp_path), "VIGIE_LOG_FORMAT": "json", "COLUMNS": "200",
    }  # fmt: skip
    program = "from pipeline.commands.run import worker; worker('audit')"
    with (tmp_path / "worker.log").open("wb") as log:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, env=os.environ | settings, stderr=log
        )

    def asked(arguments: tuple[str, ...], overrides: dict[str, str]) -> Told:
        assert commands.stdin is not None
        assert commands.stdout is not None
        environment = settings | overrides
        commands.stdin.write(json.dumps({"arguments": ("audit", *arguments), "environment": environment}) + "\n")
        commands.stdin.flush()
        return Told(**json.loads(commands.stdout.readline()))

    async def run(*arguments: str, **overrides: str) -> Told:
        return await asyncio.to_thread(asked, arguments, overrides)

    try:
        yield run
    finally:
        with suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()


async def recorded(pair: EmbeddedPair, namespace: str, redis: Redis, folder: Path) -> None:
    """Two queries, one of them refused, which the log holds."""
    sender, keys = Sender(pair.kafka.client_kwargs()), RecordKeys(redis, namespace)
    try:
        await keys.make(platform_now_ms())
        recorder = KafkaRecorder(sender, keys, namespace)
        for plate, ending in (("1ABC234", "answered"), ("2XYZ999", "refused")):
            asked = await recorder.intent(
                Operation(who="an.peeters", origin="10.0.0.7", act="query", what="GET /api/v1/alerts", plates=(plate,),
                          reason="stolen van near the depot", case_reference="BR.11.99.1/2026")
            )  # fmt: skip
            rule = "zone" if ending == "refused" else None
            await recorder.outcome(asked, Result(outcome=ending, count=1, refusal=rule))  # type: ignore[arg-type]  # one of the endings
    finally:
        await sender.stop()
    async with asyncio.timeout(120.0):
        while LogFolder(folder / "record").ledger().size < 4:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)


async def test_an_auditor_finds_hands_out_and_an_outsider_verifies(
    audit: Audit, pair: EmbeddedPair, namespace: str, redis: Redis, tmp_path: Path
) -> None:
    """With the auditor's account: found by plate, case and kind, which is recorded; a checkpoint and an export. Then without any
    server: verified with the public key and the checkpoint, and a changed record is named, with exit code 1."""
    await recorded(pair, namespace, redis, tmp_path)
    found = await audit("show", "--plate", "1-abc-234", "--json")
    assert 0 == found.code, found.err
    (line,) = found.out.splitlines()
    shown = json.loads(line)
    assert ("an.peeters", "answered") == (shown["intent"]["who"], shown["outcome"]["outcome"])
    by_case = await audit("show", "--act", "query", "--case", "BR.11.99.1/2026", "--last", "1", "--json")
    assert "zone" == json.loads(by_case.out)["outcome"]["refusal"]
    checkpoint = await audit("checkpoint", "--out", str(tmp_path / "day.checkpoint"))
    assert 0 == checkpoint.code, checkpoint.err
    export = tmp_path / "export"
    exported = await audit("export", str(export))
    assert 0 == exported.code, exported.err
    own = await audit("show", "--act", "record", "--json")
    assert {"vigie audit show", "vigie audit export"} <= {
        json.loads(one)["intent"]["what"] for one in own.out.splitlines()
    }
    key = (await audit("keys")).out.strip()
    verify = ("verify", str(export), "--key", key, "--checkpoint", str(tmp_path / "day.checkpoint"))
    intact = await audit(*verify, "--json", **ELSEWHERE)
    assert (0, True) == (intact.code, json.loads(intact.out)["intact"]), intact.err
    assert [str(tmp_path / "day.checkpoint")] == json.loads(intact.out)["continues"]
    (bundle,) = (path for path in (export / "records").rglob("*") if path.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"an.peeters", b"jan.claes."))
    changed = await audit(*verify, **ELSEWHERE)
    assert 1 == changed.code
    assert "changed" in changed.out
    assert "Nothing was changed" not in changed.out


async def test_what_an_auditor_cannot_have_recorded_is_not_shown(audit: Audit, tmp_path: Path) -> None:
    """Neither without servers, nor with a wrong password of the account: exit code 3 or 2, and no entry on the screen."""
    a_log(tmp_path / "record", 10)
    for servers in (
        {"VIGIE_KAFKA_URL": "kafka://127.0.0.1:1", "VIGIE_ALLOW_PLAINTEXT": "true"},
        {"VIGIE_ACCOUNTS_DIR": str(tmp_path)},
    ):
        refused = await audit("show", "--json", **servers)
        assert refused.code in (2, 3), refused.err
        assert "" == refused.out
        assert "u-0" not in refused.err


async def test_a_witness_signs_what_continues_and_nothing_else(audit: Audit, tmp_path: Path) -> None:
    """Without any server: its own key, the state that it keeps, and a refusal of a log that was cut."""
    log, cut = tmp_path / "log", tmp_path / "cut"
    a_log(log, 40, 90)
    a_log(cut, 40)
    made = await audit(
        "keys", "--create", "oversight.example.org", "--witness", str(tmp_path / "witness.key"), **ELSEWHERE
    )
    assert 0 == made.code, made.err
    again = await audit("keys", "--create", "oversight.example.org", str(tmp_path / "witness.key"), **ELSEWHERE)
    assert (2, "") == (again.code, again.out)
    rest = ("--key", SIGNER.verifier.text(), "--with", str(tmp_path / "witness.key"), "--state", str(tmp_path / "last"))
    unknown = await audit("cosign", str(log), *rest, **ELSEWHERE)
    assert (2, "") == (unknown.code, unknown.out)
    signed = await audit("cosign", str(log), *rest, "--first", **ELSEWHERE)
    assert (0, (tmp_path / "last").read_text()) == (signed.code, signed.out), signed.err
    assert 1 == (await audit("cosign", str(cut), *rest, **ELSEWHERE)).code
    assert 2 == (await audit("cosign", str(cut), *rest, "--first", **ELSEWHERE)).code
    assert signed.out == (tmp_path / "last").read_text()
    again = await audit("cosign", str(log), *rest, **ELSEWHERE)
    assert 0 == again.code, again.err
    wrong = await audit("verify", str(log), "--key", made.out.strip(), **ELSEWHERE)
    assert 0 != wrong.code
