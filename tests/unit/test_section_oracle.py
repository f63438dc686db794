"""The second opinion on sections says of plain cases what a person would say."""

from fractions import Fraction

from tests.oracles.section_rules import Road, Seen, proven

ROAD = Road("S", ("IN", "IN2"), ("OUT", "OUT2"), Fraction(5_000), 120)


def passage(entered_s: float, left_s: float, plate: str = "1ABC234") -> list[Seen]:
    """One vehicle in and out."""
    return [Seen("IN", plate, int(entered_s * 1000)), Seen("OUT", plate, int(left_s * 1000))]


def test_one_fast_passage_is_proven_and_one_slow_passage_is_not() -> None:
    """5 km in 120 s are 150 km/h: 141 after tolerance; in 150 s they are 120."""
    assert [141] == [one.corrected_kmh for one in proven(passage(0, 120), [ROAD])]
    assert set() == proven(passage(0, 150), [ROAD])


def test_a_copied_plate_that_drove_well_twice_proves_nothing() -> None:
    """Entries at 0 and 80 s, exits at 200 and 280 s: the pair 80 to 200 is in no maximum pairing in order of time."""
    assert set() == proven([*passage(0, 200), *passage(80, 280)], [ROAD])


def test_two_entries_for_one_exit_give_the_driver_the_slower_one() -> None:
    """Whoever of the two left, one of them drove well."""
    assert set() == proven([Seen("IN", "1ABC234", 0), *passage(80, 200)], [ROAD])


def test_two_reads_of_one_gantry_are_one_passage_at_the_longest_time() -> None:
    """Two cameras a side, 0.4 s apart: one violation, over the longest time."""
    seen = [Seen("IN", "A", 0), Seen("IN2", "A", 400), Seen("OUT", "A", 120_000), Seen("OUT2", "A", 120_400)]
    assert [(0, 120_400)] == [(one.entered_ms, one.left_ms) for one in proven(seen, [ROAD])]


def test_doubt_about_text_clock_class_or_country_proves_nothing() -> None:
    """Each of them alone is enough."""
    entry = Seen("IN", "A", 0)
    for doubtful in (
        Seen("OUT", "A", 120_000, certain=False),
        Seen("OUT", "A", 120_000, clock_error_ms=None),
        Seen("OUT", "A", 120_000, clock_error_ms=Fraction(101)),
        Seen("OUT", "A", 120_000, vehicle_class="lorry"),
        Seen("OUT", "A", 120_000, country="NL"),
        Seen("OUT", "B", 120_000),
    ):
        assert set() == proven([entry, doubtful], [ROAD])
