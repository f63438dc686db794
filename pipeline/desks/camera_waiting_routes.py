"""Routes for who waits at the gateways, how one is let in, and the secrets of who sends for a camera."""

import msgspec

from pipeline.access.sender_secrets import ADDRESS
from pipeline.desks.camera_bodies import Adoption, AllWaiting, Forgotten, Given, waiting_of
from pipeline.desks.problems import bad_request
from pipeline.desks.route import Asked, Named, Route, RouteAnswer, found
from pipeline.errors import BadRecord
from pipeline.runtime.sealing import Seal
from pipeline.state.adopting import Seal as Sealing
from pipeline.state.adopting import adopted, rotated, speaker_of
from pipeline.state.collections import CAMERAS, SENDERS
from schemas.reference import Camera
from schemas.senders import Sender, SenderCamera


async def list_waiting(asked: Asked) -> RouteAnswer:
    """Who sends to the gateways and is not let in."""
    items = tuple(waiting_of(one) for one in await asked.house.waiting.all())
    return RouteAnswer(value=AllWaiting(items=items), count=len(items))


async def forget(asked: Asked) -> RouteAnswer:
    """Forget one that waits."""
    return RouteAnswer(count=await asked.house.waiting.forget([asked.given(Forgotten).who]))


async def adopt(asked: Asked) -> RouteAnswer:
    """Let one that waits in, for a camera that is registered with it or was before."""
    wanted, house = asked.given(Adoption), asked.house
    camera = wanted.camera or found(await house.writer.get(CAMERAS, wanted.camera_id))
    if camera.camera_id != wanted.camera_id:
        raise bad_request("camera_id is not the camera's")
    _check(asked, camera)
    registered = wanted.camera and msgspec.structs.replace(
        wanted.camera, holds_from_ms=None, state=wanted.camera.state or "on_trial"
    )
    manner = {
        name: value
        for name in ("by_address", "zone", "utc_is_local", "offset_is_wrong", "date_order")
        if (value := getattr(wanted, name))
    }
    bound = SenderCamera(camera_id=wanted.camera_id, identities=wanted.identities)
    sender, plain, _ = await adopted(
        house.writer, house.waiting, wanted.who, registered, bound, manner, asked.now_ms, _seal(asked)
    )
    return RouteAnswer(value=_given(sender, plain), status=201)


async def new_secret(asked: Asked) -> RouteAnswer:
    """Give who sends for this camera a further secret. The others go on working until they are ended."""
    sender, plain = await rotated(asked.house.writer, await _own_speaker(asked), asked.now_ms, _seal(asked))
    return RouteAnswer(value=_given(sender, plain), status=201)


async def end_secrets(asked: Asked) -> RouteAnswer:
    """End all secrets of who sends for this camera but the newest."""
    sender = await _own_speaker(asked)
    await asked.house.writer.put(SENDERS, [msgspec.structs.replace(sender, secrets=sender.secrets[-1:])])
    return RouteAnswer()


async def named_adoption(asked: Asked) -> Named:
    """Who is to be let in for which camera, for the record."""
    wanted = asked.given(Adoption)
    return Named(on=(wanted.camera_id, wanted.who))


async def _own_speaker(asked: Asked) -> Sender:
    """Who sends for the camera in the path. Raises Problem where there is no such camera, or where this person may
    not change one of the sender's cameras, as a secret lets all of them in; BadRecord where nobody sends for the camera."""
    _check(asked, found(await asked.house.writer.get(CAMERAS, asked.key)))
    sender = await speaker_of(asked.house.writer, asked.key)
    if sender is None:
        raise BadRecord(
            "nobody_speaks", f"nobody sends for {asked.key}: adopt who waits, or vigie cameras credentials add"
        )
    for bound in sender.cameras:
        camera = await asked.house.writer.get(CAMERAS, bound.camera_id)
        if camera is not None:
            _check(asked, camera)
    return sender


def _check(asked: Asked, camera: Camera) -> None:
    """Raise Problem where this person may not change the camera."""
    asked.check(asked.house.directory.matter_of_camera(camera, asked.now_ms), "cameras.change")


def _seal(asked: Asked) -> Sealing:
    return Seal(asked.house.key, "camera digests").seal


def _given(sender: Sender, plain: str) -> Given:
    address = f"{ADDRESS}{sender.sender_id}/{plain}" if sender.by_address else None
    return Given(sender_id=sender.sender_id, password=plain, address=address)


ROUTES = (
    Route(method="GET", path="/camera-waiting", about="Who sends to the gateways and is not let in.", handle=list_waiting,
          act="cameras.change", entry="reference", answer=AllWaiting),
    Route(method="POST", path="/camera-waiting/forget", about="Forget one that waits.", handle=forget,
          act="cameras.change", entry="reference", body=Forgotten),
    Route(method="POST", path="/camera-waiting/adopt", about="Let one that waits in, for a camera.", handle=adopt,
          act="cameras.change", entry="reference", body=Adoption, names=named_adoption, secret=True, answer=Given),
    Route(method="POST", path="/camera-secrets/{key}", about="A further secret for who sends for a camera.",
          handle=new_secret, act="cameras.change", entry="reference", secret=True, answer=Given),
    Route(method="DELETE", path="/camera-secrets/{key}", about="End all its secrets but the newest.", handle=end_secrets,
          act="cameras.change", entry="reference"),
)  # fmt: skip
