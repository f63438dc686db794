"""The columns of each kind of reference data: derived from its message, so that a new field is a new column by itself.

What is nested in the message has columns of its own in a CSV file:

| kind | column | cell |
|---|---|---|
| cameras | lat, lon | degrees; both empty: the camera moves |
| cameras | regions | `0.1 0.4; 0.9 1\\|0 0.5; 0.3 0.5; 0.2 1`: corners, shares of width and height; two: a rectangle |
| sections | entries, exits | `E40-01\\|E40-02:1`: cameras, or one lane of one |
| sections | distances | `E40-01>E40-07=5230.5\\|E40-02>E40-07=5230.5`: metres |
| sections | distances of a certificate of their own | `E40-01>E40-07=5230.5; 2026-01-01; 2026-12-31; P 1.1-234` |
| sections | class_limits_kmh | `lorry=90\\|bus=90` |
| sections | certificate_number, certificate_valid_from, certificate_valid_until | text, moments |
| zones | polygon | `50.85 4.35\\|50.86 4.36\\|50.84 4.37`: corners, latitude first |

Lists of names are separated by | or spaces, lists of texts by |. Moments (valid_from_ms, also written valid_from) are
milliseconds since 1970 or ISO times with their zone; a time without one is what the country's clocks show, and a date alone that
day there, from its start, or to its end in a valid_until. The country is that of the section, elsewhere our own. Yes and no are
true and false, yes and no, 1 and 0.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, get_args

import msgspec
from msgspec import inspect

from pipeline.hotlist.entries import fault_of_entry, fault_of_exclusions_name, fault_of_name
from pipeline.hotlist.watches import entry_of
from pipeline.neighbours.checks import fault_of_policy, fault_of_zone
from pipeline.plates.countries import country_fault
from pipeline.sections.checks import fault_of_section
from pipeline.tables import cells, road_cells
from pipeline.tables.blank_texts import fault_of_texts
from pipeline.tables.plate_cells import case_cell, id_cell, wanted_plate
from pipeline.tables.spreadsheets import known_text
from schemas.base import EpochMs, Message
from schemas.reference import Camera, HotlistEntry, Policy, Section, WantedList, Zone
from schemas.requests import Exclusion, Watch

T = TypeVar("T", bound=Message)
Place = tuple[str, ...]
EACH = "*"  # in a place: every item of a list
_SEVERAL = (inspect.VarTupleType, inspect.DictType)
_LATEST_MS = next(meta.le for meta in get_args(EpochMs) if isinstance(meta, msgspec.Meta))


@dataclass(frozen=True, slots=True)
class Column:
    """One column. place: the way to its value in the message; parse and show: cell to value (ValueError) and value to cell.

    default: the value that goes without saying, so that writing it down changes nothing; UNSET where there is none. several:
    whether a cell may hold several values.
    """

    name: str
    place: Place
    parse: Callable[[str], object]
    show: Callable[[Any], str]
    required: bool
    aliases: tuple[str, ...] = ()
    default: object = msgspec.UNSET
    several: bool = False


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """One kind of reference data as a file holds it. amend: by place, what is done to a JSON value before it is checked.

    days_of_item: a date is a day in the time of the item's own country, not of ours. of_lists: of what is wanted or watched for, in
    people's files.
    """

    name: str
    message: type[T]
    key_field: str
    columns: tuple[Column, ...]
    amend: Mapping[Place, Callable[[str], object]]
    fault: Callable[
        [T, str], tuple[str, str] | None
    ]  # the field that keeps an item from being taken by a country, and why
    days_of_item: bool = False
    of_lists: bool = False

    def key(self, item: T) -> str:
        """The text that identifies this item in its collection."""
        key: str = getattr(item, self.key_field)
        return key


def _joined(parts: Sequence[object]) -> str:
    return "|".join(map(str, parts))


def _lower_name(text: str) -> str:
    return text.lower().replace(" ", "_").replace("-", "_")


def _is_moment(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.IntType) and kind.le == _LATEST_MS


def _is_country(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StrType) and kind.pattern == r"\A[A-Z]{2}\Z"


def _bare(kind: inspect.Type) -> inspect.Type:
    """The type without None."""
    if isinstance(kind, inspect.UnionType):
        return next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def _cell_of(name: str, kind: inspect.Type) -> tuple[Callable[[str], object], Callable[[Any], str]]:
    """The parser and the printer of a field of this type."""
    bare = _bare(kind)
    if isinstance(bare, inspect.VarTupleType):
        return _cell_of_several(bare.item_type)
    match bare:
        case inspect.IntType() as whole if _is_moment(whole):
            return partial(cells.moment_ms, until="until" in name), cells.moment_text
        case inspect.IntType():
            return cells.whole_number, str
        case inspect.FloatType():
            return cells.number, repr
        case inspect.BoolType():
            return cells.truth, lambda value: "true" if value else "false"
        case inspect.LiteralType():
            return _lower_name, str
        case inspect.StrType() as text if _is_country(text):
            return str.upper, str
    return str, str


def _cell_of_several(item: inspect.Type) -> tuple[Callable[[str], object], Callable[[Any], str]]:
    """The parser and the printer of a field that holds several items of this type."""
    match item:
        case inspect.LiteralType():
            return lambda cell: [_lower_name(part) for part in cells.words(cell)], _joined
        case _ if _is_country(item):
            return lambda cell: cells.words(cell.upper().replace("/", " ")), _joined
        case inspect.StrType(pattern=str()):
            return cells.words, _joined
        case inspect.StrType():
            return cells.phrases, _joined
    return str, str


def _listed(parse: Callable[[str], object]) -> Callable[[str], object]:
    return lambda cell: [parse(part) for part in cells.phrases(cell)]


def _lines_text(lines: Sequence[Any]) -> str:
    return _joined([road_cells.line_text(one.camera_id, one.lane) for one in lines])


_LINES = (lambda cell: [road_cells.line(part) for part in cells.words(cell)], _lines_text)


_IF_KNOWN = (known_text, str)
_ID = (id_cell, str)


_SPECIAL: Mapping[tuple[type[Message], str], tuple[Callable[[str], object], Callable[[Any], str]]] = {
    (Camera, "regions"): (
        _listed(road_cells.region),
        lambda regions: _joined([road_cells.region_text(one) for one in regions]),
    ),
    (Camera, "line"): (road_cells.picture_line, lambda ends: "; ".join(f"{end.x!r} {end.y!r}" for end in ends)),
    (HotlistEntry, "entry_id"): _ID,
    (HotlistEntry, "list_id"): _ID,
    (WantedList, "list_id"): _ID,
    (Exclusion, "exclusion_id"): _ID,
    (Exclusion, "entry_id"): _ID,
    (Exclusion, "list_id"): _ID,
    (Watch, "watch_id"): _ID,
    (HotlistEntry, "make"): _IF_KNOWN,
    (HotlistEntry, "colour"): _IF_KNOWN,
    (HotlistEntry, "case_reference"): (case_cell, str),
    (HotlistEntry, "plate"): (wanted_plate, str),
    (Exclusion, "plate"): (wanted_plate, str),
    (Watch, "plate"): (wanted_plate, str),
    (Section, "entries"): _LINES,
    (Section, "exits"): _LINES,
    (Section, "distances"): (
        _listed(road_cells.distance),
        lambda found: _joined([road_cells.distance_text(one) for one in found]),
    ),
    (Section, "class_limits_kmh"): (
        lambda cell: dict(road_cells.class_limit(part) for part in cells.phrases(cell.replace(" ", "|"))),
        lambda limits: _joined([f"{name}={limit}" for name, limit in limits.items()]),
    ),
    (Zone, "polygon"): (
        _listed(road_cells.corner),
        lambda corners: _joined([f"{one.lat!r} {one.lon!r}" for one in corners]),
    ),
}


def _columns_of(message: type[Message]) -> tuple[Column, ...]:
    columns: list[Column] = []
    for field in _fields(message):
        kind = _bare(field.type)
        if (message, field.name) in _SPECIAL:
            several = isinstance(kind, _SEVERAL)
            columns.append(
                Column(field.name, (field.name,), *_SPECIAL[message, field.name], field.required, several=several)
            )
        elif isinstance(kind, inspect.StructType):
            prefix = "" if field.name == "position" else f"{field.name}_"
            columns += [_plain(inner, (field.name, inner.name), prefix, field.required) for inner in kind.fields]
        else:
            columns.append(_plain(field, (field.name,), "", field.required))
    return tuple(columns)


def _plain(field: inspect.Field, place: Place, prefix: str, required: bool) -> Column:
    parse, show = _cell_of(field.name, field.type)
    name = f"{prefix}{field.name}"
    default = msgspec.UNSET if prefix or field.default is msgspec.NODEFAULT else field.default
    if not _is_moment(_bare(field.type)):
        several = isinstance(_bare(field.type), _SEVERAL)
        return Column(name, place, parse, show, field.required and required, default=default, several=several)
    short = name.removesuffix("_ms")
    names = (short, name) if prefix else (name, short)
    return Column(names[0], place, parse, show, field.required and required, aliases=names[1:], default=default)


def _fields(message: type[Message]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(message)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _no_fault(_: object, _home: str) -> None:
    """Never finds a fault: for reference data whose message type checks everything."""


def _fault_of_exclusion(exclusion: Exclusion, _home: str) -> tuple[str, str] | None:
    fault = country_fault(exclusion.country) if exclusion.country is not None else None
    return ("country", fault) if fault else fault_of_exclusions_name(exclusion)


def _table(
    name: str, message: type[T], key_field: str, fault: Callable[[T, str], tuple[str, str] | None] = _no_fault
) -> Table[T]:
    columns = _columns_of(message)
    amend: dict[Place, Callable[[str], object]] = {
        column.place: column.parse
        for column in columns
        if column.name == "plate" or column.aliases or column.parse in (known_text, case_cell)
    }
    amend |= {place: parse for place, parse in _moments_in(message) if EACH in place}
    of_lists = message in (HotlistEntry, Watch, Exclusion)
    blank = fault_of_texts(message, say_something=of_lists)
    return Table(
        name,
        message,
        key_field,
        columns,
        amend,
        lambda item, home: blank(item) or fault(item, home),
        days_of_item=message is Section,
        of_lists=of_lists,
    )


def _moments_in(message: type[Message]) -> Iterator[tuple[Place, Callable[[str], object]]]:
    """The places of all moments in a message, at any depth, with the parser of each."""
    for field in _fields(message):
        kind = _bare(field.type)
        place: Place = (field.name,)
        if isinstance(kind, inspect.VarTupleType):
            kind, place = kind.item_type, (field.name, EACH)
        if isinstance(kind, inspect.StructType) and issubclass(kind.cls, Message):
            yield from (((*place, *inner), parse) for inner, parse in _moments_in(kind.cls))
        elif _is_moment(kind) and EACH not in place:
            yield place, _cell_of(field.name, kind)[0]


TABLES: Mapping[str, Table[Any]] = {
    "cameras": _table("cameras", Camera, "camera_id"),
    "sections": _table("sections", Section, "section_id", fault_of_section),
    "zones": _table("zones", Zone, "zone_id", fault_of_zone),
    "hotlist": _table(
        "hotlist", HotlistEntry, "entry_id", lambda entry, _home: fault_of_name(entry) or fault_of_entry(entry)
    ),
    "lists": _table("lists", WantedList, "list_id"),
    "policies": _table("policies", Policy, "policy_id", fault_of_policy),
    "exclusions": _table("exclusions", Exclusion, "exclusion_id", _fault_of_exclusion),
    "watches": _table("watches", Watch, "watch_id", lambda watch, _home: fault_of_entry(entry_of(watch))),
}
"""By collection name."""
