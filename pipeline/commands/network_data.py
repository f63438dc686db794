"""A network's reference data into the platform."""

from pipeline.sources.network import RoadNetwork
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES, SECTIONS, ZONES
from pipeline.state.replica_writer import ReplicaWriter

EFFECTIVE_WITHIN_S = 1.5
"""How long every worker may take to follow a change (design, section 4: 1 s), with some to spare."""


async def load_reference(network: RoadNetwork, writer: ReplicaWriter) -> int:
    """Put cameras, sections, zones, hotlist and policies; what else is there stays. Returns how many items changed.

    Raises Unavailable when Redis is away; it may be run again.
    """
    changes = [
        await writer.put(CAMERAS, network.cameras),
        await writer.put(SECTIONS, network.sections),
        await writer.put(ZONES, network.zones),
        await writer.put(HOTLIST, network.hotlist),
        await writer.put(POLICIES, network.policies),
    ]
    return sum(change.put for change in changes)
