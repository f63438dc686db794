"""When a line in a picture was crossed."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.vision.crossing import crossing_of
from schemas.reference import PicturePoint

LINE = PicturePoint(x=0.2, y=0.5), PicturePoint(x=0.8, y=0.5)


@given(st.floats(0.0, 0.4), st.floats(0.6, 1.0), st.integers(1, 400), st.booleans())
def test_the_true_time_lies_within_the_doubt(start: float, end: float, took_ms: int, back: bool) -> None:
    """Of a plate that moves evenly between two pictures, towards the camera or away from it."""
    ys = (end, start) if back else (start, end)
    crossing = crossing_of([(1_000, (0.5, ys[0])), (1_000 + took_ms, (0.5, ys[1]))], LINE)
    assert crossing is not None
    true_ms = 1_000 + took_ms * (0.5 - ys[0]) / (ys[1] - ys[0])
    assert abs(crossing.at_ms - true_ms) <= crossing.doubt_ms
    assert 1_000 <= crossing.at_ms - crossing.doubt_ms + took_ms


def test_a_plate_that_stays_on_one_side_or_passes_beside_the_line_does_not_cross_it() -> None:
    """The line ends at 0.8 of the width."""
    assert crossing_of([(0, (0.5, 0.1)), (100, (0.5, 0.4))], LINE) is None
    assert crossing_of([(0, (0.9, 0.1)), (100, (0.9, 0.9))], LINE) is None
    assert crossing_of([(0, (0.5, 0.1))], LINE) is None
