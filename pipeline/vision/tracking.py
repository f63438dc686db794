"""Follows plates through one camera's pictures, by capture time: each vehicle makes one passage with its best few sights.

The result depends on the frames and their order alone, not on how they were batched. A passage is returned once; its plate
is followed further ("done") as long as it stays in view, so that it does not make a second passage. The detections that a
done passage used up are remembered by capture time and box, so that frames that are read again after a crash do not make it
again.
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
    """A detection that belongs to a passage that was already returned, and may not make another.

    captured_at_ms: UTC. box: in pixels of the picture. offset: of the frame's record. track_id: of the passage.
    """

    captured_at_ms: int
    box: Box
    offset: int
    track_id: str


@dataclass(frozen=True, slots=True)
class SightInFrame:
    """One sight of a plate and the frame that it was cut from."""

    sight: Sight
    frame: Frame


@dataclass(slots=True)
class TrackedPassage:
    """One vehicle's way through one camera's pictures. seen: its best sights, best first. detections: those not yet used up.
    done: it was handed on already and is only followed further, without sights."""

    track_id: str
    first_offset: int
    first_ms: int
    last_ms: int
    last_box: Box
    first_height: int
    seen: list[SightInFrame] = field(default_factory=list)
    detections: list[Spent] = field(default_factory=list)
    speed: tuple[float, float] = (0.0, 0.0)  # pixels per millisecond
    missing: int = 0
    done: bool = False

    def expected(self, at_ms: int) -> Box:
        """The box where the plate should be at at_ms, if it keeps its last speed."""
        x, y, width, height = self.last_box
        passed = at_ms - self.last_ms
        return round(x + self.speed[0] * passed), round(y + self.speed[1] * passed), width, height

    def follow(self, seen: SightInFrame, offset: int) -> None:
        """Add one more sight. offset: of its frame's record."""
        at_ms, box = seen.frame.captured_at_ms, seen.sight.box
        self.move(at_ms, box)
        self.missing = 0
        self.detections.append(Spent(at_ms, box, offset, self.track_id))
        if not self.done:
            self.seen = sorted([*self.seen, seen], key=lambda one: -one.sight.quality)[:MAX_SIGHTS]

    def move(self, at_ms: int, box: Box) -> None:
        """Note that the plate was in this box at at_ms."""
        passed, old = at_ms - self.last_ms, self.last_box
        if passed > 0:
            self.speed = ((box[0] - old[0]) / passed, (box[1] - old[1]) / passed)
        self.last_ms, self.last_box = max(at_ms, self.last_ms), box

    def is_complete(self) -> bool:
        """Whether to hand it on: it has MAX_SIGHTS good sights, or lasted LONGEST_MS."""
        good = sum(one.sight.quality >= GOOD_QUALITY for one in self.seen)
        return good >= MAX_SIGHTS or self.last_ms - self.first_ms >= LONGEST_MS

    def growth(self) -> float:
        """The plate's height at the last sight divided by that at the first: above 1 the vehicle comes nearer."""
        return self.last_box[3] / max(self.first_height, 1)

    def held_bytes(self) -> int:
        """How many bytes its encoded pictures take, about."""
        return sum(len(one.sight.image) for one in self.seen) + len(self.seen[0].frame.image if self.seen else b"")


