"""Converts a cell to a wanted plate or pattern, and refuses what would be another's plate, or nobody's."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from pipeline.errors import BadRecord
from pipeline.hotlist.pattern_index import collapsed
from pipeline.plates import COUNTRIES
from pipeline.plates.text import compact
from pipeline.tables.cells import shown
from pipeline.tables.spreadsheets import LONGEST_PLATE, changed_plate, is_word, is_worded, no_name
from pipeline.tables.text_lines import CURE

_WILDCARDS = re.compile(r"([?*]+)")
_SIGNS = {"B": "BE", "D": "DE", "F": "FR", "L": "LU"} | {code: code for code in COUNTRIES}
_SIGNED = re.compile(r"(?P<first>[A-Z]{1,2})[ -]+(?P<rest>.+)|(?P<plate>.+?)[ -]+(?P<last>[A-Z]{2})")
_SEALS = "\u00b7\u2022\u2219"  # points, as some write the seal of a German plate
_TURNS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
_ORDINARY = 1e-10  # a text at least so likely is of an ordinary series of its country
_NOBODYS = 1e-12  # a text less likely is at most a long personalised plate


def wanted_plate(text: str) -> str:
    """A plate or pattern in compact form; lower case, spaces and dashes are fine, ? and * stay. Raises ValueError, in plain words,
    for what is no plate, what a spreadsheet changed, and what has the country in it.

    >>> wanted_plate("1-abc-2?4"), wanted_plate("b-m\u00fc 12*")
    ('1ABC2?4', 'BMU12*')
    """
    text = text.removeprefix("'")  # a spreadsheet's mark of a text
    if text.isascii() and text.isalnum() and len(text) <= LONGEST_PLATE and not is_word(text) and not is_worded(text):
        return text.upper()  # nearly all: nothing that a spreadsheet would have changed
    wrong = changed_plate(text) or _with_country(text.upper())
    if wrong:
        raise ValueError(f"{shown(text)} {wrong}")
    try:
        parts = _WILDCARDS.split(text)
        return collapsed("".join(part if part[:1] in ("?", "*") else _compact_part(part) for part in parts))
    except BadRecord as error:
        raise ValueError(f"{shown(text)} is no plate: {error.detail}") from None


def entry_name(text: str) -> str:
    """The id of an entry. Raises ValueError for a number that a spreadsheet changed: tomorrow it would be another entry's.

    >>> entry_name("2026.12")
    '2026.12'
    """
    if wrong := no_name(text):
        raise ValueError(f"{shown(text)} {wrong}")
    return text


def _compact_part(part: str) -> str:
    if (part.isascii() and part.isalnum()) or not part:
        return part.upper()
    strange = next((character for character in part if not _in_a_plate(character)), None)
    if strange is not None:
        raise ValueError(f"{strange!r} stands in no plate; a pattern has ? for one character and * for any")
    return compact(part)


def _in_a_plate(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in " -.\t/"
    if character in _SEALS:
        return True
    kind = unicodedata.category(character)
    if kind == "No":  # fractions and raised figures, which programs make of what is typed: 1/2 becomes one sign
        return False
    turned = unicodedata.bidirectional(character) in _TURNS  # what stands there is not what is seen
    return kind[0] in "LNM" or (kind in ("Zs", "Pd", "Cf") and not turned)


@lru_cache(maxsize=4096)
def _with_country(text: str) -> str | None:
    """Why this is a plate with its country in front or behind, in words that follow the cell; None for any other text.

    >>> _with_country("NL-AB-12-CD"), _with_country("B-MW 1234"), _with_country("1-ABC-234 BE")
    ('has the country in it: give that the column country (NL)', None, 'has the country in it: give that the column country (BE)')
    """
    found = _SIGNED.fullmatch(text)
    if found is None or not text.isascii():
        return None
    country = _SIGNS.get(found["first"] or found["last"])
    if country is None or country not in COUNTRIES:
        return None
    whole, alone = compact(text), compact(found["rest"] or found["plate"])
    if COUNTRIES[country].GRAMMAR.likelihood(alone) >= _ORDINARY and all(
        one.GRAMMAR.likelihood(whole) < _NOBODYS for one in COUNTRIES.values()
    ):
        return f"has the country in it: give that the column country ({country})"
    return None


def ascii_alone(parse: Callable[[str], object]) -> Callable[[str], object]:
    """The parser, for a file whose encoding is guessed: it takes ASCII only, as other letters may be another's plate."""

    def parsed(text: str) -> object:
        if not text.isascii():
            raise ValueError(f"{shown(text)} holds letters that depend on the file's encoding; {CURE}")
        return parse(text)

    return parsed
