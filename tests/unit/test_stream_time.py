"""Up to which moment of the broker's clock a partition was read, with traffic and without."""

from pipeline.stream.stream_time import QUIET_LOOKS, FetchState, StreamTime

T_MS = 1_767_268_800_000


def state(**fields: object) -> FetchState:
    """A partition that was read to its end, at offset 10."""
    given = {"first": 10, "position": 10, "high": 10, "polled": 1, "waiting": 0, "rewinding": False} | fields
    return FetchState(**given)  # type: ignore[arg-type]  # each of its own type


def test_a_partition_with_traffic_is_read_up_to_its_latest_record() -> None:
    """However far behind that is."""
    time = StreamTime()
    time.took(0, 5, T_MS, 1.0)
    time.took(1, 9, T_MS + 60_000, 1.0)
    assert {0: T_MS, 1: T_MS + 60_000} == time.until((0, 1, 2))
    time.took(1, 7, T_MS + 30_000, 2.0)
    assert {1: T_MS + 30_000} == time.until((1,))


def test_where_nothing_comes_the_brokers_clock_goes_on_as_long_as_it_answers() -> None:
    """An answer tells of the moment at which it was asked for: when the answer before it had come."""
    time = StreamTime()
    time.took(0, 10, T_MS, 100.0)
    for second in range(1, 5):
        time.looked(0, state(polled=second), 100.0 + second)
    assert {0: T_MS + 2_000} == time.until((0,))
    for second in range(5, 9):  # the broker is away
        time.looked(0, state(polled=4), 100.0 + second)
    assert {0: T_MS + 2_000} == time.until((0,))


def test_a_partition_that_is_not_read_to_its_end_stands_still() -> None:
    """Something waits, or the broker has more, or it is about to be read again."""
    for behind in ({"waiting": 1}, {"high": 11}, {"high": None}, {"rewinding": True}):
        time = StreamTime()
        time.took(0, 10, T_MS, 100.0)
        for second in range(1, 9):
            time.looked(0, state(polled=second, position=second, **behind), 100.0 + second)
        assert {0: T_MS} == time.until((0,))


def test_offsets_without_records_at_the_end_are_no_backlog() -> None:
    """The marks of transactions: nothing comes although the broker's next offset is higher than what was handled."""
    time = StreamTime()
    time.took(0, 10, T_MS, 100.0)
    for second in range(1, QUIET_LOOKS + 2):
        time.looked(0, state(polled=second, position=11, high=11), 100.0 + second)
    assert T_MS + 1_000 * (QUIET_LOOKS - 1) == time.until((0,))[0]


def test_a_worker_without_any_record_knows_the_time_from_others() -> None:
    """And says nothing until then; a partition that was never filled counts as read to its end."""
    time = StreamTime()
    for second in range(4):
        time.looked(0, state(first=0, position=0, high=0, polled=second + 1), 100.0 + second)
    assert {} == time.until((0,))
    time.heard(T_MS, 104.0)
    time.looked(0, state(first=0, position=0, high=0, polled=9), 104.0)
    assert {0: T_MS - 2_000} == time.until((0,))


def test_an_older_word_about_the_brokers_clock_changes_nothing() -> None:
    """Only what says that it is later than was thought."""
    time = StreamTime()
    time.heard(T_MS, 100.0)
    time.heard(T_MS + 500, 101.0)
    for second in range(3):
        time.looked(0, state(polled=second + 1), 102.0 + second)
    assert {0: T_MS + 2_000} == time.until((0,))
