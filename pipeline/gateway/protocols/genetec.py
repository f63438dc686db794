"""Genetec: AutoVu third-party data exporter, LPR ingestion (spoken by other makers' cameras, too), and SharpV over HTTP and
FTP.

Sources: https://techdocs.genetec.com (Examples of XML files for the AutoVu third-party data exporter; Examples of JSON and XML
ALPR events for the SharpV HTTP extension; Metadata reference for license plate reads). The exporter's dates follow its server's
language: a date that can be read both ways needs the camera's date_order. Its scores are of 100, those of ingestion of 1. State
is an oval sign or a name. Times called UTC are, also without a zone.
"""

import re
from collections.abc import Iterator, Mapping

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, xml_of
from pipeline.gateway.drafts import Draft, finished, place
from pipeline.gateway.items import Ignored, Item, Picture, Refuse
from pipeline.gateway.node import Node, Value, spelled
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import Moment, moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_in

NAME = "genetec"
PASSAGE_MS = UNIQUE_KEPT_MS
_XML_ROOT = re.compile(rb"<(?:\w{1,20}:)?(?:AutoVu|PlateAnalytics|Hotlist|PlateRead|Reads?|ArrayOfRead)[\s>]")

_NAMES = {name.lower(): name for name in (
    "Reads", "ReferenceReadId", "ReferenceCameraId", "Plate", "PlateNumber", "PlateRead", "PlateAnalytics", "PlateState",
    "State", "PlateStateProvince", "ConfidenceScore", "Confidence", "DateUtc", "TimeUtc", "DateLocal", "TimeLocal",
    "ReadTimeUtc", "Timestamp", "TimestampUtc", "CameraName", "LprCameraName", "SourceName", "SourceUrl", "Latitude",
    "Longitude", "PlateImage", "ContextImage", "Attributes", "Relative Motion", "RelativeMotion", "Vehicle Type",
    "Vehicle Make", "Vehicle Color", "Confidence Score", "Lane", "State Name", "State Name Confidence Score", "Speed",
    "VehicleDirection", "VehicleSpeed", "VehicleType", "VehicleColor", "VehicleMake", "Key", "Value", "Id", "Guid", "ReadId",
)}  # fmt: skip
"""The names, by their lower case: servers between exporter and gateway write them with a small letter, or small throughout."""
_SIGNS = (
    (b'"ReferenceReadId"',), (b'"ReferenceCameraId"',), (b'"PlateAnalytics"',), (b'"DateUtc"', b'"Plate"'),
    (b'"DateLocal"', b'"Plate"'),
    (b'"referenceReadId"',), (b'"referenceCameraId"',), (b'"plateAnalytics"',), (b'"dateUtc"', b'"plate"'),
    (b'"referencereadid"',), (b'"referencecameraid"',), (b'"plateanalytics"',), (b'"dateutc"', b'"plate"'),
)  # fmt: skip


def recognises(request: Request) -> bool:
    """Whether the message has the names of one of its four forms."""
    return any(request.says(*words) for words in _SIGNS) or _XML_ROOT.search(request.words[:1000]) is not None


def parse(request: Request) -> list[Item]:
    """One item for each read; a batch holds several."""
    around = request.circumstances
    if request.body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        root, tree = xml_of(request.body)
        reads: list[Node] = [tree] if root != "Hotlist" else _reads_of_hit(tree)
        reads = list(tree.at("Read")) if root in ("Reads", "ArrayOfRead") else reads
        return [_guarded(one, around) for one in reads] or [Ignored(reason="no_result")]
    node = json_of(request.body)
    if not (request.says(b'"Plate"') or request.says(b'"PlateNumber"') or request.says(b'"PlateRead"')):
        node = Node(spelled(node.value, _NAMES))
    batch = node.first("Reads", "reads", "LprReads") if node.names else node
    return [_guarded(one, around) for one in batch or node]


def _reads_of_hit(hit: Node) -> list[Node]:
    """The reads of a hit; what a read does not say itself stands in the hit."""
    outer: dict[str, Value] = {name: hit.at(name).text for name in hit.names if hit.at(name).word}
    outer |= {"Plate": hit.first("PlateReadMatched", "MatchedPlate").text}
    reads = list(hit.at("Vehicle").at("Read")) or [hit]
    return [Node(outer | {name: one.at(name).value for name in one.names if one.at(name)}) for one in reads]


def _guarded(read: Node, around: Circumstances) -> Item:
    """The item of one read; a refusal concerns this read of a batch alone."""
    try:
        return _item(read, around)
    except Refuse as refused:
        return refused.item


def _item(read: Node, around: Circumstances) -> Item:
    if read.at("ReferenceReadId") or read.at("ReferenceCameraId"):
        return _ingested(read, around)
    if read.at("PlateAnalytics") or read.at("PlateRead"):
        return _sharp(read, around)
    return _exported(read, around)


