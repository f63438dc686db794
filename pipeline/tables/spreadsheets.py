"""What a spreadsheet made of a cell: plates that became numbers or dates, moments that became day numbers.

Such a cell is refused, never taken back: 12345.0 may have been 12345 or 123450, and either is somebody's plate.
"""

import re
import unicodedata

_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|janv|f\u00e9vr|mars|avr|mai|juin|juil|ao\u00fbt|sept|d\u00e9c|"
    "mrt|mei|okt|m\u00e4r|mrz|dez"
)
_DECIMAL = re.compile(r"\d+[.,]\d+|\d{1,3}(?:[.,]\d{3}){2,}", re.ASCII)
_SCIENTIFIC = re.compile(r"\d[.,]\d+E[+-]?\d+|\dE[+-]\d+", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}([/.-])\d{1,2}\1(\d{4}|\d{2})|\d{4}([/.-])\d{2}\3\d{2}", re.ASCII)
_MONTH_DATE = re.compile(rf"\d{{1,2}}(?:[- ]|\. )(?:{_MONTHS})\.?(?:[- ](?:\d{{2}}|\d{{4}}))?", re.IGNORECASE)
_MONTH_YEAR = re.compile(rf"(?:{_MONTHS})\.?-\d{{2}}")  # lower case or capitalised: what a person types is upper case
_SPACED_YEAR = re.compile(rf"(?:{_MONTHS})\.? \d{{2}}")  # as German spreadsheets do, capitalised
_FULL_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|januari|februari|maart|mei|juni|juli|"
    "augustus|oktober|janvier|f\u00e9vrier|mars|avril|mai|juin|juillet|ao\u00fbt|septembre|octobre|novembre|d\u00e9cembre|januar|"
    "februar|m\u00e4rz|dezember"
)
_DAY, _MONTH, _YEAR = "(?:0?[1-9]|[12]\\d|3[01])", "(?:0?[1-9]|1[0-2])", "(?:19|20)\\d{2}"
_PART_OF_DATE = re.compile(
    rf"\d{{1,2}}/\d{{1,2}}|\d{{1,2}}\.\d{{1,2}}\.|{_YEAR}[-/](?:0[1-9]|1[0-2])|{_DAY}-{_MONTH}|{_MONTH}-{_DAY}|{_MONTH}-{_YEAR}",
    re.ASCII,
)
_FULL_MONTH_DATE = re.compile(rf"(?:{_FULL_MONTHS})[- ](?:\d{{4}}|\d{{2}})", re.IGNORECASE)
_LETTERS_AND_DIGITS = re.compile(r"[A-Z]{2,3}[- ]\d{1,3}")  # as Finland's plates: MAI-15, typed in capitals, is one
_SHOWN_INSTEAD = re.compile(r"#(?:[A-Z0-9/]+[!?]|N/A|N/B|NV|NAME\?|#+)|#+", re.IGNORECASE)
_SIGNED_OR_NONE = re.compile(r"[-+]\d+|\d+-|0+|\de\d{1,2}", re.ASCII)  # a plate such as 1E5 is typed in capitals
_ID_NUMBER = re.compile(r"\d{3,}[.,]0+", re.ASCII)  # 1.0 may be a version
_TIME = re.compile(r".*\d{1,2}:\d{2}(:\d{2})?", re.ASCII)
_NOT_KNOWN = frozenset((
    "N/A", "NULL", "NONE", "NAN", "NIL", "NIHIL", "NVT", "N.V.T.", "TBD", "IDEM", "GEEN", "LEEG", "AUCUN", "AUCUNE", "NEANT",
    "N\u00c9ANT", "VIDE", "KEIN", "KEINE", "KEINES", "LEER",
    "NOT KNOWN", "NOT DEFINED", "NOT AVAILABLE", "NO PLATE", "UNKNOWN", "ONBEKEND", "NIET BEKEND", "GEEN PLAAT",
    "ZONDER PLAAT", "ZONDER NUMMERPLAAT", "INCONNU", "NON CONNU", "SANS PLAQUE", "UNBEKANNT", "NICHT BEKANNT", "OHNE KENNZEICHEN",
    "UNREADABLE", "ILLEGIBLE", "ONLEESBAAR", "NIET LEESBAAR", "ILLISIBLE", "NON LISIBLE", "UNLESERLICH", "NICHT LESBAR",
    "ZIE OPM.", "ZIE OPM", "ZIE OPMERKING", "VOIR REMARQUE", "VOIR REM.", "SIEHE BEMERKUNG", "SIEHE BEM.", "SEE REMARKS",
))  # fmt: skip
_NOTE = re.compile(
    r"(?:VOIR|SIEHE|ZIE) [^\W\d].*|SEE (?:ABOVE|BELOW|FILE|NOTES?|REPORT)|S\. ?O\.|ID\.|IBID\.?|IBIDEM|DITT?O|D\.?O\.",
)
"""Where somebody points to another line or paper instead of writing the plate."""
_SAYS_NOTHING = frozenset((
    "N/A", "NA", "NULL", "NONE", "NAN", "NIL", "NIHIL", "NVT", "N.V.T.", "TBD", "IDEM", "DITO", "DITTO", "GEEN", "LEEG", "AUCUN",
    "AUCUNE", "NEANT", "N\u00c9ANT", "VIDE", "KEIN", "KEINE", "LEER", "NOT KNOWN", "UNKNOWN", "ONBEKEND", "NIET BEKEND", "INCONNU",
    "INCONNUE", "NON CONNU", "UNBEKANNT", "NICHT BEKANNT",
))  # fmt: skip
"""What stands in a cell of words where nobody wrote anything."""
_TRUTH = frozenset(("TRUE", "FALSE", "WAHR", "FALSCH", "VRAI", "FAUX", "WAAR", "ONWAAR"))
_INSTEAD = (
    "is what a spreadsheet shows instead of a value (an error, or too narrow a column): mend it, and export again"
)
_DECODED = "was UTF-8 and read as another encoding before: save the file as CSV UTF-8 from where it came"
_CURE_OF_TEXT = "give the column the format Text before it is filled, and export again"
_CURE = "give the column the format Text before the plates are entered, and export again"
_TWICE_DECODED = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)  # an accented letter of UTF-8 in Windows-1252
_ROUNDED = re.compile(r"\d[.,]\d+E\+\d+", re.ASCII)  # as spreadsheets write large numbers; people do not
LONGEST_PLATE = 11  # characters of a plate, anywhere
_LETTERS_ALONE = 9  # of a plate without any figure, personalised ones included
_EARLIEST_MS = 100_000_000_000  # March 1973: what is smaller counts days or seconds


