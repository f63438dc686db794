"""ONVIF (Profile M): metadata frames with plates and recognition events, as XML, and both as JSON over MQTT.

Source: https://github.com/onvif/specs (wsdl/ver10/schema/metadatastream.xsd, doc/Analytics.xml, doc/Core.xml). UtcTime is UTC, also
without its Z. Speed is metres a second. One ObjectId in many frames is one passage: the most likely look is the read. Frames do not
name their source: it is the connection's.
"""

from collections.abc import Iterator

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, xml_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item, Picture, Refuse
from pipeline.gateway.node import Node
from pipeline.gateway.passages import KEPT_MS
from pipeline.gateway.pictures import of_base64, shown
from pipeline.gateway.protocols import Answer, plain_answer
from pipeline.gateway.protocols.onvif_events import event_of_json, events_of_xml
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, make_of, share_of, speed_of
from pipeline.gateway.xml_cutting import XmlCutter

NAME = "onvif"
PASSAGE_MS = KEPT_MS
_SOURCES = ("VideoSource", "VideoSourceToken", "VideoSourceConfigurationToken", "Source")


def recognises(request: Request) -> bool:
    """Whether the message has its schema or its topics, in XML or JSON."""
    topic = (request.circumstances.topic or "").lower()
    return (
        request.says(b"MetadataStream")
        or request.says(b"LicensePlateInfo")
        or request.says(b"http://www.onvif.org/")
        or topic.startswith("onvif")
        or "/onvif-" in topic
        or request.says(b'"UtcTime"', b'"Data"')
    )


def parse(request: Request) -> list[Item]:
    """One item for each object in the frames that has a plate, then one for each event. Documents may follow each other."""
    around = request.circumstances
    if request.body.lstrip(b"\xef\xbb\xbf \r\n\t\x00")[:1] == b"<":
        documents = _documents(request.body)
        frames = [frame for one in documents for part in one.at("VideoAnalytics") for frame in part.at("Frame")]
        events = [event for one in documents for event in events_of_xml(one)]
    else:
        messages = list(json_of(request.body))
        frames = [frame for one in messages for frame in one.at("Frame")]
        events = [event_of_json(one) for one in messages if "Frame" not in one.names]
    found: list[Item] = [_passage(looks, around) for looks in _by_object(frames)]
    found += [_notified(one, around) for one in events]
    return found or [Ignored(reason="other_event")]


def _documents(body: bytes) -> list[Node]:
    """The contents of the XML documents in the body, each in the form of a stream's. Raises Refuse."""
    try:
        return [_streamed(*xml_of(body))]
    except Refuse:
        cutter = XmlCutter()
        cutter.feed(body)
        pieces = list(iter(cutter.next, None))
        if len(pieces) < 2:
            raise
        return [_streamed(*xml_of(one)) for one in (*pieces, cutter.rest) if one]


def _streamed(root: str, tree: Node) -> Node:
    if root in ("Frame", "VideoAnalytics"):
        return Node({"VideoAnalytics": {"Frame": tree.value} if root == "Frame" else tree.value})
    return tree.at("Body") if root == "Envelope" else tree


def _by_object(frames: list[Node]) -> Iterator[list[tuple[str, Node]]]:
    """For each object that has a plate, its appearances with their times; objects in the order in which they first appeared."""
    looks: dict[str, list[tuple[str, Node]]] = {}
    for frame in frames:
        for one in frame.at("Object"):
            if one.at("Appearance", "LicensePlateInfo"):
                looks.setdefault(one.at("@ObjectId").word, []).append((frame.at("@UtcTime").word, one))
    yield from looks.values()


def _plate(look: tuple[str, Node]) -> Node:
    return look[1].at("Appearance", "LicensePlateInfo", "PlateNumber")


def _sure(look: tuple[str, Node]) -> float | None:
    """How likely the plate of this look is: its own likelihood, from some devices the one of all that is on the plate."""
    own = likelihood(_plate(look))
    return own if own is not None else likelihood(look[1].at("Appearance", "LicensePlateInfo"))


