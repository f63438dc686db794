"""The one printer for terminals: text from others is shown as plain text, and can neither control the terminal nor set
styles.

A neighbour's signed text, a camera's name or a file's may hold escape sequences, characters that turn the direction of
writing, or what rich takes for markup. `Terminal` prints none of these; styles are given apart from the text, with `styled`.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # but tab and the end of a line
_UNSEEN = re.compile(f"[{_CONTROL}{_DIRECTION}\u2028\u2029\ufeff\ud800-\udfff]")

_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")

Part = str | tuple[str, str]
"""Text, or text and its style in rich's words."""


def visible(text: str) -> str:
    """The text without characters that control a terminal or cannot be seen: control characters, marks of writing direction,
    half characters.

    >>> visible("a\\x1b[31mred\\u202etxt.exe")
    'a[31mredtxt.exe'
    """
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", text)


def visible_json(data: bytes) -> bytes:
    """The same JSON, with the characters that `visible` leaves out written as escapes: no value changes.

    >>> visible_json('{"a": "x\\u202ey"}'.encode())
    b'{"a": "x\\\\u202ey"}'
    """
    if data.isascii() and b"\x7f" not in data:  # JSON itself allows no other control character
        return data
    text = data.decode()
    return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text[:-1]).encode() + text[-1:].encode()


def is_seen(character: str) -> bool:
    """Whether a character may be printed on a terminal.

    >>> is_seen("a"), is_seen("\\x9b")
    (True, False)
    """
    return unicodedata.category(character) not in ("Cc", "Cs") and not _UNSEEN.match(character)


def one_line(text: str) -> str:
    """The text with blanks for line ends and tabs: on a terminal it must not look like several lines, or another column.

    >>> one_line("refused\\n18:31 URGENT")
    'refused 18:31 URGENT'
    """
    return _BREAKS.sub(" ", text)


class Rows(Table):
    """A table for a terminal, whose cells are of one line each."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Add a row, as rich's table does."""
        super().add_row(*(in_line(cell) if isinstance(cell, str | Text) else cell for cell in cells), **options)


def in_line(text: Text | str) -> Text | str:
    """The text in one line, with its styles."""
    if isinstance(text, str):
        return one_line(text)
    copy = text.copy()
    copy.plain = one_line(text.plain)  # character for character, so that styles stay in place
    return copy


def styled(*parts: Part) -> Text:
    """A text made of several parts, each with its own style."""
    return Text.assemble(*parts)


class Terminal(Console):
    """rich's console without markup, emoji codes and automatic highlighting. All that it prints goes through `visible`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"soft_wrap": True} | options | {"markup": False, "emoji": False, "highlight": False}))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments to print, made visible. Every print, table and live screen of the console calls this."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