def is_word(text: str) -> bool:
    """Whether the cell is a word that `changed_plate` refuses, such as UNKNOWN or TRUE."""
    word = text.upper()
    return word in _NOT_KNOWN or word in _TRUTH or _NOTE.fullmatch(word) is not None


def is_worded(text: str) -> bool:
    """Whether the cell is one word, longer than any plate without figures."""
    return len(text) > _LETTERS_ALONE and text.isalpha()


def says_nothing(text: str) -> str | None:
    """Why this text says nothing, in words that follow it; None when it does.

    >>> says_nothing("onbekend"), says_nothing("art. 13")
    ('says nothing: write it out, or leave it out', None)
    """
    if not any(map(str.isalnum, text)) or text.strip().upper() in _SAYS_NOTHING:
        return "says nothing: write it out, or leave it out"
    return None


def known_text(text: str) -> str | None:
    """The text of a cell that may be left empty; None where it says in words or signs that nothing is known. One in which nothing
    can be seen stays as it is, to be refused.

    >>> known_text("VW"), known_text("onbekend"), known_text("?"), known_text("\\u200b")
    ('VW', None, None, '\\u200b')
    """
    is_written = any(one.isalnum() or unicodedata.category(one)[0] in "PS" for one in text)
    return None if is_written and says_nothing(text) else text


def no_name(text: str) -> str | None:
    """Why this is no id any more, in words that follow it; None when no spreadsheet changed it.

    >>> no_name("12345.0")[:33], no_name("2-Jan")[:31], no_name("1.0"), no_name("A1234.0")
    ('is a number that a spreadsheet ma', 'is a date that a spreadsheet ma', None, None)
    """
    if _ID_NUMBER.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        return f"is a number that a spreadsheet made of an id; {_CURE_OF_TEXT}"
    if _is_month(text):
        return f"is a date that a spreadsheet made of an id; {_CURE_OF_TEXT}"
    if text in _TRUTH:
        return f"is a truth value that a spreadsheet made of an id; {_CURE_OF_TEXT}"
    return None


