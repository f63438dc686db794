"""Where the ends of a section are and were, and when each limit held: cases in which a wrong answer fines somebody falsely."""

from tests.histories import CLOCK, DAY_MS, ROAD, START_MS, camera, decided, put, reads, reasons, remove, section, told

TWO_EXITS = {
    "exits": [{"camera_id": "OUT"}, {"camera_id": "OUT2"}],
    "distances": [{"entry_camera_id": "IN", "exit_camera_id": name, "metres": 5_000.0} for name in ("OUT", "OUT2")],
}
CERTIFIED = {"number": "C 1", "valid_from_ms": START_MS - DAY_MS, "valid_until_ms": START_MS + 400 * DAY_MS}


async def test_a_camera_that_is_no_end_any_more_is_nobodys_exit() -> None:
    """The exit at 210 s fits the entries at 10 s and at 90 s, of which only one is faster than allowed. What a former exit, or
    one of next month, saw at 110 s does not make the choice."""
    drive = reads(220_000, ("IN", 10_000), ("IN", 90_000), ("OUT2", 110_000), ("OUT", 210_000))
    road = (*ROAD, camera("OUT2", 4.5601))
    assert ["not_above_limit"] == reasons(await decided(*road, section(**TWO_EXITS), section(after_ms=1_000), drive))
    later = section(holds_from_ms=START_MS + 30 * DAY_MS, **TWO_EXITS)
    assert ["not_above_limit"] == reasons(await decided(*road, section(), later, drive))


async def test_a_former_entry_in_front_of_the_present_one_hides_nobody() -> None:
    """The vehicle passes both; the section begins at the present one."""
    before = section(entries=[{"camera_id": "IN2"}], distances=[
        {"entry_camera_id": "IN2", "exit_camera_id": "OUT", "metres": 5_000.0}])  # fmt: skip
    drive = reads(140_000, ("IN2", 9_000), ("IN", 10_000), ("OUT", 130_000))
    outcomes = await decided(*ROAD, camera("IN2", 4.4998), before, section(after_ms=1_000), drive)
    assert ["violation"] == [name for name, _ in told(outcomes)]


async def test_where_a_camera_stood_when_the_distance_was_certified_is_known_for_years() -> None:
    """It was moved by 211 m on the second day, and forty days later the section proves as little as on the third."""
    days = 42 * DAY_MS
    moved = camera("IN", 4.503) | {"at_ms": START_MS + DAY_MS}
    renamed = camera("OUT", 4.56, name="renamed") | {"at_ms": START_MS + days - 1_000}
    drive = reads(days + 140_000, ("IN", days + 10_000), ("OUT", days + 130_000))
    assert ["camera_unfit"] == reasons(await decided(*ROAD, section(certificate=CERTIFIED), moved, renamed, drive))


async def test_a_move_that_is_recorded_late_proves_nothing_and_takes_back() -> None:
    """Before the drive is decided, and after."""
    drive = reads(140_000, ("IN", 10_000), ("OUT", 130_000))
    moved = camera("IN", 4.503, holds_from_ms=START_MS + 5_000)
    outcomes = await decided(*ROAD, section(), moved | {"at_ms": START_MS + 135_000}, drive)
    assert ["camera_unfit"] == reasons(outcomes)
    outcomes = await decided(*ROAD, section(), drive, moved | {"at_ms": START_MS + 300_000})
    assert ["violation", "withdrawn"] == [name for name, _ in told(outcomes)]


async def test_a_limit_that_may_have_held_at_an_end_counts() -> None:
    """It was lowered 3 ms before the entry was read, by a clock that is exact to 45 ms."""
    unsure = {**CLOCK, "worst_error_ms": 45.0}
    for entered_ms, limits in ((60_003, (120, 70)), (60_100, (70, 70))):
        drive = reads(260_000, ("IN", entered_ms), ("OUT", entered_ms + 160_000), clock=unsure)
        outcomes = await decided(*ROAD, section(limits[0]), section(70, 60_000), drive)
        assert (["not_above_limit"] if limits[0] == 120 else []) == reasons(outcomes)


async def test_the_longest_travel_time_is_that_of_the_version_that_held() -> None:
    """An entry half an hour ago belongs to nobody since ten minutes are the most; a former hour does not make it ambiguous."""
    drive = reads(2_000_000, ("IN", 10_000), ("IN", 1_870_000), ("OUT", 1_990_000))
    outcomes = await decided(*ROAD, section(max_travel_ms=3_600_000), section(after_ms=1, max_travel_ms=600_000), drive)
    assert ["violation"] == [name for name, _ in told(outcomes)]


async def test_a_night_without_the_section_certifies_nothing() -> None:
    """The same certificate says the same distance again, from where the camera no longer stands."""
    gap = (remove("sections", "S1", 2_000), section(after_ms=3_000))
    moved = put("cameras", camera("IN", 4.503)["put"]["item"], 1_000)
    outcomes = await decided(*ROAD, section(), moved, *gap, reads(140_000, ("IN", 10_000), ("OUT", 130_000)))
    assert ["camera_unfit"] == reasons(outcomes)
