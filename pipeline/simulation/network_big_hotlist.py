"""Makes the hotlist of a country's network for load tests, with lists and countries in national proportions."""

import re
from random import Random

from pipeline.simulation.vehicles import GRAMMARS, WantedTexts
from schemas.base import Country
from schemas.reference import HotList, HotlistEntry

_LISTS: tuple[tuple[HotList, str, float], ...] = (
    ("no_insurance", "uninsured", 48), ("no_inspection", "inspection lapsed", 24), ("stolen", "theft", 14),
    ("sis", "theft", 10), ("national_wanted", "robbery", 3), ("ad_hoc", "watch", 1),
)  # fmt: skip
_DOUBTFUL = frozenset("0O1I")
_ORDINARY_BELGIAN = re.compile("[1-7][A-Z]{3}[0-9]{3}")  # a letter for a digit, or the other way, and it is no plate


_DIVIDED_ANYWHERE = re.compile("[A-Z]{3,4}[0-9]+[EH]?")  # German, without its seal: B-MW 555 or BM-W 555


def is_one_vehicles(plate: str, country: Country | None) -> bool:
    """Whether no two vehicles can carry this plate, with O and 0 and also I and 1 taken as the same; then a sure hit needs no
    person to confirm it. Also false where the seal of a German plate decides what it says."""
    if country == "DE" and _DIVIDED_ANYWHERE.fullmatch(plate):
        return False
    return _DOUBTFUL.isdisjoint(plate) or bool(_ORDINARY_BELGIAN.fullmatch(plate))


def hotlist_of(random: Random, count: int) -> list[HotlistEntry]:
    """Make `count` entries, all with different plates. The same random state gives the same entries."""
    countries: tuple[Country, ...] = tuple(GRAMMARS)
    alike = WantedTexts(())
    entries: list[HotlistEntry] = []
    while len(entries) < count:
        country = random.choices(countries, (70, 10, 9, 6, 2, 3))[0]
        plate = GRAMMARS[country](random)
        if not alike.admits(plate):
            continue  # no read may be of two entries
        alike.add(plate)
        name, category, _ = random.choices(_LISTS, [share for _, _, share in _LISTS])[0]
        grave = name in ("stolen", "sis", "national_wanted")
        abroad: tuple[Country, ...] = (random.choice(("FR", "NL", "LU")),) if grave and random.random() < 0.3 else ()
        if not is_one_vehicles(plate, country):
            abroad = ()
        entries.append(
            HotlistEntry(
                entry_id=f"H-{len(entries):07d}", plate=plate, country=country, hotlist=name, category=category,
                priority="high" if grave else "low", action="stop" if grave else "report",
                owner="Central hotlist service",
                legal_basis="Police function act, art. 44/2", share_with=abroad,
                case_reference=f"C-{len(entries)}" if abroad else None,
            )
        )  # fmt: skip
    return entries
