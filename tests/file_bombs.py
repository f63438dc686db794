"""Makes bodies and files that are small to send, or no larger than is taken, and costly to read."""

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.gateway.request import MAX_BODY
from tests.unit.gateway.payloads import form
from tests.unit.gateway.samples import ALL

MIB = 1024 * 1024
GZIP = {"content-encoding": "gzip"}
JSON = {"content-type": "application/json"}
XML = {"content-type": "application/xml"}


@dataclass(frozen=True, slots=True)
class Body:
    """What somebody posts. headers: names in lower case."""

    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def filled(before: bytes, piece: bytes, after: bytes, size: int = MAX_BODY) -> bytes:
    """A text of this size, in which the piece comes again and again."""
    return before + piece * ((size - len(before) - len(after)) // len(piece)) + after


def zeros(size_mib: int, wbits: int = 31) -> bytes:
    """So many MiB of zeros, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size_mib)) + packer.flush()


def own(value: bytes) -> bytes:
    """A message in Vigie's own words, with one more field, whose value this is the middle of."""
    return b'{"camera_id":"CAM-1","plate":"1ABC234","captured_at_ms":1767225600000,"x":' + value + b"}"


def lists(piece: bytes) -> bytes:
    """The same, with a list of these."""
    return filled(own(b"[")[:-1], piece + b",", piece + b"]}")


def parts(head: bytes) -> bytes:
    """A form of parts that have next to no content."""
    return filled(b"", b"--x7\r\n" + head + b"\r\n\r\n\r\n", b"--x7--\r\n")


FORM = form(("Content-Type: text/plain", b"x"))[1]
BODIES: dict[str, Callable[[], Body]] = {
    "zeros in gzip": lambda: Body(zeros(200), GZIP),
    "zeros in deflate": lambda: Body(zeros(200, -15), {"content-encoding": "deflate"}),
    "zeros in gzip, twice": lambda: Body(gzip.compress(zeros(200)), GZIP),
    "Brotli": lambda: Body(bytes.fromhex("8fff3f0000000000") * 1_000, {"content-encoding": "br"}),
    "empty lists": lambda: Body(lists(b"[]"), JSON),
    "empty objects": lambda: Body(lists(b"{}"), JSON),
    "objects": lambda: Body(lists(b'{"a":0}'), JSON),
    "numbers": lambda: Body(lists(b"0"), JSON),
    "long numbers": lambda: Body(own(b"9" * (MAX_BODY - 200)), JSON),
    "texts": lambda: Body(lists(b'"ab"'), JSON),
    "names": lambda: Body(own(b"{" + b",".join(b'"%x":0' % at for at in range(1_400_000)) + b"}"), JSON),
    "packed empty lists": lambda: Body(gzip.compress(lists(b"[]")), GZIP | JSON),
    "nested lists": lambda: Body(own(b"[" * (MAX_BODY - 200)), JSON),
    "nested lists that end": lambda: Body(own(b"[" * 8_000_000 + b"]" * 8_000_000), JSON),
    "objects after each other": lambda: Body(filled(b"", b"{}", b""), JSON),
    "half objects after each other": lambda: Body(filled(b"", b'{"a":', b""), JSON),
    "blanks": lambda: Body(own(b" " * (MAX_BODY - 200) + b"0"), JSON),
    "nothing but blanks": lambda: Body(b" " * MAX_BODY, JSON),
    "letters of four bytes": lambda: Body(own(b'"' + "\U0001f697".encode() * (MAX_BODY // 4 - 100) + b'"'), JSON),
    "no JSON with letters of four bytes": lambda: Body(filled(b"{", "\U0001f697".encode(), b""), JSON),
    "elements": lambda: Body(filled(b"<a>", b"<b/>", b"</a>"), XML),
    "nested elements": lambda: Body(filled(b"", b"<b>", b""), XML),
    "attributes": lambda: Body(b"<a " + b" ".join(b'b%x="1"' % at for at in range(1_400_000)) + b"/>", XML),
    "one attribute": lambda: Body(filled(b'<a b="', b"x", b'"/>'), XML),
    "one tag without end": lambda: Body(filled(b"<a", b" ", b""), XML),
    "one name": lambda: Body(filled(b"<", b"a", b"/>"), XML),
    "one comment": lambda: Body(filled(b"<a><!--", b"- ", b"--></a>"), XML),
    "references": lambda: Body(filled(b"<a>", b"&#65;", b"</a>"), XML),
    "entities": lambda: Body(
        b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1_000 + b'">]><a>' + b"&b;" * 1_000_000 + b"</a>", XML),
    "entities behind blanks": lambda: Body(
        b" " * 20_000 + b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1_000 + b'">]><a>' + b"&b;" * 1_000_000 + b"</a>", XML),
    "XML in UTF-16": lambda: Body(b"\xff\xfe" + filled(b"", "<b/>".encode("utf-16-le"), b""), XML),
    "parts": lambda: Body(parts(b"A: b"), FORM),
    "parts without a head": lambda: Body(filled(b"", b"--x7\r\n\r\n\r\n", b"--x7--\r\n"), FORM),
    "parts of Vigie's": lambda: Body(parts(b'Content-Disposition: form-data; name="reads"'), FORM),
    "boundaries": lambda: Body(filled(b"", b"--x7\r\n", b""), FORM),
    "half boundaries": lambda: Body(filled(b"", b"\r\n--x", b""), FORM),
    "heads without end": lambda: Body(filled(b"--x7\r\n", b"A: b\r\n", b""), FORM),
    "parts that promise more": lambda: Body(parts(b"Content-Length: 999999999"), FORM),
    "a boundary of one letter": lambda: Body(filled(b"", b"--\r\n", b""), {"content-type": "multipart/form-data; boundary=-"}),
    "chunks": lambda: Body(filled(b"", b"1\r\nx\r\n", b"0\r\n\r\n"), {"transfer-encoding": "chunked"}),
    "half chunks": lambda: Body(filled(b"", b"1;\r\n", b""), {"transfer-encoding": "chunked"}),
    "JPEGs after each other": lambda: Body(
        filled(b"", b"\xff\xd8\xff\xe0\0\2\xff\xd9", b""), {"content-type": "image/jpeg"}),
    "scans of a JPEG": lambda: Body(filled(b"\xff\xd8\xff\xda\0\2", b"\xff\xd9x", b""), {"content-type": "image/jpeg"}),
    "fields of a form": lambda: Body(filled(b"a=b", b"&a=b", b""), {"content-type": "application/x-www-form-urlencoded"}),
    "lines of text": lambda: Body(filled(b"", b"a=b\r\n", b""), {"content-type": "text/plain"}),
    "lines of commas": lambda: Body(filled(b"", b",;\t\n", b""), {"content-type": "text/csv"}),
    **{
        f"{sample.name}, grown": lambda sample=sample: Body(grown(sample.body), sample.headers)  # type: ignore[misc]  # mypy knows no lambda with defaults
        for sample in {one.name.split(":")[0]: one for one in ALL}.values()
    },
}  # fmt: skip


def grown(body: bytes) -> bytes:
    """A maker's message of the largest size: what stands in its middle comes again and again."""
    third = max(1, len(body) // 3)
    return filled(body[: 2 * third], body[third : 2 * third] or b" ", body[2 * third :])


SMALL = 256 * 1024
JSONS: dict[str, Callable[[], bytes]] = {
    "nested lists": lambda: b"[" * SMALL,
    "nested lists in a field": lambda: b'{"zones":' + b"[" * (SMALL - 20),
    "nested objects": lambda: filled(b"", b'{"a":', b"", SMALL),
    "empty lists": lambda: filled(b'{"zones":[', b"[],", b"[]]}", SMALL),
    "texts": lambda: filled(b'{"zones":[', b'"a",', b'"a"]}', SMALL),
    "names": lambda: b"{" + b",".join(b'"%x":0' % at for at in range(SMALL // 9)) + b"}",
    "one number": lambda: b'{"captured_at_ms":' + b"9" * (SMALL - 30) + b"}",
    "a pattern of stars": lambda: json.dumps({"entry_id": "A", "plate": "*" * (SMALL - 60), "list": "stolen"}).encode(),
    "a signature of points": lambda: b"." * (96 * 1024),
    "a signature of three parts": lambda: b".".join([b"e" * (32 * 1024 - 2)] * 3),
    "a signature with a nested head": lambda: b"W1tb" * (24 * 1024 - 1) + b".e.e",
}  # fmt: skip

HEADER = b"entry_id,plate,list,category,action\n"
LARGE = 16 * MIB
FILES: dict[str, Callable[[], tuple[str, bytes]]] = {
    "one line": lambda: (".csv", HEADER + b"x" * LARGE),
    "one cell in quotation marks": lambda: (".csv", HEADER + b'"' + b"x\n" * (LARGE // 2)),
    "cells": lambda: (".csv", HEADER + b"," * LARGE),
    "columns": lambda: (".csv", b"a," * (LARGE // 2)),
    "empty lines": lambda: (".csv", HEADER + b"\n" * (20 * MIB)),
    "zeros": lambda: (".csv", bytes(LARGE)),
    "UTF-16": lambda: (".csv", b"\xff\xfe" + "x".encode("utf-16-le") * (LARGE // 2)),
    "a list without end": lambda: (".json", b"[" * LARGE),
    "nested objects": lambda: (".json", filled(b"[", b'{"a":', b"", LARGE)),
    "blanks": lambda: (".json", b"[" + b" " * LARGE),
    "one text": lambda: (".json", b'[{"plate":"' + b"x" * LARGE),
    "numbers": lambda: (".json", b"[" + b"0," * (2 * MIB)),
    "one line of JSON": lambda: (".jsonl", b'{"plate":"' + b"x" * LARGE),
    "lists on one line": lambda: (".jsonl", b'{"zones":[' + b"[]," * 340_000 + b"[]]}\n"),
    "elements": lambda: (".xml", b"<a>" + b"<b/>" * (4 * MIB) + b"</a>"),
    "nested elements": lambda: (".xml", b"<a>" * (LARGE // 3)),
    "one attribute": lambda: (".xml", b'<a><b c="' + b"x" * LARGE + b'"/></a>'),
    "attributes": lambda: (".xml", b"<a><b " + b" ".join(b'c%x="1"' % at for at in range(4_000_000)) + b"/></a>"),
    "one name": lambda: (".xml", b"<" + b"a" * LARGE),
    "one comment": lambda: (".xml", b"<a><!--" + b"x" * LARGE),
    "one text in XML": lambda: (".xml", b"<a><b><plate>" + b"x" * LARGE),
    "letters in XML": lambda: (".xml", b"<a><b><plate>" + b"&#65;" * 60_000),
    "entities": lambda: (
        ".xml", b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1_000 + b'">]><a><b><plate>' + b"&b;" * MIB + b"</plate></b></a>"),
    "a spreadsheet": lambda: (".xlsx", b"PK\3\4" + zeros(10, -15)),
    "a zip named .csv": lambda: (".csv", b"PK\3\4" + zeros(10, -15)),
    "gzip named .csv": lambda: (".csv", zeros(10)),
}  # fmt: skip