class Tracker:
    """Follows the plates of one camera. Call `observe` or `stay` for each frame, in the topic's order."""

    def __init__(self, camera_id: str, spent: Iterable[Spent] = ()) -> None:
        """spent: detections of passages that were handed on before this tracker began."""
        self.camera_id = camera_id
        self._open: list[TrackedPassage] = []
        self._done: list[TrackedPassage] = []
        self._spent: dict[tuple[int, Box], Spent] = {}
        self._newly_spent: list[Spent] = []
        self._observed_ms: int | None = None  # the last frame
        for one in sorted(spent, key=lambda one: one.captured_at_ms):
            self._restore(one)

    def observe(self, frame: Frame, offset: int, sights: Sequence[Sight]) -> list[TrackedPassage]:
        """Add the plates of one frame; return the passages that are complete now, oldest first. offset: of the frame's record."""
        at_ms = frame.captured_at_ms
        handed_on = self._hand_on([p for p in self._open if abs(at_ms - p.last_ms) > GONE_MS])
        self._done = [p for p in self._done if at_ms - p.last_ms <= GONE_MS][-MAX_DONE:]
        self._observed_ms = at_ms
        known = [box for used_ms, box in self._used() if used_ms == at_ms]
        by_box = {sight.box: SightInFrame(sight, frame) for sight in sights if not _is_among(sight.box, known)}
        fresh = list(by_box.values())
        followed = self._follow(fresh, at_ms, offset)
        for passage in self._open:
            if passage.track_id not in followed:
                passage.missing += 1
        complete = [p for p in self._open if p.is_complete() or p.missing >= GONE_FRAMES]
        surplus = [p for p in self._open if p not in complete][:-MAX_OPEN]
        return handed_on + self._hand_on(complete + surplus)

    def stay(self, at_ms: int, offset: int) -> bool:
        """Record a frame in which nothing moved, without searching it; plates that were handed on keep their last box.

        Returns False, and records nothing, when the frame must be searched: a passage is open, a plate was missing in the last
        frame, or there was none yet.
        """
        standing = [p for p in self._done if at_ms - p.last_ms <= GONE_MS]
        if self._open or self._observed_ms is None or any(p.last_ms != self._observed_ms for p in standing):
            return False
        for passage in standing:
            passage.move(at_ms, passage.last_box)
            self._use_up([Spent(at_ms, passage.last_box, offset, passage.track_id)])
        self._done, self._observed_ms = standing, at_ms
        return True

    def flush(self) -> list[TrackedPassage]:
        """Close all open passages and return them, for instance because the camera has stopped sending."""
        return self._hand_on(list(self._open))

    def open_since(self) -> int | None:
        """The offset of the earliest frame that an open passage needs, or None when no passage is open."""
        return min((p.first_offset for p in self._open), default=None)

    def held_bytes(self) -> int:
        """How many bytes the encoded pictures of open passages take, about."""
        return sum(passage.held_bytes() for passage in self._open)

    def take_spent(self) -> list[Spent]:
        """The detections that passages used up since the last call. The caller stores them, so that they never make a passage
        again."""
        taken, self._newly_spent = self._newly_spent, []
        return taken

    def remembered(self) -> list[Spent]:
        """All used-up detections that are still remembered."""
        return list(self._spent.values())

    def forget_spent(self, before_offset: int) -> None:
        """Forget the used-up detections of frames below this offset: these frames cannot come again."""
        self._spent = {key: one for key, one in self._spent.items() if one.offset >= before_offset}

    def _used(self) -> Iterator[tuple[int, Box]]:
        """The capture time and box of every detection that belongs to a passage already."""
        yield from self._spent
        yield from ((one.captured_at_ms, one.box) for p in self._open for one in p.detections)

    def _follow(self, fresh: list[SightInFrame], at_ms: int, offset: int) -> set[str]:
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

    def _fits(self, fresh: list[SightInFrame], at_ms: int) -> Iterator[tuple[float, int, TrackedPassage]]:
        left = [p for p in self._done if at_ms > p.last_ms]  # whatever they were in up to then is used up already
        for passage in [*self._open, *left]:
            expected = passage.expected(at_ms)
            for index, seen in enumerate(fresh):
                misfit = _misfit(expected, seen.sight.box, abs(at_ms - passage.last_ms))
                if misfit is not None:
                    yield misfit, index, passage

    def _begin(self, seen: SightInFrame, offset: int) -> TrackedPassage:
        at_ms, box = seen.frame.captured_at_ms, seen.sight.box
        passage = TrackedPassage(track_id(self.camera_id, at_ms, box), offset, at_ms, at_ms, box, box[3])
        passage.follow(seen, offset)
        self._open.append(passage)
        return passage

    def _hand_on(self, passages: list[TrackedPassage]) -> list[TrackedPassage]:
        """Close these passages and return them with their sights. Their plates are followed further, without sights."""
        handed_on = []
        for passage in passages:
            self._open.remove(passage)
            self._use_up(passage.detections)
            followed_on = TrackedPassage(
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
        """Take over a detection that was used up before this worker started, and follow its plate from there."""
        self._spent[(one.captured_at_ms, one.box)] = one
        known = next((p for p in self._done if p.track_id == one.track_id), None)
        if known is None:
            at_ms, box = one.captured_at_ms, one.box
            self._done.append(TrackedPassage(one.track_id, one.offset, at_ms, at_ms, box, box[3], done=True))
        else:
            known.move(one.captured_at_ms, one.box)


def _is_among(box: Box, known: Iterable[Box]) -> bool:
    """Whether a box is one of those that are recorded for the same picture, or overlaps one of them by more than half."""
    return any(box == one or overlap(box, one) > 0.5 for one in known)


def _misfit(expected: Box, found: Box, passed_ms: int) -> float | None:
    """How badly a plate's box continues a passage: 0 is perfect; None when it cannot be the same plate. passed_ms: the time
    between the two boxes."""
    if passed_ms > GONE_MS:
        return None
    growth = abs(math.log(max(found[3], 1) / max(expected[3], 1)))
    width = max(expected[2], found[2], 1)
    away = centre_distance(expected, found) / width
    if growth > math.log(1.8) or (away > 1.5 + passed_ms / 250 and overlap(expected, found) < 0.1):
        return None
    return away + growth
