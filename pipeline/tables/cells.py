"""Converts one cell of a table to a value, and values back to text.

Every parser raises ValueError saying in plain words what is wrong.
"""

import math
import re
from datetime import UTC, datetime, timedelta

from pipeline.tables.local_days import LocalDay, LocalTime
from pipeline.tables.spreadsheets import no_milliseconds

_TRUE = {"true", "yes", "1", "on", "y", "ja", "j", "oui", "waar", "vrai", "wahr"}
_FALSE = {"false", "no", "0", "off", "n", "nee", "nein", "non", "onwaar", "faux", "falsch"}
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_ZONE = r"[Zz]|[+-]\d{2}(?::?\d{2})?"
_DATE = r"\d{4}-\d{2}-\d{2}|\d{8}"
_DAY = re.compile(rf"(?P<day>{_DATE})(?P<zone>{_ZONE})?", re.ASCII)  # with a zone as in xs:date
_TIME = r"\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d+)?)?)?"
_MOMENT = re.compile(rf"(?:{_DATE})[Tt ](?:{_TIME})(?:{_ZONE})?", re.ASCII)
_AS_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)  # as most programs write it, ours too
_MIDNIGHT = re.compile(rf"(?:{_DATE})[Tt ]00(?::?00(?::?00(?:[.,]0+)?)?)?", re.ASCII)  # as programs write a day


_BETWEEN_NAMES = str.maketrans("|,;", "   ")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def whole_number(text: str) -> int:
    """A whole number. Raises ValueError for any other text.

    >>> whole_number("120")
    120
    """
    if not WHOLE.fullmatch(text):
        raise ValueError(f"{shown(text)} is no whole number")
    return int(text)


def number(text: str) -> float:
    """A number, with a decimal point or a decimal comma. Raises ValueError for any other text.

    >>> number("50,85")
    50.85
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{shown(text)} is no number")
    value = float(text.replace(",", "."))
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)} is too large")
    return value


def truth(text: str) -> bool:
    """True for true, yes, y, 1, on, ja, j, oui, waar, vrai, wahr; False for false, no, n, 0, off, nee, nein, non, onwaar, faux,
    falsch, in any case of letters. Raises ValueError for any other text.

    >>> truth("yes"), truth("FALSE")
    (True, False)
    """
    lower = text.lower()
    if lower in _TRUE:
        return True
    if lower in _FALSE:
        return False
    raise ValueError(f"{shown(text)} is neither true nor false")


_BEGINS = r"(?:[^\S\t\r\n]|')*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(rf"(\A|[;\t\r\n])(?={_BEGINS})|\A(?='*[\t\r\n])")
_MARKED = re.compile(rf"(\A|[;\t\r\n])'(?={_BEGINS})|\A'(?='*[\t\r\n])")
"""Where some program begins a formula, full width too: in a cell, and behind what it takes for the end of one. Marked: as safe_cell
writes it."""
_FIGURES = re.compile(r"[-+0-9., ;|eE]*")  # numbers and corners


def moment_ms(text: str, *, until: bool = False) -> int | LocalDay | LocalTime:
    """A moment in ms UTC: epoch milliseconds, or an ISO time with its zone. A date alone is a local day, a time without a zone is
    what local clocks show; a date with a zone (2026-03-01+01:00, as XML writes dates) is that day in that zone.

    until: a date means the end of that day, not its start. A midnight without a zone may mean either, and is refused; so is a
    week or a day of the year.

    >>> moment_ms("2026-03-01T01:00:00+01:00"), moment_ms("1772323200000")
    (1772323200000, 1772323200000)
    >>> moment_ms("2026-03-01", until=True)
    LocalDay(day=datetime.date(2026, 3, 1), ends=True)
    >>> moment_text(moment_ms("2026-03-01+01:00", until=True))
    '2026-03-01T23:00:00Z'
    """
    whole = text[-1:] in ("Z", "z") and _MOMENT.fullmatch(
        text
    )  # with its zone, as programs write it: it is nothing else
    if not whole:
        _refuse_doubtful(text)
    try:
        if whole:
            return _epoch_ms(datetime.fromisoformat(text))
        if WHOLE.fullmatch(text) and len(text) != 8:
            return int(text)
        if day := _DAY.fullmatch(text):
            if day["zone"] is None:
                return LocalDay(datetime.fromisoformat(text).date(), until)
            begins = datetime.fromisoformat(f"{day['day']}T00:00:00{day['zone'].upper()}")
            return _epoch_ms(begins + timedelta(days=1) if until else begins)
        if not _MOMENT.fullmatch(text):
            raise ValueError("it is of another form")
        moment = datetime.fromisoformat(text)
        return _epoch_ms(moment) if moment.tzinfo else LocalTime(moment, until)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{shown(text)} is no moment: 2026-03-01, 2026-03-01T08:30:00Z or milliseconds since 1970"
        ) from None


def _refuse_doubtful(text: str) -> None:
    """Raise ValueError for a number that cannot be milliseconds, and for a midnight without a zone."""
    if WHOLE.fullmatch(text) and len(text) != 8:  # 20260301 is a date
        wrong = no_milliseconds(int(text))
        if wrong:
            raise ValueError(f"{shown(text)} {wrong}")
    elif _MIDNIGHT.fullmatch(text):
        raise ValueError(
            f"{shown(text)} may mean that day or its first moment: write the date alone, or 2026-12-31T00:00:00Z"
        )


def _epoch_ms(moment: datetime) -> int:
    since = moment - _EPOCH
    micros = since.microseconds
    millis = round(micros / 1_000) if micros % 1_000 else micros // 1_000
    return since.days * 86_400_000 + since.seconds * 1_000 + millis


def moment_text(at_ms: int) -> str:
    """A moment (ms UTC) as ISO text that moment_ms reads back.

    >>> moment_text(1772323200001)
    '2026-03-01T00:00:00.001Z'
    """
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds").replace("+00:00", "Z")


def words(text: str) -> list[str]:
    """Names separated by | or spaces, or by a comma or a semicolon.

    >>> words("Z1|Z2 Z3,Z4")
    ['Z1', 'Z2', 'Z3', 'Z4']
    """
    return text.translate(_BETWEEN_NAMES).split()


def phrases(text: str) -> list[str]:
    """Texts separated by |.

    >>> phrases("theft|hit and run")
    ['theft', 'hit and run']
    """
    return [part.strip() for part in text.split("|") if part.strip()]


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: where one would begin it gets an apostrophe in front, also behind
    a semicolon, which some take for the end of a cell. See read_cell.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("-3.25"), safe_cell("theft;=1+1")
    ("'=HYPERLINK(1)", '-3.25', "theft;'=1+1")
    """
    return text if _FIGURES.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def read_cell(text: str) -> str:
    """The text that safe_cell was given, from the cell that it returned.

    >>> read_cell("'=HYPERLINK(1)"), read_cell("'t Zand")
    ('=HYPERLINK(1)', "'t Zand")
    """
    return _MARKED.sub(r"\1", text)


def shown(value: object) -> str:
    """A value as messages show it: quoted, and without its middle when it is long."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 40 else f"{text[:25]}...{text[-10:]}")
