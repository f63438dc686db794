"""What an agent's handler gets and gives: records in, outputs out. The stage does everything else."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar

import msgspec

from schemas.base import Message
from schemas.outcomes import RecordPlace
from schemas.topics import Topic

M_co = TypeVar("M_co", bound=Message, covariant=True)
M = TypeVar("M", bound=Message)


class Record(
    msgspec.Struct, Generic[M_co], gc=False
):  # one is made for each record: a frozen data class takes ten times as long
    """One decoded message with the topic, partition and offset of its record. Not to be changed."""

    topic: str
    partition: int
    offset: int
    recorded_at_ms: int  # the broker's clock when it took the record
    message: M_co
    payload: bytes  # the record's value as it came
    indexes: tuple[int, ...] | None = None  # of each read in the batch as it came; None: no read was taken out

    def index_of(self, position: int) -> int:
        """The index that this read had in its batch as it arrived. position: its index in the message, which lacks the
        refused reads."""
        return position if self.indexes is None else self.indexes[position]

    @property
    def place(self) -> RecordPlace:
        """Where the record stands on its topic."""
        return RecordPlace(partition=self.partition, offset=self.offset)

    def now_ms(self, clock_ms: int) -> int:
        """The later of clock_ms (this machine's clock) and the time at which the broker took the record, UTC ms: a clock
        that is slow is corrected so."""
        return max(clock_ms, self.recorded_at_ms)


def by_time(records: Sequence[Record[M]], clock_ms: int) -> Iterator[tuple[int, Sequence[Record[M]]]]:
    """Yields the records in groups of the same Record.now_ms, each with that time (UTC ms), in order: one group, unless this
    machine's clock is behind."""
    latest_ms = max([record.recorded_at_ms for record in records], default=None)
    if latest_ms is not None and latest_ms <= clock_ms:
        yield clock_ms, records
        return
    for at_ms, run in groupby(records, key=lambda record: record.now_ms(clock_ms)):
        yield at_ms, list(run)


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """One record, or one read of its batch, that an agent does not accept.

    shared: every agent that reads the topic refuses it for the same reason, so one of them sends the dead letter (see
    Agent.elsewhere). What one agent alone could not process is not shared.
    """

    topic: str
    partition: int
    offset: int
    recorded_at_ms: int
    reason: str
    detail: str
    payload: bytes
    index: int | None = None
    shared: bool = False


@dataclass(slots=True)
class Outputs:
    """What a handler wants sent, refused and not committed yet.

    hold: partition -> the first offset that must not be committed yet, because the handler still needs its record; each call
    replaces what earlier calls held. settled: called after the broker has acknowledged every output, before the inputs are
    committed; called again while it raises Unavailable.
    """

    sends: list[tuple[Topic[Any], Message, str | None, int | None]] = field(default_factory=list)
    refusals: list[RefusedRecord] = field(default_factory=list)
    hold: dict[int, int] = field(default_factory=dict)
    settled: Callable[[], Awaitable[None]] | None = None

    def send(self, topic: Topic[M], message: M, *, key: str | None = None, partition: int | None = None) -> None:
        """Note a message to be sent after the handler has returned.

        Its partition is the one given, else the key's (Kafka's murmur2), else a random one.
        """
        self.sends.append((topic, message, key, partition))

    def refuse(
        self,
        record: Record[Any],
        reason: str,
        detail: str,
        *,
        index: int | None = None,
        payload: bytes | None = None,
        shared: bool = False,
    ) -> None:
        """Note that a record, or the read at `index` of its batch, is refused. payload: the part at fault; None: the whole
        record. shared: see RefusedRecord."""
        self.refusals.append(
            RefusedRecord(
                record.topic,
                record.partition,
                record.offset,
                record.recorded_at_ms,
                reason,
                detail,
                record.payload if payload is None else payload,
                index,
                shared,
            )
        )

    def add(self, other: "Outputs") -> None:
        """Add the outputs of a later call of the handler; its `hold` replaces the earlier one."""
        self.sends += other.sends
        self.refusals += other.refusals
        self.hold = other.hold
        mine, theirs = self.settled, other.settled
        if mine and theirs:

            async def both() -> None:
                await mine()
                await theirs()

            self.settled = both
        else:
            self.settled = mine or theirs


Handler = Callable[[Sequence[Record[M]]], Awaitable[Outputs]]
"""What an agent decides with: records of its source in, outputs out. AnyHandler: whatever its source is."""
AnyHandler = Handler[Any]
