"""ONVIF (Profile M): metadata frames with plates, recognition events as XML, and the same as JSON over MQTT.

Source: https://github.com/onvif/specs (wsdl/ver10/schema/metadatastream.xsd, doc/Analytics.xml, doc/Core.xml). UtcTime is UTC, also
without its Z. Speed is metres a second. One ObjectId in many frames is one passage: the most likely look is the read. Frames do not
name their source: it is the connection's.
"""

from collections.abc import Iterator

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, xml_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item, Picture
from pipeline.gateway.node import Node, Value
from pipeline.gateway.passages import KEPT_MS
from pipeline.gateway.pictures import of_base64, shown
from pipeline.gateway.protocols import Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, make_of, share_of, speed_of

NAME = "onvif"
PASSAGE_MS = KEPT_MS
_SOURCES = ("VideoSource", "VideoSourceToken", "VideoSourceConfigurationToken", "Source")


def recognises(request: Request) -> bool:
    """Whether the message has its schema or its topics, in XML or JSON."""
    topic = request.circumstances.topic or ""
    return (
        request.says(b"MetadataStream")
        or request.says(b"LicensePlateInfo")
        or request.says(b"http://www.onvif.org/")
        or topic.lower().startswith("onvif")
        or request.says(b'"UtcTime"', b'"Data"')
    )


def parse(request: Request) -> list[Item]:
    """One item for each object in the frames that has a plate, then one for each event."""
    around = request.circumstances
    if request.body.lstrip(b"\xef\xbb\xbf \r\n\t\x00")[:1] != b"<":
        return [_notified(one, around) for one in json_of(request.body)]
    root, tree = xml_of(request.body)
    if root == "Frame":
        tree = Node({"VideoAnalytics": {"Frame": tree.value}})
    tree = tree.at("Body") if root == "Envelope" else tree
    frames = [frame for part in tree.at("VideoAnalytics") for frame in part.at("Frame")]
    found: list[Item] = [_passage(looks, around) for looks in _by_object(frames)]
    found += [_notified(_message(one), around) for one in _messages(tree)]
    return found or [Ignored(reason="other_event")]


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


def _passage(looks: list[tuple[str, Node]], around: Circumstances) -> Item:
    best = max(looks, key=lambda look: likelihood(_plate(look)) or 0)
    time, seen = best
    appearance = seen.at("Appearance")
    draft = Draft(
        plate=worded(_plate(best)),
        moment=moment_of(time, "UtcTime of the most likely look", around, zone="UTC"),
        camera={"source": around.video_source},
        confidence=likelihood(_plate(best)),
        speed_kmh=speed_of(seen.at("Behaviour", "Speed").number, 3.6),
        event_key=seen.at("@ObjectId").word,
        alternatives=tuple(worded(_plate(look)) for look in looks),
        country=countries.of_any(worded(appearance.at("LicensePlateInfo", "CountryCode"))),
        country_confidence=likelihood(appearance.at("LicensePlateInfo", "CountryCode")),
        vehicle_class=class_of(worded(appearance.at("VehicleInfo", "Type"))),
        make=make_of(worded(appearance.at("VehicleInfo", "Brand"))),
        colour=colour_of(worded(appearance.at("VehicleInfo", "Color"))),
        pictures=tuple(_pictures(appearance)),
    )
    return finished(draft, around)


def worded(node: Node) -> str:
    """The text of a value that has a likelihood, from XML or from any of the spellings in JSON."""
    return node.first("#text", "value", "Value", "_", "text").text if node.names else node.text


def likelihood(node: Node) -> float | None:
    """The likelihood that the value states, 0..1; None where it states none or is out of range."""
    return share_of(node.first("@Likelihood", "Likelihood", "likelihood").number)


def _pictures(appearance: Node) -> Iterator[Picture]:
    for node in (
        appearance.at("LicensePlateInfo", "Image"),
        appearance.at("VehicleInfo", "Image"),
        appearance.at("Image"),
    ):
        for data in of_base64(worded(node)):
            yield shown(data)


def _messages(tree: Node) -> Iterator[Node]:
    for one in (tree, *tree.at("Event"), *tree.at("PullMessagesResponse"), *tree.at("Notify")):
        yield from one.at("NotificationMessage")


def _message(notification: Node) -> Node:
    """An event of XML in the form that it has in JSON: fields by name."""
    inner = notification.at("Message").at("Message") or notification.at("Message")
    found: dict[str, Value] = {
        "UtcTime": inner.at("@UtcTime").value,
        "PropertyOperation": inner.at("@PropertyOperation").value,
        "Topic": worded(notification.at("Topic")),
    }
    for part in ("Source", "Key", "Data"):
        fields: dict[str, Value] = {
            one.at("@Name").word: one.at("@Value").value for one in inner.at(part).at("SimpleItem")
        }
        for one in inner.at(part).at("ElementItem"):
            name = one.at("@Name").word or "Element"
            fields[name] = (
                one.at(name).value if one.at(name) else {k: v for k, v in _object(one).items() if k != "@Name"}
            )
            if one.at("LicensePlateInfo"):
                fields["LicensePlateInfo"] = one.at("LicensePlateInfo").value
        found[part] = fields
    return Node(found)


def _object(node: Node) -> dict[str, Value]:
    return node.value if isinstance(node.value, dict) else {}


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
        colour=colour_of(worded(data.at("VehicleInfo", "Color"))),
        pictures=tuple(shown(one) for one in of_base64(worded(data.at("Image")))),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """A plain answer, which is sent only where a camera posts its events: mostly the gateway itself asks the camera."""
    return plain_answer(good)
