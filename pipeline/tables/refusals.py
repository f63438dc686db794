"""Says what is wrong with a file of reference data: where, and in plain words why."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from pipeline.tables.cells import shown
from pipeline.tables.columns import Place, Table
from schemas.reference import PLATE_PATTERN

_PATTERNS = {
    r"\A[A-Za-z0-9][A-Za-z0-9._:-]*\Z": "is no name: letters, digits and . _ : - (a letter or digit first), at most 64",
    PLATE_PATTERN: "is no plate: A-Z and 0-9; in a pattern ? for one character, * for any, twice at most (else give each piece an"
    " entry of its own), and at least two of the plate's own",
    r"\A[A-Z]{2}\Z": "is no country: two capital letters, such as BE",
}
_PATH = re.compile(r" - at (?:`key` in )?`\$([^`]*)`$")
_STEP = re.compile(r"([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PATTERN = re.compile(r"Expected `str` matching regex (.+)$", re.DOTALL)
_LENGTH = re.compile(r"Expected `(str|array)` of length (<=|>=) (\d+)")
_BOUND = re.compile(r"Expected `(?:int|float)` (<=|>=|<|>) (.+)$")
_KIND = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_COMPARED = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}
_KINDS = {
    "str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
    "object": "an object", "null": "null", "str | null": "a text", "int | null": "a whole number",
    "float | null": "a number", "object | null": "an object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that is wrong with a file. line: from 1; column: its name, or the path in JSON; number: the CSV column's,
    from 1."""

    file: str
    line: int
    reason: str
    column: str | None = None
    number: int | None = None
    fatal: bool = False  # nothing of the file can be taken, not even the other lines

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        if self.number is not None:
            return f"{place}: column {self.number} ({self.column}): {self.reason}"
        return f"{place}: {self.column}: {self.reason}" if self.column else f"{place}: {self.reason}"


def explained(error: msgspec.ValidationError, values: object, table: Table[Any]) -> tuple[tuple[str | int, ...], str]:
    """The place of a validation error in the values (names and indexes; empty: all of them), and the reason in plain words."""
    text = str(error)
    match = _PATH.search(text)
    path: tuple[str | int, ...] = ()
    if match:
        text = text[: match.start()]
        path = tuple(name or (int(index) if index != "..." else 0) for name, index in _STEP.findall(match.group(1)))
    missing = _MISSING.fullmatch(text)
    if missing:
        return (*path, missing.group(1)), "is missing"
    found: Any = values
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            found = None
            break
    return path, _in_words(text, found, path, table)


def _in_words(text: str, found: object, path: tuple[str | int, ...], table: Table[Any]) -> str:
    if text.startswith("Invalid enum value"):
        value = found if isinstance(found, str | int | float) else text.removeprefix("Invalid enum value ").strip("'")
        return f"{shown(value)} is none of {', '.join(_allowed(table, path))}"
    if match := _PATTERN.match(text):
        pattern = match.group(1).strip("'").replace("\\\\", "\\")
        return "is empty" if found == "" else f"{shown(found)} {_PATTERNS.get(pattern, 'is not of the right form')}"
    if match := _LENGTH.match(text):
        kind, compared, bound = match.groups()
        if compared == ">=":
            return "is empty" if bound == "1" else f"has fewer than {bound}"
        return f"{shown(found)} is longer than {bound} characters" if kind == "str" else f"has more than {bound}"
    if match := _BOUND.match(text):
        return f"{shown(found)} must be {_COMPARED[match.group(1)]} {match.group(2).removesuffix('.0')}"
    if match := _KIND.match(text):
        wanted, got = (_KINDS.get(kind, kind) for kind in match.groups())
        return f"must be {wanted}, not {got}"
    return text[:1].lower() + text[1:]


def _allowed(table: Table[Any], path: Iterable[str | int]) -> list[str]:
    """The values that a Literal at this path may have."""
    kind: inspect.Type = inspect.type_info(table.message)
    for step in path:
        kind = _inside(kind, step)
    kind = kind.key_type if isinstance(kind, inspect.DictType) else kind
    return [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else ["what is allowed"]


def _inside(kind: inspect.Type, step: str | int) -> inspect.Type:
    if isinstance(kind, inspect.UnionType):
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    if isinstance(kind, inspect.StructType):
        kind = next((field.type for field in kind.fields if field.name == step), kind)
    elif isinstance(kind, inspect.VarTupleType):
        kind = kind.item_type
    if isinstance(kind, inspect.UnionType):
        return next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Why a column or field cannot be taken, naming the nearest one that can."""
    names = list(known)
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
    return f"{shown(name)} is unknown; {hint}"


def unknown_field(values: Mapping[str, Any], message: type, place: Place = ()) -> tuple[Place, str] | None:
    """The place of the first field, at any depth, that the message does not have, and a sentence about it; None when there
    is none."""
    fields = _nested(message)
    for name, value in values.items():
        if name not in fields:
            return (*place, name), unknown_name(name, fields)
        inner = fields[name]
        if inner is None:
            continue
        for part in value if isinstance(value, list) else [value]:
            found = unknown_field(part, inner, (*place, name)) if isinstance(part, dict) else None
            if found:
                return found
    return None


@cache
def _nested(message: type) -> Mapping[str, type | None]:
    """The fields of a message, each with the message that it holds, if any."""
    info = inspect.type_info(message)
    assert isinstance(info, inspect.StructType)
    nested: dict[str, type | None] = {}
    for field in info.fields:
        kind = _inside(info, field.name)
        kind = kind.item_type if isinstance(kind, inspect.VarTupleType) else kind
        nested[field.name] = kind.cls if isinstance(kind, inspect.StructType) else None
    return nested
