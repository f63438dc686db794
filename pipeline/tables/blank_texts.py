"""Finds texts of an item that nobody wrote: in which nothing can be seen (white space alone, or characters without ink), and what
a spreadsheet made of one.

Such a text says nothing, yet it is not empty: as a legal basis it would pass for one, as a case reference it would join
the cases of everybody who wrote it.
"""

import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec import inspect

from pipeline.tables.cells import shown
from pipeline.tables.spreadsheets import says_nothing, spoiled_text
from schemas.base import Message

_LINES = "\t\r\n"
_NO_INK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Hangul fillers and the empty Braille pattern: letters and a symbol by their class, which show nothing."""


def can_be_seen(text: str) -> bool:
    """Whether any letter, figure, punctuation mark or symbol stands in the text.

    >>> can_be_seen("art. 13"), can_be_seen(" "), can_be_seen("\\u200b"), can_be_seen("")
    (True, False, False, False)
    """
    if text.isascii() and text.isprintable() and not text.isspace():
        return bool(text)
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _NO_INK for one in text)


@lru_cache(maxsize=4_096)  # most texts of a hotlist stand in many of its entries
def _fault_of(text: str, say_something: bool) -> str | None:
    """Why the text is refused; None when it is taken."""
    if not can_be_seen(text):
        return "holds nothing that can be seen: write it out, or leave it out"
    if not text.isprintable() and any(unicodedata.category(one) == "Cc" and one not in _LINES for one in text):
        return f"{shown(text)} holds a control character: delete it"
    spoiled = spoiled_text(text) or (says_nothing(text) if say_something else None)
    return f"{shown(text)} {spoiled}" if spoiled else None


def fault_of_texts(
    message: type[Message], *, say_something: bool = False
) -> Callable[[Message], tuple[str, str] | None]:
    """A function that finds the first field of an item of this type with a text that nobody wrote, and says why it is refused; None
    when there is none. An empty text is left to the type: it is as good as none. say_something: a dash, or a word for "not known",
    is refused, too: as a make it would contradict what cameras see, as a case it would join all that say so."""
    info = inspect.type_info(message)
    assert isinstance(info, inspect.StructType)
    names = tuple(field.name for field in info.fields if _holds_text(field.type))

    def fault(item: Message) -> tuple[str, str] | None:
        for name in names:
            value = getattr(item, name)
            if not value:
                continue
            if type(value) is str:
                why = _fault_of(value, say_something)
            else:
                why = next((found for text in _texts(value) if (found := _fault_of(text, say_something))), None)
            if why:
                return name, why
        return None

    return fault


def _holds_text(kind: inspect.Type) -> bool:
    """Whether a value of this type is, or may contain, a text that no pattern restricts."""
    match kind:
        case inspect.UnionType():
            return any(map(_holds_text, kind.types))
        case inspect.StructType():
            return any(_holds_text(field.type) for field in kind.fields)
        case inspect.VarTupleType():
            return _holds_text(kind.item_type)
        case inspect.StrType():
            return kind.pattern is None
    return False


def _texts(value: object) -> Iterator[str]:
    """The texts in the value, at any depth, but for empty ones."""
    match value:
        case str():
            yield from (value,) if value else ()
        case tuple():
            for one in value:
                yield from _texts(one)
        case Message():
            for name in value.__struct_fields__:
                yield from _texts(getattr(value, name))
