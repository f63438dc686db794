"""`vigie policies explain`, as a liaison officer runs it, on real Kafka and Valkey."""

import json
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, POLICIES
from pipeline.state.replica_writer import ReplicaWriter
from schemas.outcomes import Alert
from schemas.topics import ALERTS
from tests.builders import make_alert, make_camera, make_entry, make_policy, make_read
from tests.integration.vigie_commands import Told, Vigie
from tests.people_desk import desks_of


def lines(told: Told) -> list[tuple[str | None, str | None, str, str]]:
    """Country, policy, reason and change of each line."""
    assert 0 == told.code, told.err
    found = [json.loads(line) for line in told.out.splitlines()]
    return [(one["country"], one["policy_id"], one["reason"], one.get("changed", "")) for one in found]


async def test_each_policys_decision_is_explained_and_others_are_tried(
    vigie: Vigie, redis: Redis, kafka: KafkaConnection, namespace: str, tmp_path: Path
) -> None:
    """By alert_id, of the last hours and from a file; with other policies it says what would change, and changes nothing."""
    writer, desks = ReplicaWriter(redis, namespace), desks_of(kafka, redis, namespace, tmp_path)
    await writer.put(CAMERAS, [make_camera("E40-1")])
    french = make_policy("FR", "FR-1", min_confidence=1.0)
    await writer.put(POLICIES, [make_policy("NL", "NL-1"), make_policy("NL", "NL-2", lists=("sis",)), french])
    read = make_read(captured_at_ms=platform_now_ms())
    shared = make_alert(make_entry(share_with=("FR", "LU", "NL")), read, decided_at_ms=read.captured_at_ms + 300)
    alone = make_alert(make_entry("1XYZ999"), make_read("1XYZ999", captured_at_ms=read.captured_at_ms))
    raised: Alert = msgspec.structs.replace(shared, revision=2)
    await desks.send(ALERTS, shared, alone, raised)
    expected = [
        ("FR", "FR-1", "confidence", ""),
        ("LU", None, "no_policy", ""),
        ("NL", "NL-1", "allowed", ""),
        ("NL", "NL-2", "list", ""),
    ]
    one = await vigie("policies", "explain", shared.alert_id, "--json")
    assert expected == lines(one)
    assert 2 == json.loads(one.out.splitlines()[0])["revision"]
    assert sorted([*expected, (None, None, "not_shared", "")], key=str) == sorted(
        lines(await vigie("policies", "explain", "--json")), key=str
    )
    words = await vigie("policies", "explain", shared.alert_id)
    assert "NL NL-1: forwards it" in words.out
    assert "FR FR-1: no: the read is less certain than the policy asks" in words.out
    recorded, other = tmp_path / "alerts.jsonl", tmp_path / "policies.json"
    recorded.write_bytes(msgspec.json.encode(shared) + b"\n")
    other.write_bytes(msgspec.json.encode([make_policy("FR", "FR-9", expires_after_ms=3_600_000)]))
    tried = await vigie("policies", "explain", "--alerts", str(recorded), "--with", str(other), "--json")
    assert [
        ("FR", "FR-9", "allowed", "would be new"),
        ("LU", None, "no_policy", ""),
        ("NL", None, "no_policy", "would end"),
    ] == lines(tried)
    assert "1 forwards (the stored policies: 1)" in tried.err
    assert 3 == len(await writer.list(POLICIES))
    assert 1 == (await vigie("policies", "explain", "a-000000000000000000000000")).code
