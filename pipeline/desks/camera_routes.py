"""Routes for who keeps cameras going: how each does, states in bulk, and the last passages with their pictures. Who waits at the
gateways, and the secrets: camera_waiting_routes."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from pipeline.access.rights import Allowed
from pipeline.desks.camera_bodies import (
    MOST_PASSAGES,
    PAGE,
    CameraPage,
    CameraShown,
    CamerasShown,
    NewState,
    Passages,
    Speaker,
    Usual,
    passage_of,
)
from pipeline.desks.live_routes import picture_of
from pipeline.desks.reference_bodies import Paging
from pipeline.desks.route import Asked, Named, Route, RouteAnswer, found
from pipeline.health.habits import HOUR_MS, Habit, usual
from pipeline.health.watch import is_to_send
from pipeline.reads.admission import purposes_of
from pipeline.state.adopting import speaker_of
from pipeline.state.collections import CAMERAS
from pipeline.tables.local_days import zone_of
from schemas.base import Identifier
from schemas.health import CameraHealth
from schemas.reference import Camera
from schemas.senders import Sender

Place = Annotated[str, msgspec.Meta(pattern=r"\A\d{1,19}-\d{1,2}\Z")]


async def list_cameras(asked: Asked) -> RouteAnswer:
    """A page of the cameras, with what is wrong with each."""
    begin = asked.cursor(asked.given(Paging).cursor, str, "camera-health") or ""
    known = asked.house.directory.of(CAMERAS).as_of(asked.now_ms)
    some = sorted(camera_id for camera_id in known if camera_id > begin)
    names = some[:PAGE]
    health = asked.house.health
    troubled, habits = await health.troubled(), await health.habits(names)
    items = tuple(_shown(asked, known[one], troubled, habits.get(one)) for one in names)
    after = asked.next_cursor(names[-1], "camera-health") if len(some) > PAGE else None
    return RouteAnswer(value=CamerasShown(items=items, next=after), count=len(items))


async def show_camera(asked: Asked) -> RouteAnswer:
    """All that is known of one camera."""
    camera = found(asked.house.directory.of(CAMERAS).at(asked.key, asked.now_ms))
    health = asked.house.health
    habit = (await health.habits([asked.key])).get(asked.key)
    speaker = await speaker_of(asked.house.writer, asked.key)
    return RouteAnswer(value=CameraPage(
        shown=_shown(asked, camera, await health.troubled(), habit), purposes=purposes_of(camera),
        usual=None if habit is None else _usual(asked, habit), speaker=None if speaker is None else _speaker(speaker),
    ), count=1)  # fmt: skip


def _shown(asked: Asked, camera: Camera, troubled: Mapping[str, CameraHealth], habit: Habit | None) -> CameraShown:
    matter = asked.house.directory.matter_of_camera(camera, asked.now_ms)
    health, expected = troubled.get(camera.camera_id), is_to_send(camera)
    return CameraShown(
        camera=camera,
        zones=tuple(sorted(matter.zones or ())),
        mine=isinstance(asked.may(matter, "cameras.change"), Allowed),
        is_expected=expected,
        has_sent=habit is not None and habit.last_ms > 0,
        troubles=health.troubles if health is not None and expected else (),
    )


def _usual(asked: Asked, habit: Habit) -> Usual:
    until_ms = habit.until_ms or asked.now_ms // HOUR_MS * HOUR_MS
    return Usual(
        found=tuple(habit.lately), usual=tuple(usual(habit, until_ms, zone_of(asked.house.home))), until_ms=until_ms,
        known_hours=sum(map(bool, habit.weeks)), delay_s=habit.delay_s, confidence=habit.confidence,
        last_ms=habit.last_ms or None,
    )  # fmt: skip


def _speaker(sender: Sender) -> Speaker:
    return Speaker(
        sender_id=sender.sender_id, cameras=len(sender.cameras), secrets=tuple(one.made_at_ms for one in sender.secrets),
        by_address=sender.by_address, port=None if sender.port is None else sender.port.number, zone=sender.zone,
        utc_is_local=sender.utc_is_local, offset_is_wrong=sender.offset_is_wrong, date_order=sender.date_order,
    )  # fmt: skip


async def set_states(asked: Asked) -> RouteAnswer:
    """Put these cameras into one state, from now on: all, or none."""
    wanted, writer = asked.given(NewState), asked.house.writer
    known = asked.house.directory.of(CAMERAS).as_of(asked.now_ms)
    changed = []
    for camera_id in dict.fromkeys(wanted.cameras):
        camera = found(known.get(camera_id))
        _check(asked, camera)
        changed.append(msgspec.structs.replace(camera, state=wanted.state, holds_from_ms=None))
    await writer.put(CAMERAS, changed)
    return RouteAnswer(count=len(changed))


async def named_cameras(asked: Asked) -> Named:
    """The cameras that are to change, for the record, and the state."""
    wanted = asked.given(NewState)
    return Named(on=(wanted.state, *wanted.cameras))


async def last_passages(asked: Asked) -> RouteAnswer:
    """The last passages at a camera."""
    _check_look(asked)
    reads = await asked.house.reads.last(asked.key, MOST_PASSAGES)
    asked.plates += [read.plate for _, read in reads]
    return RouteAnswer(value=Passages(items=tuple(passage_of(*one) for one in reads)), count=len(reads))


async def passage_picture(asked: Asked) -> RouteAnswer:
    """A picture of a passage at a camera, plate or whole, with a watermark that names the viewer. Raises Problem."""
    _check_look(asked)
    read = found(await asked.house.reads.at(asked.key, asked.params["place"]))
    asked.plates.append(read.plate)
    return await picture_of(asked, read.crop if asked.params["which"] == "crop" else read.overview)


def _check_look(asked: Asked) -> None:
    """Raise Problem where there is no such camera, or this person may not look at its passages."""
    camera = found(asked.house.directory.of(CAMERAS).at(asked.key, asked.now_ms))
    asked.check(asked.house.directory.matter_of_camera(camera, asked.now_ms))


def _check(asked: Asked, camera: Camera) -> None:
    """Raise Problem where this person may not change the camera."""
    asked.check(asked.house.directory.matter_of_camera(camera, asked.now_ms), "cameras.change")


Which = Literal["crop", "overview"]
ROUTES = (
    Route(method="GET", path="/camera-health", about="The cameras, and what is wrong with each.", handle=list_cameras,
          act="cameras.see", query=Paging, answer=CamerasShown),
    Route(method="GET", path="/camera-health/{key}", about="All that is known of one camera.", handle=show_camera,
          act="cameras.see", answer=CameraPage),
    Route(method="POST", path="/camera-states", about="Put cameras into one state, all or none.", handle=set_states,
          act="cameras.change", entry="reference", body=NewState, names=named_cameras),
    Route(method="GET", path="/camera-passages/{key}", about="The last passages at a camera.", handle=last_passages,
          act="cameras.look", entry="query", answer=Passages),
    Route(method="GET", path="/camera-passages/{key}/{place}/{which}", about="A picture of a passage at a camera.",
          handle=passage_picture, act="cameras.look", entry="picture", media="image/jpeg", work="picture",
          params={"key": Identifier, "place": Place, "which": Which}),
)  # fmt: skip
