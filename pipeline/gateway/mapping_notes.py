"""Says what of a mapping came to nothing in a message, for whoever writes it: paths that lead nowhere, words without a meaning."""

from collections.abc import Iterator, Sequence

from pipeline.gateway.items import CameraRead, Ignored, Item, Refuse
from pipeline.gateway.mapped_bodies import parts_in
from pipeline.gateway.mapped_values import value_at
from pipeline.gateway.mapping import MappedMaker
from pipeline.gateway.mapping_terms import Mapping, Paths, ScaledField, WordField
from pipeline.gateway.node import Node
from pipeline.gateway.request import Request
from pipeline.gateway.words import said

_FIELDS = ("confidence", "country", "lane", "direction", "speed", "vehicle_class", "colour", "make")
_IN_READ = {"speed": "speed_kmh"}


def notes_on(maker: MappedMaker, request: Request, items: Sequence[Item]) -> list[str]:
    """One line for each part of the mapping that this message does not fill, each once. request: its body is unpacked. items: what
    became of its passages, in order."""
    missing = [
        text for text in maker.mapping.recognise if text.encode() not in request.words and text not in request.target
    ]
    notes = [f"recognise: {text!r} is not in it: the gateway will not know it by this mapping" for text in missing]
    try:
        passages = maker.passages(request, parts_in(request))
    except Refuse:
        return notes
    if maker.mapping.each and not passages:
        notes.append(f"each: nothing at {_shown(maker.mapping.each)}")
    for passage, item in zip(passages, items, strict=False):
        notes += (
            _unfilled(maker.mapping, passage, item)
            if isinstance(item, CameraRead)
            else _unread(maker.mapping, passage, item)
        )
    return list(dict.fromkeys(notes))


def _unread(mapping: Mapping, passage: Node, item: Item) -> Iterator[str]:
    """Why it is no read, where that may be the mapping's fault."""
    if isinstance(item, Ignored) and item.reason == "other_event" and mapping.only is not None:
        kind = value_at(passage, mapping.only.path)
        yield (
            f"only: {kind.word[:60]!r} is none of its words"
            if kind
            else f"only: nothing at {_shown(mapping.only.path)}"
        )
    if isinstance(item, Ignored) and item.reason == "no_plate" and not value_at(passage, mapping.plate):
        yield f"plate: nothing at {_shown(mapping.plate)}"


def _unfilled(mapping: Mapping, passage: Node, read: CameraRead) -> Iterator[str]:
    if not read.clock_synced:
        yield f"time: {read.time_from.removeprefix('arrival: ')}"
    for name in _FIELDS:
        field: Paths | WordField | ScaledField | None = getattr(mapping, name)
        if field is not None and getattr(read, _IN_READ.get(name, name)) in (None, "unknown"):
            yield from _why(name, field, passage)
    for name, paths in mapping.camera.items():
        if name not in read.camera:
            yield f"camera.{name}: nothing at {_shown(paths)}"
    for kind, paths in mapping.pictures.items():
        if kind not in {picture.kind for picture in read.pictures}:
            yield f"pictures.{kind}: no JPEG or PNG at {_shown(paths)}"
    if mapping.position is not None and read.position is None:
        yield f"position: no degrees at {_shown(mapping.position.lat)} and {_shown(mapping.position.lon)}"
    if mapping.event_key is not None and read.event_key is None:
        yield f"event_key: nothing at {_shown(mapping.event_key)}"


def _why(name: str, field: Paths | WordField | ScaledField, passage: Node) -> Iterator[str]:
    paths = field.path if isinstance(field, WordField | ScaledField) else field
    value = value_at(passage, paths)
    if not value:
        yield f"{name}: nothing at {_shown(paths)}"
    elif said(value.word) is not None and Node(value.word.split()[0]).number != 0:  # 0 says "not measured"
        more = ": give its meaning in words" if isinstance(field, WordField) or name == "lane" else ""
        yield f"{name}: {value.word[:60]!r} is not understood{more}"


def _shown(paths: Paths) -> str:
    return paths if isinstance(paths, str) else " or ".join(paths)
