"""The lines of a text file as people's programs write it: any line ends, and every encoding that a spreadsheet saves.

| what the file begins with or holds | read as |
|---|---|
| a byte order mark | UTF-8, or UTF-16 in either byte order ("Unicode text") |
| valid UTF-8 | UTF-8 |
| bytes above 127 among which no character of UTF-8 is found | Windows-1252 ("CSV" on western Windows) |
| anything else | UTF-8, whose broken lines are refused one by one |

A file of the last row but one may as well be of another old encoding, in which the same bytes are other letters. So its texts are
taken as read, but a plate in it may hold ASCII only (`guessed`).
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 1 << 20  # bytes; a longer one is no line of a table
_BLOCK = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_END = re.compile(rb"\r\n|\r|\n")
_WIDE_END = {
    "utf-16-le": re.compile(rb"(?s:(?:..)*?)(\r\0\n\0|\r\0|\n\0)"),
    "utf-16-be": re.compile(rb"(?s:(?:..)*?)(\0\r\0\n|\0\r|\0\n)"),
}
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NOT_IN_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


class TextLines:
    """A file's lines, each ending in one line feed. stream: seekable.

    A line that cannot be decoded is recorded in `bad` by its number. It is still returned, with replacement characters for
    the broken bytes, so that its columns stay in place.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.encoding, self.guessed = _encoding_of(stream)
        self.number = 0
        self.bad: dict[int, str] = {}

    def __iter__(self) -> Iterator[str]:
        for raw, too_long in self._raw_lines():
            self.number += 1
            if too_long:
                self.bad[self.number] = "is longer than a mebibyte"
                yield "\n"
                continue
            try:
                yield raw.decode(self.encoding) + "\n"
            except UnicodeDecodeError as error:
                name = "UTF-8" if self.encoding == "utf-8" else self.encoding.upper()
                self.bad[self.number] = f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not {name}"
                yield raw.decode(self.encoding, "replace") + "\n"

    def taint(self, first: int) -> str | None:
        """What was wrong with the lines from `first` to the current one, or None. Each fault is returned once."""
        if not self.bad:
            return None
        wrong = [self.bad.pop(line) for line in sorted(self.bad) if line >= first]
        return wrong[0] if wrong else None

    def _raw_lines(self) -> Iterator[tuple[bytes, bool]]:
        """Each line without its end, and whether it was too long; the text of such a line is empty."""
        end_in = _WIDE_END.get(self.encoding, _END)
        waiting, dropping, ended = b"", False, False
        while not ended:
            block = self._stream.read(_BLOCK)
            ended = not block
            waiting += block
            at = 0
            while match := end_in.match(waiting, at) if end_in is not _END else end_in.search(waiting, at):
                start, stop = match.span(match.lastindex or 0)
                if stop == len(waiting) and not ended:
                    break  # a carriage return may be followed by its line feed
                yield (b"", True) if dropping or start - at > LONGEST_LINE else (waiting[at:start], False)
                at, dropping = stop, False
            waiting = waiting[at:]
            if len(waiting) > LONGEST_LINE + _BLOCK:
                waiting, dropping = b"", True
        if waiting or dropping:
            yield (b"", True) if dropping or len(waiting) > LONGEST_LINE else (waiting, False)


def _encoding_of(stream: BinaryIO) -> tuple[str, bool]:
    """The file's encoding, and whether it is a guess. Reads the file once; the stream is then after the byte order mark."""
    start = stream.read(3)
    for mark, name in _MARKS:
        if start.startswith(mark):
            stream.seek(len(mark))
            return name, False
    stream.seek(0)
    guessed = _looks_like_1252(stream)
    stream.seek(0)
    return ("cp1252", True) if guessed else ("utf-8", False)


def _looks_like_1252(stream: BinaryIO) -> bool:
    """Whether the file is Windows-1252: it has bytes above 127, all of them are defined there, and none is part of a valid
    UTF-8 character."""
    above, carried = False, b""
    while block := stream.read(_BLOCK):
        window = carried + block
        if not window.isascii():
            if b"\0" in window or _UTF8_CHARACTER.search(window) or _NOT_IN_1252.search(window):
                return False
            above = True
        carried = window[-3:]
    return above
