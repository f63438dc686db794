"""Sends a few pictures beside the reads, so that decode and ocr meet faults too. Each passage must give one read."""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import msgspec

from pipeline.demo.pictures import WANTED
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_big_hotlist import is_one_vehicles
from pipeline.sources.producer import CameraProducer
from pipeline.vision.rendering.passages import RenderedPassage, render_passage
from schemas import ids
from schemas.base import Country
from schemas.pictures import Frame
from schemas.reads import PlateRead
from schemas.reference import HotlistEntry
from tests.faults.ledger import Ledger

CAMERAS = 4
EVERY_S = 4.0  # of one passage to the next, whichever the camera
AROUND_MS = 300
_NEIGHBOURS: tuple[Country, ...] = ("FR", "LU", "NL")
_COUNTRIES: tuple[Country, ...] = ("BE", "FR", "BE")


def with_pictures(network: RoadNetwork) -> tuple[RoadNetwork, tuple[str, ...]]:
    """Add entries for the pictures' plates to the network's hotlist, and share its grave entries with the neighbours. Returns
    the network and the cameras that send pictures, past which no simulated vehicle drives."""
    at_sections = {line.camera_id for one in network.sections for line in (*one.entries, *one.exits)}
    free = [one.camera_id for one in network.cameras if one.network == "local" and one.camera_id not in at_sections]
    cameras = tuple(free[:: max(1, len(free) // CAMERAS)][:CAMERAS])
    return replace(network.without(cameras), hotlist=(*map(_shared, network.hotlist), *WANTED)), cameras


def _shared(entry: HotlistEntry) -> HotlistEntry:
    """The entry; one of a grave list whose plate only one vehicle can carry is shared with every neighbour, so that the
    desks receive forwards."""
    if entry.hotlist not in ("stolen", "sis", "national_wanted") or not is_one_vehicles(entry.plate, entry.country):
        return entry
    first = zlib.crc32(entry.entry_id.encode()) % len(_NEIGHBOURS)  # whose border its vehicle makes for
    shared = (*_NEIGHBOURS[first:], *_NEIGHBOURS[:first])
    return msgspec.structs.replace(entry, share_with=shared, case_reference=f"C-{entry.entry_id}")


@dataclass(slots=True)
class PictureTraffic:
    """Sends passages of pictures and records which were read."""

    cameras: tuple[str, ...]
    ledger: Ledger
    now_s: Callable[[], float]
    reads: list[PlateRead] = field(default_factory=list)
    stray: list[PlateRead] = field(default_factory=list)  # of no passage
    double: list[tuple[float, float, PlateRead]] = field(default_factory=list)
    """A second read, with another id, of one passage: seconds of the run when that was due, and when this came."""
    _shown: list[tuple[str, int, int, str]] = field(default_factory=list)  # camera, from, until (ms UTC), name
    _first: dict[str, str] = field(default_factory=dict)  # passage -> read_id

    async def run(
        self, producer: CameraProducer, seed: int, until_s: Callable[[], float], now_ms: Callable[[], int]
    ) -> None:
        """Send a passage every few seconds. until_s: when to end, in seconds since the run began."""
        random = Random(f"{seed}/pictures")
        plates = zip(WANTED, _COUNTRIES, strict=True)
        passages = [await asyncio.to_thread(render_passage, random, one.plate, c) for one, c in plates]
        number = 0
        while self.now_s() < until_s() - EVERY_S:
            camera_id = self.cameras[number % len(self.cameras)]
            await self._show(producer, passages[number % len(passages)], camera_id, now_ms)
            number += 1
            await asyncio.sleep(EVERY_S)

    async def _show(
        self, producer: CameraProducer, passage: RenderedPassage, camera_id: str, now_ms: Callable[[], int]
    ) -> None:
        start_ms = now_ms()
        for view in passage.views:
            await asyncio.sleep(max(0.0, (start_ms + view.after_ms - now_ms()) / 1000))
            frame = Frame(camera_id=camera_id, captured_at_ms=start_ms + view.after_ms,
                          received_at_ms=now_ms(), image=view.image)  # fmt: skip
            await producer.put_frame(frame)
        name = f"{camera_id}@{start_ms}"
        self._shown.append((camera_id, start_ms, start_ms + passage.views[-1].after_ms, name))
        self.ledger.enter("picture", name, (), due_s=self.now_s())
        for read in [read for read in self.stray if self._passage_of(read) == name]:  # it was quicker than the books
            self.stray.remove(read)
            self.saw(read, self.now_s())

    def saw(self, read: PlateRead, now_s: float) -> None:
        """Note a read that came and that no simulated camera had sent."""
        name = self._passage_of(read)
        if name is None:
            self.stray.append(read)
            return
        first = self._first.setdefault(name, read.read_id)
        if first != read.read_id:
            self.double.append((self.ledger.items["picture", name].due_s or 0.0, now_s, read))
        if not self.ledger.saw("picture", name, now_s):
            return
        self.reads.append(read)
        for entry in WANTED:
            if entry.plate == read.plate:
                self.ledger.enter("alert", ids.alert_id(read.read_id, entry.entry_id), (), due_s=now_s)

    def _passage_of(self, read: PlateRead) -> str | None:
        for camera_id, from_ms, until_ms, name in reversed(self._shown):
            if camera_id == read.camera_id and from_ms - AROUND_MS <= read.captured_at_ms <= until_ms + AROUND_MS:
                return name
        return None
