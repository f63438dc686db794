"""Looks a wanted vehicle up in the reads of the last hours, and has those that match decided again.

They are sent once more on their topic. The agent hotlist, which knows the entry by now, makes alerts of them that say so, ring
nowhere and must be confirmed; whoever else reads the topic knows a read that comes again.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.hotlist.index import Hotlist
from pipeline.hotlist.matching import Hit, match_reads
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
    client_kwargs: Mapping[str, Any], namespace: str, matches: Callable[[ReadBatch], list[PlateRead]], since_ms: int,
    most: int | None = None,
) -> Found:  # fmt: skip
    """Send those reads again that match, of all that the broker took from since_ms (UTC) on. client_kwargs: of KafkaConnection.
    most: it ends when so many were found. Raises Unavailable."""
    looked_at, found = 0, dict[str, PlateRead]()
    async for batch, _, _ in recent(client_kwargs, namespace, READS, since_ms):
        looked_at += len(batch.reads)
        found |= {read.read_id: read for read in matches(batch)}
        if most is not None and len(found) >= most:
            break
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
    entries: Iterable[HotlistEntry], cameras: Versions[Camera], zones: Versions[Zone], most_of_each: int | None = None
) -> Callable[[ReadBatch], list[PlateRead]]:
    """A function that returns those reads of a batch that are hits of one of these entries, of the hotlist or of requests to watch.
    most_of_each: so many reads of one entry are found at most; None: all."""
    every = list(entries)
    hotlist = Hotlist(one for one in every if one.plate != ANY_PLATE)
    looks = [one for one in every if one.plate == ANY_PLATE]
    counts: Counter[str] = Counter()

    def wanted(hits: Iterable[Hit]) -> bool:
        known = {hit.entry.entry_id for hit in hits}
        counts.update(known)
        return bool(known) and (most_of_each is None or any(counts[one] <= most_of_each for one in known))

    def found(batch: ReadBatch) -> list[PlateRead]:
        seen = {}
        if len(hotlist):
            seen = {
                read.read_id: read for read, hits in match_reads(batch.reads, hotlist, cameras, zones) if wanted(hits)
            }
        for read in batch.reads if looks else ():
            at_ms = read.captured_at_ms
            known = cameras.as_known(at_ms), zones.as_known(at_ms)
            if wanted(hit for one in looks for hit in look_of(read, one, *known)):
                seen[read.read_id] = read
        return list(seen.values())

    return found
