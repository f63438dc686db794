"""Whether the sun is up: a picture that shows nothing at night says nothing of its camera."""

from math import asin, cos, degrees, pi, radians, sin

UP_DEG = 6.0
"""From this height of the sun on the street is lit; below it lamps may or may not be."""
_J2000_MS = 946_728_000_000
_DAY_MS = 86_400_000


def sun_height_deg(lat: float, lon: float, at_ms: int) -> float:
    """How high the sun stands above the horizon (negative: below) at this place (degrees) and moment (UTC ms), to half a degree.

    Source: the low-precision formulas of the Astronomical Almanac, section C.

    >>> round(sun_height_deg(50.85, 4.35, 1_782_043_200_000))  # Brussels, 21 June 2026, 12 h UTC
    62
    """
    days = (at_ms - _J2000_MS) / _DAY_MS
    anomaly = radians(357.528 + 0.9856003 * days)
    longitude = radians(280.460 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    declination = asin(sin(tilt) * sin(longitude))
    noon = _equation_of_time_rad(anomaly, longitude, tilt)
    angle = 2 * pi * (at_ms % _DAY_MS) / _DAY_MS - pi + radians(lon) + noon
    here = radians(lat)
    return degrees(asin(sin(here) * sin(declination) + cos(here) * cos(declination) * cos(angle)))


def is_day(lat: float, lon: float, at_ms: int) -> bool:
    """Whether pictures that are taken there (degrees) then (UTC ms) are lit by the sun."""
    return sun_height_deg(lat, lon, at_ms) >= UP_DEG


def _equation_of_time_rad(anomaly: float, longitude: float, tilt: float) -> float:
    """By how much the sun is ahead of the mean one."""
    y = (sin(tilt / 2) / cos(tilt / 2)) ** 2
    return y * sin(2 * longitude) - 2 * 0.0167 * sin(anomaly)
