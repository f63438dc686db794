"""Average speeds as exact fractions: no decision depends on a float."""

from fractions import Fraction
from functools import lru_cache

from schemas.outcomes import Violation

MS_PER_HOUR = 3_600_000
METRES_PER_KM = 1_000


def average_speed_kmh(distance_m: Fraction, travel_ms: int | Fraction) -> Fraction:
    """Mean speed over the distance, exact. travel_ms must be positive.

    >>> average_speed_kmh(Fraction(2_500), 60_000)
    Fraction(150, 1)
    """
    return Fraction(
        distance_m.numerator * MS_PER_HOUR * travel_ms.denominator,
        distance_m.denominator * METRES_PER_KM * travel_ms.numerator,
    )  # in one step: each step with fractions costs as much


@lru_cache(maxsize=10_000)  # a country's distances; reading one costs as much as all else about a pair
def exactly(metres: float) -> Fraction:
    """The number as it is written in decimals: 2000.3 is 20003/10."""
    return Fraction(str(metres))


def badness(violation: Violation) -> tuple[int, Fraction]:
    """The sort key by which one violation of a section is worse than another: the excess over its limit, then the speed."""
    return violation.corrected_kmh - violation.limit_kmh, speed_of(violation)


def speed_of(violation: Violation) -> Fraction:
    """The speed over the certified distance, km/h, exact, before tolerance."""
    return average_speed_kmh(exactly(violation.distance_m), violation.travel_ms)
