"""Looks a wanted vehicle up in the reads of the last hours, and has those that match decided again.

They are sent once more on their topic. The agent hotlist, which knows the entry by now, makes alerts of them that say so, ring
nowhere and must be confirmed; whoever else reads the topic knows a read that comes again.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.hotlist.index import Hotlist
from pipeline.hotlist.matching import match_reads
from pipeline.hotlist.watches import ANY_PLATE, look_of
from pipeline.reads.versions import Versions
from pipeline.runtime.partitioner import partition_of
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream import codec
from pipeline.stream.recent import recent
from schemas.reads import PlateRead, ReadBatch
from schemas.reference import Camera, HotlistEntry, Zone
from schemas.topics import READS


@dataclass(frozen=True, slots=True)
class Found:
    """What a look back found. looked_at: how many reads; read_ids: of those that match and were sent again."""

    looked_at: int
    read_ids: tuple[str, ...]


async def look_back(
    client_kwargs: Mapping[str, Any], namespace: str, matches: Callable[[ReadBatch], list[PlateRead]], since_ms: int
) -> Found:
    """Send those reads again that match, of all that the broker took from since_ms (UTC) on. client_kwargs: of KafkaConnection.
    Raises Unavailable."""
    looked_at, found = 0, dict[str, PlateRead]()
    async for batch, _, _ in recent(client_kwargs, namespace, READS, since_ms):
        looked_at += len(batch.reads)
        found |= {read.read_id: read for read in matches(batch)}
    sender = Sender(client_kwargs)
    try:
        await sender.send_all([one async for one in _again(sender, namespace, found)])
    finally:
        await sender.stop()
    return Found(looked_at, tuple(found))


async def _again(sender: Sender, namespace: str, found: Mapping[str, PlateRead]) -> AsyncIterator[Outgoing]:
    topic = f"{namespace}.{READS.name}"
    partitions = await sender.partitions(topic) if found else 0
    for read in found.values():
        payload = codec.encode(READS, ReadBatch(reads=(read,)))
        yield Outgoing(topic, payload, partition=partition_of(read.camera_id.encode(), partitions))


def matching(
    entry: HotlistEntry, cameras: Versions[Camera], zones: Versions[Zone]
) -> Callable[[ReadBatch], list[PlateRead]]:
    """A function that returns those reads of a batch that are hits of this entry, of the hotlist or of a request to watch."""
    hotlist = Hotlist((entry,)) if entry.plate != ANY_PLATE else None

    def found(batch: ReadBatch) -> list[PlateRead]:
        if hotlist is not None:
            return [read for read, _ in match_reads(batch.reads, hotlist, cameras, zones)]
        return [
            read
            for read in batch.reads
            if look_of(read, entry, cameras.as_known(read.captured_at_ms), zones.as_known(read.captured_at_ms))
        ]

    return found
