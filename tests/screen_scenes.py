"""What the screens show in tests: a violation with its pictures, a network of cameras, and what waits for a second person."""

from typing import Any

from pipeline.health.habits import HOUR_MS, HOURS, Habit
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import CAMERAS, DESIGNATIONS, ZONES
from pipeline.state.health_memory import HealthMemory
from pipeline.state.waiting_room import Knock, Sample, WaitingRoom
from schemas.base import Position
from schemas.health import CameraHealth, CameraTrouble
from schemas.outcomes import Violation
from schemas.reads import ReadBatch
from schemas.topics import READS, VIOLATIONS
from tests.builders import make_camera, make_read, make_zone
from tests.people import ZONE, make_designation
from tests.screens import CAMERA, Screens, pictures
from tests.violations import make_violation


async def a_case(screens: Screens, plate: str, **fields: Any) -> Violation:
    """A violation of a vehicle between two cameras of the officers' zone, with pictures of it at both ends."""
    await screens.desks.writer.put(ZONES, [make_zone(ZONE, cameras=(CAMERA, "IN", "OUT"))])
    cameras = {"IN": "E40 Bierges, km 21", "OUT": "E40 Jezus-Eik, km 12"}
    await screens.desks.writer.put(CAMERAS, [make_camera(one, name=name) for one, name in cameras.items()])
    crop, overview = await pictures(screens.desks.settings, plate)
    at_ms = platform_now_ms() + 120_000
    made = make_violation(
        plate, at_ms=at_ms, crop=crop, overview=overview, country="BE", make="Volvo", colour="grey", **fields
    )
    await screens.desks.send(VIOLATIONS, made)
    return made


async def a_network(screens: Screens) -> None:
    """Cameras of the managers' zone in two provinces: one is silent, one well, one on trial, one planned; one elsewhere; and one
    that nobody knows knocks."""
    redis, name, now_ms = screens.desks.redis, screens.desks.namespace, platform_now_ms()
    places = {
        "G-1": ("E17 Gent, km 53", 51.02, 3.71, "active"), "G-2": ("E40 Drongen, km 46", 51.03, 3.66, None),
        "G-3": ("R4 Evergem", 51.11, 3.70, "on_trial"), "N-1": ("E411 Daussoulx", 50.51, 4.88, "planned"),
        "N-2": ("E42 Spy", 50.48, 4.70, "active"),
    }  # fmt: skip
    await screens.desks.writer.put(ZONES, [make_zone(ZONE, cameras=(CAMERA, "G-1", "G-2", "G-3", "N-1", "NEW-1"))])
    await screens.desks.writer.put(
        CAMERAS,
        [
            make_camera(key, name=said, position=Position(lat=lat, lon=lon), state=state)
            for key, (said, lat, lon, state) in places.items()
        ],
    )
    hour_ms = now_ms // HOUR_MS * HOUR_MS
    habit = Habit(rates=[120.0] * HOURS, weeks=[1] * HOURS, delay_s=0.4, confidence=0.93, last_ms=now_ms,
                  lately=[110, None, 130], until_ms=hour_ms)  # fmt: skip
    silent = CameraTrouble(kind="silent", since_ms=now_ms - 1_800_000, found=0.0, usual=120.0)
    memory = HealthMemory(redis, name)
    await memory.keep(dict.fromkeys(("G-1", "G-2", "G-3"), habit))
    await memory.tell([CameraHealth(camera_id="G-2", at_ms=now_ms, troubles=(silent,))])
    await WaitingRoom(redis, name).add([
        Knock(name="NEW-1", peer="10.1.2.3", why="unknown_sender", program="cam/1.0", first_ms=now_ms, last_ms=now_ms, count=7,
              sample=Sample(maker="rekor", content_type="application/json", text='{"best_plate_number": "0xxx000", "lane": 0}'))
    ])  # fmt: skip
    crop, overview = await pictures(screens.desks.settings, "1CAM234")
    read = make_read("1CAM234", "G-1", now_ms, crop=crop, overview=overview)
    await screens.desks.send(READS, ReadBatch(reads=(make_read("1OTH111", "G-3", now_ms), read)))


def a_designation_asked() -> dict[str, str]:
    """The body by which an administrator asks a second person to make the investigator a dispatcher, too."""
    wanted = make_designation(
        "dispatcher", "investigator", designation_id="D-NEW", granted_by="administrator", approved_by=None
    )
    return {
        "act": "designations.grant",
        "key": "D-NEW",
        "content": DESIGNATIONS.encode(wanted).decode(),
        "reason": "decision 12/2026",
    }
