"""Tables of reads as people and programs export them: any separator, decimal commas, column names in four languages."""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from unicodedata import normalize

from pipeline.gateway import countries
from pipeline.gateway.documents import text_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Item, Refuse
from pipeline.gateway.node import Node, Value
from pipeline.gateway.request import Circumstances, DateOrder
from pipeline.gateway.times import moment_of_wall, wall_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of

_COLUMNS: Mapping[str, str] = {
    "plate": "kenteken nummerplaat plaat plaque immatriculation plaqueimmatriculation kennzeichen plate licenseplate licenceplate "
    "platenumber platetext registration lpr",
    "moment": "timestamp datetime tijdstip datumtijd datumentijd dateheure horodatage zeitpunkt datumzeit capturedat capturetime",
    "date": "datum date",
    "time": "uur tijd heure uhrzeit zeit time",
    "country": "land country pays landcode countrycode codepays nationaliteit staat",
    "confidence": "betrouwbaarheid zekerheid confidence score confiance fiabilite konfidenz zuverlassigkeit",
    "camera": "camera kamera cameraid cameraname device toestel appareil gerat",
    "lane": "rijstrook rijvak lane voie fahrspur fahrstreifen spur",
    "speed": "snelheid speed vitesse geschwindigkeit speedkmh",
    "direction": "richting direction sens richtung",
    "picture": "foto photo image picture bild afbeelding bestand fichier datei file filename",
    "make": "merk make marque marke brand",
    "colour": "kleur color colour couleur farbe",
    "class": "voertuigtype voertuigklasse vehicletype vehicleclass typevehicule fahrzeugtyp",
}
_COLUMN = {word: name for name, words in _COLUMNS.items() for word in words.split()}
MOST_ROWS = 20_000
"""The most rows of one table; a larger one is refused whole."""
_NO_PLATE = frozenset({
    "onbekend", "geen", "geen plaat", "onleesbaar", "inconnu", "inconnue", "aucune", "illisible", "unbekannt", "keine", "unlesbar",
})  # fmt: skip
"""Words by which people say that there was no plate, in lower case."""
_DAY_FIRST = frozenset(
    [
        "kenteken",
        "nummerplaat",
        "plaat",
        "plaque",
        "immatriculation",
        "kennzeichen",
        "datum",
        "uur",
        "tijd",
        "heure",
        "uhrzeit",
        "land",
        "pays",
    ]
)
"""Words of languages in which the day stands first."""


def _plain(name: str) -> str:
    return "".join(c for c in normalize("NFKD", name.casefold()) if c.isascii() and c.isalnum())


def _separator(first_line: str) -> str:
    return max(";,\t|", key=first_line.count)


def is_table(body: bytes) -> bool:
    """Whether the first line names a plate and a time."""
    first = text_of(body[:2000]).lstrip("\ufeff").splitlines()[:1]
    if not first or len(first[0]) > 1500:
        return False
    named = {_COLUMN.get(_plain(cell)) for cell in first[0].split(_separator(first[0]))}
    return "plate" in named and bool(named & {"moment", "date", "time"})


def items_of_table(body: bytes, around: Circumstances) -> list[Item]:
    """One item a row; a row that cannot be taken gives a refused one. If any value in the confidence column is above 1, all are
    taken as per cent. Raises Refuse for what is no table, and for one of too many rows."""
    text = text_of(body, "cp1252").lstrip("\ufeff")
    if not text:
        raise Refuse("unreadable", "no table: a byte order mark alone")
    first = text.splitlines()[0]
    try:
        rows = list(itertools.islice(csv.reader(io.StringIO(text), delimiter=_separator(first)), MOST_ROWS + 2))
    except csv.Error as error:
        raise Refuse("unreadable", f"no table: {error}") from error
    if len(rows) > MOST_ROWS + 1:
        raise Refuse("too_large", f"more than {MOST_ROWS} rows: cut the table")
    names = [_COLUMN.get(_plain(cell), "") for cell in rows[0]]
    cells = [Node(dict[str, Value](zip(names, row, strict=False))) for row in rows[1:] if any(row)]
    of = 100.0 if any((one.at("confidence").number or 0) > 1 for one in cells) else 1.0
    order: DateOrder | None = "day_first" if _DAY_FIRST & {_plain(cell) for cell in rows[0]} else None
    return list(_items(cells, of, around.camera_settings.date_order or order, around))


def _items(rows: list[Node], of: float, order: DateOrder | None, around: Circumstances) -> Iterator[Item]:
    for row in rows:
        try:
            yield _item(row, of, order, around)
        except Refuse as refused:
            yield refused.item


def _item(row: Node, of: float, order: DateOrder | None, around: Circumstances) -> Item:
    time = row.at("moment").word or f"{row.at('date').word} {row.at('time').word}"
    wall = wall_of(re.sub(r"(?<=\d),(?=\d{1,6}$)", ".", time), order)
    picture = row.at("picture").word
    draft = Draft(
        plate=row.at("plate").text,
        moment=moment_of_wall(wall, "date and time of the row", around) if wall is not None else None,
        camera={"name": row.at("camera").word} if row.at("camera").word else {"folder": around.folder or ""},
        confidence=share_of(row.at("confidence").number, of),
        country=countries.of_oval_or_any(row.at("country").text),
        lane=lane_of(row.at("lane").integer),
        direction=row.at("direction").word,
        speed_kmh=speed_of(row.at("speed").number),
        vehicle_class=class_of(row.at("class").text),
        colour=colour_of(row.at("colour").text),
        make=make_of(row.at("make").text),
        picture_files=(picture[:300],) if picture else (),
    )
    return finished(draft, around, _NO_PLATE)
