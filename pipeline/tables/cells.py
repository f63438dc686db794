"""Converts one cell of a table to a value, and values back to text.

Every parser raises ValueError saying in plain words what is wrong.
"""

import math
import re
from datetime import UTC, datetime, timedelta

from pipeline.tables.local_days import LocalDay
from pipeline.tables.spreadsheets import no_milliseconds

_TRUE = {"true", "yes", "1", "on", "y", "ja", "j", "oui", "waar", "vrai", "wahr"}
_FALSE = {"false", "no", "0", "off", "n", "nee", "nein", "non", "onwaar", "faux", "falsch"}
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
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
    if not _WHOLE.fullmatch(text):
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


def moment_ms(text: str, *, until: bool = False) -> int | LocalDay:
    """A moment in ms UTC: epoch milliseconds, or an ISO time, which is UTC unless it says otherwise. A date alone is a local
    day; one with a zone (2026-03-01+01:00, as XML writes dates) is that day in that zone.

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
        if _WHOLE.fullmatch(text) and len(text) != 8:
            return int(text)
        if day := _DAY.fullmatch(text):
            if day["zone"] is None:
                return LocalDay(datetime.fromisoformat(text).date(), until)
            begins = datetime.fromisoformat(f"{day['day']}T00:00:00{day['zone'].upper()}")
            return _epoch_ms(begins + timedelta(days=1) if until else begins)
        if not _MOMENT.fullmatch(text):
            raise ValueError("it is of another form")
        moment = datetime.fromisoformat(text)
        return _epoch_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise ValueError(
            f"{shown(text)} is no moment: 2026-03-01, 2026-03-01T08:30:00Z or milliseconds since 1970"
        ) from None


def _refuse_doubtful(text: str) -> None:
    """Raise ValueError for a number that cannot be milliseconds, and for a midnight without a zone."""
    if _WHOLE.fullmatch(text) and len(text) != 8:  # 20260301 is a date
        wrong = no_milliseconds(int(text))
        if wrong:
            raise ValueError(f"{shown(text)} {wrong}")
    elif _MIDNIGHT.fullmatch(text):
        raise ValueError(
            f"{shown(text)} may mean that day or its first moment: write 2026-12-31, or 2026-12-31T00:00:00Z"
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


def line(text: str) -> dict[str, object]:
    """A camera, or one lane of it written as camera:lane. A camera whose own name ends in a colon and a number is written
    with a colon more at its end.

    >>> line("E40-02:1"), line("E40-02")
    ({'camera_id': 'E40-02', 'lane': 1}, {'camera_id': 'E40-02'})
    """
    camera_id, colon, lane = text.rpartition(":")
    if not colon or (lane and not _WHOLE.fullmatch(lane)):
        return {"camera_id": text}
    return {"camera_id": camera_id, "lane": int(lane)} if lane else {"camera_id": camera_id}


def line_text(camera_id: str, lane: int | None) -> str:
    """A line as text that line() reads back."""
    if lane is not None:
        return f"{camera_id}:{lane}"
    last = camera_id.rpartition(":")[2]
    return f"{camera_id}:" if ":" in camera_id and (not last or _WHOLE.fullmatch(last)) else camera_id


def distance(text: str) -> dict[str, object]:
    """The distance between two cameras, in metres, and this pair's certificate where it has one of its own: from when, until when
    and its number, after semicolons. Raises ValueError for a text of another form.

    >>> distance("E40-01>E40-07=5230.5")
    {'entry_camera_id': 'E40-01', 'exit_camera_id': 'E40-07', 'metres': 5230.5}
    >>> distance("A>B=900; 2026-01-01T00:00:00Z; 2027-01-01T00:00:00Z; P 1.1-234")["certificate"]["number"]
    'P 1.1-234'
    """
    ends, equals, rest = text.partition("=")
    entry, arrow, exit_ = ends.partition(">")
    metres, *certificate = (part.strip() for part in rest.split(";", 3))
    if not equals or not arrow or len(certificate) not in (0, 3):
        raise ValueError(
            f"{shown(text)} is no distance: write ENTRY>EXIT=METRES, such as E40-01>E40-07=5230.5; with a certificate of this pair "
            "alone ENTRY>EXIT=METRES; FROM; UNTIL; NUMBER"
        )
    found: dict[str, object] = {
        "entry_camera_id": entry.strip(),
        "exit_camera_id": exit_.strip(),
        "metres": number(metres),
    }
    if certificate:
        begins, ends_, named = certificate
        validity = {"valid_from_ms": moment_ms(begins), "valid_until_ms": moment_ms(ends_, until=True)}
        found["certificate"] = {"number": named, **validity}
    return found


def class_limit(text: str) -> tuple[str, int]:
    """A vehicle class and its limit, in km/h. Raises ValueError for a text of another form.

    >>> class_limit("lorry=90")
    ('lorry', 90)
    """
    name, equals, limit = text.partition("=")
    if not equals:
        raise ValueError(f"{shown(text)} is no limit: write CLASS=KMH, such as lorry=90")
    return name.strip().lower(), whole_number(limit.strip())


def corner(text: str) -> dict[str, object]:
    """A corner of a polygon: latitude and longitude, with a space or a comma between. Raises ValueError for a text of another form.

    >>> corner("50.85 4.35")
    {'lat': 50.85, 'lon': 4.35}
    """
    parts = text.split() if len(text.split()) == 2 else text.split(",")
    if len(parts) != 2:
        raise ValueError(f"{shown(text)} is no corner: write LATITUDE LONGITUDE, such as 50.85 4.35")
    return {"lat": number(parts[0].strip(" ,;")), "lon": number(parts[1].strip())}


def region(text: str) -> dict[str, object]:
    """A part of a picture: its corners with ; between, each X Y from 0 to 1; two are opposite corners of a rectangle. Raises
    ValueError for a text of another form.

    >>> len(region("0 0.5; 1 0.5; 0.5 1")["corners"]), region("0.1 0.4; 0.9 1")["corners"][1]
    (3, {'x': 0.9, 'y': 0.4})
    """
    corners = [_picture_point(part) for part in text.split(";") if part.strip()]
    if len(corners) < 2:
        raise ValueError(f"{shown(text)} is no region: write X Y; X Y for a rectangle, or three corners and more")
    if len(corners) == 2:
        (left, top), (right, bottom) = corners
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return {"corners": [{"x": x, "y": y} for x, y in corners]}


def picture_line(text: str) -> list[dict[str, float]]:
    """A line in a picture: its two ends with ; between, each X Y from 0 to 1. Raises ValueError for a text of another form.

    >>> picture_line("0 0.8; 1 0.75")
    [{'x': 0.0, 'y': 0.8}, {'x': 1.0, 'y': 0.75}]
    """
    ends = [_picture_point(part) for part in text.split(";") if part.strip()]
    if len(ends) != 2:
        raise ValueError(f"{shown(text)} is no line: write X Y; X Y for its two ends")
    return [{"x": x, "y": y} for x, y in ends]


def _picture_point(text: str) -> tuple[float, float]:
    parts = text.split()
    if len(parts) != 2:
        raise ValueError(f"{shown(text.strip())} is no corner: write X Y, such as 0.25 0.5")
    x, y = number(parts[0]), number(parts[1])
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
        raise ValueError(f"{shown(text.strip())} lies outside the picture, which reaches from 0 to 1")
    return x, y


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
