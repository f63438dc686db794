"""Simulated drives over sections, each decided by the pipeline and by the second opinion: none fined falsely, none missed.

`python -m tests.section_drives --passages 2000000` draws contradictions, copied plates, look-alikes, states of clocks, late uploads
and changes of limits, prints its seed and, on the way, the tally, and ends with 1 where the two
differ. What is decided must be among what all reads together
prove; and what they prove must be decided, where every read came in time and no second vehicle carried the plate, or all came
together.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from random import Random, SystemRandom
from time import monotonic

from pipeline.reads.versions import Changed, Version
from pipeline.sections.history import violations_of
from pipeline.sections.lines import SectionIndex, sightings_of
from pipeline.sections.rules import Rules
from schemas.reference import Section
from tests.builders import NOON_MS, reference_of
from tests.oracles.section_rules import Road, Seen, proven
from tests.unit.test_section_second_opinion import CAMERAS, ROADS, Told, read_of, section_of

CHANGES: tuple[dict[str, tuple[tuple[int, int], ...]], ...] = (
    {},
    {"S1": ((100_000, 90),), "S2": ((150_000, 70),)},
    {"S1": ((60_000, 130), (110_000, 70)), "S3": ((50_000, 70),)},
)
KINDS = (
    "plain", "plain", "plain", "plain", "contradiction", "copy", "look_alike", "misread", "clock", "uncertain", "late",
    "one_end", "two_sections",
)  # fmt: skip
IN_TIME_MS, TOGETHER_MS = 8_000, 900_000


@dataclass(frozen=True, slots=True)
class World:
    """The sections, as the second opinion takes them and as the pipeline takes them."""

    roads: tuple[Road, ...]
    index: SectionIndex
    rules: Rules

    @staticmethod
    def with_changes(changes: dict[str, tuple[tuple[int, int], ...]]) -> "World":
        """The three sections, some with limits that change. changes: by section_id, (ms after noon, new limit in km/h), in
        order of time."""
        roads = tuple(replace(road, changes=changes.get(road.section_id, ())) for road in ROADS)
        reference = reference_of(*map(section_of, roads), cameras=CAMERAS)
        for road in roads:
            for at_ms, limit_kmh in road.changes:
                later: Section = section_of(replace(road, limit_kmh=limit_kmh))
                version = Version(later, NOON_MS + at_ms, NOON_MS + at_ms)
                reference.sections.take([Changed(road.section_id, (version,))])
        return World(roads, SectionIndex.of(map(section_of, roads)), Rules(reference))


@dataclass(slots=True)
class Drive:
    """The reads of one plate, and when each arrived, in ms after noon. passages: how many passages of a section they show.
    alone: one vehicle carried the plate and all reads came in time, or all came together; then the pipeline must find all
    that is proven."""

    kind: str
    seen: list[Seen]
    arrived_ms: list[int]
    passages: int
    alone: bool


def drives(dice: Random, world: World) -> Iterator[Drive]:
    """An endless series of random drives."""
    number = 0
    while True:
        number += 1
        kind = dice.choice(KINDS)
        seen, passages = _seen(kind, dice, world, f"{number % 9 + 1}AOC{number % 1000:03}")
        late = kind == "late"
        if dice.random() < 0.5 and not late:
            arrived_ms, together = [TOGETHER_MS + dice.randrange(IN_TIME_MS) for _ in seen], True
        else:
            arrived_ms = [one.at_ms + 200 + dice.randrange(IN_TIME_MS) for one in seen]
            together = False
        if late:
            at = dice.randrange(len(seen))
            arrived_ms[at] += dice.randrange(60_000, 4 * 3_600_000)
        yield Drive(kind, seen, arrived_ms, passages, together or kind not in ("copy", "late", "two_sections"))


def _seen(kind: str, dice: Random, world: World, plate: str) -> tuple[list[Seen], int]:
    road = dice.choice(world.roads)
    seen = _passage(dice, road, plate, dice.randrange(150_000))
    at = dice.randrange(len(seen))
    match kind:
        case "contradiction":
            other = dice.choice(["motorcycle", "lorry", None])
            one = seen[at]
            seen[at] = replace(one, vehicle_class=other) if other else replace(one, country="NL")
        case "copy":
            return seen + _passage(dice, road, plate, dice.randrange(250_000)), 2
        case "look_alike":
            seen[at] = replace(seen[at], plate=plate[:-1] + dice.choice("0123456789"))
        case "misread":
            seen[at] = replace(seen[at], plate=plate.replace("O", "0"))
        case "clock":
            seen[at] = replace(
                seen[at], clock_error_ms=dice.choice([None, *map(type(road.distance_m), (60, 99, 101, 900))])
            )
        case "uncertain":
            seen[at] = replace(seen[at], certain=False)
        case "one_end":
            del seen[at]
        case "two_sections":
            first, second = world.roads[:2]
            seen = _passage(dice, first, plate, dice.randrange(150_000))
            left = max(one.at_ms for one in seen)
            return seen + [one for one in _passage(dice, second, plate, left) if one.camera_id in second.exits], 2
    return seen, 1


def _passage(dice: Random, road: Road, plate: str, start_ms: int) -> list[Seen]:
    """The reads of one vehicle from one side to the other, at a speed near the limit; sometimes two cameras of a side see
    it."""
    speed_kmh = road.limit_kmh * dice.uniform(0.8, 1.6)
    left_ms = start_ms + round(float(road.distance_m) * 3_600 / speed_kmh)
    vehicle_class = dice.choice(["car", "car", "car", "van", "lorry", "unknown"])
    return [
        Seen(camera_id, plate, at_ms + dice.randrange(1, 900) * (number > 0), vehicle_class=vehicle_class)
        for cameras, at_ms in ((road.entries, start_ms), (road.exits[:1] if road.section_id == "S3" else road.exits, left_ms))
        for number, camera_id in enumerate(cameras)
        if number == 0 or dice.random() < 0.3
    ]  # fmt: skip


def decided(drive: Drive, world: World) -> Told:
    """The violations that the pipeline has found when all reads have settled: section, entry and exit (ms after noon),
    corrected km/h."""
    history = [
        (NOON_MS + at_ms, sightings_of(read_of(one), world.index))
        for at_ms, one in zip(drive.arrived_ms, drive.seen, strict=True)
    ]
    return {
        (one.section_id, one.entry.captured_at_ms - NOON_MS, one.exit.captured_at_ms - NOON_MS, one.corrected_kmh)
        for one in violations_of(history, world.rules).values()
    }


def expected(drive: Drive, world: World) -> Told:
    """The violations that the second opinion finds from all reads together, in the form of `decided`."""
    return {(one.section_id, one.entered_ms, one.left_ms, one.corrected_kmh) for one in proven(drive.seen, world.roads)}


@dataclass(slots=True)
class Tally:
    """The counts of many drives. proven: violations that the pipeline found. false: those that the second opinion does not
    find. missing: those that it alone finds, in drives that are `alone`. first: the first difference, in words."""

    passages: int = 0
    proven: int = 0
    false: int = 0
    missing: int = 0
    first: str = ""

    def __str__(self) -> str:
        return (
            f"{self.passages:,} passages, {self.proven:,} proven, {self.false} false, {self.missing} missing"
            + f"\n{self.first}" * bool(self.first)
        )

    def add(self, drive: Drive, world: World) -> None:
        """Have the pipeline and the second opinion decide a drive, and count the differences."""
        ours, theirs = decided(drive, world), expected(drive, world)
        self.passages += drive.passages
        self.proven += len(ours)
        self.false += len(ours - theirs)
        self.missing += len(theirs - ours) if drive.alone else 0
        if not self.first and (ours - theirs or (drive.alone and theirs - ours)):
            self.first = f"{drive}: decided {ours}, expected {theirs}"


def simulated(passages: int, seed: int, *, tell_every: int = 0, most_s: float = inf) -> Tally:
    """The tally of at least this many passages, drawn from this seed, or of as many as can be decided in most_s seconds.
    tell_every: print the counts after so many; 0: never."""
    dice, tally, until_s, told = Random(seed), Tally(), monotonic() + most_s, 0
    worlds = [World.with_changes(changes) for changes in CHANGES]
    every = [drives(dice, world) for world in worlds]
    while tally.passages < passages and monotonic() < until_s:
        which = dice.randrange(len(worlds))
        tally.add(next(every[which]), worlds[which])
        if tell_every and tally.passages >= told + tell_every:
            told = tally.passages
            print(tally, file=sys.stderr, flush=True)
    return tally


def main() -> int:
    """Draw and decide the passages, and print the tally. Returns 1 when the pipeline's violations and those of the second
    opinion differ (a false or a missing one), else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=2_000_000)
    parser.add_argument(
        "--minutes", type=float, default=inf, help="stop after so many, with as many passages as were decided"
    )
    parser.add_argument("--seed", type=int, default=None, help="drawn anew where none is given")
    arguments = parser.parse_args()
    seed = SystemRandom().randrange(2**32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    began_s = monotonic()
    tally = simulated(arguments.passages, seed, tell_every=20_000, most_s=arguments.minutes * 60)
    took_s = monotonic() - began_s
    print(f"{took_s:.0f} s: {tally}")
    return int(tally.false + tally.missing > 0)


if __name__ == "__main__":
    sys.exit(main())
