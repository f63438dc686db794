"""Plate text in compact form, A-Z and 0-9, in which everything is stored and compared.

The rule, for every character: letters and digits that are A-Z or 0-9 in another dress (lower case, accents, full width, the
Greek and Cyrillic capitals that plates chose because they look Latin) become them; spaces, dashes of any kind, dots, symbols
and invisible characters are dropped; a letter or digit of any other kind makes the whole text no plate. Countries whose plates are
Latin and whose people write Cyrillic (BY_SOUND) mean the sound of a letter, not its look: `by_sound` comes first.

>>> compact(" 1-abc\\u2013234 "), compact("b\\u00fc \\u00b7 ab 12"), compact("\\u0410 123 \\u0412\\u0421")
('1ABC234', 'BUAB12', 'A123BC')
>>> compact("\\u4eac12345")
Traceback (most recent call last):
    ...
pipeline.errors.BadRecord: not_a_plate: '\\u4eac' is neither A-Z nor 0-9
"""

import re
import unicodedata

from pipeline.errors import BadRecord

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_ASCII = {code: chr(code).upper() if chr(code).isalnum() else None for code in range(128)}
_LOOKALIKES = {
    **dict(zip("\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425", "ABEKMHOPCTYX", strict=True)),
    **dict(zip("\u0406\u0408\u0405", "IJS", strict=True)),
    **dict(zip("\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
               "ABEZHIKMNOPTYX", strict=True)),
    "\u00d8": "O", "\u00c6": "AE", "\u0152": "OE", "\u0110": "D", "\u00d0": "D", "\u0141": "L", "\u1e9e": "SS",
}  # fmt: skip
BY_SOUND = frozenset(("BA", "ME", "MK", "RS"))
"""The countries whose plates in Cyrillic letters are read by their sound."""
_SOUNDS = str.maketrans(dict(zip(
    "\u0410\u0411\u0412\u0413\u0414\u0402\u0415\u0416\u0417\u0418\u0408\u041a\u041b\u041c\u041d\u041e\u041f\u0420\u0421\u0422"
    "\u040b\u0423\u0424\u0425\u0426\u0427\u0428", "ABVGDDEZZIJKLMNOPRSTCUFHCCS", strict=True,
)))  # fmt: skip
_CYRILLIC = re.compile("[\u0400-\u052f]")


def is_cyrillic(text: str) -> bool:
    """Whether any letter of the text is Cyrillic."""
    return _CYRILLIC.search(text) is not None


def by_sound(text: str) -> str:
    """The text with its Cyrillic letters as Serbian Latin writes them, without carons and acutes. Raises BadRecord for a letter
    that is no single one there.

    >>> by_sound("\u0421\u0423-123-\u0410\u0412")
    'SU-123-AV'
    """
    latin = text.upper().translate(_SOUNDS)
    if found := _CYRILLIC.search(latin):
        raise BadRecord("not_a_plate", f"{found[0]!r} is no letter of plates there: write it in Latin letters")
    return latin


def compact(text: str) -> str:
    """The text in compact form; empty when it holds nothing but separators. Raises BadRecord for letters that have none."""
    if text.isascii():
        return text.translate(_ASCII)
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).upper())
    return "".join(_compact_character(character) for character in decomposed)


def _compact_character(character: str) -> str:
    if character in _PLAIN:
        return character
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    if unicodedata.category(character)[0] in "LN":
        raise BadRecord("not_a_plate", f"{character!r} is neither A-Z nor 0-9")
    return ""
