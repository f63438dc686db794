"""Survision: decisions that its sensors post, or send over their websocket.

Source: Survision sensor API (asynchronous messages). Attributes are named @name. `@date` is UTC milliseconds, in some programs
a time in ISO form. `@context` is the oval sign, in some programs an ISO code; newer sensors add both ISO codes. `@direction` is the
end of the vehicle that is seen.
"""

import re

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, xml_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item
from pipeline.gateway.node import Node
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch, moment_of
from pipeline.gateway.words import share_of, speed_of

NAME = "survision"
PASSAGE_MS = UNIQUE_KEPT_MS
_SERIAL = "survision-serial-number"
_KINDS = (b'"anpr"', b'"ioState"', b'"triggerResult"', b'"dgpr"', b'"infos"', b'"traces"', b'"triggerAnswer"', b'"keepAlive"',
          b'"config"', b'"answer"')  # fmt: skip


def recognises(request: Request) -> bool:
    """Whether the message has its header, or is one of its messages with its attributes."""
    return (
        _SERIAL in request.headers
        or (any(kind in request.body for kind in _KINDS) and b'"@' in request.body)
        or request.says(b"<anpr", b"<decision")
    )


def parse(request: Request) -> list[Item]:
    """One item a message; a post may be a list of them. As XML it has the same names."""
    if request.body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        root, tree = xml_of(request.body)
        return [_item(Node({root: tree.value}), request)]
    return [_item(one, request) for one in json_of(request.body)]


def _item(node: Node, request: Request) -> Item:
    node = node.at("payload") if node.at("payload", "anpr") else node
    event = node.first("anpr", "triggerResult")
    serial = request.headers.get(_SERIAL, "") or node.at("infos", "sensor", "@serial").word
    if not event.at("decision"):
        beat = "keepAlive" in node.names
        return Ignored(reason="heartbeat" if beat else "other_event", camera={"serial": serial} if serial else {})
    return _decision(event, event.at("decision"), serial, request.circumstances)


def _decision(event: Node, decision: Node, serial: str, around: Circumstances) -> Item:
    speed = event.at("speed") or decision.at("speed")
    date = event.at("@date")
    number = event.first("@id", "@triggerId").word
    draft = Draft(
        plate=decision.at("@plate").text,
        moment=epoch(date.integer, 1000, "@date") or moment_of(date.text, "@date", around, zone="UTC"),
        camera={"serial": serial},
        confidence=share_of(decision.at("@reliability").number, 100),
        country=_country(decision),
        direction=decision.at("@direction").word,
        speed_kmh=speed_of(speed.first("@instantSpeed_km_h", "@speed_km_h", "@speed").number),
        event_key=f"{serial}:{event.at('@session').word}:{number}" if number else "",
        pictures=called("plate", decision.at("jpeg").text) + called("overview", decision.at("contextJpeg").text),
    )
    return finished(draft, around)


def _country(decision: Node) -> str | None:
    for name in ("@context_isoAlpha2", "@context_isoAlpha3"):
        if code := countries.of_code(decision.at(name).text):
            return code
    return countries.of_oval_or_any(re.split(r"[>,;/| ]", decision.at("@context").word)[0])


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400."""
    return plain_answer(good)
