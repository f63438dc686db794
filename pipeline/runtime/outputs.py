"""What an agent's handler gets and gives: records in, outputs out. The stage does everything else."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from schemas.base import Message
from schemas.topics import Topic

M_co = TypeVar("M_co", bound=Message, covariant=True)
M = TypeVar("M", bound=Message)


@dataclass(slots=True)  # not frozen: that takes three times as long to make, and one is made for each record
class Record(Generic[M_co]):
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


Handler = Callable[[Sequence[Record[Any]]], Awaitable[Outputs]]
