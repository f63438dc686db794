"""Average speed over a section, from the written rules, by trying every possibility. For histories of a dozen reads.

The rules, in the order in which they are applied:

1. Reads of one plate on one side of a section, each within two seconds of the next, are one passage of that side. An entry counts
   at its earliest read, an exit at its latest.
2. O and 0, I and 1 are one character: readers cannot tell them apart.
3. An entry and an exit may belong together when the exit is later, by at most the section's longest travel time.
   A pairing joins entries and exits in order of time: of two pairs, whoever entered first leaves first.
   A pairing is maximum when none has more pairs.
4. A pair proves a violation when both reads are certain, both clocks are known well enough, class and country of no two reads of
   its passages contradict each other, and the speed over the certified distance, with the clocks' errors added to the travel time
   and the country's tolerance taken off, is above the limit. Faster than any traffic drives proves nothing.
   Where the limit changed while the vehicle was inside, or may have been by the clocks' errors, the higher counts. Of a vehicle
   whose class is not known the highest limit of any class counts.
   A plate with an O, 0, I or 1 that another vehicle may carry with the other character proves nothing, for the reads here say
   nothing against it: only in the form of Belgium's series (a digit, three letters, three digits) has each its place, for
   vehicles of Belgium or of no known country.
5. A violation stands only if every maximum pairing contains it or a worse one: one that is more above its limit, which is what
   fines go by; of two that are equally above, the faster.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

ONE_PASSAGE_MS = 2_000
FASTEST_KMH = 300
BELGIAN_SERIES = re.compile("[1-9][A-Z][A-Z0][A-Z][0-9]{3}")  # a 0 among the letters is an O
VEHICLES = ("car", "van", "lorry", "bus", "motorcycle", "trailer")
CLASS_GROUPS = ({"car", "van"}, {"lorry", "bus"}, {"motorcycle"}, {"trailer"})


@dataclass(frozen=True)
class Road:
    """A section: the cameras of both sides, its length and limit, and its longest travel time. worst_clock_ms: the largest
    clock error with which a read still proves something."""

    section_id: str
    entries: tuple[str, ...]
    exits: tuple[str, ...]
    distance_m: Fraction
    limit_kmh: int
    country: str = "BE"
    longest_ms: int = 3_600_000
    worst_clock_ms: Fraction = Fraction(100)
    class_limits_kmh: dict[str, int] = field(default_factory=dict)
    changes: tuple[tuple[int, int], ...] = ()  # of the limit: from when, and to how much; in the order of time

    def limits_between(self, from_ms: Fraction, until_ms: Fraction) -> set[int]:
        """Every limit (km/h) that was shown at some moment from from_ms to until_ms, both included."""
        before = [limit for at_ms, limit in self.changes if at_ms <= from_ms]
        return {before[-1] if before else self.limit_kmh} | {
            limit for at_ms, limit in self.changes if from_ms < at_ms <= until_ms
        }


@dataclass(frozen=True)
class Seen:
    """One read: camera, plate, time (ms after any fixed moment), whether it is certain, and vehicle. clock_error_ms None: the
    clock's error is unknown."""

    camera_id: str
    plate: str
    at_ms: int
    certain: bool = True
    clock_error_ms: Fraction | None = Fraction(10)
    vehicle_class: str = "car"
    country: str | None = "BE"


@dataclass(frozen=True, order=True)
class Proven:
    """A violation that stands: section, plate as read at the exit, when it entered and left (as Seen.at_ms), and the speed
    held against the driver."""

    section_id: str
    plate: str
    entered_ms: int
    left_ms: int
    corrected_kmh: int


def proven(seen: Sequence[Seen], roads: Sequence[Road]) -> set[Proven]:
    """Every violation that stands when all of these reads are known."""
    found: set[Proven] = set()
    for road in roads:
        for skeleton in {skeleton_of(read.plate) for read in seen}:
            own = [read for read in seen if skeleton_of(read.plate) == skeleton]
            found |= _proven_of_one(own, road)
    return found


def skeleton_of(plate: str) -> str:
    """The plate with O as 0 and I as 1."""
    return plate.replace("O", "0").replace("I", "1")


