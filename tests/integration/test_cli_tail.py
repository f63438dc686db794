"""`vigie tail` with its own account, on the servers that the settings name."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE

from redis.asyncio import Redis

from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.record_keys import RecordKeys
from pipeline.stream import codec
from schemas.topics import ALERTS
from tests.forwards import Scene


async def test_what_is_in_a_topic_is_shown_to_its_own_account(pair: EmbeddedPair, namespace: str, redis: Redis) -> None:
    """The account may read the topic and write the record, and nothing more is needed: no settings of topics, no group."""
    await provide(pair.kafka, pair.redis_url, namespace, pair.accounts)
    await RecordKeys(redis, namespace).make(platform_now_ms())
    alert = Scene().alert(platform_now_ms())
    sender = Sender(pair.kafka.client_kwargs())
    await sender.send_all([Outgoing(f"{namespace}.alerts", codec.encode(ALERTS, alert), partition=0)])
    await sender.stop()
    arguments = (
        "tail",
        "alerts",
        "--from-start",
        "--count",
        "1",
        "--json",
        "--reason",
        "trial of a new camera on the E40",
    )
    servers = {**os.environ, **pair.env(), "VIGIE_NAMESPACE": namespace}
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", *arguments, stdout=PIPE, stderr=PIPE, env=servers
    )
    out, told = await asyncio.wait_for(command.communicate(), 120)
    assert (0, alert.alert_id) == (command.returncode, json.loads(out)["alert_id"]), told.decode()
