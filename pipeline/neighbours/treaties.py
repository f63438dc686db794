"""Which countries the treaties bind that a policy may rest on.

A policy names its treaty by id, or in the words of its legal basis; both are held against its country.

>>> treaty_fault("LU", None, "Benelux agreement of 2024 on ANPR, art. 3", home="BE")
'the Benelux agreement of 2024 binds BE and NL, not LU'
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Treaty:
    """A treaty. words: each must stand in a legal basis that means it. source: where it can be read."""

    name: str
    binds: tuple[str, ...]
    words: tuple[str, ...]
    source: str


TREATIES: Mapping[str, Treaty] = {
    "benelux-2024": Treaty(
        "Benelux agreement of 2024", ("BE", "NL"), ("benelux", "2024"),
        "https://zoek.officielebekendmakingen.nl/trb-2024-65.html",
    ),
    "benelux-2018": Treaty(
        "Benelux police treaty of 23 July 2018", ("BE", "LU", "NL"), ("benelux",),
        "https://etaamb.openjustice.be/nl/wet-van-18-april-2021_n2021031259.html",
    ),
    "tournai-2013": Treaty(
        "Tournai agreement of 18 March 2013", ("BE", "FR"), ("tournai", "2013"),
        "https://etaamb.openjustice.be/fr/loi-du-22-mai-2014_n2014015175.html",
    ),
}  # fmt: skip
"""By id; of several whose words a legal basis holds, the first is meant."""


def treaty_fault(country: str, treaty: str | None, legal_basis: str, *, home: str) -> str | None:
    """Why the treaty is no ground to tell this country, with the cure; None when it is one, or none is named that is known.

    home: the country that tells. Both must be bound.
    """
    if treaty is not None and treaty not in TREATIES:
        return f"{treaty} is no treaty that is known; known are {', '.join(TREATIES)}"
    named = TREATIES[treaty] if treaty is not None else _named_in(legal_basis)
    if named is None:
        return None
    unbound = [one for one in (country, home) if one not in named.binds]
    if not unbound:
        return None
    bound = f"{', '.join(named.binds[:-1])} and {named.binds[-1]}"
    return f"the {named.name} binds {bound}, not {' or '.join(unbound)}"


def _named_in(legal_basis: str) -> Treaty | None:
    plain = legal_basis.casefold()
    return next((one for one in TREATIES.values() if all(word in plain for word in one.words)), None)
