"""The arithmetic of a violation, as a judge follows it with a pencil."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sections.workings import Workings, workings_of
from schemas.outcomes import Violation
from tests.violations import make_violation

VIOLATION = make_violation(metres=2_500.0, travel_ms=60_000)


def sums(workings: Workings) -> dict[str, str]:
    """Each step as it is read aloud."""
    return {one.name: f"{one.sum} = {one.result}" for one in workings.steps}


def test_each_step_can_be_done_with_a_pencil() -> None:
    """2.5 km in a minute is 150 km/h; less 6 % is 141; 21 above 120. Clocks that err by 1.05 ms change nothing."""
    workings = workings_of(VIOLATION)
    assert {
        "travel": "1767268800000 - 1767268740000 ms = 60000 ms",
        "measured": "2500 m / 60 s x 3.6 = 150.00 km/h",
        "whole": "150.00 km/h = 150 km/h",
        "corrected": "150 x 94 / 100 km/h = 141 km/h",
        "excess": "141 - 120 km/h = 21 km/h",
        "doubt": "1.05 + 1.05 ms = 2.10 ms",
        "slowest": "2500 m / 60.0021 s x 3.6 = 149.99 km/h",
        "slowest_excess": "149 x 94 / 100 km/h = 140; 140 - 120 km/h = 20 km/h",
    } == sums(workings)
    assert workings.holds
    assert workings.rule is not None
    assert "Royal decree" in workings.rule.article
    assert 2010 == datetime.fromtimestamp(workings.rule.in_force_from_ms / 1000, UTC).year


def test_up_to_a_hundred_six_come_off() -> None:
    """The other half of the rule, on a section with decimals."""
    found = sums(workings_of(_with(make_violation(), distance_m=2_000.3, travel_ms=75_000, measured_kmh=96.01,
                                   corrected_kmh=90, limit_kmh=70)))  # fmt: skip
    assert "2000.3 m / 75 s x 3.6 = 96.01 km/h" == found["measured"]
    assert "96 - 6 km/h = 90 km/h" == found["corrected"]


def _with(violation: Violation, *, travel_ms: int, **fields: object) -> Violation:
    """The violation with other figures, and reads that fit the travel time."""
    exit_ = msgspec.structs.replace(violation.exit, captured_at_ms=violation.entry.captured_at_ms + travel_ms)
    return msgspec.structs.replace(violation, exit=exit_, travel_ms=travel_ms, **fields)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"travel_ms": 59_000}, "travel"),
        ({"measured_kmh": 150.01}, "measured"),
        ({"corrected_kmh": 142}, "corrected"),
        ({"limit_kmh": 141}, "excess"),
    ],
)
def test_what_the_violation_says_otherwise_is_told(fields: dict[str, float], wrong: str) -> None:
    """No figure is taken from the violation that can be computed."""
    workings = workings_of(msgspec.structs.replace(VIOLATION, **fields))
    assert wrong in [one.name for one in workings.steps if one.agrees is False]
    assert not workings.holds


def test_a_rule_that_is_not_installed_is_not_replaced_by_todays() -> None:
    """The steps that need it are left out, and nothing is said to hold."""
    for fields in ({"rule": ""}, {"rule": "tolerance.XX"}, {"rule_version": "2010-11-04/00000000"}):
        workings = workings_of(msgspec.structs.replace(VIOLATION, **fields))
        assert ["travel", "measured"] == [one.name for one in workings.steps]
        assert (None, False) == (workings.rule, workings.holds)


def test_reads_in_the_wrong_order_end_the_arithmetic() -> None:
    """Nothing is divided by nothing."""
    turned = msgspec.structs.replace(VIOLATION, entry=VIOLATION.exit, exit=VIOLATION.entry)
    assert [False] == [one.agrees for one in workings_of(turned).steps]


@given(st.integers(1_000, 20_000), st.integers(0, 9), st.integers(20_000, 600_000))
def test_whatever_section_control_proves_the_arithmetic_agrees_with(metres: int, tenths: int, travel_ms: int) -> None:
    """Every violation that it decides; where it decides none there is nothing to show."""
    try:
        violation = make_violation(metres=metres + tenths / 10, travel_ms=travel_ms)
    except AssertionError:
        return
    assert workings_of(violation).holds
