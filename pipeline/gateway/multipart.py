"""Splits multipart bodies as cameras send them: with doubled delimiters, bare line feeds, no end, a wrong boundary, or
pictures that contain the boundary.

A part ends where its own Content-Length leads to a delimiter, else at the next line that is one.
"""

import re
from collections.abc import Mapping

import msgspec

from pipeline.gateway.items import Refuse
from pipeline.gateway.request import headers_of

MAX_PARTS = 200
MAX_HEAD = 8192
MOST_DELIMITERS = 5 * MAX_PARTS
"""The most lines that are delimiters, doubled ones and those of no part too, or begin like one: beyond them nothing is
looked for."""
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^;\s]{1,200}))", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*(name|filename)\s*=\s*(?:\"([^\"]*)\"|([^;\s]*))", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_ENDS = (b"\xff\xd9", b"IEND\xaeB`\x82", b"}", b"]", b">")
_FIRST_LINE = re.compile(rb"\s*--([^\r\n]{1,200}?)[ \t]*\r?\n")


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One part of a multipart body. headers: names in lower case."""

    headers: Mapping[str, str]
    body: bytes
    whole: bool  # False: it ends before its own Content-Length, within its head, or without a delimiter after it

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def labels(self) -> tuple[str, str]:
        """The names of the form field and of the file, as sent."""
        found = {
            key.lower(): quoted or bare
            for key, quoted, bare in _PARAMETER.findall(self.headers.get("content-disposition", ""))
        }
        return found.get("name", ""), found.get("filename", "")

    @property
    def is_picture(self) -> bool:
        """Whether its header says that it is a picture, or its bytes are a JPEG or PNG."""
        return self.content_type.startswith("image/") or self.body[:3] in (b"\xff\xd8\xff", b"\x89PN")

    @property
    def is_json(self) -> bool:
        """Whether its content begins as an object or a list of JSON does, after a byte order mark and blanks."""
        return self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")

    @property
    def is_cut(self) -> bool:
        """Whether something of it is missing: it is not whole, and what came does not end as a picture, JSON or XML does. A form
        may lack its last delimiter."""
        return not self.whole and not self.body.rstrip(b"\x00\r\n ").endswith(_ENDS)


def boundary_in(content_type: str, body: bytes) -> bytes:
    """The boundary that the header names, if the body contains it; else that of the body's first line."""
    named = _BOUNDARY.search(content_type)
    boundary = (named[1] or named[2]).encode("latin-1", "replace") if named else b""
    if boundary and b"--" + boundary in body:
        return boundary
    first = _FIRST_LINE.match(body[:400])
    return first[1] if first else boundary


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The parts of a body, in order; none where there is no delimiter."""
    boundary = boundary_in(content_type, body)
    return split(body, boundary) if boundary else []


def form_of(content_type: str, body: bytes) -> list[Part]:
    """The parts of a form, which is one message. Raises Refuse where something of one of them is missing."""
    parts = parts_of(content_type, body)
    if any(part.is_cut for part in parts):
        raise Refuse("incomplete_body", "a part of the form ends early")
    return parts


class _Delimiters:
    """The lines of one body that are delimiters with this boundary. Asked from places that grow, it looks through each stretch
    once."""

    def __init__(self, body: bytes, boundary: bytes) -> None:
        self._body, self._mark = body, b"--" + boundary
        self._line = re.compile(rb"(?:\A|\r?\n|(?<=\n))" + re.escape(self._mark) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
        self._looked_from, self._found = 0, -1  # between them no delimiter's dashes begin
        self._left = MOST_DELIMITERS
        self.text_end = len(body.rstrip())

    def at(self, place: int) -> re.Match[bytes] | None:
        """The delimiter that begins here, with the line end before it if there is one; None: there is none."""
        return self._line.match(self._body, place)

    def next(self, place: int) -> re.Match[bytes] | None:
        """The first delimiter from this place on; None: there is none, or the body has had too many lines that begin like one."""
        if not self._looked_from <= place <= self._found:
            self._looked_from, self._found = place, self._search(place)
        mark = self._found
        begin = mark - (2 if self._body[max(0, mark - 2) : mark] == b"\r\n" else 1)
        return self.at(max(place, begin)) or self.at(mark)

    def _search(self, place: int) -> int:
        """Where the next delimiter's dashes begin; the body's length if nowhere. Bytes are looked through for the boundary
        alone, which takes a hundredth of what the whole expression would take in a picture."""
        if place == 0 and self.at(0):
            return self._body.find(self._mark)
        line = self._body.find(b"\n" + self._mark, max(place - 1, 0))
        while line >= 0 and self._left > 0:
            self._left -= 1
            if self.at(line + 1):
                return line + 1
            line = self._body.find(b"\n" + self._mark, line + 1)
        return len(self._body)


def split(body: bytes, boundary: bytes) -> list[Part]:
    """The parts between the delimiters of this boundary."""
    line = _Delimiters(body, boundary)
    parts: list[Part] = []
    found = line.next(0)
    for _ in range(MOST_DELIMITERS):
        if found is None or found[1] or found.end() >= len(body) or len(parts) == MAX_PARTS:
            break
        begin = found.end()
        if again := line.at(begin):  # a delimiter twice in a row
            found = again
            continue
        part, after = _part(body, begin, line)
        if part is not None:
            parts.append(part)
        found = line.next(after)
    return parts


def _part(body: bytes, begin: int, line: _Delimiters) -> tuple[Part | None, int]:
    """The part that begins here, and where to look for the next delimiter. A head that the body ends in makes a part that is not
    whole. None: another head that does not end, or is too long, or nothing but a line end before the end of the body."""
    if body[begin : begin + 1] == b"\n" or body[begin : begin + 2] == b"\r\n":  # no head at all
        headers, start = {}, begin + (1 if body[begin : begin + 1] == b"\n" else 2)
    else:
        nearest = line.next(begin)
        until = nearest.start() if nearest is not None else len(body)
        blank = _BLANK_LINE.search(body, begin, min(begin + MAX_HEAD, until + 2))
        if blank is None and nearest is None and until - begin <= MAX_HEAD and body[begin:].strip():
            headers = headers_of(body[begin:].decode("latin-1").splitlines())
            return Part(headers=headers, body=b"", whole=False), until
        if blank is None or until < blank.start():
            return None, until
        headers = headers_of(body[begin : blank.start()].decode("latin-1").splitlines())
        start = blank.end()
    promised = headers.get("content-length", "")
    if promised.isdigit() and len(promised) < 10:
        end = start + int(promised)
        if line.at(end) or line.text_end <= end <= len(body):
            return Part(headers=headers, body=body[start:end], whole=True), end
        if end > len(body) and line.next(start) is None:
            return Part(headers=headers, body=body[start:], whole=False), len(body)
    after = line.next(start)
    if after is None and not headers and not body[start:].strip():
        return None, len(body)  # a delimiter and an empty line at the end
    if after is not None:
        end = after.start()
    else:  # the line end before a delimiter that did not come is none of it
        end = max(start, len(body) - (2 if body.endswith(b"\r\n") else 1 if body.endswith(b"\n") else 0))
    return Part(headers=headers, body=body[start:end], whole=after is not None), end
