"""Which forwards are put back after Redis was emptied: those that stand on their topic, and no other."""

from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from pipeline.neighbours.policy import forwards_of
from pipeline.neighbours.recalls import Sent, recall_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing
from pipeline.state.forward_memory import RedisForwardMemory
from pipeline.state.open_forwards import Recall
from pipeline.stream import codec
from pipeline.stream.forward_recovery import ForwardRecovery
from schemas.base import Message
from schemas.outcomes import Alert, Forward, RecordPlace, Withdrawal
from schemas.topics import ALERTS, FORWARDS, Topic
from tests.builders import make_alert, make_camera, make_entry, make_policy, make_read
from tests.integration.stage_probe import Bench

ENTRY = make_entry("1ABC234", share_with=("NL",))


def alert_at(captured_ms: int) -> Alert:
    """A sure hit at that time."""
    return make_alert(ENTRY, make_read("1ABC234", "E40-1", captured_ms))


def forward_of(alert: Alert, offset: int) -> Forward:
    """What the Netherlands were told of an alert, which stands at this offset of partition 0."""
    cameras = {"E40-1": make_camera()}
    (made,) = forwards_of(alert, [make_policy("NL")], cameras, {}, alert.read.captured_at_ms + 500)
    return msgspec.structs.replace(made, alert_at=RecordPlace(partition=0, offset=offset))


async def test_what_was_sent_and_not_recalled_is_put_back_whatever_policies_say_today(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """Of four alerts one was told, one was not, one was told and recalled, one told and withdrawn while the memory was lost: its
    recall is made up for. Again, nothing changes."""
    bench, now_ms = Bench(kafka, redis, namespace, tmp_path), platform_now_ms()
    told, untold, recalled, withdrawn = (alert_at(now_ms - 60_000 * one) for one in range(4))
    gone = Withdrawal(kind="alert", id=withdrawn.alert_id, reason="entry_removed", by="hotlist", at_ms=now_ms)
    await put(bench, ALERTS, told, untold, recalled, withdrawn, gone)
    forwards = {one.alert_id: forward_of(one, offset) for offset, one in
                ((0, told), (2, recalled), (3, withdrawn))}  # fmt: skip
    back = recall_of(forwards[recalled.alert_id], now_ms=now_ms)
    await put(bench, FORWARDS, *forwards.values(), back)
    memory, missed = RedisForwardMemory(redis, namespace), list[Recall]()

    def kept(forward: Forward, alert: Alert) -> Sent:
        return Sent(forward=forward, alert=alert, policy_id="unknown")

    recovery = ForwardRecovery(kafka.client_kwargs(), namespace, memory, platform_now_ms, kept, missed.extend)
    await recovery.look()
    found = await memory.of_alerts([one.alert_id for one in (told, untold, recalled, withdrawn)])
    assert {told.alert_id, withdrawn.alert_id} == {one.alert.alert_id for one in found}
    assert [(withdrawn.alert_id, "entry_removed", 4)] == [
        (one.sent.alert.alert_id, one.reason, one.withdrawn_at and one.withdrawn_at.offset) for one in missed
    ]
    later = msgspec.structs.replace(withdrawn, revision=2)
    assert [True, False] == await memory.standing([told, later])
    await recovery.look()
    assert 1 == len(missed), "Redis has them"
    await bench.sender.stop()


async def put(bench: Bench, topic: Topic[Any], *messages: Message) -> None:
    """Send these messages to partition 0, in their order."""
    for one in messages:
        await bench.sender.send_all([
            Outgoing(f"{bench.namespace}.{topic.name}", codec.encode(topic, one), partition=0)
        ])  # fmt: skip
