"""Times in the forms that cameras write."""

import pytest

from pipeline.gateway.times import wall_of

AT = "2026-06-13T20:40:01"
BARE = ("2026-06-13 20:40:01", "20260613 20:40:01", "20260613204001", "13/06/2026 8:40:01 PM", "13.06.2026 20h40m01s",
        "13 Jun 2026 20:40:01", "13-June-2026 08:40:01 PM", "Sat, 13 Jun 2026 20:40:01")  # fmt: skip
UTC = ("20260613T204001Z", "Sat, 13 Jun 2026 20:40:01 GMT", "2026:06:13 20:40:01 UTC")


@pytest.mark.parametrize("text", BARE)
def test_a_wall_clock_is_read_in_every_form(text: str) -> None:
    """Without an offset, none is made up."""
    wall = wall_of(text)
    assert wall is not None
    assert (AT, None) == (wall.clock.isoformat(), wall.offset_min)


@pytest.mark.parametrize(
    ("text", "offset_min"), [*((text, 0) for text in UTC), (f"{AT} CEST", 120), (f"{AT} CET", 60), (f"{AT}-0330", -210)]
)
def test_an_offset_or_a_zone_that_is_one_offset_is_read_with_it(text: str, offset_min: int) -> None:
    """Summer and winter time of Central Europe each name one."""
    wall = wall_of(text)
    assert wall is not None
    assert (AT, offset_min) == (wall.clock.isoformat(), wall.offset_min)


@pytest.mark.parametrize(
    "text", ["yesterday", "13 Xyz 2026 20:40:01", "13.06.26 20:40:01", "2026-13-06 20:40:01", "1781246401"]
)
def test_what_names_no_single_time_is_no_time(text: str) -> None:
    """A year of two digits, and a bare number, are never guessed at."""
    assert wall_of(text) is None
