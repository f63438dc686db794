"""The lines of a text file as people's programs write it: any line ends, and every encoding that a spreadsheet saves.

| what the file begins with or holds | read as |
|---|---|
| a byte order mark | UTF-8, or UTF-16 in either byte order ("Unicode text") |
| every other byte of its beginning is 0 | UTF-16 in either byte order |
| valid UTF-8 | UTF-8 |
| bytes above 127, none a character of UTF-8, all as French, Dutch and German have them | Windows-1252 ("CSV" on western Windows) |
| anything else (Windows-1250, ISO-8859-2, old DOS and Macintosh, too) | UTF-8, whose broken lines are refused one by one |

A file of the last row but one may as well be of another old encoding, in which the same bytes are other letters. So its texts are
taken as read, but a plate in it may hold ASCII only (`guessed`). Who knows the encoding says it (ENCODINGS); a byte order mark
counts for more, and what is UTF-8 but said to be something else is refused (`is_utf8`).

Lines end with CR LF, LF or CR; in a file whose first line ends with NEL, U+2028 or U+2029, with these, too.
"""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from io import SEEK_CUR
from typing import BinaryIO

LONGEST_LINE = 1 << 20  # bytes; a longer one is no line of a table
_BLOCK = 1 << 16
_LONGEST_END = 8  # bytes of a line's end, with what may stand before it
_HEAD = 64  # bytes that tell UTF-16 without a mark: less than the shortest header
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
ENCODINGS = (
    "utf-8", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1257", "iso-8859-1", "iso-8859-2", "iso-8859-15", "cp437",
    "cp850", "cp852", "mac-roman",
)  # fmt: skip
"""The encodings that whoever imports a file may say that it has, as Python names them."""
_ENDS = ("\r\n", "\r", "\n")
_RARE_ENDS = ("\x85", "\u2028", "\u2029")  # of mainframes, and of what was copied from the web
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NOT_IN_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_SIGN_IN_A_WORD = re.compile(
    rb"[A-Za-z][\x80\x82-\x84\x86-\x89\x8b\x93-\x95\x98\x99\x9b][A-Za-z]|[a-z][\x8a\x8c\x8e\x9f][a-z]"
)
_SIGNS = (
    rb"[\xa1\xa3\xa5\xa6\xaa\xac\xaf\xb1\xb3\xb6\xb9\xba\xbc-\xbf\x9f]"  # letters of Windows-1250, ISO-8859-2 or -15
)
_LETTER = rb"[A-Za-z\xc0-\xff]"
_NOT_WESTERN = re.compile(
    rb"[\xc3\xc5\xc6\xcc\xd0-\xd2\xd5\xd8\xde\xe3\xe5\xe6\xec\xf0-\xf2\xf5\xf8\xfe]"  # of neither French, Dutch nor German
    + rb"|%b%b|%b%b" % (_LETTER, _SIGNS, _SIGNS, _LETTER)
    + rb"|\x9c[a-hj-tv-z]"  # French has i or u after the ligature
    + rb"|[a-z]\xe8[^A-Za-z\x80-\xff]"  # no French word ends so, but many Croatian names
)
_SPEAKS_AGAINST = (_UTF8_CHARACTER, _NOT_IN_1252, _SIGN_IN_A_WORD, _NOT_WESTERN)
_FIRST_END = re.compile("[\r\n\x85\u2028\u2029]")
CURE = "save the file as CSV UTF-8, or say its --encoding"


