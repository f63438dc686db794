"""The agent ocr: reads the crops of each track, votes for one text, and stores crop and overview as evidence. It sends
reads; pictures are not sent any further."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import BadRecord
from pipeline.evidence.store import EvidenceStore
from pipeline.stream.agent import Agent
from pipeline.stream.context import Context
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.vision.bounded_decoder import BoundedDecoder
from pipeline.vision.paddle import Paddle
from pipeline.vision.pictures import one_thread, warm_up
from pipeline.vision.reading import PlateReader
from pipeline.vision.scene import read_track
from pipeline.vision.scene_read import SceneRead
from schemas.ids import read_id
from schemas.pictures import Track
from schemas.reads import MAX_BATCH, Alternative, Direction, PlateRead, ReadBatch
from schemas.topics import READS, TRACKS


async def start(context: Context) -> Handler[Track]:
    """Load the own reader, open the evidence store and return the handler. PaddleOCR is loaded after the agent has joined
    its group, so that the agent does not join late; until it is loaded, a doubtful read waits.

    The libraries are warmed up after that, because warming up first would raise the peak of memory, which is reached while
    PaddleOCR loads.
    """
    one_thread()
    context.on_stop((await BoundedDecoder.installed()).stop)
    paddle = Paddle()
    settings = context.settings
    evidence = EvidenceStore.open(settings.evidence)
    reader = await asyncio.to_thread(PlateReader.load, paddle)

    async def make_ready() -> None:
        await context.started.wait()
        await asyncio.to_thread(paddle.load)
        await asyncio.to_thread(warm_up)

    context.background(make_ready, "PaddleOCR")
    return Ocr(reader, evidence, context).handle


@dataclass(frozen=True, slots=True)
class Ocr:
    """The handler and what it needs."""

    reader: PlateReader
    evidence: EvidenceStore
    context: Context

    async def handle(self, records: Sequence[Record[Track]]) -> Outputs:
        """Returns the reads of these tracks, in batches by partition; nothing is kept between calls. Raises Unavailable
        when the evidence store is away."""
        outputs = Outputs()
        reads: defaultdict[int, list[PlateRead]] = defaultdict(list)
        for record in records:
            seen = await asyncio.to_thread(_seen, record.message, self.reader)
            if isinstance(seen, BadRecord):
                outputs.refuse(record, seen.reason, seen.detail)
            elif seen is not None:
                read = await self._read(record.message, seen)
                reads[self.context.partition_of(READS, read.camera_id)].append(read)
        for partition, some in reads.items():
            for first in range(0, len(some), MAX_BATCH):
                outputs.send(READS, ReadBatch(reads=tuple(some[first : first + MAX_BATCH])), partition=partition)
        return outputs

    async def _read(self, track: Track, seen: SceneRead) -> PlateRead:
        """Store the track's pictures and return the read. Raises Unavailable when the evidence store is away."""
        at_ms = track.captured_at_ms if track.line_at_ms is None else track.line_at_ms
        return PlateRead(
            read_id=read_id(track.camera_id, at_ms, seen.plate),
            camera_id=track.camera_id,
            captured_at_ms=at_ms,
            received_at_ms=track.received_at_ms,
            timing="picture" if track.line_at_ms is None else "line",
            time_doubt_ms=track.line_doubt_ms,
            direction=_DIRECTIONS.get(track.direction or ""),
            plate=seen.plate,
            confidence=seen.confidence,
            alternatives=tuple(Alternative(text=a.text, probability=a.probability) for a in seen.alternatives),
            raw=seen.raw if seen.raw != seen.plate else None,
            country=seen.country,
            country_confidence=seen.country_confidence,
            heading_deg=track.heading_deg,
            position=track.position,
            colour=seen.colour,
            clock=track.clock,
            network=track.network,
            purposes=track.purposes,
            crop=await self.evidence.put(track.captured_at_ms, track.crops[0].image),
            overview=await self.evidence.put(track.overview_captured_at_ms, track.overview),
            reader=self.reader.name,
        )


_DIRECTIONS: Mapping[str, Direction] = {"approaching": "approaching", "leaving": "leaving"}


def _seen(track: Track, reader: PlateReader) -> SceneRead | BadRecord | None:
    try:
        return read_track(track, reader)
    except BadRecord as error:
        return error


AGENT = Agent(
    name="ocr",
    source=TRACKS,
    outputs=(READS,),
    start=start,
    max_records=8,  # some 0.2 s of work: a batch's reads leave together
)
