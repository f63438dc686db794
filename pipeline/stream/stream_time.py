"""Up to which moment of the broker's clock each partition was read, also where nothing arrives any more. Pure: times are arguments.

Where records come, it is the time at which the broker took the latest one that was handled. Where none come, it is the latest
moment at which the broker is known to have had no more. Nothing here trusts a machine's clock: the broker's time is told by its
records, and between them passes as fast as this machine's monotonic clock.
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

    first: the next offset that is not settled. position: the next offset to fetch. high: the next that the broker will give; None:
    not known. polled: changes with each answer to a fetch. waiting: records that are fetched and not handled. rewinding: it is
    about to be read again from an earlier place.
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
    """Of the partitions that this worker has. at_s: this machine's monotonic clock."""

    _partitions: dict[int, _Partition] = field(default_factory=dict)
    _broker: tuple[int, float] | None = None  # the broker's clock had reached this, at that moment

    def forget(self) -> None:
        """The partitions were reassigned."""
        self._partitions.clear()

    def drop(self, partition: int) -> None:
        """This partition is read again from an earlier place."""
        self._partitions.pop(partition, None)

    def took(self, partition: int, next_offset: int, recorded_ms: int, at_s: float) -> None:
        """A partition was handled up to this offset; the broker took the last of it then."""
        at = self._partitions.setdefault(partition, _Partition())
        at.next, at.until_ms, at.quiet = next_offset, recorded_ms, 0
        self.heard(recorded_ms, at_s)

    def heard(self, broker_ms: int, at_s: float) -> None:
        """The broker's clock had reached this by now."""
        if self._broker is None or broker_ms > self._broker_ms(at_s, self._broker):
            self._broker = broker_ms, at_s

    def looked(self, partition: int, state: FetchState, at_s: float) -> None:
        """Nothing of this partition is in hand; this is how its consumer sees it."""
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
        """Up to when each of these partitions was read, ms UTC of the broker's clock; without those of which that is not known."""
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
        """What the broker's clock had reached at least at that moment."""
        return broker[0] + int((at_s - broker[1]) * 1000)
