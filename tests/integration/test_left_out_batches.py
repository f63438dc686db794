"""A batch that unpacks to too much, on a topic that the desks follow."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from pipeline.desks.directory import Directory
from pipeline.desks.live import Live
from pipeline.desks.live_topics import follow
from pipeline.runtime.clock import platform_now_ms
from pipeline.stream import codec
from schemas.topics import ALERTS
from tests.builders import make_alert
from tests.integration.test_desks_lists import Desks, desks, recorder

__all__ = ["desks", "recorder"]
LARGE = 1 << 27


@pytest.mark.asyncio
async def test_a_batch_that_unpacks_to_too_much_keeps_no_alert_from_the_desks(desks: Desks) -> None:
    """It is left out, what stands after it is shown, and the desks come to the topic's end."""
    topic, alert = f"{desks.namespace}.{ALERTS.name}", make_alert()
    async with AIOKafkaProducer(
        compression_type="zstd", max_request_size=LARGE, max_batch_size=LARGE, **desks.kafka.client_kwargs()
    ) as producer:
        for payload in (bytes(LARGE // 2), codec.encode(ALERTS, alert), bytes(LARGE // 2)):
            await producer.send_and_wait(topic, payload, partition=0)
    live = Live(Directory())
    following = asyncio.create_task(follow(live, desks.kafka, desks.namespace, platform_now_ms))
    try:
        async with asyncio.timeout(30.0):
            await live.ready.wait()
        assert alert.alert_id in live.items["alert"]
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
