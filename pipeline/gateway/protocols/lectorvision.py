"""Lector Vision: JSON with Tattile's contents.

Source: a public receiver's description of its data formats (Plate, TimeStamp, SerialNumber or IdDevice; five spellings of a
picture's name). `TimeStamp` is the wall clock without a zone; `Country` is the number of ISO 3166-1, 0 where there is none.
"""

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Item
from pipeline.gateway.node import Node, spelled
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of

NAME = "lectorvision"
PASSAGE_MS = UNIQUE_KEPT_MS
_NAMES = {name.lower(): name for name in (
    "Plate", "TimeStamp", "SerialNumber", "IdDevice", "DeviceName", "Fiability", "Country", "LaneNumber", "Direction", "Speed",
    "VehicleType", "Class", "Color", "VehicleColor", "Brand", "Make",
)}  # fmt: skip
"""The names, by their lower case: programs between camera and gateway write them with a small letter, or small throughout."""
_SMALL = ((b'"plate"', b'"timeStamp"', b'"fiability"'), (b'"plate"', b'"timeStamp"', b'"idDevice"'),
          (b'"plate"', b'"timestamp"', b'"fiability"'), (b'"plate"', b'"timestamp"', b'"iddevice"'))  # fmt: skip


def recognises(request: Request) -> bool:
    """Whether the message spells the time, and an identity or the confidence, as only its messages do."""
    return (
        request.says(b'"TimeStamp"', b'"Plate"')
        and any(name in request.words for name in (b'"Fiability"', b'"IdDevice"', b'"SerialNumber"'))
    ) or any(request.says(*words) for words in _SMALL)


def parse(request: Request) -> list[Item]:
    """One item, or one for each member of a list."""
    node = json_of(request.body)
    if not request.says(b'"Plate"'):
        node = Node(spelled(node.value, _NAMES))
    return [_item(one, request.circumstances) for one in node]


def _item(read: Node, around: Circumstances) -> Item:
    country = read.at("Country")
    number = country.integer
    draft = Draft(
        plate=read.at("Plate").text,
        moment=moment_of(read.at("TimeStamp").text, "TimeStamp", around),
        camera={
            "serial": read.at("SerialNumber").word,
            "id": read.at("IdDevice").word,
            "name": read.at("DeviceName").word,
        },
        confidence=share_of(read.at("Fiability").number, 100),
        country=countries.of_code(f"{number:03d}") if number is not None else countries.of_any(country.text),
        lane=lane_of(read.at("LaneNumber").integer),
        direction=read.at("Direction").word,
        speed_kmh=speed_of(read.at("Speed").number),
        vehicle_class=class_of(read.first("VehicleType", "Class").text),
        colour=colour_of(read.first("Color", "VehicleColor").text),
        make=make_of(read.first("Brand", "Make").text),
        pictures=called("plate", _picture(read, "imageocr")) + called("overview", _picture(read, "imagectx")),
    )
    return finished(draft, around)


def _picture(read: Node, begin: str) -> str:
    """The picture's text, whichever of its spellings the field's name has: ImageOcr, ImageOCRBase64, Image_Ocr, ..."""
    names = (name for name in read.names if name.lower().replace("_", "").startswith(begin))
    return read.first(*names).text


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400."""
    return plain_answer(good)
