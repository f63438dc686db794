"""AxxonSoft (Auto-Intellect): two forms that its server sends to whoever connects, XML (port 35555) and fixed columns (port 55555).

Source: https://docs.axxonsoft.com/confluence/plugins/viewsource/viewpagesrc.action?pageId=165915691. A record is 0x02, 14 digits of
the wall clock, two digits of the camera, the plate, 0x03. The XML's picture is base64 in a comment; newer servers write a picture
of the vehicle as the element's text, one of the plate as an attribute, and the confidence in per cent.
"""

import itertools
import re

from pipeline.gateway import countries
from pipeline.gateway.cutting import Cutter, RecordCutter
from pipeline.gateway.documents import text_of, xml_of_text
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Item, Refuse, Rejected
from pipeline.gateway.pictures import called, of_base64, shown
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import share_of
from pipeline.gateway.xml_cutting import XmlCutter

NAME = "axxon"
PASSAGE_MS = UNIQUE_KEPT_MS
MAX_MESSAGES = 500
_RECORD = re.compile(rb"\x02(\d{14})(\d{2})([^\x02\x03]{0,100})\x03")
_COMMENT = re.compile(r"<!--(?:\s*data:image/[a-z]{2,5};base64,)?+([A-Za-z0-9+/=\s]{16,}+)-->")
_RUSSIAN = re.compile("[0-9A-Z \u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420-\u0423\u0425]*")
_ELEMENT = b"<CAR_PLATE"


def recognises(request: Request) -> bool:
    """Whether it begins with a record's first columns, or contains its XML element."""
    return bool(re.match(rb"\s*\x02\d{16}", request.body)) or request.says(_ELEMENT)


def cutter_of(begin: bytes) -> Cutter:
    """What cuts the stream that begins with these bytes into messages."""
    return XmlCutter() if begin.lstrip()[:1] == b"<" else RecordCutter()


def parse(request: Request) -> list[Item]:
    """One item a message."""
    cutter = cutter_of(request.body)
    cutter.feed(request.body)
    messages = itertools.islice(iter(cutter.next, None), MAX_MESSAGES)
    found = [_guarded(one, request.circumstances) for one in messages]
    if cutter.rest:
        found.append(Rejected(reason="incomplete_body", detail="the connection broke within a message"))
    return found


def _guarded(message: bytes, around: Circumstances) -> Item:
    try:
        return _of_xml(message, around) if _ELEMENT in message else _of_record(message, around)
    except Refuse as refused:
        return refused.item


def _of_record(message: bytes, around: Circumstances) -> Item:
    found = _RECORD.search(message)
    if found is None:
        return Rejected(reason="unreadable", detail="no record of 14 digits, two digits and a plate")
    draft = Draft(
        plate=_plate(found[3]),
        moment=moment_of(found[1].decode(), "14 digits", around),
        camera={"id": found[2].decode()},
    )
    return finished(draft, around)


def _plate(data: bytes) -> str:
    """The plate, which such a program writes in its computer's own encoding. Cyrillic is taken for it where all of it is letters of
    Russian plates: none of them has the byte of an umlaut."""
    cyrillic = data.decode("cp1251", "replace")
    return cyrillic if not data.isascii() and _RUSSIAN.fullmatch(cyrillic) else text_of(data)


def _of_xml(message: bytes, around: Circumstances) -> Item:
    text = text_of(message)
    _, read = xml_of_text(text)
    comment = _COMMENT.search(text)
    photo = tuple(shown(one) for one in of_base64(comment[1])) if comment else called("vehicle", read.text)
    draft = Draft(
        plate=read.at("@plate").text,
        moment=moment_of(read.at("@time").text, "time", around),
        camera={"id": read.at("@cam-id").word},
        country=countries.of_any(read.at("@plate_mask").text),
        confidence=share_of(read.at("@confidence").number, 100),
        direction=read.at("@direction").word,
        pictures=called("plate", read.at("@plateImage").text) + photo,
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """A plain answer, which is never sent: such a connection takes none."""
    return plain_answer(good)
