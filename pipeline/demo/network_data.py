"""A network's reference data into the platform."""

from pipeline.simulation.network import RoadNetwork
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES, SECTIONS, ZONES
from pipeline.state.replica_writer import ReplicaWriter

EFFECTIVE_WITHIN_S = 1.5
"""How long every worker may take to follow a change (design, section 4: 1 s), with some to spare."""


async def load_reference(network: RoadNetwork, writer: ReplicaWriter) -> int:
    """Put sections, zones, hotlist, policies and cameras; what else is there stays. Returns how many items changed.

    The cameras come last: agents that know none yet wait, so nothing is decided from half of it.
    Raises Unavailable when Redis is away; it may be run again.
    """
    changes = [
        await writer.put(SECTIONS, network.sections),
        await writer.put(ZONES, network.zones),
        await writer.put(HOTLIST, network.hotlist),
        await writer.put(POLICIES, network.policies),
        await writer.put(CAMERAS, network.cameras),
    ]
    return sum(change.put for change in changes)