def _is_month(text: str) -> bool:
    """Whether a spreadsheet wrote this day and month, or month and year."""
    written = text.lower() if text[:1].isupper() and text[1:2].islower() else ""
    if _MONTH_YEAR.fullmatch(text) or _MONTH_YEAR.fullmatch(written) or _SPACED_YEAR.fullmatch(written):
        return True
    return _MONTH_DATE.fullmatch(text) is not None and text != text.upper()  # 6-JUN-86 is a Dutch plate, 6-jun-86 a day


def spoiled_text(text: str) -> str | None:
    """Why this is no text that a person wrote, in words that follow it; None when it may be.

    >>> spoiled_text("#REF!")[:36], spoiled_text("1.23457E+11")[:30], spoiled_text("art. 13, #4")
    ('is what a spreadsheet shows instead ', 'is a number that a spreadsheet', None)
    """
    if text[:1] == "#" and _SHOWN_INSTEAD.fullmatch(text):
        return _INSTEAD
    if _ROUNDED.fullmatch(text):
        return f"is a number that a spreadsheet rounded; {_CURE_OF_TEXT}"
    if not text.isascii() and _TWICE_DECODED.search(text):
        return _DECODED
    return None


def changed_plate(text: str) -> str | None:
    """Why this cell is no plate any more, in words that follow the cell; None when no spreadsheet changed it.

    >>> changed_plate("12345.0")[:32], changed_plate("1-ABC-234"), changed_plate("12-AB-34")
    ('is a number that a spreadsheet m', None, None)
    """
    if _DECIMAL.fullmatch(text) or _SCIENTIFIC.fullmatch(text) or _SIGNED_OR_NONE.fullmatch(text):
        return f"is a number that a spreadsheet made of a plate; {_CURE}"
    if text.startswith("="):
        return "is a formula: paste its value over it, and export again"
    if _SHOWN_INSTEAD.fullmatch(text):
        return _INSTEAD
    full = _FULL_MONTH_DATE.fullmatch(text) and not _LETTERS_AND_DIGITS.fullmatch(text)
    if _is_month(text) or full or _PART_OF_DATE.fullmatch(text) or _DATE.fullmatch(text):
        return f"is a date that a spreadsheet made of a plate; {_CURE}"
    if _TIME.fullmatch(text):
        return f"is a time that a spreadsheet made of a plate; {_CURE}"
    if text.upper() in _TRUTH:
        return f"is a truth value that a spreadsheet made of a plate; {_CURE}"
    return _DECODED if _TWICE_DECODED.search(text) else _other_than_a_plate(text)


def _other_than_a_plate(text: str) -> str | None:
    """Why nobody's plate stands in this cell, in words that follow it."""
    if text.upper() in _NOT_KNOWN:
        return "says that the plate is not known: leave the line out"
    if _NOTE.fullmatch(text.upper()):
        return "is a note, no plate: write the plate, or leave the line out"
    if sum(map(str.isalnum, text)) > LONGEST_PLATE and not {"?", "*"} & set(text):
        return "is longer than any plate: give each plate a line of its own"
    if is_worded(text):
        return "is a word, no plate: leave the line out, or write the plate"
    return None


def no_milliseconds(number: int) -> str | None:
    """Why this whole number is no moment in epoch milliseconds, in words that follow it; None when it may be one.

    >>> no_milliseconds(46387)
    "is a spreadsheet's day number: write a date such as 2026-12-31"
    >>> no_milliseconds(1798761599)
    'counts seconds, not milliseconds: write a date such as 2026-12-31'
    """
    if number >= _EARLIEST_MS or number < 0:  # the schema says of a negative one what is wrong
        return None
    if 20_000 <= number <= 80_000:
        return "is a spreadsheet's day number: write a date such as 2026-12-31"
    if number >= 100_000_000:
        return "counts seconds, not milliseconds: write a date such as 2026-12-31"
    return "is no moment: write a date such as 2026-12-31, or milliseconds since 1970"
