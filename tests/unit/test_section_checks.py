"""What may be a section, and why not."""

import pytest

from pipeline.sections.checks import faults_of, unlawful
from schemas.base import Position
from schemas.reference import Line
from tests.builders import BRUSSELS, NOON_MS, cameras_along, make_camera, make_section


def north_of_brussels(metres: float) -> Position:
    """So far north."""
    return Position(lat=BRUSSELS.lat + metres / 111_195.0, lon=BRUSSELS.lon)


def test_fixed_cameras_of_one_direction_at_a_fitting_distance_make_a_section() -> None:
    """Nothing is wrong with it."""
    section = make_section(metres=2_000.0)
    assert [] == faults_of(section, cameras_along(section, heading_deg=10.0))
    assert [] == unlawful(section, NOON_MS)


@pytest.mark.parametrize(
    ("beeline_m", "fits"),
    [(2_000, True), (2_030, True), (2_040, False), (700, True), (600, False), (0, False)],
)
def test_a_distance_is_no_shorter_than_the_beeline_and_no_winding_road(beeline_m: int, fits: bool) -> None:
    """Two kilometres, within what coordinates are rounded to."""
    cameras = {"IN": make_camera("IN"), "OUT": make_camera("OUT", position=north_of_brussels(beeline_m))}
    assert fits == (faults_of(make_section(metres=2_000.0), cameras) == [])


def test_a_stated_doubt_about_positions_counts_instead() -> None:
    """100 m at either end."""
    cameras = {
        "IN": make_camera("IN", position_error_m=100.0),
        "OUT": make_camera("OUT", position=north_of_brussels(2_190.0), position_error_m=100.0),
    }
    assert [] == faults_of(make_section(metres=2_000.0), cameras)


@pytest.mark.parametrize(
    ("fields", "word"), [({"position": None}, "no fixed position"), ({"heading_deg": 200.0}, "another direction")]
)
def test_a_moving_camera_or_one_of_the_other_direction_is_refused(fields: dict[str, object], word: str) -> None:
    """With the camera's name."""
    section = make_section(metres=2_000.0)
    cameras = cameras_along(section, heading_deg=10.0)
    cameras["OUT"] = make_camera("OUT", **({"position": cameras["OUT"].position} | fields))
    (fault,) = faults_of(section, cameras)
    assert word in fault
    assert "OUT" in fault


def test_a_camera_cannot_be_both_ends() -> None:
    """Nothing lies between."""
    section = make_section(exits=(Line(camera_id="OUT"), Line(camera_id="IN")))
    assert ["camera IN is both entry and exit"] == faults_of(section, cameras_along(section))


def test_what_is_shorter_than_the_places_are_sure_is_no_section() -> None:
    """Also where its cameras are not known."""
    (fault,) = faults_of(make_section(metres=199.9), {})
    assert "199.9 m from IN to OUT is less than 200 m" in fault
    assert [] == faults_of(make_section(metres=200.0), {})


def test_what_the_law_asks_for_is_told_with_its_article() -> None:
    """Fifty metres of Dutch motorway."""
    (length,) = unlawful(make_section(metres=50.0, country="NL"), NOON_MS)
    assert "less than the 500 m" in length


def test_cameras_that_are_not_known_yet_are_left_out() -> None:
    """Sections may be imported before their cameras; the verdict asks again."""
    assert [] == faults_of(make_section(), {})
