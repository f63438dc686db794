"""What a worker has told the section memory of, and what may be committed."""

from typing import Any

from pipeline.state.section_records import Covered
from pipeline.stream.covering import Covering, runs_of
from pipeline.stream.outputs import Record
from pipeline.stream.stream_time import FetchState

T_MS = 1_767_268_800_000


def records(*offsets: int, partition: int = 0) -> list[Record[Any]]:
    """Records of one partition."""
    return [Record("t.reads", partition, offset, T_MS + offset, None, b"") for offset in offsets]


def state(first: int = 0, *, rewinding: bool = False) -> FetchState:
    """A partition as its consumer sees it, with nothing settled from this offset on."""
    return FetchState(first, None, None, None, 0, rewinding)


def test_records_without_a_read_that_counts_are_held_back_until_the_memory_knows_of_them() -> None:
    """They are told with the next one that has, from where the memory stands."""
    covering = Covering()
    runs = runs_of(records(4, 5))
    covering.begins(runs, {0: state(4)})
    covering.handled(runs, 1.0)
    assert {0: 4} == covering.hold()
    more = runs_of(records(6, 9))
    covering.begins(more, {})
    assert [Covered(0, 4, 10)] == covering.covered(more)
    covering.was_told(covering.covered(more))
    covering.handled(more, 2.0)
    assert {} == covering.hold()


def test_what_could_not_be_decoded_counts_as_read() -> None:
    """Before the first record of a new worker, and between two."""
    covering = Covering()
    covering.begins(runs_of(records(7)), {0: state(5)})
    assert [Covered(0, 5, 8)] == covering.covered(runs_of(records(7)))


def test_once_a_second_all_partitions_are_told_also_the_silent_ones() -> None:
    """But not those that are about to be read again."""
    covering = Covering()
    runs = runs_of(records(4))
    covering.begins(runs, {0: state(4)})
    covering.handled(runs, 1.0)
    found = covering.all_covered({0: state(4), 1: state(12), 2: state(3, rewinding=True)})
    assert [Covered(0, 4, 5), Covered(1, 12, 12)] == found


def test_a_rewound_partition_is_told_from_where_it_begins_again() -> None:
    """Since when it is whole is said where the memory knew nothing of it."""
    covering = Covering()
    runs = runs_of(records(90))
    covering.begins(runs, {0: state(90)})
    covering.handled(runs, 1.0)
    covering.reread({0: None}, T_MS)
    assert {} == covering.hold()
    again = runs_of(records(40, 41))
    covering.begins(again, {0: state(40)})
    assert [Covered(0, 40, 42, T_MS)] == covering.covered(again)
    covering.was_told(covering.covered(again))
    assert [Covered(0, 42, 43)] == covering.covered(runs_of(records(42)))