def _proven_of_one(seen: Sequence[Seen], road: Road) -> set[Proven]:
    entered = {min(passage, key=lambda read: read.at_ms): passage for passage in _passages(seen, road.entries)}
    left = {max(passage, key=lambda read: read.at_ms): passage for passage in _passages(seen, road.exits)}
    pairings = list(_maximum_pairings(list(entered), list(left), road.longest_ms))
    guilty = [
        {
            (entry, exit_): _severity(entry, exit_, road) if _one_vehicle([*entered[entry], *left[exit_]]) else None
            for entry, exit_ in pairing
        }
        for pairing in pairings
    ]
    standing: set[Proven] = set()
    proving = {(pair, bad) for pairing in guilty for pair, bad in pairing.items() if bad is not None}
    for pair, bad in proving:
        if all(any(other is not None and other >= bad for other in pairing.values()) for pairing in guilty):
            entry, exit_ = pair
            corrected = _held_against(_kmh(road.distance_m, Fraction(exit_.at_ms - entry.at_ms)), road.country)
            standing.add(Proven(road.section_id, exit_.plate, entry.at_ms, exit_.at_ms, corrected))
    return standing


def _passages(seen: Sequence[Seen], cameras: Sequence[str]) -> list[list[Seen]]:
    """The reads of these cameras in order of time, cut wherever more than two seconds lie between one and the next."""
    ordered = sorted((read for read in seen if read.camera_id in cameras), key=lambda read: read.at_ms)
    passages: list[list[Seen]] = []
    for read in ordered:
        if passages and read.at_ms - passages[-1][-1].at_ms <= ONE_PASSAGE_MS:
            passages[-1].append(read)
        else:
            passages.append([read])
    return passages


Pair = tuple[Seen, Seen]


def _maximum_pairings(entries: Sequence[Seen], exits: Sequence[Seen], longest_ms: int) -> Iterator[tuple[Pair, ...]]:
    """Every maximum pairing: for the largest possible k, all choices of k entries and k exits that may be joined in order."""
    for size in range(min(len(entries), len(exits)), 0, -1):
        found = [
            tuple(zip(some_entries, some_exits, strict=True))
            for some_entries in combinations(entries, size)
            for some_exits in combinations(exits, size)
            if all(0 < x.at_ms - e.at_ms <= longest_ms for e, x in zip(some_entries, some_exits, strict=True))
        ]
        if found:
            yield from found
            return


def _severity(entry: Seen, exit_: Seen, road: Road) -> tuple[int, Fraction] | None:
    """How far above its limit a pair is that proves a violation, and its speed; None where it proves none."""
    if not (entry.certain and exit_.certain):
        return None
    errors = [entry.clock_error_ms, exit_.clock_error_ms]
    if any(error is None or error > road.worst_clock_ms for error in errors):
        return None
    travel_ms = Fraction(exit_.at_ms - entry.at_ms)
    speed = _kmh(road.distance_m, travel_ms)
    if speed > FASTEST_KMH:
        return None
    before, after = (error or Fraction(0) for error in errors)
    shown = max(road.limits_between(entry.at_ms - before, exit_.at_ms + after))
    highest = max((shown, *road.class_limits_kmh.values()))
    limits = {**dict.fromkeys(VEHICLES, shown), **road.class_limits_kmh, "unknown": highest}
    limit = max(limits[read.vehicle_class] for read in (entry, exit_))
    slack = sum((error for error in errors if error is not None), Fraction(0))
    for possible in (travel_ms, travel_ms + slack):
        if _held_against(_kmh(road.distance_m, possible), road.country) < limit + _least_excess(road.country, limit):
            return None
    return _held_against(speed, road.country) - limit, speed


def _one_vehicle(reads: Sequence[Seen]) -> bool:
    """Whether class and country of all reads may be of one vehicle, and no other carries what may be its plate. Unknown values
    contradict nothing."""
    countries = {read.country for read in reads} - {None}
    if len(countries) > 1:
        return False
    told_apart = countries <= {"BE"} and all(BELGIAN_SERIES.fullmatch(read.plate) for read in reads)
    if not told_apart and any(character in "O0I1" for read in reads for character in read.plate):
        return False
    classes = {read.vehicle_class for read in reads} - {"unknown"}
    return len(classes) < 2 or any(classes <= group for group in CLASS_GROUPS)


def _kmh(distance_m: Fraction, travel_ms: Fraction) -> Fraction:
    return distance_m * 3600 / travel_ms


def _held_against(speed_kmh: Fraction, country: str) -> int:
    """Whole km/h after the country's tolerance: so many km/h up to 100, as many per cent above; rounded down both times."""
    tolerance = {"BE": 6, "NL": 3, "FR": 5, "DE": 3}[country]
    whole = math.floor(speed_kmh)
    if whole <= 100:
        return max(0, whole - tolerance)
    return math.floor(Fraction(whole * (100 - tolerance), 100))


def _least_excess(country: str, limit_kmh: int) -> int:
    return 4 if country == "NL" and limit_kmh <= 120 else 1
