"""Makes vehicles for the simulation, with plates in each country's format, such that no misread gives another vehicle's plate.

Two rules keep the truth of a simulation certain:

- The plate of each vehicle that is not wanted has a checksum of 0, which any single wrong, missing or added character breaks. So
  the misread of one vehicle is never the plate of another.
- No vehicle's plate, and no misread, lies within one edit of a wanted plate (confusable characters taken as equal) or fits a
  wanted pattern, unless it is meant to.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from schemas.base import Country
from schemas.reads import VehicleClass
from schemas.reference import HotlistEntry

_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NO_IOU = "ABCDEFGHJKLMNPQRSTVWXYZ"
_NO_IO = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_NL_LETTERS = "BDFGHJKLNPRSTVXZ"
_DISTRICTS = ("B", "K", "M", "HH", "AC", "DO", "EU", "BM", "KLE", "BIT", "TR", "SB", "DN", "VIE", "WES")
_CHECKSUM = 37  # more than the alphabet, so that one changed character always shows
_VALUE = {character: index + 1 for index, character in enumerate(_DIGITS + _LETTERS)}
_CHARACTER = {value: character for character, value in _VALUE.items()}
# Characters that a reader may take for one another, more widely than any matcher should: what is told apart here is told
# apart everywhere.
_FOLD = str.maketrans("ODQILTJ7BSZGCVUYMNW", "0001111185266VVVMMM")

Draw = Callable[[Random], str]


def checksum(plate: str) -> int:
    """The checksum of a plate; it is 0 for every simulated vehicle that is not wanted."""
    return sum(_VALUE[character] for character in plate) % _CHECKSUM


def skeleton(plate: str) -> str:
    """The plate with each confusable character replaced by the one that stands for its class.

    >>> skeleton("1ABC234") == skeleton("IA8C234")
    True
    """
    return plate.translate(_FOLD)


def _some(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choices(alphabet, k=count))


def _belgian(random: Random) -> str:
    kind = random.random()
    if kind < 0.93:
        return (
            random.choices("1234567", (38, 50, 3, 2, 2, 2, 3))[0]
            + _some(random, _LETTERS, 3)
            + _some(random, _DIGITS, 3)
        )
    if kind < 0.97:
        return "1" + random.choice("TOM") + _some(random, _LETTERS, 2) + _some(random, _DIGITS, 3)
    return _some(random, _LETTERS, 3) + _some(random, _DIGITS, 3)


def _french(random: Random) -> str:
    return _some(random, _NO_IOU, 2) + _some(random, _DIGITS, 3) + _some(random, _NO_IOU, 2)


def _dutch(random: Random) -> str:
    kind = random.randrange(3)
    if kind == 0:
        return _some(random, _NL_LETTERS, 1) + _some(random, _DIGITS, 3) + _some(random, _NL_LETTERS, 2)
    if kind == 1:
        return _some(random, _NL_LETTERS, 2) + _some(random, _DIGITS, 3) + _some(random, _NL_LETTERS, 1)
    return _some(random, _DIGITS, 2) + _some(random, _NL_LETTERS, 3) + _some(random, _DIGITS, 1)


def _german(random: Random) -> str:
    letters = random.choice(_DISTRICTS) + _some(random, _NO_IO, random.choice((1, 2, 2)))
    return letters + str(random.randrange(100, 10 ** min(4, 8 - len(letters))))  # eight characters at most


def _luxembourgish(random: Random) -> str:
    return _some(random, _NO_IO, 2) + _some(random, _DIGITS, 4)


def _british(random: Random) -> str:
    year = random.choice((12, 15, 18, 21, 23, 62, 65, 68, 70, 72, 73))
    return _some(random, _NO_IO.replace("Q", ""), 2) + str(year) + _some(random, _NO_IO.replace("Q", ""), 3)


GRAMMARS: dict[Country, Draw] = {
    "BE": _belgian, "FR": _french, "NL": _dutch, "DE": _german, "LU": _luxembourgish, "GB": _british,
}  # fmt: skip
_COUNTRIES: tuple[Country, ...] = tuple(GRAMMARS)
_SHARES = (76.0, 9.0, 8.0, 4.0, 2.0, 1.0)
_CLASSES: tuple[VehicleClass, ...] = ("car", "van", "lorry", "bus", "motorcycle")
_CLASS_BOUNDS = (0.78, 0.89, 0.97, 0.98)  # cumulated shares
_COLOURS = ("black", "grey", "white", "blue", "red", "silver", "green")


@dataclass(frozen=True, slots=True)
class SimulatedVehicle:
    """One vehicle. country_seen: the country that cameras report; None: they report none."""

    plate: str
    country: Country
    vehicle_class: VehicleClass = "car"
    colour: str | None = None
    country_seen: Country | None = None


class WantedTexts:
    """The texts that the hotlist matches or nearly matches; it is wider than the hotlist's own rules. The simulation draws
    again any text that `admits` refuses."""

    def __init__(self, entries: Iterable[HotlistEntry], *, with_edits_up_to: int = 100_000) -> None:
        """with_edits_up_to: in a hotlist with more plates than this, texts within one edit are refused only for entries that
        match such texts (near)."""
        listed = tuple(entries)
        patterns = [skeleton(entry.plate) for entry in listed if _is_pattern(entry.plate)]
        self._patterns = re.compile("|".join(map(_expression, patterns))) if patterns else None
        literal = [entry for entry in listed if not _is_pattern(entry.plate)]
        self._skeletons: set[str] = set()
        self._gaps: set[str] = set()
        for entry in literal:
            self.add(entry.plate, with_edits=entry.near or len(literal) <= with_edits_up_to)

    def add(self, plate: str, *, with_edits: bool = True) -> None:
        """Add a plate that other vehicles must not resemble. with_edits: nor any text within one edit of it."""
        folded = skeleton(plate)
        self._skeletons.add(folded)
        if with_edits:
            self._gaps.update(_gaps(folded))

    def knows(self, text: str) -> bool:
        """Whether the text may be taken for a wanted plate, or fits a wanted pattern."""
        folded = skeleton(text)
        return folded in self._skeletons or bool(self._patterns and self._patterns.fullmatch(folded))

    def admits(self, text: str) -> bool:
        """Whether the text fits no wanted pattern and is more than one edit from every wanted plate that was added with edits
        (from the others it must differ), confusable characters taken as equal."""
        folded = skeleton(text)
        if self.knows(text) or folded in self._gaps:
            return False
        return self._gaps.isdisjoint(_gaps(folded)) and self._skeletons.isdisjoint(_gaps(folded))


def _is_pattern(plate: str) -> bool:
    return "?" in plate or "*" in plate


def _expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\?", ".?").replace(r"\*", ".*")


def _gaps(text: str) -> set[str]:
    """Each text made by leaving out one of the text's characters. Of two texts within one edit, these sets overlap, or one
    text is in the other's set."""
    return {text[:index] + text[index + 1 :] for index in range(len(text))}


