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


def unbounded(kind: Any, at: str, seen: set[type]) -> Iterator[str]:
    """The places below this type where as much may stand as anybody likes to send."""
    match kind:
        case inspect.StructType():
            if kind.cls not in seen:
                seen.add(kind.cls)
                for field in kind.fields:
                    yield from unbounded(field.type, f"{kind.cls.__name__}.{field.name}", seen)
        case inspect.UnionType():
            for one in kind.types:
                yield from unbounded(one, at, seen)
        case inspect.StrType():
            if kind.max_length is None and (kind.pattern is None or ENDLESS.search(kind.pattern)):
                yield at
        case inspect.BytesType():
            if kind.max_length is None:
                yield at
        case inspect.IntType():
            if (kind.ge is None and kind.gt is None) or (kind.le is None and kind.lt is None):
                yield at
        case inspect.VarTupleType() | inspect.ListType() | inspect.SetType() | inspect.FrozenSetType():
            if kind.max_length is None:
                yield at
            yield from unbounded(kind.item_type, f"{at}[]", seen)
        case inspect.TupleType():
            for one in kind.item_types:
                yield from unbounded(one, f"{at}[]", seen)
        case inspect.DictType():
            if kind.max_length is None:
                yield at
            yield from unbounded(kind.key_type, f"{at} key", seen)
            yield from unbounded(kind.value_type, f"{at} value", seen)
        case inspect.Metadata():
            yield from unbounded(kind.type, at, seen)
        case inspect.FloatType() | inspect.BoolType() | inspect.NoneType() | inspect.LiteralType() | inspect.EnumType():
            pass  # of a size of their own
        case _:
            yield f"{at}: {type(kind).__name__}, of which this test knows no bound"


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
