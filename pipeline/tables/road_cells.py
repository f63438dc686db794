"""The cells of cameras, sections and zones: what each text means, and the text of what was read."""

from pipeline.tables.cells import WHOLE, moment_ms, moment_text, number, shown, whole_number
from schemas.reference import Distance, Region


def line(text: str) -> dict[str, object]:
    """A camera, or one lane of it written as camera:lane. A camera whose own name ends in a colon and a number is written
    with a colon more at its end.

    >>> line("E40-02:1"), line("E40-02")
    ({'camera_id': 'E40-02', 'lane': 1}, {'camera_id': 'E40-02'})
    """
    camera_id, colon, lane = text.rpartition(":")
    if not colon or (lane and not WHOLE.fullmatch(lane)):
        return {"camera_id": text}
    return {"camera_id": camera_id, "lane": int(lane)} if lane else {"camera_id": camera_id}


def line_text(camera_id: str, lane: int | None) -> str:
    """A line as text that line() reads back."""
    if lane is not None:
        return f"{camera_id}:{lane}"
    last = camera_id.rpartition(":")[2]
    return f"{camera_id}:" if ":" in camera_id and (not last or WHOLE.fullmatch(last)) else camera_id


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


def distance_text(distance: Distance) -> str:
    """A distance as text that distance() reads back."""
    certificate = distance.certificate
    own = (
        (
            moment_text(certificate.valid_from_ms),
            moment_text(certificate.valid_until_ms),
            certificate.number,
        )
        if certificate
        else ()
    )
    return "; ".join((f"{distance.entry_camera_id}>{distance.exit_camera_id}={distance.metres!r}", *own))


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


def region_text(region: Region) -> str:
    """A part of a picture as text that region() reads back."""
    return "; ".join(f"{corner.x!r} {corner.y!r}" for corner in region.corners)


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
