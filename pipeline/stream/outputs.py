"""What an agent's handler gets and gives: records in, outputs out. The stage does everything else."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar

import msgspec

from schemas.base import Message
from schemas.topics import Topic

M_co = TypeVar("M_co", bound=Message, covariant=True)
M = TypeVar("M", bound=Message)


class Record(
    msgspec.Struct, Generic[M_co], gc=False
):  # one is made for each record: a frozen data class takes ten times as long
    """One decoded message and where it stands. Not to be changed."""

    topic: str
    partition: int
    offset: int
    recorded_at_ms: int  # the broker's clock when it took the record
    message: M_co
    payload: bytes  # as it came

    def now_ms(self, clock_ms: int) -> int:
        """What time it is: this machine's clock, unless the broker took the record later than that. Then it is behind."""
        return max(clock_ms, self.recorded_at_ms)


def by_time(records: Sequence[Record[M]], clock_ms: int) -> Iterator[tuple[int, Sequence[Record[M]]]]:
    """The records in runs of the same time, which is Record.now_ms: one run, unless this machine's clock is behind."""
    latest_ms = max([record.recorded_at_ms for record in records], default=None)
    if latest_ms is not None and latest_ms <= clock_ms:
        yield clock_ms, records
        return
    for at_ms, run in groupby(records, key=lambda record: record.now_ms(clock_ms)):
        yield at_ms, list(run)


@dataclass(frozen=True, slots=True)
class Refused:
    """One record, or one read of its batch, that goes to the dead letters."""

    topic: str
    partition: int
    offset: int
    recorded_at_ms: int
    reason: str
    detail: str
    payload: bytes
    index: int | None = None


@dataclass(slots=True)
class Outputs:
    """What a handler wants sent, refused and held back.

    hold: partition -> first offset that must not be committed yet, because work on it is still open; it replaces what earlier
    calls held. settled: runs when the broker has acknowledged every output, before the inputs are committed.
    """

    sends: list[tuple[Topic[Any], Message, str | None, int | None]] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    hold: dict[int, int] = field(default_factory=dict)
    settled: Callable[[], Awaitable[None]] | None = None

    def send(self, topic: Topic[M], message: M, *, key: str | None = None, partition: int | None = None) -> None:
        """Send a message; without a partition, the key decides it (Kafka's murmur2)."""
        self.sends.append((topic, message, key, partition))

    def refuse(self, record: Record[Any], reason: str, detail: str, *, index: int | None = None,
               payload: bytes | None = None) -> None:  # fmt: skip
        """Send a record, or the read at `index` of its batch, to the dead letters. payload: the part at fault."""
        self.refusals.append(
            Refused(
                record.topic,
                record.partition,
                record.offset,
                record.recorded_at_ms,
                reason,
                detail,
                record.payload if payload is None else payload,
                index,
            )
        )

    def add(self, other: "Outputs") -> None:
        """Take over what another call of the handler gave; its holds are the newer ones."""
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
"""What an agent decides with: records of its source in, outputs out."""
