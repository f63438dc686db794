"""ocr's handler with the real reader and an evidence folder, without a broker."""

from pathlib import Path
from random import Random

import msgspec
import pytest
from redis.asyncio import Redis

from agents.ocr import Ocr
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import load_settings
from pipeline.stream.context import Context
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Record
from pipeline.vision.passages import Passages, PictureLine, track_of
from pipeline.vision.reading import PlateReader
from pipeline.vision.rendering.passages import render_passage
from schemas.pictures import Track
from schemas.reads import PlateRead, ReadBatch
from schemas.reference import PicturePoint
from schemas.topics import READS
from tests.builders import NOON_MS


def a_track(line: PictureLine | None = None) -> Track:
    """What decode makes of one vehicle that approaches a camera. line: of a section, in the camera's picture."""
    passages, complete = Passages(), []
    passages.add("C1", 0, ())
    frames = render_passage(Random(3), "1ABC234", "BE", views=3).frames("C1", NOON_MS)
    for offset, frame in enumerate(frames):
        complete += passages.watch(frame, offset, frame.captured_at_ms)
    (passage,) = complete + passages.flush(2**60)
    return track_of(passage, line)


async def reads_of(track: Track, folder: Path) -> list[PlateRead]:
    """What ocr sends on for one track."""
    settings = load_settings({"VIGIE_DATA_DIR": str(folder)}, None)
    context = Context(
        settings, Redis(), StageMetrics("ocr"), Sender({"bootstrap_servers": "none"}), partition_counts={READS.name: 4}
    )
    ocr = Ocr(PlateReader.load(), EvidenceStore.open(folder), context)
    outputs = await ocr.handle([Record("tracks", 0, 0, NOON_MS, track, b"")])
    return [read for _, batch, _, _ in outputs.sends if isinstance(batch, ReadBatch) for read in batch.reads]


@pytest.mark.parametrize("colour", ["green", None])
async def test_a_read_has_the_colour_that_decode_saw(tmp_path: Path, colour: str | None) -> None:
    """ocr sees cut-out plates and an overview made smaller: what colour the vehicle has was told from the whole picture."""
    (read,) = await reads_of(msgspec.structs.replace(a_track(), colour=colour), tmp_path)
    assert ("1ABC234", colour) == (read.plate, read.colour)


async def test_a_read_says_what_its_time_is_the_time_of(tmp_path: Path) -> None:
    """Of its best crop, or of crossing the camera's line between two pictures, with the doubt of that; and which way it goes."""
    track = a_track()
    (read,) = await reads_of(track, tmp_path)
    assert ("picture", track.captured_at_ms, "approaching") == (read.timing, read.captured_at_ms, read.direction)
    places = [(box[1] + box[3] / 2) / 540 for box in (crop.box for crop in track.crops)]
    between = (min(places) + max(places)) / 2
    line = PicturePoint(x=0.0, y=between), PicturePoint(x=1.0, y=between)
    (read,) = await reads_of(a_track(line), tmp_path)
    assert "line" == read.timing
    times = sorted(crop.captured_at_ms for crop in track.crops)
    assert (
        times[0]
        <= read.captured_at_ms - read.time_doubt_ms
        < read.captured_at_ms + read.time_doubt_ms
        <= times[-1] + 200
    )
