"""Redacts what somebody sent who is not let in: a person can tell the maker by it, and none of its values is in it.

Names of fields stay as they are; of all else each letter becomes x and each digit 0.

>>> redacted(b'{"plate": "1-ABC-234", "lane": 2}'), redacted("<Owner id='7'>Zo\u00e9</Owner>".encode())
('{"plate": "0-xxx-000", "lane": 0}', "<Owner id='0'>xxx</Owner>")
"""

import re
from collections.abc import Mapping

from pipeline.gateway.http_bodies import is_packed
from pipeline.gateway.makers import maker_of
from pipeline.gateway.pictures import JPEG, PNG
from pipeline.gateway.request import Circumstances, Request
from pipeline.state.waiting_room import LONGEST_SAMPLE, Sample

MOST_SAMPLED = 4 * 1024
"""Bytes of a body that are looked at."""
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,58}")
_LONG = re.compile(r"[x0.+/=_-]{60,}")
"""A picture as base64, or bytes that are no text."""
_NAME = re.compile(
    r"""(?<=["'])[A-Za-z_@$][\w.:@$-]{0,63}(?=["']\s*:)"""  # of JSON
    r"|(?<=<)[/?]?[A-Za-z_][\w.:-]{0,63}"  # of XML: elements
    r"|(?<=\s)[A-Za-z_][\w.:-]{0,63}(?==[\"'])"  # and attributes
    r"|(?:^|(?<=&))[A-Za-z_][\w.-]{0,63}(?==)"  # of a form in one line
    r"|(?<=\n)Content-[A-Za-z]{1,40}|(?<=form-data; name=\")[A-Za-z_][\w.:-]{0,63}",  # of a form in parts
    re.ASCII,
)
_MAY_BE_A_PLATE = re.compile(r"(?=.*\d)[A-Z0-9_.:@$-]+")
"""What has digits and no small letter is not taken for a name, wherever it stands."""


def sample_of(body: bytes, method: str, target: str, headers: Mapping[str, str], now_ms: int) -> Sample:
    """The sample of a request. body: at most its first MOST_SAMPLED bytes; headers: names in lower case."""
    content_type = headers.get("content-type", "").split(";")[0].strip().lower()
    text = "" if is_packed(body, headers) or body.startswith((JPEG, PNG)) else redacted(body)
    around = Circumstances(received_at_ms=now_ms)
    maker = maker_of(Request(body=body, circumstances=around, method=method, target=target, headers=headers))
    return Sample(
        maker=maker.NAME if maker is not None and text else None,
        content_type=content_type if _MEDIA_TYPE.fullmatch(content_type) else "",
        text=text,
    )


def redacted(body: bytes) -> str:
    """The beginning of the text with names alone; see the module. At most LONGEST_SAMPLE characters."""
    text = body[:MOST_SAMPLED].decode("utf-8", "replace")
    parts, at = [], 0
    for found in _NAME.finditer(text):
        if not _MAY_BE_A_PLATE.fullmatch(found[0]):
            parts += [text[at : found.start()].translate(_SHAPES), found[0]]
            at = found.end()
    whole = "".join((*parts, text[at:].translate(_SHAPES)))
    short = _LONG.sub(lambda run: f"[{len(run[0])}]", whole)
    return short if len(short) <= LONGEST_SAMPLE else f"{short[: LONGEST_SAMPLE - 1]}\u2026"


class _Shapes(dict[int, str]):
    """What stands for each character, by its code; made ahead for those of ASCII."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        return "0" if letter.isdigit() else "x" if letter.isalpha() else letter if letter in _KEPT else "."


_KEPT = frozenset("\r\n\t" + "".join(filter(str.isprintable, map(chr, range(128)))))
_SHAPES = _Shapes()
_SHAPES.update({code: _SHAPES[code] for code in range(128)})
