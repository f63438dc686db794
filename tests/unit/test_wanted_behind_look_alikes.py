"""A wanted vehicle behind vehicles that only look alike rings with its first exact live read, whatever came before.

VIGIE_TEST_HISTORIES: how many random histories; 10,000 takes a minute or two.
"""

import os
from random import Random, SystemRandom

from pipeline.hotlist.incidents import Incidents, place
from pipeline.hotlist.matching import Hotlist, alert_of, match_read
from schemas.base import Position
from schemas.outcomes import Alert
from schemas.reads import PlateRead
from tests.builders import NOON_MS, cameras_of, make_camera, make_entry, make_read

HISTORIES = int(os.environ.get("VIGIE_TEST_HISTORIES", "300"))
PLATES = ("1AOC555", "2XYZ777", "1DEF818", "1BSG246")
ALIKE = {"O": "0DQ", "0": "ODQ", "D": "0OQ", "1": "I", "I": "1", "8": "B", "B": "8", "5": "S", "S": "5", "2": "Z", "Z": "2",
         "6": "G", "G": "6"}  # fmt: skip
CAMERAS = cameras_of(
    *(make_camera(name, position=Position(lat=lat, lon=lon))
      for name, lat, lon in (("BRU", 50.85, 4.35), ("LIE", 50.63, 5.57), ("OST", 51.23, 2.92)))
)  # fmt: skip
LIVE_BOUND_MS = 60_000


def look_alike(dice: Random, plate: str) -> str:
    """The plate with one or two characters that readers take for others, or with any other character."""
    text = list(plate)
    for _ in range(dice.choice((1, 1, 2))):
        at = dice.randrange(len(text))
        text[at] = dice.choice(ALIKE.get(text[at], "K"))
    return "".join(text)


def read_of(dice: Random, plate: str, at_ms: int) -> PlateRead:
    """A read of this text anywhere; sometimes the reader offers another one, or looks and class differ."""
    offered = {look_alike(dice, plate): dice.uniform(0.005, 0.4)} if dice.random() < 0.3 else {}
    return make_read(
        plate, dice.choice(("BRU", "LIE", "OST")), at_ms, confidence=dice.uniform(0.6, 0.999), alternatives=offered,
        colour=dice.choice((None, "red", "white")), vehicle_class=dice.choice(("car", "car", "unknown", "lorry")),
        country=dice.choice(("BE", "BE", None, "FR")), country_confidence=0.9,
    )  # fmt: skip


def history_of(dice: Random, wanted: str) -> list[tuple[PlateRead, int]]:
    """Reads in the order of arrival, each with its arrival: look-alikes, and then the wanted text, read live."""
    at_ms, found = NOON_MS, []
    for _ in range(dice.randint(1, 8)):
        at_ms += dice.choice((200, 6_000, 60_000, 600_000, 1_700_000, 2_000_000))
        plate = look_alike(dice, wanted)
        if plate != wanted:
            found.append((read_of(dice, plate, at_ms), at_ms + dice.choice((200, 200, 200, 900_000))))
    at_ms = max([at_ms, *(arrived_ms for _, arrived_ms in found)]) + dice.choice((0, 300, 6_000, 60_000))
    return sorted([*found, (read_of(dice, wanted, at_ms), at_ms + 300)], key=lambda one: one[1])


def test_the_wanted_vehicle_rings_with_its_first_exact_live_read() -> None:
    """The seed is drawn anew each time. In a fair share of the histories a look-alike rang before it."""
    seed = SystemRandom().randrange(2**32)
    dice, rang_before = Random(seed), 0
    for number in range(HISTORIES):
        wanted = dice.choice(PLATES)
        near, priority = dice.random() < 0.5, dice.choice(("urgent", "high", "normal", "low"))
        hotlist = Hotlist((make_entry(wanted, near=near, priority=priority),))
        incidents: Incidents = ()
        placed: list[Alert] = []
        for read, arrived_ms in history_of(dice, wanted):
            for hit in match_read(read, hotlist, CAMERAS, {}):
                camera = CAMERAS[read.camera_id]
                alert = alert_of(hit, read, camera, decided_at_ms=arrived_ms, live_bound_ms=LIVE_BOUND_MS)
                incidents, one = place(incidents, alert, camera.position)
                placed.append(one)
        *before, last = placed
        assert ("exact", True) == (last.match, last.rings), f"seed {seed}, history {number}: {last}"
        rang_before += any(one.rings for one in before)
    assert rang_before > HISTORIES / 10
