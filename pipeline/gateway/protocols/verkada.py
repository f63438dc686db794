"""Verkada: the lpr webhook, in its older and its newer form.

Source: https://apidocs.verkada.com/reference/lpr. `detected` is milliseconds, `created` seconds: the unit is the field's, never
guessed. The picture is a link that expires.
"""

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item
from pipeline.gateway.node import Node
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch
from pipeline.gateway.words import share_of

NAME = "verkada"
PASSAGE_MS = UNIQUE_KEPT_MS


def recognises(request: Request) -> bool:
    """Whether the message has its header or its envelope."""
    return "verkada-signature" in request.headers or request.says(b'"webhook_type"', b'"webhook_id"')


def parse(request: Request) -> list[Item]:
    """One item, or one for each member of a list."""
    return [_item(one, request.circumstances) for one in json_of(request.body)]


def _item(event: Node, around: Circumstances) -> Item:
    data = event.at("data")
    camera = {"id": data.at("camera_id").word}
    if event.at("webhook_type").word.lower() != "lpr":
        return Ignored(reason="other_event", camera={name: value for name, value in camera.items() if value})
    url = data.at("image_url").word
    draft = Draft(
        plate=data.at("license_plate_number").text,
        moment=epoch(data.at("detected").integer, 1000, "detected") or epoch(data.at("created").integer, 1, "created"),
        camera=camera,
        confidence=share_of(data.at("confidence").number),
        country=countries.of_region(data.at("license_plate_state").text),
        event_key=event.at("webhook_id").word,
        picture_urls=(url[:500],) if url else (),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """Status 200 with {"ok": true} if good, else 400 with false, in the JSON that the maker's documentation asks for."""
    return Answer(status=200 if good else 400, json=b'{"ok":true}' if good else b'{"ok":false}')
