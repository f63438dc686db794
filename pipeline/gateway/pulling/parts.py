"""Cuts an endless multipart answer into its parts as it comes, and puts each event together with the pictures that follow it.

A part ends where its Content-Length says, else at the next delimiter; see pipeline.gateway.multipart, which splits what is whole.
"""

import re
from collections.abc import Iterator

from pipeline.gateway.multipart import MAX_HEAD, Part, boundary_in
from pipeline.gateway.request import MAX_BODY, headers_of

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_OWN = b"vigie-part"
MOST_PICTURES = 8
MOST_TOGETHER = MAX_BODY - 64 * 1024
"""The most bytes of an event's parts: with their heads they are one message."""


class PartCutter:
    """Cuts one answer. content_type: of its head. Feed it, then ask for the next part until there is none."""

    def __init__(self, content_type: str) -> None:
        self._type = content_type
        self._held = bytearray()
        self._delimiter: re.Pattern[bytes] | None = None
        self._longest = 0  # bytes of a delimiter with its line ends
        self._looked = 0  # before it begins no whole delimiter, or it begins there

    def feed(self, chunk: bytes) -> None:
        """Take in what came."""
        self._held += chunk

    @property
    def is_too_large(self) -> bool:
        """Whether more is held than a part may have."""
        return len(self._held) > MAX_BODY

    def next(self) -> Part | None:
        """The next part; None: none has ended yet."""
        delimiter = self._delimiter or self._found_delimiter()
        while delimiter is not None:
            line = delimiter.match(self._held) or self._after(0, delimiter)
            if line is None:
                return None
            begin = line.end() - line.start()
            self._drop(line.start())
            if delimiter.match(self._held, begin):  # a delimiter twice in a row
                self._drop(begin)
                continue
            size = len(self._held)
            part = self._part(begin, delimiter)
            if part is not None or len(self._held) == size:
                return part
        return None

    def _drop(self, end: int) -> None:
        del self._held[:end]
        self._looked = max(self._looked - end, 0)

    def _after(self, place: int, delimiter: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """The next whole delimiter from this place on; None: none has come. What was looked through is not looked through
        again, except for an end in which one may have begun."""
        found = delimiter.search(self._held, max(place, self._looked - self._longest))
        self._looked = found.start() if found is not None else len(self._held)
        return found

    def _found_delimiter(self) -> re.Pattern[bytes] | None:
        start = bytes(self._held[: MAX_HEAD * 2])
        boundary = boundary_in(self._type, start)
        if boundary and b"--" + boundary in start:
            self._delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(?:--)?[ \t]{0,80}\r?\n")
            self._longest = len(boundary) + 88
        return self._delimiter

    def _part(self, begin: int, delimiter: re.Pattern[bytes]) -> Part | None:
        """The part whose head begins there; None: it has not come whole, or there is no head, and what stands there is passed
        over."""
        blank = _BLANK_LINE.search(self._held, begin, begin + MAX_HEAD)
        if blank is None:
            if len(self._held) > begin + MAX_HEAD:  # no head of a part: what stands there is passed over
                self._drop(begin)
            return None
        headers = headers_of(bytes(self._held[begin : blank.start()]).decode("latin-1").splitlines())
        end = self._promised_end(headers.get("content-length", ""), blank.end(), delimiter)
        if end is None:
            after = self._after(blank.end(), delimiter)
            if after is None:
                return None
            end = after.start()
        if end > len(self._held):
            return None
        part = Part(headers=headers, body=bytes(self._held[blank.end() : end]), whole=True)
        self._drop(end)
        return part

    def _promised_end(self, promised: str, start: int, delimiter: re.Pattern[bytes]) -> int | None:
        """Where the part ends by its own length; None where that is not said, or where it leads to no delimiter although one has
        come."""
        if not promised.isdigit() or len(promised) > 9:
            return None
        end = start + int(promised)
        rest = bytes(self._held[end : end + 2])
        if len(rest) == 2 and rest != b"\r\n" and rest[:1] != b"\n" and rest != b"--" and self._after(start, delimiter):
            return None
        return end


class Event:
    """An event and its pictures, as they come. A message is whole when the next event begins, or when nothing more came for a
    moment: who feeds the event calls message(). Pictures that are more than a message may hold are left out."""

    def __init__(self) -> None:
        self._parts: list[Part] = []

    def add(self, part: Part) -> Iterator[bytes]:
        """Take in a part. Yields the message that was held, where this part begins the next one."""
        if not part.is_picture and self._parts:
            yield self.message()
        if part.is_picture and (not self._parts or len(self._parts) > MOST_PICTURES):
            return  # of no event
        if sum(len(one.body) for one in self._parts) + len(part.body) > MOST_TOGETHER:
            return
        self._parts.append(part)

    def __bool__(self) -> bool:
        """Whether something is held."""
        return bool(self._parts)

    def message(self) -> bytes:
        """What is held, as a multipart body of its own; nothing is held afterwards. An event without a picture is its text
        alone."""
        parts, self._parts = self._parts, []
        if len(parts) == 1:
            return parts[0].body
        return b"".join(_written(part) for part in parts) + b"--" + _OWN + b"--\r\n"


def _written(part: Part) -> bytes:
    """The part with its headers; its own length says where it ends."""
    kept = [(name, value) for name, value in part.headers.items() if name != "content-length"]
    lines = [f"{name}: {value}".encode("latin-1", "replace") for name, value in kept]
    head = b"\r\n".join([*lines, b"content-length: %d" % len(part.body)])
    return b"--" + _OWN + b"\r\n" + head + b"\r\n\r\n" + part.body + b"\r\n"
