"""Follows plates through one camera's pictures, in event time: one vehicle passage becomes one passage with its best few sights.

Deterministic: what comes out depends on the frames alone, in their order, not on how they were batched. A passage is handed on
once; its plate is followed on ("done") as long as it stays in view, so that it is not handed on again. Which detections a done
passage used up is known by picture time and place, so that the same frames coming again (after a crash) do not make it anew.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.vision.boxes import Box, centre_distance, overlap
from pipeline.vision.sights import Sight
from schemas.ids import track_id
from schemas.pictures import Frame

MAX_SIGHTS = 5
LONGEST_MS = 500  # a passage is handed on at the latest so long after its first sight
GONE_MS = 500  # a plate not seen for so long has left
GONE_FRAMES = 3  # or missing in so many pictures in a row
MAX_OPEN = 16  # passages followed at once in one camera's picture; the oldest is handed on when there are more
MAX_DONE = 32
GOOD_QUALITY = 0.3


@dataclass(frozen=True, slots=True)
class Spent:
    """A detection that a done passage used up: picture time, place, and where its frame stands in the topic."""

    captured_at_ms: int
    box: Box
    offset: int
    track_id: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One sight of a plate and the frame that it was cut from."""

    sight: Sight
    frame: Frame


@dataclass(slots=True)
class Passage:
    """One vehicle's way through the picture. seen: the best sights, best first; empty once handed on."""

    track_id: str
    first_offset: int
    first_ms: int
    last_ms: int
    last_box: Box
    first_height: int
    seen: list[Seen] = field(default_factory=list)
    detections: list[Spent] = field(default_factory=list)
    speed: tuple[float, float] = (0.0, 0.0)  # pixels per millisecond
    missing: int = 0
    done: bool = False

    def expected(self, at_ms: int) -> Box:
        """Where the plate should be by now."""
        x, y, width, height = self.last_box
        passed = at_ms - self.last_ms
        return round(x + self.speed[0] * passed), round(y + self.speed[1] * passed), width, height

    def follow(self, seen: Seen, offset: int) -> None:
        """Add one more sight."""
        at_ms, box = seen.frame.captured_at_ms, seen.sight.box
        self.move(at_ms, box)
        self.missing = 0
        self.detections.append(Spent(at_ms, box, offset, self.track_id))
        if not self.done:
            self.seen = sorted([*self.seen, seen], key=lambda one: -one.sight.quality)[:MAX_SIGHTS]

    def move(self, at_ms: int, box: Box) -> None:
        """The plate is here now."""
        passed, old = at_ms - self.last_ms, self.last_box
        if passed > 0:
            self.speed = ((box[0] - old[0]) / passed, (box[1] - old[1]) / passed)
        self.last_ms, self.last_box = max(at_ms, self.last_ms), box

    def is_complete(self) -> bool:
        """Whether it is time to hand it on, by its own sights."""
        good = sum(one.sight.quality >= GOOD_QUALITY for one in self.seen)
        return good >= MAX_SIGHTS or self.last_ms - self.first_ms >= LONGEST_MS

    def growth(self) -> float:
        """The plate's height at the last sight relative to the first: above 1 the vehicle comes nearer."""
        return self.last_box[3] / max(self.first_height, 1)

    def held_bytes(self) -> int:
        """About how much memory its pictures take."""
        return sum(len(one.sight.image) for one in self.seen) + len(self.seen[0].frame.image if self.seen else b"")


