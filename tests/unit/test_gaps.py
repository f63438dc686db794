"""Records that should have come and did not."""

from types import SimpleNamespace

from aiokafka.structs import TopicPartition

from pipeline.runtime.gaps import Gaps, begun_anew, expired

PLACE = TopicPartition("t.reads", 5)


def taken(gaps: Gaps, *offsets: int) -> dict[TopicPartition, tuple[int, int]]:
    """What these records of one partition show."""
    return gaps.took({PLACE: [SimpleNamespace(offset=offset) for offset in offsets]})


def test_what_comes_as_it_was_sought_shows_no_gap() -> None:
    """Marks of transactions inside a chunk are nobody's business; the first chunk may begin anywhere."""
    gaps = Gaps()
    assert {} == taken(gaps, 7, 8, 11)
    gaps.sought({PLACE: 5})
    assert {} == taken(gaps, 5, 6)
    assert {} == taken(gaps, 7)
    gaps.sought({PLACE: None})
    assert {} == taken(gaps, 0)


def test_only_what_the_topic_no_longer_has_is_lost() -> None:
    """Offsets that it still covers were never records for anybody."""
    gaps = Gaps()
    gaps.sought({PLACE: 10})
    found = taken(gaps, 30)
    assert {PLACE: 20} == expired(found, {PLACE: 30})
    assert {PLACE: 15} == expired(found, {PLACE: 25})
    assert {} == expired(found, {PLACE: 0})
    assert [] == list(begun_anew(found))


def test_less_than_was_due_is_another_topic() -> None:
    """Unless it was sought."""
    gaps = Gaps()
    gaps.sought({PLACE: 10})
    found = taken(gaps, 0, 1)
    assert [PLACE] == list(begun_anew(found))
    assert {} == expired(found, {PLACE: 0})
    gaps.sought({PLACE: 0})
    assert {} == taken(gaps, 0)
