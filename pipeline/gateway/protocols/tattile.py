"""Tattile (and Nedap's cameras, which are made by it): XML over TCP, message after message on one connection, never answered.

Source: a public receiver's description of its data formats. The root is <root> or <Msg>; TIME has dashes and milliseconds or
colons; PLATE_COUNTRY_CODE is the number or the three letters of ISO 3166-1. Whether the clock is UTC is a camera's setting.
OCRSCORE is of 100; above that it can only be of 1000. Some firmwares write the tags in lower case; Nedap's cameras have names of
their own for the serial, the name and the picture.
"""

import itertools
import re

from pipeline.gateway import countries
from pipeline.gateway.documents import text_of, xml_of_text
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Item, Refuse, Rejected
from pipeline.gateway.node import Node
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of
from pipeline.gateway.xml_cutting import XmlCutter

NAME = "tattile"
PASSAGE_MS = UNIQUE_KEPT_MS
MAX_MESSAGES = 200
_TAG = re.compile(rb"<(?:\w{1,40}:)?(?:PLATE_STRING|DEVICE_SN)[\s/>]", re.IGNORECASE)


def recognises(request: Request) -> bool:
    """Whether the message has a tag that only its messages have."""
    return _TAG.search(request.words) is not None


def parse(request: Request) -> list[Item]:
    """One item a message, and a Rejected for a message that was cut off because the connection broke. Raises Refuse for a document
    type, which would be cut off as a message of its own."""
    if b"<!doctype" in request.words.lower():
        raise Refuse("xml_with_doctype", "no camera sends a document type")
    cutter = XmlCutter()
    cutter.feed(request.body)
    messages = itertools.islice(iter(cutter.next, None), MAX_MESSAGES)
    found = [_guarded(one, request.circumstances) for one in messages]
    if cutter.rest:
        found.append(Rejected(reason="incomplete_body", detail="the connection broke within a message"))
    return found


def _guarded(message: bytes, around: Circumstances) -> Item:
    try:
        tree = xml_of_text(text_of(message))[1]
        return _item(Node({name.upper(): tree.at(name).value for name in tree.names}), around)
    except Refuse as refused:
        return refused.item


def _item(read: Node, around: Circumstances) -> Item:
    code = read.at("PLATE_COUNTRY_CODE").word
    score = read.at("OCRSCORE").number
    draft = Draft(
        plate=read.at("PLATE_STRING").text,
        moment=moment_of(f"{read.at('DATE').word} {read.at('TIME').word}", "DATE and TIME", around),
        camera={"serial": read.first("DEVICE_SN", "SN").word, "name": read.first("DEVICE_NAME", "NETBIOSNAME").word},
        confidence=share_of(score, 100 if score is None or score <= 100 else 1000),
        country=countries.of_code(code.zfill(3) if code.isdigit() else code)
        or countries.of_any(read.at("PLATE_COUNTRY").text),
        lane=lane_of(read.at("LANE_ID").integer),
        direction=read.at("DIRECTION").word,
        speed_kmh=speed_of(read.at("SPEED").number),
        vehicle_class=class_of(read.first("VEHICLE_CLASS", "VEHICLE_TYPE", "CLASS").text),
        colour=colour_of(read.first("VEHICLE_COLOR", "COLOR").text),
        make=make_of(read.first("VEHICLE_BRAND", "BRAND").text),
        pictures=called("plate", read.at("IMAGE_OCR").text)
        + called("overview", read.first("IMAGE_CTX", "IMAGE_COL", "IMAGE_BW").text),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """A plain answer, which is never sent: such a connection takes none."""
    return plain_answer(good)
