"""Turns a date or a time without a zone, which a file or an option gives, into a moment: as the country's clocks show it; of a
date the first of that day, or of the day after."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

HOME_ZONE = "Europe/Brussels"
_ZONES = {
    "AL": "Tirane", "AD": "Andorra", "AT": "Vienna", "BA": "Sarajevo", "BE": "Brussels", "BG": "Sofia", "BY": "Minsk",
    "CH": "Zurich", "CY": "Nicosia", "CZ": "Prague", "DE": "Berlin", "DK": "Copenhagen", "EE": "Tallinn", "ES": "Madrid",
    "FI": "Helsinki", "FR": "Paris", "GB": "London", "GI": "Gibraltar", "GR": "Athens", "HR": "Zagreb", "HU": "Budapest",
    "IE": "Dublin", "IT": "Rome", "LI": "Vaduz", "LT": "Vilnius", "LU": "Luxembourg", "LV": "Riga", "MC": "Monaco",
    "MD": "Chisinau", "ME": "Podgorica", "MK": "Skopje", "MT": "Malta", "NL": "Amsterdam", "NO": "Oslo", "PL": "Warsaw",
    "PT": "Lisbon", "RO": "Bucharest", "RS": "Belgrade", "SE": "Stockholm", "SI": "Ljubljana", "SK": "Bratislava",
    "SM": "San_Marino", "TR": "Istanbul", "UA": "Kyiv", "VA": "Vatican", "XK": "Belgrade",
}  # fmt: skip
"""The time of each European country's mainland, as the IANA time zone database (package tzdata) calls it, after Europe/."""


def zone_of(country: str) -> ZoneInfo:
    """The time zone of a country; that of Brussels for a country that is not listed.

    >>> zone_of("PT").key, zone_of("IS").key
    ('Europe/Lisbon', 'Atlantic/Reykjavik')
    """
    if country == "IS":
        return ZoneInfo("Atlantic/Reykjavik")
    return ZoneInfo(f"Europe/{_ZONES[country]}" if country in _ZONES else HOME_ZONE)


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A date without a time, as a file or an option gives it. ends: it stands for the end of that day, which is the first moment
    of the next day, not for its start."""

    day: date
    ends: bool = False

    def at_ms(self, country: str) -> int:
        """The moment in ms UTC at which the day begins, or ends, in the country's time. Raises ValueError or OverflowError
        for a day beyond the calendar.

        >>> LocalDay(date(2026, 6, 30)).at_ms("BE"), LocalDay(date(2026, 6, 30), ends=True).at_ms("BE")
        (1782770400000, 1782856800000)
        """
        return _at_ms(self.day, self.ends, country)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A date with a time but no zone, as a file or an option gives it. ends: something ends then. Of the hour that comes twice in
    autumn an end is the first, a beginning the second: neither makes anything hold for longer than was meant."""

    clock: datetime
    ends: bool = False

    def at_ms(self, country: str) -> int:
        """The moment in ms UTC at which the country's clocks show this. Raises OverflowError beyond the calendar.

        >>> LocalTime(datetime(2026, 6, 30, 23, 59)).at_ms("BE")
        1782856740000
        >>> autumn = datetime(2026, 10, 25, 2, 30)
        >>> (LocalTime(autumn).at_ms("BE") - LocalTime(autumn, ends=True).at_ms("BE")) / 3_600_000
        1.0
        """
        return _epoch_ms(self.clock.replace(tzinfo=zone_of(country), fold=0 if self.ends else 1))


def placed(moment: int | LocalDay | LocalTime, country: str) -> int:
    """The moment in ms UTC: of a date or a time without a zone as the country's clocks show it. Raises ValueError or OverflowError
    for one beyond the calendar."""
    return moment if isinstance(moment, int) else moment.at_ms(country)


@lru_cache(maxsize=4096)
def _at_ms(day: date, ends: bool, country: str) -> int:
    midnight = datetime.combine(day + timedelta(days=1) if ends else day, time(), zone_of(country))
    return _epoch_ms(midnight)


def _epoch_ms(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
