"""The items of an XML file, as docs/lists.md describes it: one element an item, in it one element a column, named as in a CSV file.

    <list><entry change="add"><entry_id>S-1</entry_id><plate>1-ABC-234</plate><zones>Z1</zones><zones>Z2</zones></entry></list>

Elements of a column that holds several values are joined as in a cell, with |; of any other column an item has one. Read block by
block in bounded memory. A document type is refused: nothing that a file names is fetched or expanded. Namespaces are not looked at.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from pipeline.tables.cells import shown
from pipeline.tables.columns import Column, Table
from pipeline.tables.refusals import Refused, unknown_name

LONGEST_CELL = 1 << 16  # characters
MOST_CELLS = 10_000  # of one item
LONGEST_PART = 1 << 20  # bytes of a tag or a comment
_BLOCK = 1 << 16
_ROOT, _ITEM, _CELL = 1, 2, 3
Cells = dict[str, list[str]]


class _Broken(Exception):
    """The text is not valid from here on."""


class _Reader:
    """Makes items of expat's events: the line on which an item begins, and the texts of its attributes and elements by name."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self.done: list[tuple[int, Cells]] = []
        self._depth = 0
        self._line = 0
        self._cells: Cells = {}
        self._parts: list[str] = []
        self._unread = 0  # bytes since something ended

    @property
    def line(self) -> int:
        """The line that is being read, counted from 1."""
        return self._parser.CurrentLineNumber

    def feed(self, block: bytes) -> list[tuple[int, Cells]]:
        """The items that end in this block; an empty block ends the file. Raises _Broken or expat.ExpatError."""
        self.done = []
        self._unread += len(block)
        self._parser.Parse(block, not block)
        if self._unread > LONGEST_PART:  # it is parsed from its beginning again with each block
            raise _Broken("a tag or a comment is longer than a mebibyte")
        return self.done

    def _doctype(self, *_: object) -> None:
        raise _Broken("a document type (<!DOCTYPE) is not taken: delete that line")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._unread = 0
        self._depth += 1
        if self._depth == _ITEM:
            self._line, self._cells = self.line, {_local(one): [value] for one, value in attributes.items()}
        elif self._depth == _CELL and (lost := [one for one in attributes if " " not in one]):
            raise _Broken(
                f"<{_local(name)}> has the attribute {lost[0]}, which would be lost: give it an element of its own"
            )
        elif self._depth > _CELL:
            raise _Broken(
                f"<{_local(name)}> stands inside of a column's element, which holds text alone: below the outermost element"
                " each is an item, and in it each a column"
            )
        self._parts = []

    def _text(self, text: str) -> None:
        self._unread = 0
        if self._depth < _CELL and text.strip():
            raise _Broken(f"{shown(text.strip())} stands outside of a column's element")
        self._parts.append(text)
        if sum(map(len, self._parts)) > LONGEST_CELL:
            raise _Broken(f"a text is longer than {LONGEST_CELL:,} characters")

    def _end(self, name: str) -> None:
        self._unread = 0
        if self._depth == _CELL:
            self._cells.setdefault(_local(name), []).append("".join(self._parts).strip())
            if sum(map(len, self._cells.values())) > MOST_CELLS:
                raise _Broken(f"an item has more than {MOST_CELLS:,} elements")
        elif self._depth == _ITEM:
            self.done.append((self._line, self._cells))
        self._depth -= 1
        self._parts = []


def xml_items(stream: BinaryIO, file: str, table: Table[Any]) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    """Yields line number and values by field name of each item, or what is wrong with it. After a fatal refusal nothing more
    comes."""
    reader = _Reader()
    by_name = {name: column for column in table.columns for name in (column.name, *column.aliases)}
    while True:
        block = stream.read(_BLOCK)
        try:
            found = reader.feed(block)
        except _Broken as error:
            yield Refused(file, reader.line, str(error), fatal=True)
            return
        except expat.ExpatError as error:
            reason = f"is no XML from here on: {expat.ErrorString(error.code)}"
            yield Refused(file, error.lineno, reason, fatal=True)
            return
        for line, cells in found:
            yield _values(cells, by_name, file, line)
        if not block:
            return


def _values(cells: Cells, by_name: dict[str, Column], file: str, line: int) -> tuple[int, dict[str, Any]] | Refused:
    values: dict[str, Any] = {}
    said: dict[str, str] = {}  # by column, the name under which it came
    for name, texts in cells.items():
        column = by_name.get(name)
        if column is None:
            return Refused(file, line, unknown_name(name, sorted(by_name)), column=name)
        given = [text for text in texts if text]
        if not given:
            continue
        if (len(given) > 1 and not column.several) or column.name in said:
            also = said.get(column.name)
            twice = f"stands in this item beside {also}" if also else "stands twice in this item"
            return Refused(file, line, f"{twice}: which of the two is meant?", column=name)
        said[column.name], text = name, "|".join(given)
        try:
            value = column.parse(text)
        except ValueError as error:
            return Refused(file, line, str(error), column=name)
        if value == column.default:
            continue
        inner = values
        for step in column.place[:-1]:
            inner = inner.setdefault(step, {})
        inner[column.place[-1]] = value
    return line, values


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
