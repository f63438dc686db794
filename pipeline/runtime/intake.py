"""What consumer and stage say to each other: one brings records and commits, the other takes them and says how far it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiokafka.structs import TopicPartition

from pipeline.runtime.fetched import RecordBatch


@dataclass(frozen=True, slots=True)
class Chunk:
    """Batches of records as fetched, in order per partition, and the group generation that they were fetched in."""

    generation: int
    batches: Mapping[TopicPartition, Sequence[RecordBatch]]


@dataclass(frozen=True, slots=True)
class Since:
    """From where a partition is to be read again: from this offset, or from back_ms before the latest record that was settled, and
    at least before asked_ms (UTC ms, as the broker's clock); from whichever is earlier. Nothing of both: not at all.
    """

    place: int | None = None
    back_ms: int | None = None
    asked_ms: int = 0


Again = Mapping[TopicPartition, Since]
"""What is to be read again."""


class Intake(Protocol):
    """The stage, as the consumer sees it."""

    def take(self, chunk: Chunk) -> None:
        """Accept a chunk; never blocks, `held` bounds it."""

    def held(self) -> set[TopicPartition]:
        """Partitions whose backlog is full: not fetched until it has shrunk."""

    async def room(self) -> None:
        """Return when `held` may have changed."""

    async def drained(self, timeout_s: float) -> None:
        """Drop what has not begun, wait for what has, at most so long."""

    def offsets(self) -> dict[TopicPartition, int]:
        """What may be committed now: the next offset per partition."""

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets are safe at the broker."""

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """A new generation begins with these partitions."""

    def again(self) -> Again:
        """What is to be read again."""

    def positions(self) -> dict[TopicPartition, int | None]:
        """Every partition with the next offset that is not settled; None: nothing settled in this generation."""

    def recorded_ms(self, tp: TopicPartition) -> int | None:
        """When the broker took the latest record that was ever settled, UTC ms; None: nothing settled yet."""

    def begun_anew(self, tp: TopicPartition) -> None:
        """The topic is another one than before, and its offsets count from the beginning: none of them was seen."""

    def expired(self, count: int) -> None:
        """So many records were gone from the topic before they could be fetched."""

    def rewound(self, again: Again, offsets: Mapping[TopicPartition, int], times: Mapping[TopicPartition, int]) -> None:
        """This was done: these partitions, which had come so far (UTC ms), go on from there; what was fetched of them comes again.
        The others need not go back."""
