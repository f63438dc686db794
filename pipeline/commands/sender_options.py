"""What the commands on senders share: their options, the secrets that they make, and what they tell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer

from pipeline.access.sender_secrets import ADDRESS
from pipeline.commands.common import errors, print_json
from pipeline.errors import BadRecord
from pipeline.gateway.bindings import fault_in_cameras
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Terminal
from pipeline.state.adopting import made, speaker_of
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.replica_writer import ReplicaWriter
from schemas.senders import Sender, SenderCamera, SenderPort

Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
SenderId = Annotated[str, typer.Argument(metavar="SENDER", help="As `vigie cameras credentials list` shows it.")]
Identities = Annotated[
    list[str] | None,
    typer.Option("--identity", help="What its messages say, as NAME=VALUE of `vigie gateway try --json`. Repeatable."),
]
ByAddress = Annotated[
    bool | None,
    typer.Option(
        "--by-address/--no-by-address", help="The secret may stand in the address: for cameras without a password."
    ),
]
CertificateFile = Annotated[
    Path | None, typer.Option("--certificate", help="PEM: the client certificate by which it proves itself over HTTPS.")
]
Zone = Annotated[str | None, typer.Option(help="Of its clock, e.g. Europe/Brussels or UTC.")]
UtcIsLocal = Annotated[
    bool | None, typer.Option("--utc-is-local/--no-utc-is-local", help="Its UTC is the wall clock (Dahua).")
]
OffsetIsWrong = Annotated[
    bool | None,
    typer.Option(
        "--offset-is-wrong/--no-offset-is-wrong", help="Its wall clock is right, its offset is not (Hikvision)."
    ),
]
DateOrder = Annotated[str | None, typer.Option(help="day_first or month_first, where it writes 06/07/2026.")]
Listen = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="MAKER:PORT",
        help="It sends over TCP, to this port alone, and proves nothing: tattile or axis.",
    ),
]
From = Annotated[
    list[str] | None, typer.Option("--from", metavar="ADDRESS", help="Where --listen takes it from. Repeatable.")
]
Folder = Annotated[
    bool,
    typer.Option("--folder", help="An FTP server puts its files into a folder of its name, and it proves nothing."),
]
Take = Annotated[str | None, typer.Option(help="Which of its kinds of events is the read.")]


def manner_of(
    by_address: bool | None,
    zone: str | None,
    utc_is_local: bool | None,
    offset_is_wrong: bool | None,
    date_order: str | None,
    take: str | None,
) -> dict[str, object]:
    """How a sender sends, as the options say it: fields of Sender; those that were not given are left out. Raises
    typer.BadParameter for a zone that is not known."""
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise typer.BadParameter(f"{zone!r} is no zone such as Europe/Brussels", param_hint="--zone") from None
    switches = {"by_address": by_address, "utc_is_local": utc_is_local, "offset_is_wrong": offset_is_wrong}
    texts = {"zone": zone, "date_order": date_order, "take": take}
    given = {name: text or None for name, text in texts.items() if text is not None}
    return given | {name: one for name, one in switches.items() if one is not None}


def port_of(listen: str | None, peers: Sequence[str] | None) -> SenderPort | None:
    """The port in the options; None: there is none. Raises typer.BadParameter, BadRecord."""
    if listen is None:
        if peers:
            raise typer.BadParameter("goes with --listen", param_hint="--from")
        return None
    maker, _, number = listen.partition(":")
    if not number.isdigit():
        raise typer.BadParameter(f"{listen!r} is not MAKER:PORT, e.g. tattile:32000", param_hint="--listen")
    found: SenderPort = made(SenderPort, maker=maker, number=int(number), peers=tuple(peers or ()))
    return found


async def refuse_taken(store: ReplicaWriter, port: SenderPort | None) -> None:
    """Raises BadRecord for a port on which another sender sends."""
    for one in await store.list(SENDERS) if port is not None else ():
        if one.port is not None and port is not None and one.port.number == port.number:
            raise BadRecord("taken_port", f"{one.sender_id} sends on port {port.number} already: take another")


def pairs(texts: Sequence[str] | None) -> dict[str, str]:
    """The identities in these texts. Raises typer.BadParameter."""
    found = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not (equals and name and value):
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--identity")
        found[name] = value
    return found


def with_cameras(sender: Sender, cameras: Sequence[SenderCamera]) -> Sender:
    """The sender with these cameras. Raises BadRecord where its messages would not tell them apart."""
    if fault := fault_in_cameras(cameras):
        cure = (
            f"vigie cameras credentials set {sender.sender_id} --camera CAMERA --identity NAME=VALUE says what the messages of one"
            " say, --identity beside `add` those of the new one; a program that sends Vigie's own JSON: --identity id=CAMERA"
        )
        raise BadRecord("ambiguous_cameras", f"{fault}; {cure}")
    return msgspec.structs.replace(sender, cameras=tuple(cameras))


async def known_sender(store: ReplicaWriter, sender: str) -> Sender:
    """The sender of this name. Raises BadRecord: there is none."""
    known = await store.get(SENDERS, sender)
    if known is None:
        raise BadRecord("unknown_sender", f"no sender is called {sender}: vigie cameras credentials list")
    return known


async def refuse_claimed(store: ReplicaWriter, camera: str) -> None:
    """Raises BadRecord for a camera that is not registered, or that a sender speaks for already."""
    if await store.get(CAMERAS, camera) is None:
        raise BadRecord("unknown_camera", f"no camera {camera} is registered: vigie cameras add")
    if (known := await speaker_of(store, camera)) is not None:
        cure = f"vigie cameras credentials rotate {known.sender_id}"
        raise BadRecord("claimed_camera", f"{known.sender_id} speaks for {camera} already; a new secret: {cure}")


def tell(sender: Sender, plain: str | None, *, as_json: bool) -> None:
    """Print what to type into the camera. Only what is needed goes to standard output."""
    if plain is None and sender.port is not None and len(sender.cameras) == 1:
        errors.print(f"Have it send to port {sender.port.number} of the gateway; it has no password.")
        return
    if plain is None and sender.folder and len(sender.cameras) == 1:
        folder = load_settings().gateway_drops / sender.sender_id
        errors.print(
            f"Have the FTP server put its files into {folder}; the gateway makes it, and takes them from there."
        )
        return
    if plain is None and sender.secrets and sender.secrets[-1].is_certificate:
        errors.print(
            f"{sender.sender_id} proves itself by its client certificate. VIGIE_GATEWAY_CLIENT_CA_FILE must name who signed it."
        )
        return
    if plain is None:
        errors.print(f"{sender.sender_id} speaks for {len(sender.cameras)} cameras now; its secret stays.")
        return
    address = f"{ADDRESS}{sender.sender_id}/{plain}" if sender.by_address else None
    if as_json:
        print_json(
            {"user": sender.sender_id, "password": plain, "token": f"{sender.sender_id}:{plain}", "address": address}
        )
        return
    errors.print("Type this into the camera; it is not shown again. It may ask for Basic or Digest.")
    out = Terminal()
    out.print(f"user      {sender.sender_id}")
    out.print(f"password  {plain}")
    out.print(f"token     {sender.sender_id}:{plain}")
    if address:
        out.print(f"address   {address}")
