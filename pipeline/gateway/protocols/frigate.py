"""Frigate: plates that it recognised, over MQTT.

Source: https://docs.frigate.video/integrations/mqtt/ (tracked_object_update of type lpr; events). Times are seconds with a
fraction. The unit of its speeds is a setting of its own, so they are not taken; names of known plates, faces and persons are
not either. The result is refined: several messages with one id are one passage.
"""

from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item
from pipeline.gateway.node import Node
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch
from pipeline.gateway.words import class_of, share_of

NAME = "frigate"
PASSAGE_MS = UNIQUE_KEPT_MS
_STATES = (b"online", b"offline", b"stopped")


def recognises(request: Request) -> bool:
    """Whether the topic is one of its own, or the message updates a tracked object."""
    topic = request.circumstances.topic or ""
    return (
        topic.startswith("frigate")
        or topic.endswith("/tracked_object_update")
        or (request.says(b'"type"', b'"plate"', b'"timestamp"', b'"id"') and request.says(b'"lpr"'))
        or request.says(b'"before"', b'"after"', b'"label"')
    )


def parse(request: Request) -> list[Item]:
    """One item for each object in the message."""
    body = request.body.removeprefix(b"\xef\xbb\xbf").strip()
    topic = request.circumstances.topic or ""
    if body.lower() in _STATES:
        return [Ignored(reason="heartbeat")]
    if body[:1] not in (b"{", b"[") or topic.endswith(("/stats", "/reviews", "/triggers")):
        return [Ignored(reason="other_event")]
    return [_item(one, request.circumstances) for one in json_of(body)] or [Ignored(reason="other_event")]


def _item(message: Node, around: Circumstances) -> Item:
    kind = message.at("type").word
    if kind == "lpr":
        return _recognised(message, around)
    if message.at("after"):
        return _tracked(message.at("after"), kind, around)
    return Ignored(reason="other_event")


def _recognised(message: Node, around: Circumstances) -> Item:
    draft = Draft(
        plate=message.at("plate").text,
        moment=epoch(message.at("timestamp").number, 1, "timestamp"),
        camera={"name": message.at("camera").word},
        confidence=share_of(message.at("score").number),
        event_key=message.at("id").word,
        state="lpr",
        open_passage=True,
    )
    return finished(draft, around)


def _tracked(after: Node, kind: str, around: Circumstances) -> Item:
    """The item of a tracked object, whose plate is a text, or a text with a score. kind: new, update, end."""
    label = after.at("label").word
    if class_of(label) == "unknown" and not after.at("recognized_license_plate"):
        return Ignored(reason="other_event", camera={"name": after.at("camera").word})
    pair = list(after.at("recognized_license_plate"))
    score = after.at("recognized_license_plate_score")
    time = after.at("snapshot", "frame_time") or after.first("frame_time", "start_time")
    draft = Draft(
        plate=pair[0].text if pair else "",
        moment=epoch(time.number, 1, "frame_time of the snapshot"),
        camera={"name": after.at("camera").word},
        confidence=share_of(score.number if score else pair[1].number if len(pair) > 1 else None),
        vehicle_class=class_of(label),
        event_key=after.at("id").word,
        state=kind,
        open_passage=True,
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """A plain answer, which is not sent: MQTT has none."""
    return plain_answer(good)
