"""A value of JSON or XML whose methods never raise: what is missing is empty."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Self

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
"""What JSON holds. XML is the same: attributes are named @name, an element's own text beside attributes or children #text."""

_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:[.,]\d{0,20})?|[.,]\d{1,20})(?:[eE][+-]?\d{1,2})?")
MAX_LIST = 1000
LONGEST_WORD = 4096


def spelled(value: Value, names: Mapping[str, str]) -> Value:
    """The value with the names of its objects as `names` spells them, by their lower case; other names stay. What an object
    also has under the name so spelled counts first.

    >>> spelled({"plate": "1", "PLATE": "2", "at": [{"id": 3}]}, {"plate": "Plate", "id": "Id"})
    {'Plate': '1', 'at': [{'Id': 3}]}
    """
    if isinstance(value, list):
        return [spelled(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Value] = {}
    for name, one in value.items():
        known = names.get(name.lower(), name)
        if known == name or (known not in value and known not in found):
            found[known] = spelled(one, names)
    return found


class Node:
    """One value, with access to the values inside it."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def at(self, *names: str) -> "Node":
        """The value under these names, one inside the other; empty where there is none. Of a list, the first object
        among its first MAX_LIST is used."""
        here = self.value
        for name in names:
            if isinstance(here, list):
                here = next((one for one in here[:MAX_LIST] if isinstance(one, dict)), None)
            here = here.get(name) if isinstance(here, dict) else None
        return Node(here)

    def first(self, *names: str) -> "Node":
        """The value of the first of these names that is not empty; an empty node where all are."""
        return next((found for name in names if (found := self.at(name))), Node(None))

    def __bool__(self) -> bool:
        """Whether the value is present and not an empty text, list or object."""
        return self.value is not None and self.value not in ("", [], {})

    def __iter__(self) -> Iterator[Self]:
        """The nodes of a list, at most MAX_LIST and one more, which tells that there are too many; a single value counts as a
        list of one."""
        if self.value is None:
            return
        for one in self.value[: MAX_LIST + 1] if isinstance(self.value, list) else [self.value]:
            yield type(self)(one)

    @property
    def names(self) -> list[str]:
        """The names in an object."""
        return list(self.value) if isinstance(self.value, dict) else []

    @property
    def text(self) -> str:
        """The text; a number or truth value as text; of an object its #text. Empty for any other value."""
        here = self.value
        if isinstance(here, dict):
            here = here.get("#text")
        if isinstance(here, bool):
            return "true" if here else "false"
        return here if isinstance(here, str) else str(here) if isinstance(here, int | float) else ""

    @property
    def word(self) -> str:
        """The text without blanks at its ends, of a long one what its first LONGEST_WORD characters hold."""
        return self.text[:LONGEST_WORD].strip()

    @property
    def number(self) -> float | None:
        """The number, if it is finite; it may be sent as text, with a point or a comma. None: there is none."""
        here = self.value
        if isinstance(here, int | float) and not isinstance(here, bool):
            try:
                found = float(here)
            except OverflowError:
                return None
            return found if math.isfinite(found) else None
        return float(word.replace(",", ".")) if _NUMBER.fullmatch(word := self.word) else None

    @property
    def integer(self) -> int | None:
        """The number, if it is whole; else None."""
        here = self.value
        if isinstance(here, int) and not isinstance(here, bool):
            return here
        word = self.word
        if re.fullmatch(r"[+-]?\d{1,19}", word):
            return int(word)
        found = self.number
        return int(found) if found is not None and found.is_integer() else None

    @property
    def truth(self) -> bool | None:
        """True or False, which may be sent as text or number; None for any other value."""
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(self.word.lower())