class TextLines:
    """A file's lines, each ending in one line feed. stream: seekable. encoding: one of ENCODINGS; None: found out.

    A line that cannot be decoded is recorded in `bad` by its number. It is still returned, with replacement characters for
    the broken bytes, so that its columns stay in place.
    """

    def __init__(self, stream: BinaryIO, encoding: str | None = None) -> None:
        self._stream = stream
        self.encoding, self.guessed = _encoding_of(stream, encoding)
        self._ends = _ends_in(stream, self.encoding)
        self._end = _finder(self._ends, self.encoding)
        self.number = 0
        self.read = 0  # bytes
        self.bad: dict[int, str] = {}

    def __iter__(self) -> Iterator[str]:
        if self._ends == _ENDS and not self.encoding.startswith("utf-16"):
            yield from self._whole_blocks()
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
                self.bad[self.number] = f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not {name}; {CURE}"
                yield raw.decode(self.encoding, "replace") + "\n"

    def _whole_blocks(self) -> Iterator[str]:
        """The lines as long as nothing is wrong with them, a block decoded at once; then the stream is where they end."""
        waiting = b""
        while block := self._stream.read(_BLOCK):
            waiting += block
            self.read += len(block)
            end = 1 + max(waiting.rfind(b"\n"), waiting.rfind(b"\r", 0, -1))  # after a last \r a line feed may follow
            try:
                text = waiting[:end].decode(self.encoding)
            except UnicodeDecodeError:
                break
            if not text:
                break
            waiting = waiting[end:]
            for line in text.replace("\r\n", "\n").replace("\r", "\n")[:-1].split("\n"):
                self.number += 1
                yield line + "\n"
        self._stream.seek(-len(waiting), SEEK_CUR)

    def taint(self, first: int) -> str | None:
        """What is wrong with the first faulty line from `first` to the current one; None: nothing. The faults of all these
        lines are then forgotten."""
        if not self.bad:
            return None
        wrong = [self.bad.pop(line) for line in sorted(self.bad) if line >= first]
        return wrong[0] if wrong else None

    def _raw_lines(self) -> Iterator[tuple[bytes, bool]]:
        """Each line without its end, and whether it was too long; the text of such a line is empty."""
        waiting, dropping, ended, searched = b"", False, False, 0
        while not ended:
            block = self._stream.read(_BLOCK)
            ended = not block
            waiting += block
            self.read += len(block)
            at = 0
            while match := self._end(waiting, max(at, searched)):
                start, stop = match.span(match.lastindex or 0)
                if stop == len(waiting) and not ended:
                    break  # a carriage return may be followed by its line feed
                yield (b"", True) if dropping or start - at > LONGEST_LINE else (waiting[at:start], False)
                at, dropping = stop, False
            waiting = waiting[at:]
            searched = max(0, len(waiting) - _LONGEST_END) & ~1
            if len(waiting) > LONGEST_LINE + _BLOCK:
                waiting, dropping = b"", True
        if waiting or dropping:
            yield (b"", True) if dropping or len(waiting) > LONGEST_LINE else (waiting, False)


def _ends_in(stream: BinaryIO, encoding: str) -> tuple[str, ...]:
    """What ends a line of this file. Leaves the stream where it is."""
    at = stream.tell()
    beginning = stream.read(_BLOCK).decode(encoding, "ignore")
    stream.seek(at)
    first = _FIRST_END.search(beginning)
    rare = first and first[0] in _RARE_ENDS and encoding.startswith("utf-")
    return (*_ENDS, *_RARE_ENDS) if rare else _ENDS


def _finder(ends: Sequence[str], encoding: str) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """Finds the next end of a line from an index on; its span is that of the last group, if there is one."""
    found = b"|".join(re.escape(end.encode(encoding)) for end in ends)
    if not encoding.startswith("utf-16"):
        return re.compile(found).search
    return re.compile(rb"(?s:(?:..)*?)(" + found + rb")").match  # at an even distance: half a character ends no line


def _encoding_of(stream: BinaryIO, said: str | None) -> tuple[str, bool]:
    """The file's encoding, and whether it is a guess: that of its byte order mark, else the one that is said, else the one that
    reading the file finds. Afterwards the stream stands behind the mark, or at the beginning where there is none."""
    start = stream.read(3)
    for mark, name in _MARKS:
        if start.startswith(mark):
            stream.seek(len(mark))
            return name, False
    stream.seek(0)
    if said:
        return said, False
    wide = _wide_without_mark(stream.read(_HEAD))
    stream.seek(0)
    if wide:
        return wide, False
    guessed = _looks_like_1252(stream)
    stream.seek(0)
    return ("cp1252", True) if guessed else ("utf-8", False)


def is_utf8(stream: BinaryIO) -> bool:
    """Whether all the rest of the stream is UTF-8, and not ASCII alone. Leaves the stream where it is."""
    at, above = stream.tell(), False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(_BLOCK):
            above = above or not block.isascii()
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(at)
    return above


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 in its byte order, where a file begins as such without saying so: nearly every other byte of its header is 0. None: it
    does not."""
    pairs = len(head) // 2
    first, second = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if not first and second > 0.9 * pairs:
        return "utf-16-le"
    return "utf-16-be" if not second and first > 0.9 * pairs else None


def _looks_like_1252(stream: BinaryIO) -> bool:
    """Whether the file is Windows-1252: it has bytes above 127, all of them are defined there, none is part of a valid UTF-8
    character, none would be a sign within a word, as letters of DOS and Macintosh would, and none a letter that only other
    languages have, as letters of Windows-1250 and ISO-8859-2 would."""
    above, carried = False, b""
    while block := stream.read(_BLOCK):
        window = carried + block
        if not window.isascii():
            if b"\0" in window or any(one.search(window) for one in _SPEAKS_AGAINST):
                return False
            above = True
        carried = window[-3:]
    return above
