"""Makes reads of an unknown sender's messages by a TOML file, which names the place of each field in JSON, XML, a table or a form.
See docs/cameras/mapping.md."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.errors import Misconfigured
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import CameraRead, Ignored, Item, Picture, PictureKind, Refuse
from pipeline.gateway.mapped_bodies import parts_in, picture_in, trees_in
from pipeline.gateway.mapped_values import (
    country_at,
    lane_at,
    moment_in,
    position_at,
    share_at,
    speed_at,
    value_at,
    word_at,
)
from pipeline.gateway.mapping_terms import Mapping, Paths
from pipeline.gateway.multipart import Part
from pipeline.gateway.node import Node
from pipeline.gateway.passages import UNIQUE_KEPT_MS
from pipeline.gateway.pictures import called
from pipeline.gateway.request import Answer, Circumstances, Request
from pipeline.gateway.times import Moment, epoch, moment_of
from pipeline.gateway.words import class_of, colour_of, make_of, said
from pipeline.runtime.private import WRITABLE, read_trusted
from schemas.base import UNREADABLE

TOP = "^"
"""A path that begins so leads from the top of the message, where `each` names a list in it."""
PART = "part:"
"""A picture's path that begins so names a part of a form, by a piece of its name or of its file's."""
_PER_SECOND = {"seconds": 1, "milliseconds": 1000, "microseconds": 1_000_000}


class MappedMaker:
    """A maker whose messages are read by a mapping."""

    PASSAGE_MS = UNIQUE_KEPT_MS

    def __init__(self, mapping: Mapping) -> None:
        self.NAME = mapping.name
        self.mapping = mapping
        self._marks = [text.encode() for text in mapping.recognise]

    def recognises(self, request: Request) -> bool:
        """Whether all texts of `recognise` occur in the body or in the path with its query."""
        return all(mark in request.words or mark.decode() in request.target for mark in self._marks)

    def parse(self, request: Request) -> list[Item]:
        """One item for each passage; one Ignored where the message has none. Raises Refuse for a body that cannot be read."""
        parts = parts_in(request)
        trees = self.passages(request, parts)
        shown = parts if len(trees) == 1 else []  # of several passages nothing says which a part's picture shows
        return [self._guarded(one, shown, request.circumstances) for one in trees] or [Ignored(reason="no_result")]

    def passages(self, request: Request, parts: Sequence[Part]) -> list[Node]:
        """The passages in a message. parts: of its body, where that is a form. Raises Refuse."""
        trees = trees_in(request, parts, self.mapping.format)
        if self.mapping.each:
            return [_within(one, tree) for tree in trees for one in value_at(tree, self.mapping.each)]
        return trees

    def answer(self, good: bool) -> Answer:
        """The mapping's answer when the message could be read; otherwise status 400."""
        replied = self.mapping.answer
        body = b"" if replied.json is None else msgspec.json.encode(replied.json)
        return Answer(status=replied.status, json=body) if good else Answer(status=400)

    def _guarded(self, passage: Node, parts: Sequence[Part], around: Circumstances) -> Item:
        try:
            return self._item(passage, parts, around)
        except Refuse as refused:
            return refused.item

    def _item(self, passage: Node, parts: Sequence[Part], around: Circumstances) -> Item:
        mapping = self.mapping
        camera = {name: value_at(passage, paths).word for name, paths in mapping.camera.items()}
        if mapping.only is not None:
            kind = value_at(passage, mapping.only.path).word
            if kind in mapping.only.heartbeat:
                return Ignored(reason="heartbeat", camera={name: text for name, text in camera.items() if text})
            if kind not in mapping.only.is_:
                return Ignored(reason="other_event", camera={name: text for name, text in camera.items() if text})
        draft = Draft(
            plate=value_at(passage, mapping.plate).text,
            moment=self._moment(passage, around),
            time_as_sent=self._time(passage).word,
            buffered=value_at(passage, mapping.buffered).truth,
            camera=camera,
            confidence=share_at(passage, mapping.confidence),
            country=country_at(passage, mapping.country),
            lane=lane_at(passage, mapping.lane),
            direction=word_at(passage, mapping.direction),
            speed_kmh=speed_at(passage, mapping.speed),
            vehicle_class=class_of(word_at(passage, mapping.vehicle_class)),
            colour=colour_of(word_at(passage, mapping.colour)),
            make=make_of(word_at(passage, mapping.make)),
            position=position_at(passage, mapping.position),
            event_key=value_at(passage, mapping.event_key).word,
            pictures=self._pictures(passage, parts),
            picture_urls=tuple(one.word[:500] for one in value_at(passage, mapping.picture_urls) if one.word)[:8],
        )
        item = finished(draft, around, frozenset(word.lower() for word in mapping.no_plate))
        if isinstance(item, CameraRead) and mapping.direction is not None:
            sent = said(value_at(passage, mapping.direction.path).word)
            return msgspec.structs.replace(item, direction_as_sent=sent)
        return item

    def _moment(self, passage: Node, around: Circumstances) -> Moment | None:
        field, node = self.mapping.time, self._time(passage)
        if field.format in _PER_SECOND:
            number = node.integer if node.integer is not None else node.number
            return epoch(number, _PER_SECOND[field.format], "the mapped time")
        if field.format == "any":
            return moment_of(node.text, "the mapped time", around, zone=field.zone)
        return moment_in(node.word, field, around)

    def _time(self, passage: Node) -> Node:
        field = self.mapping.time
        node = value_at(passage, field.path)
        return node if field.and_ is None else Node(f"{node.word} {value_at(passage, field.and_).word}".strip())

    def _pictures(self, passage: Node, parts: Sequence[Part]) -> tuple[Picture, ...]:
        found = (self._shown(kind, paths, passage, parts) for kind, paths in self.mapping.pictures.items())
        return tuple(picture for pictures in found for picture in pictures)

    @staticmethod
    def _shown(kind: PictureKind, paths: Paths, passage: Node, parts: Sequence[Part]) -> Sequence[Picture]:
        """The pictures of one kind, where the first of these paths that leads to some says."""
        for path in (paths,) if isinstance(paths, str) else paths:
            if not path.startswith(PART):
                pictures = called(kind, value_at(passage, path).text)
                if pictures:
                    return pictures
            elif (data := picture_in(parts, path.removeprefix(PART))) is not None:
                return [Picture(kind=kind, data=data)]
        return ()


def _within(passage: Node, message: Node) -> Node:
    """The passage, with the whole message under the name TOP."""
    return Node({**passage.value, TOP: message.value}) if isinstance(passage.value, dict) else passage


def mapping_in(path: Path) -> MappedMaker:
    """The mapping in a file. Raises Misconfigured naming the file and the fault, also where others may change it: what a camera's
    message says is what this file makes of it."""
    try:
        data = read_trusted("--mapping", path, modes=WRITABLE)[:1_000_000]
    except OSError as error:
        raise Misconfigured(
            "--mapping", found=str(path), allowed=f"a file that can be read ({error.strerror})"
        ) from error
    try:
        return MappedMaker(msgspec.toml.decode(data, type=Mapping))
    except (*UNREADABLE, ValueError, TypeError) as error:
        raise Misconfigured(
            str(path), found=str(error), allowed="a mapping as docs/cameras/mapping.md has it"
        ) from error
