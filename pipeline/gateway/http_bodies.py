"""Unpacks HTTP bodies: chunked, compressed, or cut off. A body that would become too large is refused while it is unpacked."""

import codecs
import re
import zlib
from collections.abc import Mapping

from pipeline.gateway.items import Refuse
from pipeline.gateway.request import MAX_BODY, headers_of

_GZIP = b"\x1f\x8b\x08"
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,200})?\r?\n")
MOST_CHUNKS = 100_000
_REQUEST_LINE = re.compile(r"([A-Z]{3,10}) (\S{1,4000}) HTTP/1\.[01]")


def head_of(text: str) -> tuple[str, str, dict[str, str]]:
    """Method, target and headers (names in lower case) of a request's head; method and target are empty where it does not begin
    with a request line, as the head of an answer."""
    lines = text.splitlines()
    first = _REQUEST_LINE.match(lines[0]) if lines else None
    return first[1] if first else "", first[2] if first else "", headers_of(lines[1:])


def unpacked(body: bytes, headers: Mapping[str, str]) -> tuple[bytes, int]:
    """The body without chunks and compression, and in UTF-8 where it begins with the mark of UTF-16; and how many promised bytes
    are missing, 1 where it is only known that some are.

    Raises Refuse for a body that is too large or has too many chunks, and for one that cannot be uncompressed as its header says.
    """
    short_by = 0
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body, whole = unchunked(body)
        short_by = 0 if whole else 1
    elif (promised := headers.get("content-length", "")).isdigit() and len(promised) < 13:
        short_by = max(int(promised) - len(body), 0)
    if len(body) > MAX_BODY:
        raise Refuse("too_large", f"a body of more than {MAX_BODY} bytes")
    if is_packed(body, headers):
        _check_encoding(headers)
        body, whole = inflated(body)
        short_by = short_by if whole else max(short_by, 1)
    if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        body = body.decode("utf-16", "replace").encode()
    return body, short_by


def is_packed(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the body is compressed: its head says so, or it begins as gzip does."""
    return _encoding(headers) not in ("", "identity") or body.startswith(_GZIP)


def _encoding(headers: Mapping[str, str]) -> str:
    return headers.get("content-encoding", "").strip().lower()


def _check_encoding(headers: Mapping[str, str]) -> None:
    """Raise Refuse for a way of compressing that is not known."""
    encoding = _encoding(headers)
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Refuse("unreadable", f"compressed as {encoding[:40]}: gzip and deflate are understood")


def unchunked(body: bytes) -> tuple[bytes, bool]:
    """The body without the sizes of its chunks, and whether its last chunk has come. A body that is not chunked is returned
    unchanged. Raises Refuse for more than MOST_CHUNKS."""
    found, at, chunks = bytearray(), 0, 0
    while size := _CHUNK.match(body, at):
        chunks += 1
        if chunks > MOST_CHUNKS:
            raise Refuse("too_large", f"a body of more than {MOST_CHUNKS} chunks")
        length = int(size[1], 16)
        if length == 0:
            return bytes(found), True
        found += body[size.end() : size.end() + length]
        at = size.end() + length
        at += 2 if body[at : at + 2] == b"\r\n" else 1 if body[at : at + 1] == b"\n" else 0
    return (bytes(found), False) if at else (body, True)


def inflated(body: bytes) -> tuple[bytes, bool]:
    """The body uncompressed (gzip, zlib, raw deflate), and whether it was complete. Raises Refuse for a result that is too
    large, or another format."""
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        inflater = zlib.decompressobj(bits)
        try:
            data = inflater.decompress(body, MAX_BODY + 1)
        except zlib.error:
            continue
        if len(data) > MAX_BODY:
            raise Refuse("too_large", f"more than {MAX_BODY} bytes when uncompressed")
        return data, inflater.eof
    raise Refuse("unreadable", "the body is not compressed as its head says")
