"""Delta files: the column `change` says for each line whether its item is added, changed or removed."""

from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from pipeline.tables.cells import shown
from pipeline.tables.columns import Column, Table
from pipeline.tables.taking import WrongItem
from schemas.base import Identifier, Message

T = TypeVar("T", bound=Message)
CHANGE = "change"
CHANGES = ("add", "change", "remove")


def with_change(table: Table[T]) -> Table[T]:
    """The table with the column `change`. Of the other columns only the key is required, because a removal has nothing else."""
    columns = tuple(replace(one, required=one.name == table.key_field) for one in table.columns)
    return replace(table, columns=(*columns, Column(CHANGE, (CHANGE,), _parsed, str, True)))


def change_of(values: dict[str, Any], table: Table[Any]) -> str:
    """Take the column `change` out of an item's values, and return it: add, change or remove.

    Raises WrongItem when it is missing or another word, or when an item to remove has no valid key.
    """
    try:
        change = _parsed(str(values.pop(CHANGE, "")))
    except ValueError as error:
        raise WrongItem((CHANGE,), str(error)) from error
    if change == "remove":
        try:
            msgspec.convert(values.get(table.key_field), Identifier)
        except msgspec.ValidationError as error:
            key = values.get(table.key_field)
            reason = "is missing" if key is None else f"{shown(key)} names no item to remove"
            raise WrongItem((table.key_field,), reason) from error
    return change


def _parsed(text: str) -> str:
    word = text.strip().lower()
    if word not in CHANGES:
        raise ValueError(
            f"{shown(text)} is none of {', '.join(CHANGES)}" if word else "is missing: add, change or remove"
        )
    return word
