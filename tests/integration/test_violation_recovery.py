"""Which violations are put back after Redis was emptied: those that stand on their topic, and no other."""

from pathlib import Path

import msgspec
from redis.asyncio import Redis

from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing
from pipeline.sections.rules import SETTLE_MS
from pipeline.state.section_memory import SectionMemory
from pipeline.state.section_put_back import PuttingBack
from pipeline.stream import codec
from pipeline.stream.violation_recovery import ViolationRecovery
from schemas.outcomes import Withdrawal
from schemas.topics import VIOLATIONS
from tests.integration.stage_probe import Bench
from tests.violations import make_violation


async def test_a_violation_that_was_sent_and_not_withdrawn_is_put_back(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """Of two, one was withdrawn. Again, nothing changes."""
    bench, now_ms = Bench(kafka, redis, namespace, tmp_path), platform_now_ms()
    stands = make_violation(at_ms=now_ms)
    gone = msgspec.structs.replace(stands, violation_id="v-90", section_id="S2")
    withdrawal = Withdrawal(kind="violation", id="v-90", reason="corrected", by="section_control", at_ms=now_ms)
    await bench.sender.send_all([
        Outgoing(f"{namespace}.violations", codec.encode(VIOLATIONS, one), partition=0)
        for one in (stands, gone, withdrawal)
    ])  # fmt: skip
    memory, putting_back = SectionMemory(redis, namespace), PuttingBack(redis, namespace)
    recovery = ViolationRecovery(kafka.client_kwargs(), namespace, putting_back, SETTLE_MS, platform_now_ms)
    for _ in range(2):
        await recovery.look()
        found = await memory.remembered([(one.section_id, one.entry.plate) for one in (stands, gone)])
        assert [stands] == [one.violation for vehicle in found for one in vehicle.vehicle.put_back]
        assert [2] == [len(vehicle.vehicle.fresh) for vehicle in found]
    await bench.sender.stop()
