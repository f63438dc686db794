"""`vigie cameras fetch`: has gateways fetch from a camera, or at a broker, that waits to be asked."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pipeline.commands.common import EXIT_CODES, errors, run_async
from pipeline.commands.recording import operation_here, writer_of
from pipeline.commands.sender_options import (
    DateOrder,
    Identities,
    OffsetIsWrong,
    Take,
    UtcIsLocal,
    Zone,
    manner_of,
    pairs,
    refuse_claimed,
    with_cameras,
)
from pipeline.errors import BadRecord, Misconfigured
from pipeline.gateway.pulling.pullers import password_use
from pipeline.runtime.log import platform_key
from pipeline.runtime.private import OPEN, private_folder, read_trusted
from pipeline.runtime.sealing import Seal
from pipeline.runtime.settings import load_settings
from pipeline.state.adopting import made
from pipeline.state.collections import SENDERS
from schemas.senders import Sender, SenderCamera, SenderPull

SCHEMES: Mapping[str, tuple[str, ...]] = {
    "hikvision": ("http", "https"),
    "dahua": ("http", "https"),
    "mjpeg": ("http", "https"),
    "rtsp": ("rtsp", "rtsps"),
    "onvif": ("rtsp", "rtsps", "http", "https"),
    "lilin": ("http", "https"),
    "survision": ("ws", "wss"),
    "axxon": ("tcp",),
    "frigate": ("mqtt", "mqtts"),
    "onvif_mqtt": ("mqtt", "mqtts"),
}

PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="Holds its password, which else is asked for, or read from standard input."),
]
PicturesPerS = Annotated[
    int, typer.Option("--pictures-per-s", help="Of mjpeg and rtsp; more are left out.", min=1, max=25)
]
PlainPassword = Annotated[
    bool,
    typer.Option(
        "--plain-password",
        help="Send it as it is, also without TLS, to a camera that knows no Digest, a websocket or a broker.",
    ),
]


def add_fetch(cameras: typer.Typer) -> None:
    """Add to `cameras` the command `fetch`, which only the cameras have."""
    cameras.command("fetch", epilog=EXIT_CODES)(fetch)


def fetch(
    camera: Annotated[str, typer.Argument(help="A registered camera.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help="One of: " + ", ".join(SCHEMES) + ".")],
    address: Annotated[
        str,
        typer.Argument(
            help="http://HOST, rtsp://HOST/PATH, ws://HOST/PATH, tcp://HOST:PORT or mqtt://HOST; with s for TLS."
        ),
    ],
    user: Annotated[str | None, typer.Option(help="Who asks there.")] = None,
    password_file: PasswordFile = None,
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="Of the broker, where not the usual ones. Repeatable.")
    ] = None,
    tls_sha256: Annotated[
        str | None, typer.Option("--tls-sha256", help="Of its certificate, where nobody known signed it.")
    ] = None,
    pictures_per_s: PicturesPerS = 8,
    plain_password: PlainPassword = False,
    sender: Annotated[
        str | None, typer.Option(help="Who is asked, where it speaks for several cameras: a broker, a recorder.")
    ] = None,
    identities: Identities = None,
    zone: Zone = None,
    utc_is_local: UtcIsLocal = None,
    offset_is_wrong: OffsetIsWrong = None,
    date_order: DateOrder = None,
    take: Take = None,
) -> None:
    """Have gateways fetch from a camera: Hikvision's alertStream, Dahua's snapManager or eventManager, AxxonSoft over TCP,
    Frigate's or ONVIF's messages at a broker of MQTT, ONVIF's metadata over RTSP or its events over HTTP (onvif), LILIN's list,
    Survision's websocket, and motion JPEG (mjpeg) or video (rtsp) of a camera that reads no plates itself.

    The connection begins within a second, and again whenever it ends; `vigie cameras health` says what cannot be reached. The
    password is kept encrypted with the platform's key. For a camera that is fetched from already, this replaces address, user and
    password, and topics, certificate and the other options of the connection, also those that are not given.

    Example: vigie cameras fetch E40-12 hikvision http://10.20.0.12 --user vigie
    """
    _check(kind, address)
    sender_id = sender or camera
    pull: SenderPull = made(
        SenderPull, kind=kind, address=address, user=user, topics=tuple(topics or ()), tls_sha256=tls_sha256,
        pictures_per_s=pictures_per_s, plain_password=plain_password,
        password=_sealed(sender_id, password_file) if user is not None else None,
    )  # fmt: skip
    bound: SenderCamera = made(SenderCamera, camera_id=camera, identities=pairs(identities))
    manner = manner_of(None, zone, utc_is_local, offset_is_wrong, date_order, take)
    run_async(lambda: _register(sender_id, bound, pull, manner))
    errors.print(f"Gateways fetch from {sender_id} within a second; vigie cameras health says where they cannot.")


def _check(kind: str, address: str) -> None:
    """Raises typer.BadParameter for a kind that is not known, and for an address that is not of this kind."""
    if kind not in SCHEMES:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(SCHEMES)}", param_hint="KIND")
    if address.partition("://")[0] not in SCHEMES[kind] or "@" in address:
        allowed = " or ".join(f"{one}://HOST[:PORT]" for one in SCHEMES[kind])
        raise typer.BadParameter(f"{kind} is asked at {allowed}, without a password in it", param_hint="ADDRESS")


def _sealed(sender_id: str, file: Path | None) -> str:
    """The password, encrypted: the first line of the file, what is typed at a terminal, or the first line of standard input. Raises
    BadRecord, Misconfigured."""
    try:
        if file is not None:
            password = read_trusted("--password-file", file, modes=OPEN).decode().partition("\n")[0].rstrip("\r")
        elif sys.stdin.isatty():
            password = typer.prompt("Password", hide_input=True, err=True)
        else:
            password = sys.stdin.readline().rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise Misconfigured("--password-file", found=str(file), allowed=f"a readable text file ({error})") from error
    if not 0 < len(password) <= 200:
        raise BadRecord("bad_argument", "a password of 1 to 200 characters is needed with --user")
    settings = load_settings()
    private_folder(settings.data_dir)
    return Seal(platform_key(settings.platform_key), "camera passwords").seal(
        password_use(sender_id), password.encode()
    )


async def _register(sender_id: str, bound: SenderCamera, pull: SenderPull, manner: Mapping[str, object]) -> None:
    """Store the sender with this camera and where it is fetched from. Raises BadRecord for a camera that is not
    registered, or that another sender speaks for."""
    on = (bound.camera_id, sender_id)
    async with writer_of(operation_here("reference", "vigie cameras fetch", on=on)) as store:
        known = await store.get(SENDERS, sender_id)
        if known is None:
            await refuse_claimed(store, bound.camera_id)
            new: Sender = made(Sender, sender_id=sender_id, cameras=(bound,), pull=pull, **manner)
            await store.put(SENDERS, [new])
            return
        others = [one for one in known.cameras if one.camera_id != bound.camera_id]
        if len(others) == len(known.cameras):
            await refuse_claimed(store, bound.camera_id)
        elif not bound.identities:
            bound = next(one for one in known.cameras if one.camera_id == bound.camera_id)
        changed: Sender = made(Sender, **msgspec.to_builtins(with_cameras(known, (*others, bound))) | manner)
        await store.put(SENDERS, [msgspec.structs.replace(changed, pull=pull)])
