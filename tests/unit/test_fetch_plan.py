"""What the fetch loop does next, and where a partition is read again from."""

import pytest
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.fetch_plan import FetchPlan, Standing, Step, reached_ms, reread_offsets, times_to_look_up
from pipeline.stream.progress import RereadFrom

PLACE = TopicPartition("t.reads", 5)
OFFSETS = st.none() | st.integers(0, 100)


@pytest.mark.parametrize(
    ("expected", "state"),
    [
        (Step.WAIT_FOR_FLOW, {"flows": False, "active": False, "rereads": False, "room": False}),
        (Step.FETCH, {"flows": True, "active": True, "rereads": False, "room": True}),
        (Step.WAIT_FOR_ROOM, {"flows": True, "active": True, "rereads": False, "room": False}),
        (Step.REREAD, {"flows": True, "active": True, "rereads": True, "room": False}),
    ],
)
def test_the_next_step_follows_from_what_is_the_case(expected: Step, state: dict[str, bool]) -> None:
    """A rebalance is waited for before anything else; a reread needs no room."""
    assert expected == FetchPlan(generation=1).step(**state)


def test_nothing_is_done_while_faust_seeks() -> None:
    """What would be fetched may be from before the seek or after it."""
    plan = FetchPlan(generation=1)
    plan.seek_begins()
    assert Step.WAIT_FOR_SEEK == plan.step(flows=True, active=True, rereads=True, room=True)
    plan.seek_ended()
    assert Step.FETCH == plan.step(flows=True, active=True, rereads=False, room=True)


def test_discarded_records_are_sought_before_anything_is_fetched() -> None:
    """As soon as there are partitions again."""
    plan = FetchPlan(generation=2)
    assert not plan.may_take(1, plan.seeks, flows=True)
    assert Step.FETCH == plan.step(flows=True, active=False, rereads=False, room=True)
    assert Step.SEEK_TO_COMMITTED == plan.step(flows=True, active=True, rereads=True, room=True)


def test_records_are_taken_only_when_neither_seek_nor_rebalance_came_while_they_were_fetched() -> None:
    """Whatever of it happened, they are discarded."""
    for change in (lambda p: p.seek_begins(), lambda p: p.seek_ended(), lambda p: p.assigned(2), lambda p: None):
        plan = FetchPlan(generation=2)
        seeks = plan.seeks
        change(plan)
        assert (seeks == plan.seeks) == plan.may_take(2, seeks, flows=True) != plan.discarded
    assert not FetchPlan(generation=2).may_take(2, 0, flows=False)


@given(OFFSETS, OFFSETS, st.integers(0, 100), st.booleans())
def test_what_is_read_again_never_lies_ahead(since: int | None, asked: int | None, settled: int, by_time: bool) -> None:
    """A worker that is behind stays behind, whatever its memory lost; and the lower of both offsets counts."""
    rereads = {PLACE: RereadFrom(asked, 1 if by_time else None, 10)}
    found = {PLACE: since} if since is not None and by_time else {}
    (offset,) = reread_offsets(rereads, {PLACE: Standing(settled, None)}, found).values()
    assert offset == min(n for n in (settled, asked, found.get(PLACE)) if n is not None)


def test_a_partition_of_which_nothing_is_known_has_no_offset_to_go_back_to() -> None:
    """The loop sends it to its beginning."""
    assert {} == reread_offsets({PLACE: RereadFrom(95)}, {PLACE: Standing(None, None)}, {})


@pytest.mark.parametrize(
    ("recorded_ms", "stood_ms"),
    [
        (9_500, 9_500),  # it has waited since: an hour before its latest record, not before now
        (99_000, 10_000),
        (None, 10_000),
        (-1, -1),  # a topic whose records have no time
    ],
)
def test_the_time_is_counted_from_where_the_partition_stood(recorded_ms: int | None, stood_ms: int) -> None:
    """It may have stood there for long: what belongs to the next records lies before it."""
    rereads, standings = {PLACE: RereadFrom(back_ms=1_000, asked_ms=10_000)}, {PLACE: Standing(90, recorded_ms)}
    assert {PLACE: max(0, stood_ms - 1_000)} == times_to_look_up(rereads, standings)
    assert ({PLACE: stood_ms} if recorded_ms else {}) == reached_ms(rereads, standings)


def test_a_reread_from_an_offset_looks_up_no_time_and_keeps_how_far_the_partition_had_come() -> None:
    """As far as that is known."""
    rereads = {PLACE: RereadFrom(80)}
    assert {} == times_to_look_up(rereads, {PLACE: Standing(90, 5_000)})
    assert {PLACE: 5_000} == reached_ms(rereads, {PLACE: Standing(90, 5_000)})
    assert {} == reached_ms(rereads, {PLACE: Standing(90, None)})
