"""Whether fetched records follow those before."""

from types import SimpleNamespace
from typing import Any

from aiokafka.structs import TopicPartition

from pipeline.stream.gaps import Gaps, expired

PLACE = TopicPartition("t.reads", 5)


def records(*offsets: int, at_ms: int = 1_000) -> Any:
    """Records of one partition, a millisecond apart, each in a batch of its own."""
    return {
        PLACE: [
            SimpleNamespace(first=offset, last=offset, first_ms=at_ms + offset, last_ms=at_ms + offset)
            for offset in offsets
        ]
    }


def test_records_from_where_it_was_sought_show_no_gap() -> None:
    """Offsets of transactions' markers inside a chunk are no gap; the first chunk may begin anywhere."""
    gaps = Gaps()
    assert {} == gaps.took(records(7, 8, 11))
    gaps.sought({PLACE: 5})
    assert {} == gaps.took(records(5, 6))
    assert {} == gaps.took(records(7))
    gaps.sought({PLACE: None})
    assert {} == gaps.reset_by_client(records(0))
    assert {} == gaps.took(records(0))


def test_only_what_the_topic_no_longer_has_is_lost() -> None:
    """Offsets that it still covers were never records for anybody."""
    gaps = Gaps()
    gaps.sought({PLACE: 10})
    found = gaps.took(records(30))
    assert {PLACE: 20} == expired(found, {PLACE: 30})
    assert {PLACE: 15} == expired(found, {PLACE: 25})
    assert {} == expired(found, {PLACE: 0})


def test_old_records_below_the_expected_offset_come_from_a_client_that_was_reset() -> None:
    """The client began at the topic's beginning, because a leader that lags did not know the offset."""
    gaps = Gaps()
    gaps.took(records(8, 9))
    assert {PLACE: 10} == gaps.reset_by_client(records(0, 1))
    assert [] == gaps.made_anew(records(0, 1))


def test_young_records_of_low_offsets_are_another_topic() -> None:
    """So are any where nothing was taken yet: what the group had committed is beyond the topic's end."""
    gaps, fresh = Gaps(), Gaps()
    gaps.took(records(8, 9))
    fresh.sought({PLACE: 10})
    young = records(0, 1, at_ms=5_000)
    for one in (gaps, fresh):
        assert {} == one.reset_by_client(young)
        assert [PLACE] == one.made_anew(young)
    gaps.took(young)
    assert [] == gaps.made_anew(records(2, at_ms=5_000))
