"""Which partition of the forwards is whose country's: one that is down holds up no other."""

from zlib import crc32

COUNTRIES = (
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU",
    "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    "AD", "AL", "BA", "BY", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "TR", "UA", "VA", "XK",
)  # fmt: skip
"""The EU, EFTA and the United Kingdom, then the rest of Europe. New ones only at the end: the place decides the partition."""


def partition_of_country(country: str, partitions: int) -> int:
    """The partition of forwards to this country: its own for the first 32 countries, so that one that is down holds up no other.

    >>> partition_of_country("NL", 32) != partition_of_country("FR", 32)
    True
    """
    place = COUNTRIES.index(country) if country in COUNTRIES else crc32(country.encode())
    return place % partitions
