"""A video's time only goes forward, whatever its container says."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.vision.video import VideoClock


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=60))
def test_time_never_stands_still_and_never_goes_back(container_ms: list[float]) -> None:
    """Jumps back, repeated times, no times at all."""
    clock = VideoClock()
    times = [clock.at(one) for one in container_ms]
    assert all(after - before > 0.5 for before, after in pairwise(times))


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60))
def test_times_that_only_go_forward_stay_as_they_are(steps: list[int]) -> None:
    """An uneven rate is kept."""
    container = [float(sum(steps[:count])) for count in range(len(steps) + 1)]
    clock = VideoClock()
    assert container == [clock.at(one) for one in container]


def test_a_second_recording_goes_on_one_step_after_the_first() -> None:
    """Two streams end to end: the second begins at 0 again."""
    clock = VideoClock()
    assert [0, 80, 160, 240, 320, 400] == [clock.at(one) for one in (0, 80, 160, 0, 80, 160)]


def test_without_any_times_frames_are_a_step_apart() -> None:
    """Some containers give none."""
    clock = VideoClock(step_ms=50.0)
    assert [0, 50, 100] == [clock.at(0.0) for _ in range(3)]
