"""The open passages of section control in Redis, so that any worker can go on where another ended, and nothing is decided
twice.

Redis stores; `pipeline.sections.vehicle` decides. For each section and folded plate there is a list: first the vehicle as it
was last decided, then the reads since then, and violations that were put back after a loss (section_put_back). Beside it is stored
how far each partition's records are included, as the next offset: a record that is read again changes nothing, and a gap shows that
Redis has lost something. A sorted set holds when each vehicle is to be decided next, in the broker's time. A decision is written
together with the messages that it sends; they stay in an outbox until the broker has acknowledged them, so that another worker
sends them if this one dies.

All of it has one hash tag: one node of a Redis Cluster holds it, and each script is atomic.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import msgspec

from pipeline.sections.history import Key
from pipeline.state.redis_port import Argument, redis_edge
from pipeline.state.section_keys import DIGESTS_MS, SAFETY_MS, WHAT, SectionKeys
from pipeline.state.section_records import (
    MOST_READS,
    SHARDS,
    Arrival,
    Covered,
    Decided,
    Look,
    Remembered,
    Unsent,
    digest_of,
    end_of,
    key_named,
    name_of,
    order_of,
    place_of,
    remembered_in,
    shard_in,
    unsent_in,
    written_of,
)
from pipeline.state.section_scripts import DECIDED, LOOK, PUT, RECALL, REVIEW

LOOKED_AT_ONCE = 1_000  # vehicles decided in one step
WRITTEN_AT_ONCE = 200  # of them, so that Redis is held up for a millisecond or two
_pack = msgspec.msgpack.Encoder().encode


class SectionMemory(SectionKeys):
    """Keeps the reads of section control in Redis. Every method raises Unavailable when Redis is away."""

    async def put(self, covered: Sequence[Covered], arrivals: Iterable[Arrival]) -> dict[int, int | None]:
        """Store these arrivals, each once, and note which records are covered. One round trip.

        Nothing is stored if records before them are missing in the memory: then the result names each partition where that is
        so, with the offset from which on it must be read again, or None where the memory holds nothing of it. From then on
        nothing is due until PuttingBack has noted that nothing is missing.
        """
        vehicles: dict[Key, tuple[int, str, int, list[tuple[int, int, int, str]]]] = {}
        ends: list[bytes] = []
        brought = list(arrivals)
        for one in brought:
            shard, name = place_of(one.key)
            found = vehicles.get(one.key)
            reads = found[3] if found else []
            ends.append(end_of(one.end))
            reads.append((one.partition, one.offset, len(ends), digest_of(one.key, one.end.name)))
            vehicles[one.key] = (shard, name, max(one.due_ms, found[2] if found else 0), reads)
        newest_ms = max((one.end.arrived_ms for one in brought), default=0)
        keys = [f"{self._tag}:next", f"{self._tag}:since"]
        keys += [self._due(shard) for shard in range(SHARDS)]
        keys += [self._vehicle(key) for key in vehicles]
        keys += [
            self._forgotten(at_ms, span_ms) for span_ms in DIGESTS_MS for at_ms in (newest_ms, newest_ms - span_ms)
        ]
        keys.append(self._whole)
        seen = [
            (one.partition, one.first, one.next, -1 if one.whole_since_ms is None else one.whole_since_ms)
            for one in covered
        ]
        call: tuple[list[str], list[Argument]] = (
            keys, [_pack(seen), _pack(list(vehicles.values())), SHARDS, MOST_READS, SAFETY_MS, *ends],
        )  # fmt: skip
        (lost,) = await PUT.run(self._client, WHAT, [call])
        return {partition: None if known < 0 else known for partition, known in zip(lost[::2], lost[1::2], strict=True)}

    async def look(self, times: Mapping[int, int], partitions: int, shards: Sequence[int]) -> Look:
        """Which vehicles of these shards are to be decided, and which messages are to be sent. One round trip.

        times: stored first; for each of this worker's partitions, the time up to which it was read (broker's clock, UTC ms).
        partitions: how many the topic has.
        """
        keys = [f"{self._tag}:time", f"{self._tag}:since", self._whole]
        keys += [self._due(shard) for shard in shards] + [self._outbox(shard) for shard in shards]
        arguments: list[Argument] = [partitions, LOOKED_AT_ONCE]
        for partition, at_ms in times.items():
            arguments += [partition, at_ms]
        ((until, since, newest, due, unsent),) = await LOOK.run(self._client, WHAT, [(keys, arguments)])
        return Look(
            until_ms=None if until < 0 else until,
            whole_since_ms=since,
            newest_ms=None if newest < 0 else newest,
            due=tuple(key_named(name.decode()) for name in due),
            unsent=tuple(sorted(map(unsent_in, unsent[::2], unsent[1::2]), key=order_of)),
        )

    async def remembered(self, keys: Sequence[Key]) -> list[Remembered]:
        """These vehicles as they are stored in Redis, in order; without those that are gone. One round trip."""
        if not keys:
            return []
        places = [part for key in keys for part in place_of(key)]
        names = [kind(shard) for kind in (self._due, self._proven) for shard in range(SHARDS)]
        call: tuple[list[str], list[Argument]] = ([*names, *map(self._vehicle, keys)], [SHARDS, *places])
        (lists,) = await RECALL.run(self._client, WHAT, [call])
        return [remembered_in(key, found) for key, found in zip(keys, lists, strict=True) if found]

    async def decided(self, decisions: Sequence[Decided], until_ms: int) -> list[bool]:
        """Store these decisions together with the messages to send.

        For each, False: the vehicle, or one beside it, has changed since it was read, and nothing was stored. until_ms: the time
        up to which it was decided, in the broker's time (UTC ms).
        """
        shared, forgotten = list[str](), [self._forgotten(until_ms, span_ms) for span_ms in DIGESTS_MS]
        for kind in (self._due, self._outbox, self._proven):
            shared += map(kind, range(SHARDS))
        calls: list[tuple[list[str], list[Argument]]] = []
        for at in range(0, len(decisions), WRITTEN_AT_ONCE):
            some = decisions[at : at + WRITTEN_AT_ONCE]
            own = [one.was.key for one in some]
            beside = {other.key: None for one in some for other in one.beside if other.key not in own}
            vehicles = [*own, *beside]
            numbers = {key: number for number, key in enumerate(vehicles, 1)}
            blobs: list[bytes] = []
            written = [written_of(one, blobs, numbers.__getitem__, DIGESTS_MS) for one in some]
            keys = [*shared, *map(self._vehicle, vehicles), *forgotten]
            kept_ms = [2 * span_ms for span_ms in DIGESTS_MS]
            calls.append((keys, [SHARDS, SAFETY_MS, _pack(kept_ms), _pack(written), *blobs]))
        answers = await DECIDED.run(self._client, WHAT, calls)
        return [done == 1 for answer in answers for done in answer]

    async def review(self, section_ids: Sequence[str] = ()) -> None:
        """Have the vehicles of which a violation stands decided again, because reference data has changed. section_ids: only
        on these sections; none: on all."""
        if not section_ids:
            await self._note_proven()
        keys = [kind(shard) for kind in (self._due, self._proven) for shard in range(SHARDS)]
        await REVIEW.run(self._client, WHAT, [(keys, list(section_ids))])

    async def _note_proven(self) -> None:
        """Note the vehicles of which a violation stands that were stored before these were noted. Done once."""
        noted = f"{self._tag}:noted"
        with redis_edge(WHAT):
            if await self._client.hexists(noted, "proven"):
                return
            for shard in range(SHARDS):
                due = cast("list[bytes]", await self._client.zrange(self._due(shard), 0, -1))
                for at in range(0, len(due), WRITTEN_AT_ONCE):
                    found = await self.remembered([key_named(name.decode()) for name in due[at : at + WRITTEN_AT_ONCE]])
                    proven = [name_of(one.key) for one in found if one.vehicle.proven]
                    if proven:
                        await self._client.sadd(self._proven(shard), *proven)
            await self._client.hset(noted, "proven", 1)

    async def sent(self, unsent: Iterable[Unsent]) -> None:
        """Note that the broker has these messages: they are deleted from the outbox."""
        numbers: dict[int, list[str]] = {}
        for one in unsent:
            numbers.setdefault(shard_in(one.number), []).append(one.number)
        if not numbers:
            return
        with redis_edge(WHAT):
            pipe = self._client.pipeline(transaction=False)
            for shard, some in numbers.items():
                pipe.hdel(self._outbox(shard), *some)
            await pipe.execute()