def _ingested(read: Node, around: Circumstances) -> Item:
    draft = Draft(
        plate=read.first("Plate", "PlateNumber").text,
        moment=moment_of(read.first("ReadTimeUtc", "TimestampUtc").text, "ReadTimeUtc", around, zone="UTC"),
        camera={"reference": read.at("ReferenceCameraId").word, "name": read.at("CameraName").word},
        confidence=share_of(read.at("Confidence").number),
        country=countries.of_oval_or_any(read.first("PlateStateProvince", "PlateState").text),
        direction=read.at("VehicleDirection").word,
        speed_kmh=speed_in(read.at("VehicleSpeed").text),
        vehicle_class=class_of(read.at("VehicleType").text),
        colour=colour_of(read.at("VehicleColor").text),
        make=make_of(read.at("VehicleMake").text),
        position=place(read.at("Latitude").number, read.at("Longitude").number),
        event_key=read.at("ReferenceReadId").word,
        pictures=tuple(_pictures(read)),
    )
    return finished(draft, around)


def _exported(read: Node, around: Circumstances) -> Item:
    """The item of a read in the exporter's JSON or XML, or in SharpV's file, which only names date and time differently."""
    about = _attributes(read)
    score = read.at("ConfidenceScore").number
    draft = Draft(
        plate=read.first("Plate", "PlateNumber").text,
        moment=_moment(read, around),
        camera=_camera(read),
        confidence=share_of(score if score is not None else about.at("Confidence Score").number, 100),
        country=countries.of_oval_or_any(read.first("State", "PlateState").text)
        or countries.of_oval_or_any(about.at("State Name").text),
        country_confidence=share_of(about.at("State Name Confidence Score").number, 100),
        lane=lane_of((read.at("Lane") or about.at("Lane")).integer),
        direction=(read.at("RelativeMotion") or about.at("Relative Motion")).word,
        speed_kmh=speed_in(about.at("Speed").text) or speed_in(read.at("Speed").text),
        vehicle_class=class_of(about.at("Vehicle Type").text),
        colour=colour_of(about.at("Vehicle Color").text),
        make=make_of(about.at("Vehicle Make").text),
        position=place(read.first("Latitude", "LatitudeY").number, read.first("Longitude", "LongitudeX").number),
        event_key=read.first("Guid", "ReadID", "ReadId").word,
        pictures=tuple(_pictures(read)),
    )
    return finished(draft, around)


def _sharp(read: Node, around: Circumstances) -> Item:
    """The item of SharpV's HTTP extension, whose results are a list of Key, Value and Score."""
    about = _analytics(read)
    draft = Draft(
        plate=read.first("PlateRead", "Plate").text,
        moment=moment_of(read.at("Timestamp").text, "Timestamp", around, zone="UTC"),
        camera={
            "name": read.first("LprCameraName", "CameraName").word,
            "source": read.at("SourceUrl").word,
        },
        confidence=share_of(about.at("Confidence Score").number, 100),
        country=countries.of_oval_or_any(about.at("State Name").text),
        lane=lane_of(about.at("Lane").integer),
        direction=about.at("Relative Motion").word,
        speed_kmh=speed_in(about.at("Speed").text),
        vehicle_class=class_of(about.at("Vehicle Type").text),
        colour=colour_of(about.at("Vehicle Color").text),
        make=make_of(about.at("Vehicle Make").text),
        position=place(read.at("Latitude").number, read.at("Longitude").number),
        event_key=read.at("Id").word,
        pictures=tuple(_pictures(read)),
    )
    return finished(draft, around)


def _pictures(read: Node) -> Iterator[Picture]:
    yield from called("plate", read.at("PlateImage").text)
    yield from called("overview", read.at("ContextImage").text)


def _camera(read: Node) -> Mapping[str, str]:
    return {"name": read.at("CameraName").word, "source": read.at("SourceName").word}


def _moment(read: Node, around: Circumstances) -> Moment | None:
    """The time in UTC if it is sent, else the local time in the camera's zone."""
    for date, time, zone in (("DateUtc", "TimeUtc", "UTC"), ("UTCDate", "UTCTime", "UTC"), ("DateLocal", "TimeLocal", None),
                             ("LocalDate", "LocalTime", None), ("Date", "Time", None)):  # fmt: skip
        if read.at(date) and read.at(time):
            text = f"{read.at(date).word} {read.at(time).word}"
            return moment_of(text, f"{date} and {time}", around, zone=zone)
    return moment_of(read.first("TimeStampUTC", "TimestampUtc").text, "TimestampUtc", around, zone="UTC")


def _attributes(read: Node) -> Node:
    """The attributes by name: an object in JSON, elements with a name in XML."""
    about = read.first("Attributes", "attributes")
    if about.at("Attributes"):
        about = about.at("Attributes")
    if not about.at("Attribute"):
        return about
    found: dict[str, Value] = {one.at("@name").word: one.text for one in about.at("Attribute")}
    return Node(found)


def _analytics(read: Node) -> Node:
    about = read.at("PlateAnalytics")
    inner = about.at("PlateAnalytics") if about.names else about
    found: dict[str, Value] = {one.at("Key").word: one.at("Value").text for one in inner}
    return Node(found)


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400."""
    return plain_answer(good)
