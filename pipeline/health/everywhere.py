"""Plates that come from more places at once than one vehicle can be at: a sender repeats itself or makes up reads, or many cameras
take the same sign for a plate."""

from array import array
from collections import defaultdict

MINUTE_MS = 60_000
WINDOW_MS = 5 * MINUTE_MS
TOLD_MS = 60 * MINUTE_MS
"""So long after it was last so, a camera is told to send a plate that is everywhere."""
CELL_DEG = 0.25
"""A place is a cell of about 28 by 18 km."""
PLACES = 6
"""In five minutes a vehicle touches four at most, where they meet. An own choice."""
SHORTEST = 5
"""Characters: what is shorter is mostly a sign."""
_SLOTS = 1 << 20
Position = tuple[float, float]


class Everywhere:
    """The plates of the last minutes. Which cameras send a plate is kept only once its slot, shared by all plates of one remainder,
    has seen many places: so the memory is 8 MB, whatever comes."""

    def __init__(self) -> None:
        self._places = array("Q", bytes(8 * _SLOTS))  # of each slot, one bit a place
        self._begins_ms = 0
        self._last: dict[str, tuple[int, int]] = {}  # by camera: places, when it was found last
        self._suspects: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(dict)  # by camera: place, when

    def take(self, plate: str, camera_id: str, at: Position, at_ms: int) -> None:
        """Take in a read of a camera at this place (latitude, longitude in degrees) that came at at_ms (UTC)."""
        if len(plate) < SHORTEST or plate.isalpha() or plate.isdigit():
            return
        if at_ms - self._begins_ms >= WINDOW_MS:
            self._places, self._begins_ms = array("Q", bytes(8 * _SLOTS)), at_ms
        place = hash((int(at[0] // CELL_DEG), int(at[1] // CELL_DEG)))
        slot = hash(plate) % _SLOTS
        seen = self._places[slot] | 1 << (place & 63)
        self._places[slot] = seen
        if plate in self._suspects or seen.bit_count() >= PLACES:
            self._suspects[plate][camera_id] = place, at_ms

    def found(self, now_ms: int) -> dict[str, int]:
        """For each camera that sent a plate that was everywhere within WINDOW_MS before now_ms (UTC), at how many places."""
        found: dict[str, int] = {}
        for plate, cameras in list(self._suspects.items()):
            lately = {camera_id: seen for camera_id, seen in cameras.items() if now_ms - seen[1] < WINDOW_MS}
            places = len({place for place, _ in lately.values()})
            if not lately:
                del self._suspects[plate]
                continue
            self._suspects[plate] = lately
            if places >= PLACES:
                found |= {camera_id: max(places, found.get(camera_id, 0)) for camera_id in lately}
        return found

    def lately(self, now_ms: int) -> dict[str, int]:
        """As `found`, of the TOLD_MS before now_ms (UTC)."""
        self._last |= {camera_id: (places, now_ms) for camera_id, places in self.found(now_ms).items()}
        self._last = {one: last for one, last in self._last.items() if now_ms - last[1] < TOLD_MS}
        return {camera_id: places for camera_id, (places, _) in self._last.items()}
