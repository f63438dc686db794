"""Lets senders in: the secrets that are made for them, who speaks for which camera, and a camera that waits is adopted."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pipeline.access.sender_secrets import digest_of, digest_proofs_of, digest_use
from pipeline.errors import BadRecord
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.waiting_room import WaitingRoom
from schemas.reference import Camera
from schemas.senders import MOST_SECRETS, Sender, SenderCamera, SenderSecret

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 20  # 100 bits; cameras' forms take no more than 32 characters
Seal = Callable[[str, bytes], str]
"""Encrypts bytes for a use: `seal` of a pipeline.runtime.sealing.Seal for camera digests."""


def new_secret(sender_id: str, now_ms: int, seal: Seal | None) -> tuple[str, SenderSecret]:
    """A secret made at now_ms (UTC), as it is typed into the camera and as it is kept. seal None: it is no good for Digest."""
    plain = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    sealed = None if seal is None else seal(digest_use(sender_id), digest_proofs_of(sender_id, plain))
    return plain, SenderSecret(digest=digest_of(sender_id, plain), made_at_ms=now_ms, sealed=sealed)


def made(kind: Any, /, **fields: object) -> Any:
    """A message with these fields. Raises BadRecord, with a text for a person, when they are not valid."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise BadRecord("bad_argument", str(error)) from error


async def speaker_of(store: ReplicaWriter, camera_id: str) -> Sender | None:
    """The sender that speaks for this camera; None: none does."""
    senders = await store.list(SENDERS)
    return next((one for one in senders if any(bound.camera_id == camera_id for bound in one.cameras)), None)


async def adopted(
    store: ReplicaWriter,
    room: WaitingRoom,
    who: str,
    registered: Camera | None,
    bound: SenderCamera,
    manner: Mapping[str, object],
    now_ms: int,
    seal: Seal,
) -> tuple[Sender, str, Camera]:
    """Register the camera, where `registered` is given, and let who waits as `who` send for it from now_ms on. manner: further
    fields of Sender. Returns the sender, its secret, and the camera.

    Raises BadRecord where nobody of this name waits, or the camera cannot be taken in.
    """
    if who not in {one.name for one in await room.all()}:
        raise BadRecord("nobody_waits", f"nobody waits as {who}: vigie cameras waiting")
    before = await store.get(CAMERAS, bound.camera_id)
    if (now := registered or before) is None:
        raise BadRecord("unknown_camera", f"{bound.camera_id} is not registered: give name=... network=..., too")
    if registered is not None and before is not None:
        raise BadRecord("known_camera", f"{bound.camera_id} is registered already: leave the columns out")
    if (speaker := await speaker_of(store, bound.camera_id)) is not None:
        cure = f"vigie cameras credentials rotate {speaker.sender_id}"
        raise BadRecord("claimed_camera", f"{speaker.sender_id} speaks for {bound.camera_id} already: {cure}")
    sender_id = bound.camera_id if " " in who else who  # "from ADDRESS": it gave no name
    if await store.get(SENDERS, sender_id) is not None:
        cure = f"vigie cameras credentials add {bound.camera_id} --sender {sender_id} --identity ..."
        raise BadRecord("known_sender", f"{sender_id} is a sender already: {cure}")
    plain, secret = new_secret(sender_id, now_ms, seal)
    sender: Sender = made(
        Sender, sender_id=sender_id, cameras=(msgspec.to_builtins(bound),), secrets=(msgspec.to_builtins(secret),),
        **manner,
    )  # fmt: skip
    if registered is not None:
        await store.put(CAMERAS, [registered])
    await store.put(SENDERS, [sender])
    await room.forget([who])
    return sender, plain, now


async def rotated(store: ReplicaWriter, known: Sender, now_ms: int, seal: Seal) -> tuple[Sender, str]:
    """Give the sender a further password. Returns the changed sender, and the new password in clear. Raises as with_secret."""
    plain, secret = new_secret(known.sender_id, now_ms, seal)
    return await with_secret(store, known, secret), plain


async def with_secret(store: ReplicaWriter, known: Sender, secret: SenderSecret) -> Sender:
    """Store the sender with this further password or certificate, and return it. Raises BadRecord when it has as many as it may,
    or sends by a way on which it proves nothing, or the certificate is a sender's already."""
    if (way := way_without_secret(known)) is not None:
        raise BadRecord("needs_no_secret", f"{known.sender_id} {way}: it needs no secret")
    if len(known.secrets) >= MOST_SECRETS:
        cure = f"end the old ones first: vigie cameras credentials revoke {known.sender_id} --old"
        raise BadRecord("too_many_secrets", f"{known.sender_id} has {MOST_SECRETS} secrets; {cure}")
    if secret.is_certificate:
        await refuse_shared(store, secret)
    changed = msgspec.structs.replace(known, secrets=(*known.secrets, secret))
    await store.put(SENDERS, [changed])
    return changed


def way_without_secret(sender: Sender) -> str | None:
    """How a sender sends that proves nothing, in words; None: over HTTP, with a secret."""
    if sender.port is not None:
        return f"sends to port {sender.port.number} of its own"
    if sender.folder:
        return "puts its files into a folder of its own"
    return None if sender.pull is None else "is fetched from"


async def refuse_shared(store: ReplicaWriter, certificate: SenderSecret) -> None:
    """Raises BadRecord for a certificate that is a sender's already: it must say who sends."""
    for one in await store.list(SENDERS):
        if any(known.digest == certificate.digest for known in one.secrets):
            raise BadRecord("known_sender", f"this certificate is {one.sender_id}'s already")
