"""What one camera sent lately: counts by minute, the quickest way to us, how sure it was, which plates,
and what its pictures show."""

from collections import Counter, deque
from typing import NamedTuple

from pipeline.health.habits import Habit
from pipeline.health.peers import Peers
from pipeline.health.views import LATELY, likeness_of
from pipeline.vision.glance import Glance

MINUTE_MS = 60_000
WINDOW_MS = 120 * MINUTE_MS
DELAYS, PLATES = 20, 50
DELAY_WEIGHT = 0.1
SLOWLY, QUICKLY = 1 / 1000, 1 / 50
"""Weights of one read in what is usual, and in what is now."""


class SeenRead(NamedTuple):
    """What health needs of a read. Times in UTC ms. confidence None: not stated. doubted: its time is doubted, by its camera
    or by the gateway."""

    captured_at_ms: int
    received_at_ms: int
    plate: str
    confidence: float | None
    doubted: bool


class Recent:
    """The last reads of one camera. begins_ms: from when on it is watched (UTC). groups: those who share its fate: a network that
    fails, a partition that stands still, a holiday."""

    def __init__(self, begins_ms: int, habit: Habit, groups: tuple[Peers, ...] = ()) -> None:
        self.begins_ms = begins_ms
        self.habit, self.groups = habit, groups
        self.since_ms = (
            begins_ms  # nothing was missed before, as far as is known: its last read, or when the watch began
        )
        self.delays_s: deque[float] = deque(maxlen=DELAYS)
        self.doubts: deque[bool] = deque(maxlen=DELAYS)
        self.plates: deque[str] = deque(maxlen=PLATES)
        self.glances: deque[Glance] = deque(maxlen=LATELY)
        self.confidence: float | None = None
        self.confident = 0  # reads that said how sure the camera was
        self._minutes: deque[list[int]] = deque()  # each: when it begins, its reads

    def add(self, read: SeenRead, at_ms: int) -> None:
        """Take in a read that came to the platform at at_ms (UTC)."""
        self.since_ms = self.habit.last_ms = max(self.habit.last_ms, at_ms)
        self.delays_s.append((read.received_at_ms - read.captured_at_ms) / 1000)
        self.doubts.append(read.doubted)
        self.plates.append(read.plate)
        if read.confidence is not None:
            self._sure(read.confidence)
        minute = at_ms // MINUTE_MS * MINUTE_MS
        if self._minutes and self._minutes[-1][0] >= minute:
            self._minutes[-1][1] += 1
        else:
            self._minutes.append([minute, 1])

    def glance(self, glance: Glance, *, learns: bool) -> None:
        """Take in a glance at one of its pictures. learns: nothing is wrong with them, so that the oldest one, which is let go, is
        what is usual."""
        if learns and len(self.glances) == LATELY:
            self.habit.view.learn(self.glances[0], likeness_of(self.habit.view, self.glances))
        self.glances.append(glance)

    def count(self, from_ms: int, until_ms: int) -> int:
        """How many reads came in the minutes that begin from from_ms on and before until_ms (UTC)."""
        return sum(count for begins_ms, count in self._minutes if from_ms <= begins_ms < until_ms)

    def learn_delay(self) -> None:
        """Follow how long the quickest reads take to come; not to be called while that is wrong."""
        if len(self.delays_s) < DELAYS:
            return
        quickest, usual = max(min(self.delays_s), 0.0), self.habit.delay_s
        self.habit.delay_s = quickest if usual is None else usual + (quickest - usual) * DELAY_WEIGHT

    def forget(self, before_ms: int) -> None:
        """Forget the minutes that began before before_ms (UTC)."""
        while self._minutes and self._minutes[0][0] < before_ms:
            self._minutes.popleft()

    def favourite(self) -> tuple[str, float] | None:
        """The plate that comes most often among the last PLATES reads, and its share, 0..1; None while there are fewer reads."""
        if len(self.plates) < PLATES:
            return None
        ((plate, count),) = Counter(self.plates).most_common(1)
        return plate, count / PLATES

    def _sure(self, confidence: float) -> None:
        """Take in how sure the camera was of one more read: the present mean follows quickly, the usual one slowly."""
        self.confident += 1
        usual = self.habit.confidence
        self.habit.confidence = confidence if usual is None else usual + (confidence - usual) * SLOWLY
        now = self.confidence
        self.confidence = self.habit.confidence if now is None else now + (confidence - now) * QUICKLY
