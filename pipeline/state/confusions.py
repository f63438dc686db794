"""Writes what persons' misreads exclude into the collection exclusions, which the hotlist agent follows."""

from pipeline.hotlist.quieting import PREFIX, quieted
from pipeline.state.collections import EXCLUSIONS
from pipeline.state.replica_writer import ReplicaWriter
from schemas.incidents import IncidentState

KEPT_MS = 86_400_000  # after its end; then it is removed when the next one is written


async def exclude(writer: ReplicaWriter, state: IncidentState, now_ms: int) -> None:
    """Write what the incident's misreads exclude, and remove what they do not exclude any more, because they were undone. Twice is
    as once. now_ms: UTC. Raises Unavailable while Redis is away."""
    said = quieted(state)
    put = [one for one in said.values() if one is not None and one.valid_until_ms > now_ms]
    await writer.put(EXCLUSIONS, put)
    gone = [name for name, one in said.items() if one is None]
    if put:
        ours = [one for one in await writer.list(EXCLUSIONS) if one.exclusion_id.startswith(PREFIX)]
        gone += [one.exclusion_id for one in ours if one.valid_until_ms < now_ms - KEPT_MS]
    await writer.remove(EXCLUSIONS, gone)
