"""Turns a date, which a file or an option gives, into a moment: the first of that day in a country's time, or of the day
after."""

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


@lru_cache(maxsize=4096)
def _at_ms(day: date, ends: bool, country: str) -> int:
    midnight = datetime.combine(day + timedelta(days=1) if ends else day, time(), zone_of(country))
    return round((midnight - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
