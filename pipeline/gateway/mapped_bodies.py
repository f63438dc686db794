"""Finds the passages in a body of an unknown sender, and the parts of a form, as its mapping says where they stand."""

import csv
import io
from collections.abc import Sequence
from itertools import islice
from typing import Literal
from urllib.parse import parse_qsl

from pipeline.gateway.documents import json_of, text_of, xml_of
from pipeline.gateway.items import Refuse
from pipeline.gateway.multipart import Part, form_of
from pipeline.gateway.node import MAX_LIST, Node, Value
from pipeline.gateway.request import Request

Form = Literal["json", "xml", "table", "fields"]
"""How a sender writes: fields are those of a form or of the address, as name=value."""
_MOST_FIELDS = 200
_BEGINS = {"json": (b"{", b"["), "xml": (b"<",)}


def parts_in(request: Request) -> list[Part]:
    """The parts of the body where it is a form with parts, whatever its head says; none where it is not. Raises Refuse."""
    content_type = request.headers.get("content-type", "")
    is_form = "multipart" in content_type.lower() or request.body[:400].lstrip().startswith(b"--")
    return form_of(content_type, request.body) if is_form else []


def trees_in(request: Request, parts: Sequence[Part], form: Form) -> list[Node]:
    """The values in the message, from its body or from the part that holds them: one, or those of a list or of the rows of a
    table, at most MAX_LIST and one more. Raises Refuse."""
    if form == "fields":
        return [_fields(request, parts)]
    body = request.body
    if parts:
        texts = [part.body for part in parts if not part.is_picture]
        begins = _BEGINS.get(form)
        body = next((one for one in texts if begins is None or _start(one) in begins), b"")
    if form == "table":
        return _rows(body)
    return [xml_of(body)[1]] if form == "xml" else list(json_of(body))


def _start(text: bytes) -> bytes:
    return text.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]


def _fields(request: Request, parts: Sequence[Part]) -> Node:
    """The fields of the address, of a form without parts, and of one with parts; of a repeated one the last. Raises
    Refuse."""
    found: dict[str, Value] = dict(request.query)
    if parts:
        found |= {
            part.labels[0]: text_of(part.body, "cp1252").strip()
            for part in parts[:_MOST_FIELDS]
            if part.labels[0] and not part.is_picture
        }
    else:
        try:
            found |= dict(parse_qsl(text_of(request.body).strip(), max_num_fields=_MOST_FIELDS))
        except ValueError as error:
            raise Refuse("unreadable", f"no form: {error}") from error
    return Node(found)


def _rows(body: bytes) -> list[Node]:
    text = text_of(body, "cp1252").lstrip("\ufeff")
    first = text.splitlines()[0] if text else ""
    rows = csv.DictReader(io.StringIO(text), delimiter=max(";,\t|", key=first.count))
    try:
        return [_row(row) for row in islice(rows, MAX_LIST + 1)]
    except csv.Error as error:
        raise Refuse("unreadable", f"no table: {error}") from error


def _row(row: dict[str | None, str | list[str] | None]) -> Node:
    cells: dict[str, Value] = {name.strip(): value for name, value in row.items() if name and isinstance(value, str)}
    return Node(cells)


def picture_in(parts: Sequence[Part], named: str) -> bytes | None:
    """The picture in the first part whose name or file's name contains this text, in any case; None: there is none."""
    named = named.lower()
    for part in parts:
        if part.is_picture and part.body and any(named in label.lower() for label in part.labels):
            return part.body
    return None
