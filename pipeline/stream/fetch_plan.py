"""What a worker's fetch loop does next, and from which offset a partition is read again. Pure: the loop acts on it.

Records that were fetched while a seek or a rebalance happened are discarded, and fetched again after a seek to the committed
offsets: the stage drops records below the offset it has reached, so one chunk from beyond a gap would make it drop the gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from aiokafka.structs import TopicPartition

from pipeline.stream.progress import Rereads


class Step(Enum):
    """One step of the fetch loop."""

    WAIT_FOR_FLOW = auto()  # Faust has stopped the flow of records: a rebalance
    WAIT_FOR_SEEK = auto()  # Faust seeks: what would be fetched now may be from before it or after it
    SEEK_TO_COMMITTED = auto()
    REREAD = auto()
    WAIT_FOR_ROOM = auto()  # every partition's queue is full
    FETCH = auto()


@dataclass(slots=True)
class FetchPlan:
    """The state from which the fetch loop chooses its next step.

    generation: of the consumer group. seeks: a counter that changes whenever a seek begins or ends, and at each assignment.
    """

    generation: int = -1
    seeks: int = 0
    seeking: int = 0  # seeks of Faust's that are under way
    discarded: bool = False  # fetched records were discarded and have to come again

    def step(self, *, flows: bool, active: bool, rereads: bool, room: bool) -> Step:
        """The next step. flows: Faust lets records flow. active: this worker has partitions. rereads: some are to be read again.

        room: some partition's queue has room.
        """
        if not flows:
            return Step.WAIT_FOR_FLOW
        if self.seeking:
            return Step.WAIT_FOR_SEEK
        if self.discarded and active:
            return Step.SEEK_TO_COMMITTED
        if rereads:
            return Step.REREAD
        return Step.FETCH if room else Step.WAIT_FOR_ROOM

    def assigned(self, generation: int) -> None:
        """Note that a new generation of the consumer group begins. generation: its number."""
        self.seeks += 1
        self.generation = generation

    def seek_begins(self) -> None:
        """Note that a seek to the committed offsets begins."""
        self.seeks += 1
        self.seeking += 1

    def seek_ended(self) -> None:
        """Note that a seek to the committed offsets has ended, done or failed."""
        self.seeks += 1
        self.seeking -= 1

    def may_take(self, generation: int, seeks: int, *, flows: bool) -> bool:
        """Whether the stage may take these records. If not, they are discarded and have to be fetched again.

        generation: in which they were fetched. seeks: the counter `seeks` when the fetch began. flows: Faust lets records flow.
        """
        taken = flows and generation == self.generation and seeks == self.seeks
        self.discarded = self.discarded or not taken
        return taken


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a partition has come: the next offset, and when the broker took the record before it (UTC ms). None: not known."""

    offset: int | None
    recorded_ms: int | None


Standings = Mapping[TopicPartition, Standing]


def times_to_look_up(rereads: Rereads, standings: Standings) -> dict[TopicPartition, int]:
    """For each partition that is read again from a time on: that time (UTC ms), whose first offset the broker must look up."""
    return {
        tp: max(0, stood_ms - back_ms)
        for tp, stood_ms in _stood_ms(rereads, standings).items()
        if (back_ms := rereads[tp].back_ms) is not None
    }


def reread_offsets(
    rereads: Rereads, standings: Standings, since: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """For each partition, the offset to rewind it to: the lowest of its own offset in `standings` (settled, else committed), of
    the offset in `since`, and of the one that its reread asks for.

    A higher offset would skip records. A partition without an offset in `standings` is left out. One whose result equals its
    own offset is kept: its batch in flight must be decided again. since: by partition, the first offset at or after its time in
    times_to_look_up; without one all its records are older, and it sets no bound.
    """
    return {
        tp: min(offset for offset in (at.offset, since.get(tp), rereads[tp].offset) if offset is not None)
        for tp, at in standings.items()
        if at.offset is not None
    }


def reached_ms(rereads: Rereads, standings: Standings) -> dict[TopicPartition, int]:
    """The time (UTC ms) that each partition had reached, where it is known: a second reread counts back from there, too."""
    return {tp: ms for tp, ms in _stood_ms(rereads, standings).items() if standings[tp].recorded_ms}


def _stood_ms(rereads: Rereads, standings: Standings) -> dict[TopicPartition, int]:
    times = {tp: [ms for ms in (rereads[tp].asked_ms, at.recorded_ms) if ms] for tp, at in standings.items()}
    return {tp: min(some) for tp, some in times.items() if some}