class Tracker:
    """One camera's passages. Feed frames in the topic's order; take what is complete."""

    def __init__(self, camera_id: str, spent: Iterable[Spent] = ()) -> None:
        """spent: detections of passages that were handed on before this tracker began."""
        self.camera_id = camera_id
        self._open: list[Passage] = []
        self._done: list[Passage] = []
        self._spent: dict[tuple[int, Box], Spent] = {}
        self._newly_spent: list[Spent] = []
        self._observed_ms: int | None = None  # the last frame
        for one in sorted(spent, key=lambda one: one.captured_at_ms):
            self._restore(one)

    def observe(self, frame: Frame, offset: int, sights: Sequence[Sight]) -> list[Passage]:
        """Take one frame's plates; return the passages that are complete now, oldest first."""
        at_ms = frame.captured_at_ms
        handed_on = self._hand_on([p for p in self._open if abs(at_ms - p.last_ms) > GONE_MS])
        self._done = [p for p in self._done if at_ms - p.last_ms <= GONE_MS][-MAX_DONE:]
        self._observed_ms = at_ms
        known = [box for used_ms, box in self._used() if used_ms == at_ms]
        by_box = {sight.box: Seen(sight, frame) for sight in sights if not _is_among(sight.box, known)}
        fresh = list(by_box.values())
        followed = self._follow(fresh, at_ms, offset)
        for passage in self._open:
            if passage.track_id not in followed:
                passage.missing += 1
        complete = [p for p in self._open if p.is_complete() or p.missing >= GONE_FRAMES]
        surplus = [p for p in self._open if p not in complete][:-MAX_OPEN]
        return handed_on + self._hand_on(complete + surplus)

    def stay(self, at_ms: int, offset: int) -> bool:
        """Record an unchanged frame without searching it; plates that were handed on keep their last box.

        Returns False when the frame must be searched: a passage is open, or a plate was missing in the last frame.
        """
        standing = [p for p in self._done if at_ms - p.last_ms <= GONE_MS]
        if self._open or self._observed_ms is None or any(p.last_ms != self._observed_ms for p in standing):
            return False
        for passage in standing:
            passage.move(at_ms, passage.last_box)
            self._use_up([Spent(at_ms, passage.last_box, offset, passage.track_id)])
        self._done, self._observed_ms = standing, at_ms
        return True

    def flush(self) -> list[Passage]:
        """Hand on all that is open: the camera has fallen silent."""
        return self._hand_on(list(self._open))

    def open_since(self) -> int | None:
        """The offset of the earliest frame that an open passage needs, or None when nothing is open."""
        return min((p.first_offset for p in self._open), default=None)

    def held_bytes(self) -> int:
        """About how much memory the open passages' pictures take."""
        return sum(passage.held_bytes() for passage in self._open)

    def take_spent(self) -> list[Spent]:
        """The detections that were used up since the last call: they must not make a passage again."""
        taken, self._newly_spent = self._newly_spent, []
        return taken

    def remembered(self) -> list[Spent]:
        """All used-up detections that are still remembered."""
        return list(self._spent.values())

    def forget_spent(self, before_offset: int) -> None:
        """Drop detections of frames that can no longer come again."""
        self._spent = {key: one for key, one in self._spent.items() if one.offset >= before_offset}

    def _used(self) -> Iterator[tuple[int, Box]]:
        """Picture time and place of all detections that are in a passage already."""
        yield from self._spent
        yield from ((one.captured_at_ms, one.box) for p in self._open for one in p.detections)

    def _follow(self, fresh: list[Seen], at_ms: int, offset: int) -> set[str]:
        """Give each detection to the passage that it fits best, or begin a new one. Returns the ids of all that were seen."""
        taken: set[str] = set()
        left = list(fresh)
        for _, index, passage in sorted(self._fits(fresh, at_ms), key=lambda fit: (fit[0], fit[1])):
            if passage.track_id in taken or fresh[index] not in left:
                continue
            taken.add(passage.track_id)
            left.remove(fresh[index])
            passage.follow(fresh[index], offset)
            if passage.done:
                self._use_up(passage.detections)
                passage.detections = []
        for seen in left:
            passage = self._begin(seen, offset)
            taken.add(passage.track_id)
        return taken

    def _fits(self, fresh: list[Seen], at_ms: int) -> Iterator[tuple[float, int, Passage]]:
        left = [p for p in self._done if at_ms > p.last_ms]  # whatever they were in up to then is used up already
        for passage in [*self._open, *left]:
            expected = passage.expected(at_ms)
            for index, seen in enumerate(fresh):
                misfit = _misfit(expected, seen.sight.box, abs(at_ms - passage.last_ms))
                if misfit is not None:
                    yield misfit, index, passage

    def _begin(self, seen: Seen, offset: int) -> Passage:
        at_ms, box = seen.frame.captured_at_ms, seen.sight.box
        passage = Passage(track_id(self.camera_id, at_ms, box), offset, at_ms, at_ms, box, box[3])
        passage.follow(seen, offset)
        self._open.append(passage)
        return passage

    def _hand_on(self, passages: list[Passage]) -> list[Passage]:
        """Close passages; what is returned keeps its sights, what is followed on does not."""
        handed_on = []
        for passage in passages:
            self._open.remove(passage)
            self._use_up(passage.detections)
            followed_on = Passage(
                passage.track_id, passage.first_offset, passage.first_ms, passage.last_ms, passage.last_box,
                passage.first_height, speed=passage.speed, done=True,
            )  # fmt: skip
            self._done.append(followed_on)
            handed_on.append(passage)
        return handed_on

    def _use_up(self, detections: list[Spent]) -> None:
        self._spent.update({(one.captured_at_ms, one.box): one for one in detections})
        self._newly_spent += detections

    def _restore(self, one: Spent) -> None:
        """Take over a detection that an earlier run used up, and where its plate was last."""
        self._spent[(one.captured_at_ms, one.box)] = one
        known = next((p for p in self._done if p.track_id == one.track_id), None)
        if known is None:
            at_ms, box = one.captured_at_ms, one.box
            self._done.append(Passage(one.track_id, one.offset, at_ms, at_ms, box, box[3], done=True))
        else:
            known.move(one.captured_at_ms, one.box)


def _is_among(box: Box, known: Iterable[Box]) -> bool:
    """Whether a box is one of those that are recorded for the same picture, or overlaps one of them by more than half."""
    return any(box == one or overlap(box, one) > 0.5 for one in known)


def _misfit(expected: Box, found: Box, passed_ms: int) -> float | None:
    """How badly a found plate continues a passage, 0 is perfect; None when it cannot be the same plate."""
    if passed_ms > GONE_MS:
        return None
    growth = abs(math.log(max(found[3], 1) / max(expected[3], 1)))
    width = max(expected[2], found[2], 1)
    away = centre_distance(expected, found) / width
    if growth > math.log(1.8) or (away > 1.5 + passed_ms / 250 and overlap(expected, found) < 0.1):
        return None
    return away + growth
