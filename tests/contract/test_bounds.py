"""Nothing that flows is without a bound: every string, list and number of every message says how large it may be."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from schemas.export import MESSAGES

ENDLESS = re.compile(r"[*+]|,\}")
"""A regular expression with one of these may match any length."""


SIZED = (inspect.FloatType, inspect.BoolType, inspect.NoneType, inspect.LiteralType, inspect.EnumType)
"""Of a size of their own."""
LISTS = (inspect.VarTupleType, inspect.ListType, inspect.SetType, inspect.FrozenSetType)


def unbounded(kind: Any, at: str, seen: set[type]) -> Iterator[str]:
    """The places below this type where as much may stand as anybody likes to send."""
    if not has_bound(kind):
        yield at
    for inner, place in inside(kind, at, seen):
        yield from unbounded(inner, place, seen)


def has_bound(kind: Any) -> bool:
    """Whether the type itself, without what is in it, says how large it may be."""
    match kind:
        case inspect.StrType():
            return kind.max_length is not None or (kind.pattern is not None and not ENDLESS.search(kind.pattern))
        case inspect.IntType():
            return (kind.ge is not None or kind.gt is not None) and (kind.le is not None or kind.lt is not None)
        case inspect.StructType() | inspect.UnionType() | inspect.TupleType() | inspect.Metadata():
            return True
    return isinstance(kind, SIZED) or getattr(kind, "max_length", None) is not None


def inside(kind: Any, at: str, seen: set[type]) -> Iterator[tuple[Any, str]]:
    """The types that a type is made of, each with its place."""
    if isinstance(kind, inspect.StructType) and kind.cls not in seen:
        seen.add(kind.cls)
        yield from ((field.type, f"{kind.cls.__name__}.{field.name}") for field in kind.fields)
    elif isinstance(kind, inspect.UnionType):
        yield from ((one, at) for one in kind.types)
    elif isinstance(kind, inspect.TupleType):
        yield from ((one, f"{at}[]") for one in kind.item_types)
    elif isinstance(kind, LISTS):
        yield kind.item_type, f"{at}[]"
    elif isinstance(kind, inspect.DictType):
        yield from ((kind.key_type, f"{at} key"), (kind.value_type, f"{at} value"))
    elif isinstance(kind, inspect.Metadata):
        yield kind.type, at


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_field_says_how_large_it_may_be(name: str) -> None:
    """A bare `str`, an endless list or a number of any length is a place where a sender decides what a reader pays."""
    assert [] == list(unbounded(inspect.type_info(MESSAGES[name]), name, set()))


class Bare(msgspec.Struct):
    """Each field as it must not be."""

    text: str
    texts: tuple[str, ...]
    numbers: dict[str, int]
    either: str | None
    raw: msgspec.Raw


def test_a_bare_string_a_list_a_mapping_and_a_number_are_found() -> None:
    """The test above can fail: wherever the bound is missing, its place is named."""
    found = {place.partition(":")[0] for place in unbounded(inspect.type_info(Bare), "Bare", set())}
    assert {
        "Bare.text", "Bare.texts", "Bare.texts[]", "Bare.numbers", "Bare.numbers key", "Bare.numbers value", "Bare.either",
        "Bare.raw",
    } == found  # fmt: skip
