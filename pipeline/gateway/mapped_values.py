"""The values of a mapping's fields in a message of an unknown sender: where each stands, in which unit, what its words mean."""

from datetime import datetime

from pipeline.gateway import countries
from pipeline.gateway.drafts import place
from pipeline.gateway.mapping_terms import Paths, Place, ScaledField, TimeField, WordField
from pipeline.gateway.node import Node
from pipeline.gateway.request import Circumstances
from pipeline.gateway.times import Moment, Wall, moment_of_wall
from pipeline.gateway.words import lane_of, share_of, speed_in, speed_of
from schemas.base import Position

_TO_KMH = {"km/h": 1.0, "mph": 1.609344, "m/s": 3.6, "knots": 1.852}


def value_at(node: Node, paths: Paths | None) -> Node:
    """The value at the first of these paths that is not empty; an empty node where there is none.

    >>> value_at(Node({"a": [{"b": 1}, {"b": 2}]}), ("x", "a.1.b")).text
    '2'
    """
    for path in (paths,) if isinstance(paths, str) else paths or ():
        here = node
        for step in path[1:].split("/") if path.startswith("/") else path.split("."):
            index = isinstance(here.value, list) and step.isdigit()
            here = next((one for at, one in enumerate(here) if at == int(step)), Node(None)) if index else here.at(step)
        if here:
            return here
    return Node(None)


def moment_in(text: str, field: TimeField, around: Circumstances) -> Moment | None:
    """The moment of a text in the field's format; None where it has another."""
    try:
        at = datetime.strptime(text, field.format)  # noqa: DTZ007 (a wall clock, unless the format has %z)
    except ValueError:
        return None
    offset = at.utcoffset()
    wall = Wall(
        at.replace(tzinfo=None), None if offset is None else int(offset.total_seconds() // 60), "%f" in field.format
    )
    return moment_of_wall(wall, "the mapped time", around, zone=field.zone)


def share_at(passage: Node, field: ScaledField | None) -> float | None:
    """The share, 0..1; None: there is none."""
    if field is None:
        return None
    node = value_at(passage, field.path)
    if node.word.endswith("%"):
        return share_of(Node(node.word.removesuffix("%")).number, 100)
    return share_of(node.number, field.of)


def speed_at(passage: Node, field: ScaledField | None) -> float | None:
    """The speed in km/h; None: there is none."""
    if field is None:
        return None
    node = value_at(passage, field.path)
    return speed_in(node.word) if node.number is None else speed_of(node.number, _TO_KMH[field.unit])


def lane_at(passage: Node, field: Paths | WordField | None) -> int | None:
    """The lane's number; None: there is none."""
    node = Node(word_at(passage, field)) if isinstance(field, WordField) else value_at(passage, field)
    return lane_of(node.integer)


def word_at(passage: Node, field: WordField | None) -> str:
    """The word, in Vigie's meaning where the mapping gives it; empty: there is none."""
    if field is None:
        return ""
    word = value_at(passage, field.path).word
    return field.words.get(word, word)


def country_at(passage: Node, field: WordField | None) -> str | None:
    """The country, ISO alpha-2; None: there is none."""
    if field is None:
        return None
    word = word_at(passage, field)
    return countries.of_oval_or_any(word) if field.oval else countries.of_any(word)


def position_at(passage: Node, field: Place | None) -> Position | None:
    """The position; None: there is none."""
    return place(value_at(passage, field.lat).number, value_at(passage, field.lon).number) if field else None