def draw_plate(random: Random, country: Country, wanted: WantedTexts) -> str:
    """A random plate of the country, with checksum 0, that resembles no wanted entry."""
    draw = GRAMMARS[country]
    while True:
        plate = _balanced(draw(random))
        if plate is not None and wanted.admits(plate):
            return plate


def _balanced(plate: str) -> str | None:
    """The plate with one of its last characters changed so that the checksum is 0; None where none of three changes gives
    that."""
    excess = checksum(plate)
    if excess == 0:
        return plate
    for index in range(len(plate) - 1, len(plate) - 4, -1):
        value = (_VALUE[plate[index]] - excess) % _CHECKSUM
        alphabet = _DIGITS if plate[index].isdigit() else _NL_LETTERS  # letters that every country uses
        replacement = _CHARACTER.get(value, " ")
        if replacement in alphabet:
            return plate[:index] + replacement + plate[index + 1 :]
    return None


def draw_class(random: Random) -> VehicleClass:
    """A random class of vehicle, with the frequencies of Belgian roads."""
    return _CLASSES[bisect(_CLASS_BOUNDS, random.random())]


def draw_vehicle(random: Random, wanted: WantedTexts, vehicle_class: VehicleClass = "car") -> SimulatedVehicle:
    """A random vehicle with the frequencies of Belgian roads."""
    country = random.choices(_COUNTRIES, _SHARES)[0]
    return SimulatedVehicle(
        plate=draw_plate(random, country, wanted),
        country=country,
        vehicle_class=vehicle_class,
        colour=random.choice(_COLOURS),
        country_seen=country if random.random() < 0.92 else None,
    )
