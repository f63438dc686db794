"""Zones: points in polygons, membership by camera and by position, direction through a border."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reads.geography import angle_between_deg, contains, direction_through, heading_of, in_zone, position_of
from schemas.base import Position
from tests.builders import BRUSSELS, cameras_of, make_camera, make_read, make_zone

SQUARE = tuple(Position(lat=lat, lon=lon) for lat, lon in ((50, 4), (50, 5), (51, 5), (51, 4)))
DENTED = tuple(Position(lat=lat, lon=lon) for lat, lon in ((0, 0), (0, 4), (4, 4), (4, 2), (2, 2), (2, 0)))


def test_a_point_inside_a_polygon_is_found_and_one_outside_is_not() -> None:
    """The plain case, whether the corners go round one way or the other."""
    for polygon in (SQUARE, SQUARE[::-1]):
        assert contains(polygon, BRUSSELS)
        assert not contains(polygon, Position(lat=50.5, lon=5.5))


def test_the_dent_of_a_polygon_is_outside() -> None:
    """A zone need not be convex."""
    assert contains(DENTED, Position(lat=1, lon=1))
    assert not contains(DENTED, Position(lat=3, lon=1))


@pytest.mark.parametrize("corners", [0, 1, 2])
def test_fewer_than_three_corners_hold_nothing(corners: int) -> None:
    """A zone that only lists cameras has no area."""
    assert not contains(SQUARE[:corners], BRUSSELS)


@given(st.floats(50.01, 50.99), st.floats(4.01, 4.99))
def test_every_point_within_the_square_is_inside(lat: float, lon: float) -> None:
    """No crossing is counted twice at a corner's height."""
    assert contains(SQUARE, Position(lat=lat, lon=lon))


def test_a_read_is_in_a_zone_by_its_camera() -> None:
    """Listed cameras need no position."""
    cameras = cameras_of(make_camera(position=None))
    assert in_zone(make_read(), make_zone(cameras=("E40-1",)), cameras)
    assert not in_zone(make_read(), make_zone(cameras=("E40-2",)), cameras)


def test_a_read_of_a_fixed_camera_is_in_a_zone_by_the_cameras_position() -> None:
    """The camera stands in the zone, so its reads do."""
    assert in_zone(make_read(), make_zone(polygon=SQUARE), cameras_of(make_camera(position=BRUSSELS)))


def test_a_moving_cameras_read_is_in_a_zone_by_its_own_position() -> None:
    """A police car's read tells where it was."""
    zone, cameras = make_zone(polygon=SQUARE), cameras_of(make_camera(position=None))
    assert in_zone(make_read(position=BRUSSELS), zone, cameras)
    assert not in_zone(make_read(), zone, cameras)


def test_a_reads_own_position_and_heading_win_over_its_cameras() -> None:
    """What was measured at the passage is nearer the truth."""
    read, camera = make_read(position=SQUARE[0], heading_deg=10.0), make_camera(heading_deg=200.0)
    assert (SQUARE[0], 10.0) == (position_of(read, camera), heading_of(read, camera))
    assert (BRUSSELS, 200.0) == (position_of(make_read(), camera), heading_of(make_read(), camera))


@pytest.mark.parametrize(
    ("heading_deg", "expected"),
    [(0.0, "outbound"), (89.0, "outbound"), (280.0, "outbound"), (91.0, "inbound"), (180.0, "inbound"), (None, None)],
)
def test_direction_is_outbound_within_ninety_degrees_of_the_way_out(
    heading_deg: float | None, expected: str | None
) -> None:
    """North is the way out here; without a heading there is no direction."""
    assert expected == direction_through(make_zone(kind="border", outbound_heading_deg=0.0), heading_deg)


def test_a_zone_without_a_way_out_has_no_directions() -> None:
    """Only border zones know their way out."""
    assert direction_through(make_zone(), 90.0) is None


@given(st.floats(0, 360), st.floats(0, 360))
def test_the_angle_between_headings_is_symmetric_and_at_most_half_a_turn(one: float, other: float) -> None:
    """Whichever comes first, and however they lie around north."""
    assert 0.0 <= angle_between_deg(one, other) <= 180.0
    assert angle_between_deg(one, other) == pytest.approx(angle_between_deg(other, one))
