"""`vigie simulate` sending to servers that the settings name."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE

from redis.asyncio import Redis

from pipeline.runtime.clock import platform_now_ms
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.simulation.network_small import small_network
from pipeline.state.collections import CAMERAS, HOTLIST
from pipeline.state.replica_writer import ReplicaWriter
from tests.integration.test_camera_producer import batches_in, reads_of


async def test_reference_data_and_reads_arrive(pair: EmbeddedPair, namespace: str, redis: Redis) -> None:
    """Two minutes of traffic in a few seconds: nothing of it claims to be live."""
    await provide(pair.kafka, pair.redis_url, namespace, pair.accounts)
    servers = {**pair.env(), "VIGIE_NAMESPACE": namespace}
    arguments = ("simulate", "--duration", "120", "--speed-up", "60", "--rate", "10", "--json")
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", *arguments, stdout=PIPE, stderr=PIPE, env={**os.environ, **servers}
    )
    out, told = await asyncio.wait_for(command.communicate(), 120)
    assert command.returncode == 0, told.decode()
    reads = reads_of(await batches_in(pair.kafka, f"{namespace}.reads"))
    assert json.loads(out)["reads"] == len(reads) > 1_000
    assert max(read.captured_at_ms for read in reads) < platform_now_ms() - 60_000
    writer, network = ReplicaWriter(redis, namespace), small_network()
    assert {camera.camera_id for camera in network.cameras} == {item.camera_id for item in await writer.list(CAMERAS)}
    assert len(network.hotlist) == len(await writer.list(HOTLIST))
