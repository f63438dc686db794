"""Yields the items of a JSON file, each with the line that it starts on: of an array, of JSON lines, or of objects in a row."""

import codecs
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec

from pipeline.tables.refusals import Refused

LARGEST_ITEM = 1 << 20  # characters
_BLOCK = 1 << 16
_SPACE = " \t\r\n"
_FEW_FIELDS = 2  # fewer than any item has
_ROUND_AN_ITEM = b" \t\r\n\x0b\x0c\x1e"  # the last begins each item of a JSON text sequence (RFC 7464)


class _Broken(Exception):
    """The text stops being JSON here."""


class _Text:
    """Reads a file's text piece by piece and counts its lines."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.text = ""
        self.at = 0
        self.line = 1
        self.ended = False

    def more(self) -> bool:
        """Read the next piece. Returns False at the end of the file. Raises _Broken for what is not UTF-8."""
        raw = self._stream.read(_BLOCK)
        self.ended = not raw
        try:
            self.text = self.text[self.at :] + self._decoder.decode(raw, final=self.ended)
        except UnicodeDecodeError as error:
            raise _Broken(f"byte 0x{error.object[error.start]:02x} is not UTF-8") from error
        self.at = 0
        return not self.ended

    def skip_to(self, end: int) -> None:
        """Consume the text up to this index of the piece."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def next_character(self) -> str:
        """The next character that is no white space, without consuming it; "" at the end of the file."""
        while True:
            end = self.at
            while end < len(self.text) and self.text[end] in _SPACE:
                end += 1
            self.skip_to(end)
            if end < len(self.text):
                return self.text[end]
            if self.ended or not self.more():
                return self.text[self.at : self.at + 1]


def json_items(stream: BinaryIO, file: str, *, lines: bool) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    """Yields line number and values of each object, or what is wrong with it. After a fatal refusal nothing more comes.

    lines: every line is an object of its own (JSON lines), so that one bad line spoils no other.
    """
    return _lines(stream, file) if lines else _stream(stream, file)


def looks_like_lines(head: bytes) -> bool:
    """Whether the beginning of a file shows one object a line (JSON lines)."""
    first = head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0].rstrip()
    return first.startswith(b"{") and first.endswith(b"}")


def _lines(stream: BinaryIO, file: str) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    number = 0
    while raw := stream.readline(LARGEST_ITEM + 1):
        number += 1
        if len(raw) > LARGEST_ITEM:
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LARGEST_ITEM)
            yield Refused(file, number, "is longer than a mebibyte")
            continue
        item = (raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw).strip(_ROUND_AN_ITEM)
        if item:
            yield _item(item, file, number)


def _item(raw: bytes, file: str, line: int) -> tuple[int, dict[str, Any]] | Refused:
    try:
        value = msgspec.json.decode(raw)
    except UnicodeDecodeError as error:
        return Refused(file, line, f"byte {error.start + 1} is not UTF-8")
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        if raw.endswith(b","):
            return Refused(file, line, "ends with a comma: JSON lines have none between them; or write one list, [...]")
        if b"\r" in raw:
            return Refused(file, line, "is several lines whose ends are CR alone: write LF, or CR LF")
        return Refused(file, line, f"is no JSON: {' '.join(str(error).split())}")
    if isinstance(value, list):
        return Refused(file, line, "is no JSON object but a list: name the file .json, or write one object a line")
    if not isinstance(value, dict):
        return Refused(file, line, "is no JSON object")
    if len(value) <= _FEW_FIELDS and any(_is_of_items(one) for one in value.values()):
        return Refused(file, line, "holds the items in a field of its own: write their list alone, [...]")
    if raw.count(b":") != len(value) and (
        twice := _named_twice(raw)
    ):  # a colon each, unless something is nested or named twice
        return Refused(file, line, "stands twice in this object: which of the two is meant?", column=twice)
    return line, value


def _is_of_items(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _named_twice(raw: bytes) -> str | None:
    """A name that stands twice in one object of this JSON, at any depth; None when none does."""
    found: list[str] = []

    def looked_at(pairs: list[tuple[str, Any]]) -> None:
        seen = set[str]()
        for name, _ in pairs:
            if name in seen:
                found.append(name)
            seen.add(name)

    with suppress(RecursionError, ValueError):  # nested so deeply, or a number so long, that no item has it
        json.loads(raw, object_pairs_hook=looked_at)
    return found[0] if found else None


def _stream(stream: BinaryIO, file: str) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    text = _Text(stream)
    try:
        first = text.next_character()
        if not first:
            yield Refused(file, 1, "the file is empty", fatal=True)
            return
        in_array = first == "["
        if in_array:
            text.skip_to(text.at + 1)
        for line, raw in _values(text, in_array):
            yield _item(raw, file, line)
        if text.next_character():
            raise _Broken("something stands after the end of the list")
    except _Broken as error:
        yield Refused(file, text.line, f"is no JSON from here on: {error}", fatal=True)


def _values(text: _Text, in_array: bool) -> Iterator[tuple[int, bytes]]:
    wanted = ""
    while True:
        character = text.next_character()
        if in_array and not character:
            raise _Broken("the list is not closed")
        if not character or (in_array and character == "]" and wanted != "item"):
            text.skip_to(text.at + len(character))
            return
        if wanted == "comma" and in_array:
            if character != ",":
                raise _Broken("a comma is missing between two items")
            text.skip_to(text.at + 1)
            if text.next_character() == "]":
                raise _Broken("a comma stands before the end of the list: delete it")
            wanted = "item"
            continue
        line = text.line
        yield line, _value(text)
        wanted = "comma"


def _value(text: _Text) -> bytes:
    """Consume the next value and return its text. Raises _Broken."""
    decoder = json.JSONDecoder()
    while True:
        try:
            _, end = decoder.raw_decode(text.text, text.at)
        except RecursionError as error:
            raise _Broken("it is nested too deeply") from error
        except ValueError as error:
            if len(text.text) - text.at > LARGEST_ITEM:
                raise _Broken("an item is larger than a mebibyte, or not closed") from error
            if not text.ended:
                text.more()
                continue
            if isinstance(error, json.JSONDecodeError):
                text.skip_to(min(max(error.pos, text.at), len(text.text)))
                raise _Broken(error.msg.lower()) from error
            raise _Broken(str(error)) from error
        if end == len(text.text) and not text.ended and text.text[end - 1] not in "}]":
            text.more()
            continue
        raw = text.text[text.at : end].encode()
        text.skip_to(end)
        return raw
