"""Plate Recognizer: webhooks of Stream and Snapshot, and Stream's CSV.

Sources: https://guides.platerecognizer.com/docs/stream/results and /docs/snapshot/results. A time without a zone is UTC
(Snapshot). A hook is sent without a plate, too, and switched off after constant errors. `direction` is degrees in the picture;
the orientation of the vehicle says whether it comes or goes.
"""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from urllib.parse import parse_qsl

import msgspec

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, text_of
from pipeline.gateway.drafts import Draft, all_of, finished
from pipeline.gateway.items import CameraRead, Ignored, Item, Picture, Refuse
from pipeline.gateway.literals import value_of
from pipeline.gateway.multipart import form_of
from pipeline.gateway.node import MAX_LIST, Node, Value
from pipeline.gateway.pictures import shown
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, make_of, share_of

NAME = "platerecognizer"
PASSAGE_MS = UNIQUE_KEPT_MS
_CSV = b"timestamp,plate,score"


def recognises(request: Request) -> bool:
    """Whether the body has a hook with results or an event, or results beside a processing time or a dscore, is a form with the
    message in its field json, or is the maker's table, known by its first line."""
    return (
        (request.says(b'"hook"') and (request.says(b'"results"') or request.says(b'"event"')))
        or request.says(b'"results"', b'"processing_time"')
        or request.says(b'"results"', b'"dscore"')
        or (request.content_type == "application/x-www-form-urlencoded" and request.says(b"json=", b"results"))
        or request.body.lstrip(b"\xef\xbb\xbf").startswith(_CSV)
    )


def parse(request: Request) -> list[Item]:
    """One item a result; one Ignored for a hook of another event, which has none."""
    around = request.circumstances
    if request.body.lstrip(b"\xef\xbb\xbf").startswith(_CSV):
        return list(_of_table(text_of(request.body), around))
    message, pictures = _message(request)
    return all_of(item for one in message for item in _hook(one, pictures, around)) or [Ignored(reason="no_result")]


def _hook(hook: Node, pictures: tuple[Picture, ...], around: Circumstances) -> Iterator[Item]:
    data = hook.at("data") if hook.at("data") else hook
    for result in data.at("results"):
        yield _item(data, result, pictures, around)
    event = hook.at("hook", "event").word.lower()
    if "results" not in data.names and event not in ("", "recognition"):
        yield Ignored(reason="heartbeat" if "heartbeat" in event else "other_event")


def _message(request: Request) -> tuple[Node, tuple[Picture, ...]]:
    """The JSON and the pictures of a form; of a plain body the JSON, without pictures."""
    parts = form_of(request.headers.get("content-type", ""), request.body)
    if parts:
        text = next((part.body for part in parts if not part.is_picture and part.is_json), b"")
        return json_of(text), tuple(shown(part.body) for part in parts if part.is_picture and part.body)
    if request.content_type == "application/x-www-form-urlencoded":
        return json_of(dict(parse_qsl(text_of(request.body), max_num_fields=100)).get("json", "").encode()), ()
    return json_of(request.body), ()


def _item(data: Node, result: Node, pictures: tuple[Picture, ...], around: Circumstances) -> Item:
    plate, vehicle = result.at("plate"), result.at("vehicle")
    texts = plate.at("props", "plate") if plate.names else Node(None)
    regions = plate.at("props", "region") if plate.names else result.at("region")
    best, about = next(iter(texts), Node(None)), vehicle.at("props") or result
    region = next(iter(regions), Node(None))
    turned = next(iter(about.at("orientation")), Node(None))
    make = next(iter(about.first("model_make", "make_model")), Node(None)).at("make").text
    score = best.at("score") if texts else result.at("score")
    draft = Draft(
        plate=best.at("value").text if texts else plate.text,
        moment=moment_of(data.at("timestamp").text, "timestamp", around, zone="UTC"),
        camera={"name": data.at("camera_id").word},
        confidence=share_of(score.number),
        country=countries.of_region((region.first("code", "value") if region.names else region).text),
        country_confidence=share_of(region.at("score").number),
        direction=turned.first("orientation", "value").text,
        vehicle_class=class_of(vehicle.at("type").text),
        colour=colour_of(next(iter(about.at("color")), Node(None)).first("color", "value").text),
        make=None if make.lower() == "generic" else make_of(make),
        pictures=pictures,
        alternatives=tuple(one.first("plate", "value").text for one in (texts or result.at("candidates"))),
    )
    return finished(draft, around)


def _of_table(text: str, around: Circumstances) -> Iterator[Item]:
    """The items of Stream's CSV, in which cells with objects are written in Python's syntax. Raises Refuse."""
    try:
        rows = list(islice(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))), MAX_LIST + 1))
    except csv.Error as error:
        raise Refuse("unreadable", f"no table: {error}") from error
    for row in rows:
        cells: dict[str, Value] = {name: _cell(value) for name, value in row.items() if isinstance(name, str)}
        path = str(row.get("file") or "")
        camera = path.strip("/").split("/")[0].removesuffix("_screenshots") if "_screenshots" in path else ""
        data = Node({"timestamp": row.get("timestamp"), "camera_id": camera or around.folder})
        item = _item(data, Node(cells), (), around)
        yield _with_file(item, path) if path else item


def _with_file(item: Item, path: str) -> Item:
    return msgspec.structs.replace(item, picture_files=(path[:300],)) if isinstance(item, CameraRead) else item


def _cell(text: object) -> Value:
    """The object or list in a cell; the cell's text if it holds none."""
    if not isinstance(text, str) or text[:1] not in "{[" or len(text) > 20_000:
        return text if isinstance(text, str) else None
    try:
        return value_of(text)
    except ValueError:
        return text


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400. A message without a plate is good, too."""
    return plain_answer(good)
