"""Tells whether two names of makes may be of one maker, as registers, witnesses and cameras write them. In doubt they may.

>>> same_make("Citroën", "CITROEN"), same_make("DS Automobiles", "DS"), same_make("BMW AG", "bmw"), same_make("Audi", "BMW")
(True, True, True, False)
>>> same_make("Шкода", "Škoda"), same_make("Σκόντα", "Skonta"), same_make("Mercedes", "Mercedes-Benz")
(True, True, True)
>>> same_make("Τογιότα", "Toyota"), same_make("Мерцедес", "Mercedes"), same_make("Ауди", "BMW"), same_make("Škoda", "Honda")
(True, True, False, False)
"""

import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache

_HOUSE = """
    ag sa spa gmbh nv bv ltd limited plc inc corp corporation company group groupe kg kgaa ab as oy werke
    automobile automobiles automobili automotive auto autos car cars motor motors moto motorrad motoren motorcycle motorcycles
    vehicle vehicles commercial nutzfahrzeuge truck trucks bus
"""
_HOUSE_WORDS = frozenset(_HOUSE.split())
"""What houses add to their name."""
_LETTERS = str.maketrans({
    **dict(zip("абвгдеёзийклмнопрстуфхыэіїє", "abvgdeezijklmnoprstufhyeiie", strict=True)),
    "ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ю": "yu", "я": "ya", "ъ": "", "ь": "", "ґ": "g", "ў": "u",
    **dict(zip("αβγδεζηικλμνξοπρσςτυφω", "abgdeziiklmnxoprsstyfo", strict=True)), "θ": "th", "χ": "ch", "ψ": "ps",
    "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss",
})  # fmt: skip
_GREEK_SOUNDS = (("ντ", "d"), ("μπ", "b"), ("γκ", "g"))
ALIKE_BY_SOUND = 0.6
"""From how much of their letters in common, 0..1, two names of different alphabets may be one make: each house writes foreign names
by its own rules."""
_NAMES: Mapping[str, str] = {
    "volkswagen": "vw folksvagen volksvagen vwag volkswagenvw",
    "mercedesbenz": "mercedes merc mb daimler daimlerbenz mersedes mersedesbents mersedesbenz mercedesamg",
    "bmw": "bmv bayerische bayerischemotoren bmwi bmwm",
    "citroen": "sitroen citron",
    "peugeot": "pezho pezo peugeots",
    "renault": "reno",
    "skoda": "shkoda",
    "opel": "vauxhall adamopel opelvauxhall",
    "alfaromeo": "alfa",
    "landrover": "rangerover jaguarlandrover jlr",
    "hyundai": "hyunday khyundaj hundai",
    "chevrolet": "chevy shevrole",
    "lada": "vaz avtovaz",
    "ds": "dscitroen citroends",
    "mg": "morrisgarages saicmg",
    "harleydavidson": "harley",
    "rollsroyce": "rolls",
    "lynkco": "lynk lynkandco",
    "porsche": "porshe",
    "fiat": "fiatprofessional",
    "cupra": "seatcupra",
    "ford": "fordtransit",
}
"""Each make's other names, without blanks, house words, accents and case."""
_KNOWN = {other: make for make, others in _NAMES.items() for other in others.split()}


def same_make(one: str, other: str) -> bool:
    """Whether both names may be of one maker; True where either is empty or says nothing."""
    mine, theirs = make_of(one), make_of(other)
    if not mine or not theirs or mine == theirs:
        return True
    return _is_latin(one) != _is_latin(other) and _sounds_alike(mine, theirs)


def _is_latin(name: str) -> bool:
    return all(unicodedata.name(c, "").startswith("LATIN") for c in name if c.isalpha())


@lru_cache(maxsize=4096)
def _sounds_alike(mine: str, theirs: str) -> bool:
    return SequenceMatcher(None, mine, theirs, autojunk=False).ratio() >= ALIKE_BY_SOUND


@lru_cache(maxsize=4096)
def make_of(name: str) -> str:
    """The make in a common spelling: Latin letters and digits without case, accents and words such as "AG".

    >>> make_of("Automobiles Citroën S.A."), make_of("VOLKSWAGEN-VW"), make_of("?")
    ('citroen', 'volkswagen', '')
    """
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("й", "и"))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    for written, sound in _GREEK_SOUNDS:
        bare = bare.replace(written, sound)
    bare = bare.translate(_LETTERS)
    words = "".join(c if c.isalnum() else "" if c in ".'" else " " for c in bare).split()
    own = [word for word in words if word not in _HOUSE_WORDS]
    word = "".join(own or words)
    return _KNOWN.get(word, word)
