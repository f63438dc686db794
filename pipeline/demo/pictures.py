"""The demo's cameras that send pictures: which passages they show, when, and how well their plates were read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.vehicles import SimulatedVehicle, WantedTexts, draw_vehicle
from pipeline.sources.pictures import pictures_of
from pipeline.vision.rendering.passages import render_passage
from schemas.base import Country
from schemas.pictures import Frame
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry

PICTURE_CAMERAS = ("LEZ-02", "LEZ-08", "ANT-01", "NAM-01")
BY_NIGHT = ("LEZ-08",)
REAL = Camera(camera_id="REAL-PICTURES", name="Real pictures", network="local")
WANTED: tuple[HotlistEntry, ...] = (
    HotlistEntry(entry_id="PIC-1", plate="6HXF941", hotlist="national_wanted", category="robbery", priority="urgent",
                 action="stop", owner="Federal judicial police", legal_basis="Code of criminal procedure, art. 44/11/3"),
    HotlistEntry(entry_id="PIC-2", plate="EK593RA", hotlist="stolen", category="theft", priority="high", action="stop",
                 owner="Vehicle crime unit", legal_basis="Regulation (EU) 2018/1862, art. 38"),
    HotlistEntry(entry_id="PIC-3", plate="3PAE946", hotlist="no_insurance", category="uninsured", priority="low",
                 owner="Mobility inspectorate", legal_basis="Act of 21 November 1989, art. 2"),
)  # fmt: skip
"""Looked for in pictures alone, so that what the reader makes of a picture never blurs the simulation's truth."""
_EVERY_MS = 6_500
_AROUND_MS = 300  # how far a read's capture time may lie outside of its passage
_SHORTEST_MS = 700  # between two real pictures, so that none continues the other


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """One passage before a picture camera. after_ms: from the start of the demo to its first frame. lasts_ms: from its first
    to its last frame. plate: None where the true plate is not known."""

    camera_id: str
    after_ms: int
    lasts_ms: int
    plate: str | None
    frames: tuple[Frame, ...]  # capture times count from 0


@dataclass(frozen=True, slots=True)
class Judged:
    """One passage and the read that was made of it (None: none). real: whether it is a real picture, not a rendered one."""

    shown: ShownPassage
    read: PlateRead | None
    real: bool

    @property
    def right(self) -> bool:
        """Whether the text is the vehicle's plate. In real pictures O and Q count as 0, and I as 1, because their truth
        writes them so."""
        if self.read is None or self.shown.plate is None:
            return False
        read, plate = self.read.plate, self.shown.plate
        return _folded(read) == _folded(plate) if self.real else read == plate


def rendered_passages(network: RoadNetwork, seconds: float, seed: int) -> Iterator[ShownPassage]:
    """Render passages for `seconds` of traffic: before each picture camera one about every 6.5 s, one in seven in harsh
    weather. Yields them in order of time; each takes 0.1 s to render."""
    random, wanted = Random(f"{seed}/pictures"), WantedTexts((*network.hotlist, *WANTED))
    looked_for = [(entry.plate, country) for entry, country in zip(WANTED, _COUNTRIES, strict=True)]
    times = _times(random, seconds)
    special = dict(zip(range(4, len(times), max(1, (len(times) - 4) // 3)), looked_for, strict=False))
    for number, (after_ms, camera_id) in enumerate(times):
        vehicle = draw_vehicle(random, wanted)
        if number in special:
            vehicle = SimulatedVehicle(*special[number])
        harsh = number not in special and random.random() < 0.14
        passage = render_passage(random, vehicle.plate, vehicle.country, night=camera_id in BY_NIGHT, harsh=harsh)
        frames = tuple(passage.frames(camera_id, 0))
        yield ShownPassage(camera_id, after_ms, frames[-1].captured_at_ms, vehicle.plate, frames)


_COUNTRIES: tuple[Country, ...] = ("BE", "FR", "BE")


def _times(random: Random, seconds: float) -> list[tuple[int, str]]:
    times = []
    for place, camera_id in enumerate(PICTURE_CAMERAS):
        at_ms = 1_000 + place * _EVERY_MS // len(PICTURE_CAMERAS)
        while at_ms < seconds * 1000 - 2_000:
            times.append((at_ms, camera_id))
            at_ms += _EVERY_MS + random.randint(-1_500, 1_500)
    return sorted(times)


def real_pictures(folder: Path, seconds: float) -> Iterator[ShownPassage]:
    """The pictures of a folder, as many as fit into the time, each as a passage of its own at the camera REAL-PICTURES.

    A picture's true plate is the last word of the .txt file beside it, if there is one. Raises Misconfigured without
    pictures.
    """
    readable = [picture for picture in pictures_of(folder) if picture.error is None and not picture.is_frame]
    step_ms = max(_SHORTEST_MS, round((seconds * 1000 - 2_000) / max(1, len(readable))))
    for number, picture in enumerate(readable):
        if number * step_ms > seconds * 1000 - 1_500:
            return
        frame = Frame(camera_id=REAL.camera_id, captured_at_ms=0, received_at_ms=0, image=picture.image)
        yield ShownPassage(REAL.camera_id, 500 + number * step_ms, 0, _written_down(folder / picture.name), (frame,))


def _written_down(picture: Path) -> str | None:
    try:
        words = picture.with_suffix(".txt").read_text("utf-8").split()
    except (OSError, UnicodeDecodeError):
        return None
    return words[-1] if words else None


async def play_pictures(
    passages: Sequence[ShownPassage], put: Callable[[Frame], Awaitable[None]], starts_ms: int, now_ms: Callable[[], int]
) -> None:
    """Call `put` with every frame at its capture time, until all are sent. starts_ms: the time (UTC) from which the passages'
    times count."""
    frames = sorted(
        ((starts_ms + shown.after_ms + frame.captured_at_ms, frame) for shown in passages for frame in shown.frames),
        key=lambda due: due[0],
    )
    for captured_at_ms, frame in frames:
        await asyncio.sleep(max(0.0, (captured_at_ms - now_ms()) / 1000))
        await put(_stamped(frame, captured_at_ms, now_ms()))


def _stamped(frame: Frame, captured_at_ms: int, received_at_ms: int) -> Frame:
    return Frame(
        camera_id=frame.camera_id, captured_at_ms=captured_at_ms, received_at_ms=received_at_ms, image=frame.image
    )


def judge(
    passages: Sequence[ShownPassage], reads: Sequence[PlateRead], starts_ms: int
) -> tuple[list[Judged], list[PlateRead]]:
    """Match reads to passages by camera and capture time. Returns each passage with its read, and the reads that belong to no
    passage. Of several reads of one passage a right one is taken, else the one with the highest confidence.

    starts_ms: the time (UTC) from which the passages' times count.
    """
    judged, claimed = [], set()
    for shown in passages:
        first_ms = starts_ms + shown.after_ms
        real = shown.camera_id == REAL.camera_id
        own = [
            read
            for read in reads
            if read.camera_id == shown.camera_id
            and first_ms - _AROUND_MS <= read.captured_at_ms <= first_ms + shown.lasts_ms + _AROUND_MS
        ]
        claimed |= {read.read_id for read in own}
        best = sorted(own, key=lambda read: (not Judged(shown, read, real).right, -read.confidence))
        judged.append(Judged(shown, best[0] if best else None, real))
    return judged, [read for read in reads if read.read_id not in claimed]


def _folded(plate: str) -> str:
    return plate.translate(str.maketrans("OQI", "001"))
