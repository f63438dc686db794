"""Assigns each country a partition of the forwards, so that a neighbour's desk that is away delays as few others as it can."""

from zlib import crc32

COUNTRIES = (
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU",
    "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    "AD", "AL", "BA", "BY", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "TR", "UA", "VA", "XK",
)  # fmt: skip
"""The EU, EFTA and the United Kingdom, then the rest of Europe. New ones only at the end: the place decides the partition."""


def partition_of_country(country: str, partitions: int) -> int:
    """The partition, 0..partitions-1, of forwards to this country. With 32 partitions each of the first 32 COUNTRIES has its
    own, so that one that is away delays none of the others; the rest share these.

    >>> partition_of_country("NL", 32) != partition_of_country("FR", 32)
    True
    """
    place = COUNTRIES.index(country) if country in COUNTRIES else crc32(country.encode())
    return place % partitions
