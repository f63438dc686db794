"""OpenALPR and Rekor Scout: what their agents post.

Source: OpenALPR documentation, JSON results (alpr_group, alpr_results, heartbeat) and Rekor Scout's webhook. One alpr_group is one
passage; a preview is followed by the final group with the same first uuid. alpr_results are single looks: the read only where the
camera is set to take them. travel_direction is of the picture, not of the compass; -1 and -1 is no place; country `eu` is none.
"""

from collections.abc import Iterator

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, all_of, finished, place
from pipeline.gateway.items import Ignored, Item, Picture
from pipeline.gateway.node import Node
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch
from pipeline.gateway.words import class_of, colour_of, make_of, share_of

NAME = "rekor"
PASSAGE_MS = UNIQUE_KEPT_MS


def recognises(request: Request) -> bool:
    """Whether the message has one of its data types, or is the test of its web page."""
    return (
        request.says(b'"data_type"', b"alpr")
        or request.says(b'"data_type"', b"agent_uid")
        or request.says(b'"openalpr_webhook"')
        or request.says(b'"results"', b'"epoch_time"', b'"matches_template"')
    )


def parse(request: Request) -> list[Item]:
    """The items of one post, which may be a list."""
    return all_of(item for one in json_of(request.body) for item in _items(one, request.circumstances))


def _items(node: Node, around: Circumstances) -> list[Item]:
    kind = node.at("data_type").word.lower() or ("alpr_results" if node.at("results") else "")
    if kind == "alpr_alert" and node.at("group"):
        node = node.at("group")
        kind = "alpr_group"
    match kind:
        case "alpr_group":
            return [_group(node, around)]
        case "alpr_results":
            if around.camera_settings.take != "alpr_results":
                return [Ignored(reason="other_event", camera=_camera(node))]
            return [_look(node, one, around) for one in node.at("results")] or [Ignored(reason="no_result")]
        case "heartbeat":
            return [Ignored(reason="heartbeat", camera=_camera(node))]
    return [Ignored(reason="heartbeat" if node.at("openalpr_webhook") else "other_event", camera=_camera(node))]


def _camera(node: Node) -> dict[str, str]:
    found = {"agent": node.at("agent_uid").word, "camera": node.at("camera_id").word}
    return {name: value for name, value in found.items() if value}


def _group(group: Node, around: Circumstances) -> Item:
    best = group.at("best_plate")
    preview = group.at("is_preview").truth is True
    draft = Draft(
        plate=(group.at("best_plate_number") or best.at("plate")).text,
        moment=epoch(group.at("epoch_start").integer, 1000, "epoch_start"),
        camera=_camera(group),
        confidence=share_of(
            next(
                (n for n in (group.at("best_confidence").number, best.at("confidence").number) if n is not None), None
            ),
            100,
        ),
        country=countries.of_region(group.at("best_region").text)
        or countries.of_region(best.at("region").text)
        or countries.of_region(group.at("country").text),
        vehicle_class=class_of(_likeliest(group.at("vehicle", "body_type"))),
        colour=colour_of(_likeliest(group.at("vehicle", "color"))),
        make=make_of(_likeliest(group.at("vehicle", "make"))),
        position=place(group.at("gps_latitude").number, group.at("gps_longitude").number),
        event_key=next((one.word for one in group.at("uuids") if one.word), "") or group.at("best_uuid").word,
        state="preview" if preview else "final",
        open_passage=preview,
        pictures=tuple(_pictures(group)),
        alternatives=tuple(one.at("plate").text for one in group.at("candidates") or best.at("candidates")),
    )
    return finished(draft, around)


def _pictures(group: Node) -> Iterator[Picture]:
    yield from called("plate", group.at("best_plate", "plate_crop_jpeg").text)
    yield from called("vehicle", group.at("vehicle_crop_jpeg").text)
    yield from called("overview", group.at("overview_jpeg").text)


def _likeliest(names: Node) -> str:
    """The name with the highest confidence."""
    found = max(names, key=lambda one: one.at("confidence").number or 0, default=Node(None))
    return found.at("name").text


def _look(results: Node, one: Node, around: Circumstances) -> Item:
    """The item of a single reading of one plate."""
    uuid, index = results.at("uuid").word, one.at("plate_index").word
    draft = Draft(
        plate=one.at("plate").text,
        moment=epoch(results.at("epoch_time").integer, 1000, "epoch_time"),
        camera=_camera(results),
        confidence=share_of(one.at("confidence").number, 100),
        country=countries.of_region(one.at("region").text),
        event_key=f"{uuid}/{index}" if uuid else "",
        pictures=called("plate", one.at("plate_crop_jpeg").text),
        alternatives=tuple(other.at("plate").text for other in one.at("candidates")),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400, upon which the agent keeps the message in its queue on disk and sends it again."""
    return plain_answer(good)
