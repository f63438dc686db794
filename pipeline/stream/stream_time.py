"""Up to which time each partition was read, also where no record arrives any more. Pure: times are arguments.

All such times are of the broker's clock. Where records arrive, it is when the broker took the latest one that was handled.
Where none arrive, it is the latest time at which the broker is known to have had no more. No machine's wall clock is used: the
records carry the broker's time, and between them it is taken to pass as fast as this machine's monotonic clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

QUIET_LOOKS = (
    6  # so often in a row nothing may have come for a partition to count as read to its end, whatever its offsets say
)


Fetching = tuple[int, int | None, int | None, int | None]
"""Of a partition: where reading began, the next offset to fetch, the broker's next, and a number that changes with each answer."""
NOT_FETCHING: Fetching = (0, None, None, None)


@dataclass(frozen=True, slots=True)
class FetchState:
    """One partition as its consumer sees it.

    first: the next offset that is not settled. position: the next offset to fetch. high: the next offset that the broker will
    assign; None: not known. polled: a number that changes with each answer to a fetch. waiting: how many records are fetched
    and not handled. rewinding: the partition is about to be read again from an earlier offset.
    """

    first: int
    position: int | None
    high: int | None
    polled: int | None
    waiting: int
    rewinding: bool


@dataclass(slots=True)
class _Partition:
    next: int | None = None  # offset after the last record that was handled
    until_ms: int | None = None
    polled: int | None = None
    answered_after_s: float | None = None  # the last answer but one came after this moment
    looked_s: float = 0.0
    position: int | None = None
    quiet: int = 0  # looks at which nothing had moved


@dataclass(slots=True)
class StreamTime:
    """The time up to which each partition of this worker was read. at_s: seconds of this machine's monotonic clock."""

    _partitions: dict[int, _Partition] = field(default_factory=dict)
    _broker: tuple[int, float] | None = None  # the broker's clock had reached this, at that moment

    def forget(self) -> None:
        """Forget all partitions: the group has reassigned them."""
        self._partitions.clear()

    def drop(self, partition: int) -> None:
        """Forget this partition: it is read again from an earlier offset."""
        self._partitions.pop(partition, None)

    def took(self, partition: int, next_offset: int, recorded_ms: int, at_s: float) -> None:
        """Note that all records below next_offset were handled. recorded_ms: when the broker took the last of them, UTC ms."""
        at = self._partitions.setdefault(partition, _Partition())
        at.next, at.until_ms, at.quiet = next_offset, recorded_ms, 0
        self.heard(recorded_ms, at_s)

    def heard(self, broker_ms: int, at_s: float) -> None:
        """Note that the broker's clock had reached broker_ms (UTC ms) at the moment at_s."""
        if self._broker is None or broker_ms > self._broker_ms(at_s, self._broker):
            self._broker = broker_ms, at_s

    def looked(self, partition: int, state: FetchState, at_s: float) -> None:
        """Note how the consumer sees a partition of which no record is being handled."""
        at = self._partitions.setdefault(partition, _Partition())
        at.quiet = at.quiet + 1 if state.position == at.position and not state.waiting else 0
        at.position = state.position
        if state.polled is not None and state.polled != at.polled:
            # This answer's fetch was sent after the last answer had come: the broker had no more than it says at that moment.
            since_s, at.answered_after_s = at.answered_after_s, at.looked_s or None
            at.polled = state.polled
            if since_s is not None and self._broker and not state.rewinding and self._at_its_end(at, state):
                at.until_ms = max(at.until_ms or 0, self._broker_ms(since_s, self._broker))
        at.looked_s = at_s

    def until(self, partitions: Iterable[int]) -> dict[int, int]:
        """The time up to which each of these partitions was read, in the broker's time (UTC ms).

        A partition is missing where that is unknown.
        """
        found = {partition: self._partitions.get(partition) for partition in partitions}
        return {partition: at.until_ms for partition, at in found.items() if at and at.until_ms is not None}

    def next_of(self, partition: int) -> int | None:
        """The offset after the last record that was handled; None: none was."""
        at = self._partitions.get(partition)
        return at.next if at else None

    @staticmethod
    def _at_its_end(at: _Partition, state: FetchState) -> bool:
        if state.waiting or state.high is None:
            return False
        reached = at.next if at.next is not None else state.first
        return reached >= state.high or (at.quiet >= QUIET_LOOKS and (state.position or 0) >= state.high)

    @staticmethod
    def _broker_ms(at_s: float, broker: tuple[int, float]) -> int:
        """The earliest time that the broker's clock can show at the moment at_s, UTC ms."""
        return broker[0] + int((at_s - broker[1]) * 1000)
