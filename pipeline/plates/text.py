"""Plate text in compact form, A-Z and 0-9, in which everything is stored and compared.

The rule, for every character: letters and digits that are A-Z or 0-9 in another dress (lower case, accents, full width, the
Greek and Cyrillic capitals that plates chose because they look Latin) become them; spaces, dashes of any kind, dots, symbols
and invisible characters are dropped; a letter or digit of any other kind makes the whole text no plate.

>>> compact(" 1-abc\\u2013234 "), compact("b\\u00fc \\u00b7 ab 12"), compact("\\u0410 123 \\u0412\\u0421")
('1ABC234', 'BUAB12', 'A123BC')
>>> compact("\\u4eac12345")
Traceback (most recent call last):
    ...
pipeline.errors.BadRecord: not_a_plate: '\\u4eac' is neither A-Z nor 0-9
"""

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
