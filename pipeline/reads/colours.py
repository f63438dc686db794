"""Tells whether two names of colours may be of one vehicle, as registers, witnesses and cameras write them. In doubt they
may.

>>> may_be_the_same("Dunkelblau", "blue"), may_be_the_same("light", "silver"), may_be_the_same("red", "blue")
(True, True, False)
"""

from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "black": "black noir noire zwart schwarz",
    "white": "white blanc blanche wit weiss weiß",
    "grey": "grey gray gris grise grijs grau",
    "red": "red rouge rood rot",
    "orange": "orange oranje",
    "yellow": "yellow jaune geel gelb",
    "green": "green vert verte groen grün gruen",
    "blue": "blue bleu bleue blauw blau",
    "purple": "purple violet violette paars lila violett",
    "brown": "brown brun brune marron bruin braun",
    # names between two families, and what a camera says where it cannot tell them apart
    "grey white": "silver argent zilver silber",
    "grey black": "anthracite antraciet anthrazit graphite",
    "brown white grey": "beige cream crème creme ivory ivoire champagne",
    "brown yellow": "gold doré goud bronze",
    "red brown purple": "bordeaux burgundy maroon",
    "blue green": "turquoise turkoois türkis teal",
    "white grey brown yellow": "light",
}
_FAMILIES: Mapping[str, frozenset[str]] = {
    name: frozenset(families.split()) for families, names in _NAMES.items() for name in names.split()
}
_LONGEST_FIRST = sorted(_FAMILIES, key=lambda name: (-len(name), name))


def may_be_the_same(one: str, other: str) -> bool:
    """Whether both names may describe one vehicle's colour; True where either is unknown.

    >>> may_be_the_same("zilvergrijs", "Gray metallic"), may_be_the_same("white", "black"), may_be_the_same("Sahara", "red")
    (True, False, True)
    """
    mine, theirs = families_of(one), families_of(other)
    return not mine or not theirs or not mine.isdisjoint(theirs)


def families_of(name: str) -> frozenset[str]:
    """The basic colours that a name may mean; empty for an unknown name. Of a compound word the last part counts: dunkelblau
    is blue.

    >>> sorted(families_of("vert foncé")), sorted(families_of("Light grey")), families_of("xyz")
    (['green'], ['grey'], frozenset())
    """
    found = [_family(word) for word in "".join(c if c.isalpha() else " " for c in name.casefold()).split()]
    said = [families for families in found if families]
    plain = [families for families in said if families != _FAMILIES["light"]]
    return frozenset().union(*(plain or said))


def _family(word: str) -> frozenset[str]:
    return next((_FAMILIES[name] for name in _LONGEST_FIRST if word.endswith(name)), frozenset())
