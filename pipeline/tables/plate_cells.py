"""Converts a cell to a wanted plate or pattern, and refuses what would be another's plate, or nobody's."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from pipeline.errors import BadRecord
from pipeline.hotlist.pattern_index import collapsed
from pipeline.plates import COUNTRIES
from pipeline.plates.text import BY_SOUND, by_sound, compact, is_cyrillic
from pipeline.tables.cells import shown
from pipeline.tables.spreadsheets import LONGEST_PLATE, changed_plate, is_word, is_worded, known_text, no_name
from pipeline.tables.text_lines import CURE

_WILDCARDS = re.compile(r"([?*]+)")
_SIGNS = {"B": "BE", "D": "DE", "F": "FR", "L": "LU"} | {code: code for code in COUNTRIES}
_SIGNED = re.compile(r"(?P<first>[A-Z]{1,2})[ -]+(?P<rest>.+)|(?P<plate>.+?)[ -]+(?P<last>[A-Z]{2})")
_SEALS = "\u00b7\u2022\u2219"  # points, as some write the seal of a German plate
_TURNS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
_SHORT = 4  # characters, of a number that was changed: 0 or 1e5
_ORDINARY = 1e-10  # a text at least so likely is of an ordinary series of its country
_NOBODYS = 1e-12  # a text less likely is at most a long personalised plate


@dataclass(frozen=True, slots=True)
class CyrillicPlate:
    """A plate or pattern in Cyrillic letters: the country says whether they count by their look or by their sound."""

    text: str

    def of(self, country: object) -> str:
        """The compact form, on a vehicle of this country; None: of any. Raises ValueError where it is no plate, or may be two.

        >>> plate = CyrillicPlate("\u0421\u0423-123-\u0410\u0412")
        >>> plate.of("RS"), plate.of("BG")
        ('SU123AV', 'CY123AB')
        """
        in_one_script = not any(one.isascii() and one.isalpha() for one in self.text)
        if country in BY_SOUND and in_one_script:
            return _compacted(self.text, by_sound)
        if country is not None and country not in BY_SOUND:
            return _compacted(self.text)
        ways = [way for way in (self._read(), self._read(by_sound)) if way]
        if len(set(ways)) == 1 and (ways[1:] or self._read()):
            return ways[0]
        cure = "give the country" if in_one_script else "write it in one alphabet"
        raise ValueError(
            f"{shown(self.text)} may be {' or '.join(ways) or 'no plate'}, by look or sound of its letters: {cure}"
        )

    def _read(self, latin: Callable[[str], str] = str) -> str | None:
        try:
            return _compacted(self.text, latin)
        except ValueError:
            return None


def wanted_plate(text: str) -> str | CyrillicPlate:
    """A plate or pattern in compact form; lower case, spaces and dashes are fine, ? and * stay. One in Cyrillic letters waits for
    its country. Raises ValueError, in plain words, for what is no plate, what a spreadsheet changed, what has the country in it.

    >>> wanted_plate("1-abc-2?4"), wanted_plate("b-m\u00fc 12*")
    ('1ABC2?4', 'BMU12*')
    """
    text = text.removeprefix("'")  # a spreadsheet's mark of a text
    plain = text.isascii() and text.isalnum() and _SHORT < len(text) <= LONGEST_PLATE
    if plain and not is_word(text) and not is_worded(text):
        return text.upper()  # nearly all: nothing that a spreadsheet would have changed
    wrong = changed_plate(text) or _with_country(text.upper())
    if wrong:
        raise ValueError(f"{shown(text)} {wrong}")
    return CyrillicPlate(text) if is_cyrillic(text) else _compacted(text)


def id_cell(text: str) -> str:
    """The id of an entry, a list or a case. Raises ValueError for one that a spreadsheet changed: tomorrow it would be another's.

    >>> id_cell("2026.12")
    '2026.12'
    """
    if wrong := no_name(text):
        raise ValueError(f"{shown(text)} {wrong}")
    return text


def case_cell(text: str) -> str | None:
    """The reference of a case; None where it says that none is known. Raises ValueError for what a spreadsheet changed."""
    known = known_text(text)
    return id_cell(known) if known else known


def _compacted(text: str, latin: Callable[[str], str] = str) -> str:
    """The compact form of a plate or pattern. latin: makes its letters Latin. Raises ValueError."""
    try:
        parts = _WILDCARDS.split(latin(text))
        return collapsed("".join(part if part[:1] in ("?", "*") else _compact_part(part) for part in parts))
    except BadRecord as error:
        raise ValueError(f"{shown(text)} is no plate: {error.detail}") from None


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
