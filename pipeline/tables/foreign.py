"""Tells files that are no text: workbooks that were not exported, archives, pages; each with what to do instead."""

import codecs
import re
from typing import BinaryIO

_HEAD = 1 << 10  # bytes
_EXPORT = "export the sheet as CSV UTF-8"
_BEGINNINGS = (
    (b"PK\x03\x04", f"is a workbook (.xlsx, .ods, .numbers) or another archive: {_EXPORT}"),
    (b"\xd0\xcf\x11\xe0", f"is a workbook (.xls): {_EXPORT}"),
    (b"%PDF", f"is a PDF: {_EXPORT}"),
    (b"{\\rtf", f"is a text document (.rtf): {_EXPORT}"),
    (b"\x1f\x8b", "is compressed: unpack it first (gunzip)"),
    (b"ID;P", f"is a sheet in the form SYLK: {_EXPORT}"),
)
_PAGE = re.compile(rb"\s*(<!doctype html|<html|<table)", re.IGNORECASE)
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def foreign_form(stream: BinaryIO, *, text_alone: bool) -> str | None:
    """Why a file cannot be read at all, with the cure, by what it begins with; None: it may be. Leaves the stream where it is.

    text_alone: its form is UTF-8 by definition, as JSON is.
    """
    at = stream.tell()
    head = stream.read(_HEAD)
    stream.seek(at)
    for beginning, told in _BEGINNINGS:
        if head.startswith(beginning):
            return told
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        return f"is a workbook (XML spreadsheet): {_EXPORT}"
    if _PAGE.match(head.removeprefix(codecs.BOM_UTF8)):
        return f"is a web page: {_EXPORT}"
    if head.startswith(codecs.BOM_UTF32_LE) or head.startswith(codecs.BOM_UTF32_BE):
        return "is UTF-32 text: save it as UTF-8"
    if text_alone and (head.startswith(_WIDE) or b"\0" in head):
        return "is UTF-16 text, but JSON is UTF-8: save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)"
    return None