def _passage(looks: list[tuple[str, Node]], around: Circumstances) -> Item:
    best = max(looks, key=lambda look: _sure(look) or 0)
    time, seen = best
    appearance = seen.at("Appearance")
    draft = Draft(
        plate=worded(_plate(best)),
        moment=moment_of(time, "UtcTime of the most likely look", around, zone="UTC"),
        camera={"source": around.video_source},
        confidence=_sure(best),
        speed_kmh=speed_of(seen.at("Behaviour", "Speed").number, 3.6),
        event_key=seen.at("@ObjectId").word,
        alternatives=tuple(worded(_plate(look)) for look in looks),
        country=countries.of_any(worded(appearance.at("LicensePlateInfo", "CountryCode"))),
        country_confidence=likelihood(appearance.at("LicensePlateInfo", "CountryCode")),
        vehicle_class=class_of(worded(appearance.at("VehicleInfo", "Type"))),
        make=make_of(worded(appearance.at("VehicleInfo", "Brand"))),
        colour=_colour(appearance.at("VehicleInfo", "Color")),
        pictures=tuple(_pictures(appearance)),
        picture_urls=_links(appearance, "ImageRef"),
    )
    return finished(draft, around)


def worded(node: Node) -> str:
    """The text of a value that has a likelihood, from XML or from any of the spellings in JSON; of several the first's."""
    node = next(iter(node), node)
    return node.first("#text", "value", "Value", "_", "text").text if node.names else node.text


def likelihood(node: Node) -> float | None:
    """The likelihood that the value states, 0..1; None where it states none or is out of range."""
    return share_of(node.first("@Likelihood", "Likelihood", "likelihood").number)


def _links(node: Node, *names: str) -> tuple[str, ...]:
    return tuple(link[:500] for name in names if (link := worded(node.at(name)).strip()))


def _colour(node: Node) -> str | None:
    return colour_of(worded(node) or worded(node.at("ColorCluster", "ColorString")))


def _pictures(appearance: Node) -> Iterator[Picture]:
    for node in (
        appearance.at("LicensePlateInfo", "Image"),
        appearance.at("VehicleInfo", "Image"),
        appearance.at("Image"),
    ):
        for data in of_base64(worded(node)):
            yield shown(data)


def _notified(event: Node, around: Circumstances) -> Item:
    """The item of a recognition event. Initialized (sent at each subscription) and Deleted (the event is over) are no
    passages."""
    data, source = event.at("Data"), event.at("Source")
    camera = {"source": worded(source.first(*_SOURCES)) or around.video_source}
    plate = data.first("LicensePlateInfo", "PlateInfo")
    text = plate.at("PlateNumber") if plate else data.first("PlateNumber", "Plate", "LicensePlate", "PlateText")
    if not text or event.at("PropertyOperation").word.lower() in ("initialized", "deleted"):
        return Ignored(reason="other_event", camera=camera)
    sure = likelihood(text)
    draft = Draft(
        plate=worded(text),
        moment=moment_of(event.first("UtcTime", "@UtcTime").text, "UtcTime", around, zone="UTC"),
        camera=camera,
        confidence=sure if sure is not None else share_of(data.first("Likelihood", "Confidence").number),
        event_key=(event.at("Key", "ObjectId") or data.at("ObjectId") or source.at("ObjectId")).word,
        direction=worded(data.first("Direction", "VehicleDirection")),
        speed_kmh=speed_of(data.at("Speed").number, 3.6),
        country=countries.of_any(worded((plate or data).first("CountryCode", "Country"))),
        country_confidence=likelihood((plate or data).at("CountryCode")),
        vehicle_class=class_of(worded(data.at("VehicleInfo", "Type") or data.at("VehicleType"))),
        make=make_of(worded(data.at("VehicleInfo", "Brand"))),
        colour=_colour(data.at("VehicleInfo", "Color")),
        pictures=tuple(shown(one) for name in ("Image", "SceneImage") for one in of_base64(worded(data.at(name)))),
        picture_urls=_links(data, "ImageUri", "SceneImageUri"),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """A plain answer, which is sent only where a camera posts its events: mostly the gateway itself asks the camera."""
    return plain_answer(good)
