"""Translates senders' words to Vigie's: directions, classes of vehicles, colours, makes, and the words for "no plate"."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import TypeVar

from pipeline.gateway.items import Direction
from schemas.reads import VehicleClass

NO_PLATE = frozenset({
    "", "-", "--", "---", "?", "unknown", "<unknown>", "unknow", "no plate", "noplate", "no_plate", "no-plate", "null", "none",
    "nil", "n/a", "na", "not read", "unread", "unlicensed", "not defined", "undefined", "unrecognized", "unrecognised",
    "no license plate", "nolicenseplate", "noread", "no read", "no_read", "no-read",
    "\u65e0\u724c", "\u65e0\u8f66\u724c", "\u65e0\u724c\u8f66", "\u672a\u77e5", "\u672a\u8bc6\u522b", "\u8f66\u724c",
})  # fmt: skip
"""Words that mean that there was no plate to read, as makers' documents and cameras write them, in lower case."""
UNSAID = frozenset({
    "", "-", "--", "unknown", "unknow", "unk", "none", "null", "n/a", "undefined", "not defined", "other", "others", "nodirection",
})  # fmt: skip
"""Words that say nothing."""

_DIRECTIONS: Mapping[Direction, str] = {
    "approaching": "approach approaching in incoming entering enter entry towards toward forward front obverse head coming come "
    "closer gettingcloser comingcloser goingcloser movingcloser movingtowards arriving ingress inbound goto comeclose goin "
    "naderend tegemoetkomend approche rapprochement kommend ankommend",
    "receding": "away leave leaving out outgoing exiting exit backward backwards reverse rear tail goaway goingaway "
    "moveaway movingaway gettingaway back receding departing depart recede egress outbound goout "
    "wegrijdend verwijderend eloignement loignement gehend wegfahrend",
}
_DIRECTION = {word: direction for direction, words in _DIRECTIONS.items() for word in words.split()}

_CLASSES: Mapping[VehicleClass, str] = {
    "car": "car vehicle motorcar passengercar sedan saloon saloncar salooncar saloonsuv suv suvmpv mpv hatchback coupe convertible "
    "estate wagon stationwagon limousine smallcar midsizecar compactcar taxi buggy cabriolet crossover businesscar privatecar "
    "sedancompact sedanconvertible sedanstandard sedanwagon sedansports suvcrossover suvstandard suvwagon personenauto auto "
    "voiture pkw",
    "van": "van minivan vanmini vanfull lightvan microbus minibus pickup pickuptruck truckstandard lighttruck lightdutytruck "
    "lightduty microtruck smalltruck kleinbus bestelwagen camionnette lieferwagen deliveryvan",
    "lorry": "truck lorry bigtruck heavytruck largetruck midtruck mediumtruck mediumheavytruck heavyduty mediumduty tractortrailer "
    "tractor garbagetruck boxtruck tanker tankcar tanktruck oiltanktruck middletruck "
    "dumptruck concretemixer semitrailer vrachtwagen camion lkw trailertruck hgv slagtruck",
    "bus": "bus coach largebus mediumbus midbus middlebus minicoach coachbus passengerbus touringcar autobus schoolbus largecoach",
    "motorcycle": "motorcycle motorbike moto motor bike twowheelvehicle twowheeler motofiets motorrad scooter",
    "trailer": "trailer aanhangwagen remorque anhanger",
}
_CLASS = {word: kind for kind, words in _CLASSES.items() for word in words.split()}

_COLOURS = {
    "gray": "grey", "silvergray": "grey", "silvergrey": "grey", "darkgray": "grey", "darkgrey": "grey", "lightgray": "grey",
    "lightgrey": "grey", "darkblue": "blue", "lightblue": "blue", "darkgreen": "green", "goldbeige": "beige", "deepgray": "grey",
    "deepblue": "blue",
}  # fmt: skip


_OTHER = re.compile(r"[^a-z]")
_SHORT, _MOST = 40, 4_096
T = TypeVar("T")


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """The function, which depends on nothing but a word, with its last results for short ones: the same few words come in almost
    all messages."""
    known = lru_cache(_MOST)(function)

    @wraps(function)
    def found(text: str) -> T:
        return known(text) if len(text) <= _SHORT else function(text)

    return found


def _letters(text: str) -> str:
    return _OTHER.sub("", text.lower())


def is_no_plate(text: str) -> bool:
    """Whether the text says that there was no plate. Call it before the text is made compact: UNKNOWN would pass as a plate.

    >>> is_no_plate(" Unknown "), is_no_plate("Not defined"), is_no_plate("1-ABC-234"), is_no_plate("无车牌")
    (True, True, False, True)
    """
    return text.strip().lower() in NO_PLATE


def said(text: str) -> str | None:
    """The text without blanks at its ends; None for words that mean "unknown"."""
    word = text.strip()
    return None if word.lower() in UNSAID else word[:200]


@remembered
def direction_of(text: str) -> Direction | None:
    """Approaching or receding, as the word says; None for a word that says neither."""
    return _DIRECTION.get(_letters(text))


@remembered
def class_of(text: str) -> VehicleClass:
    """The class of vehicle; `unknown` for an unknown word."""
    return _CLASS.get(_letters(text), "unknown")


@remembered
def colour_of(text: str) -> str | None:
    """The colour in plain English where it is a known shade (silver-gray, dark blue), else in lower case as sent. None for a number
    and for words that mean "unknown".

    >>> colour_of("silver-gray"), colour_of("Unknown"), colour_of("WHITE")
    ('grey', None, 'white')
    """
    word = said(text)
    return None if word is None or word.isdigit() else _COLOURS.get(_letters(word), word.lower())


@remembered
def make_of(text: str) -> str | None:
    """The make as sent; None for a number of a maker's own table and for words that mean "unknown"."""
    word = said(text)
    return None if word is None or not any(character.isalpha() for character in word) else word


@lru_cache(_MOST)
def speed_of(number: float | None, factor: float = 1.0) -> float | None:
    """The speed in km/h, to a tenth. None for 0, which means "not measured" everywhere, and for a speed that no vehicle
    reaches."""
    if number is None:
        return None
    found = round(number * factor, 1)
    return found if 0 < found <= 500 else None


def speed_in(text: str) -> float | None:
    """The speed in km/h of a text with its unit: 10 mph, 50 km/h, 13.9 m/s; a number without a unit is km/h.

    >>> speed_in("10 mph"), speed_in("50 km/h"), speed_in("-")
    (16.1, 50.0, None)
    """
    found = re.fullmatch(r"\s*([0-9]{1,4}(?:[.,][0-9]{1,6})?)\s*([a-z/ ]*)", text.lower())
    if found is None:
        return None
    unit = found[2].replace(" ", "")
    factor = {"mph": 1.609344, "m/s": 3.6, "": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "kmph": 1.0}.get(unit)
    return speed_of(float(found[1].replace(",", ".")), factor) if factor else None


def share_of(number: float | None, of: float = 1.0) -> float | None:
    """A confidence as 0..1; None where it is not on the scale 0..`of`."""
    if number is None or not 0 <= number <= of:
        return None
    return float(number) if of == 1.0 else round(number / of, 12)


def lane_of(number: int | None) -> int | None:
    """The lane's number, 1..32; None for any other number."""
    return number if number is not None and 1 <= number <= 32 else None
