"""Puts a simulated network's reference data into the platform."""

import redis.asyncio

from pipeline.runtime.clock import platform_now_ms
from pipeline.simulation.network import RoadNetwork
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES, SECTIONS, ZONES
from pipeline.state.replica_writer import ReplicaWriter

KNOWN_FOR_MS = 3_600_000
"""How long before the first read a simulated network counts as known: some of its reads were captured minutes before they come."""
EFFECTIVE_WITHIN_S = 1.5
"""How long every worker may take to follow a change (1 s at most), with some to spare."""


def writer_of_known(client: redis.asyncio.Redis, namespace: str, begins_ms: int | None = None) -> ReplicaWriter:
    """A writer that dates its items as imported KNOWN_FOR_MS before begins_ms (UTC; None: now)."""
    arrived_ms = (platform_now_ms() if begins_ms is None else begins_ms) - KNOWN_FOR_MS
    return ReplicaWriter(client, namespace, now_ms=lambda: arrived_ms)


async def load_reference(network: RoadNetwork, writer: ReplicaWriter) -> int:
    """Put sections, zones, hotlist, policies and cameras; other items stay. Returns how many were added or
    changed.

    The cameras come last, because an agent that knows none waits (for 30 s after its start; then it refuses their reads). It may
    be run again. Raises Unavailable when Redis is away.
    """
    changes = [
        await writer.put(SECTIONS, network.sections),
        await writer.put(ZONES, network.zones),
        await writer.put(HOTLIST, network.hotlist),
        await writer.put(POLICIES, network.policies),
        await writer.put(CAMERAS, network.cameras),
    ]
    return sum(change.put for change in changes)
