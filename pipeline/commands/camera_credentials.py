"""`vigie cameras credentials`: who may send for which camera, and with which secret."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
import typer

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import operation_here, writer_of
from pipeline.commands.sender_options import (
    ByAddress,
    CertificateFile,
    DateOrder,
    Folder,
    From,
    Identities,
    Json,
    Listen,
    OffsetIsWrong,
    SenderId,
    Take,
    UtcIsLocal,
    Zone,
    known_sender,
    manner_of,
    pairs,
    port_of,
    refuse_claimed,
    refuse_taken,
    tell,
    with_cameras,
)
from pipeline.commands.sender_proofs import certified, new_secret, sealing
from pipeline.errors import BadRecord
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.terminal import Rows as Grid
from pipeline.runtime.terminal import Terminal
from pipeline.state.adopting import made, refuse_shared, rotated, speaker_of, with_secret
from pipeline.state.collections import SENDERS
from schemas.senders import Sender, SenderCamera, SenderPort, SenderSecret


def add_credentials(cameras: typer.Typer) -> None:
    """Add to `cameras` the command group `credentials`, which only the cameras have."""
    app = typer.Typer(help="Who may send for which camera.", no_args_is_help=True, epilog=EXIT_CODES)
    commands = (
        ("add", add), ("set", set_), ("unbind", unbind), ("rotate", rotate), ("revoke", revoke), ("list", list_),
    )  # fmt: skip
    for name, command in commands:
        app.command(name, epilog=EXIT_CODES)(command)
    cameras.add_typer(app, name="credentials")


def add(
    camera: Annotated[str, typer.Argument(help="A registered camera.")],
    sender: Annotated[
        str | None,
        typer.Option(help="Who sends, where it is no single camera: a recorder, a program. Else the camera."),
    ] = None,
    identities: Identities = None,
    by_address: ByAddress = None,
    zone: Zone = None,
    utc_is_local: UtcIsLocal = None,
    offset_is_wrong: OffsetIsWrong = None,
    date_order: DateOrder = None,
    take: Take = None,
    listen: Listen = None,
    peers: From = None,
    folder: Folder = False,
    certificate: CertificateFile = None,
    as_json: Json = False,
) -> None:
    """Let a sender in for a camera, and print its password, this once; with --listen, --folder or --certificate it has none. What
    it sent before is not let in later.

    For a sender that is known already, the camera is added to those that it speaks for; its secret stays. In that case each of its
    cameras needs an --identity (for Vigie's own JSON: id=CAMERA).

    Example: vigie cameras credentials add E40-12 --by-address
    """
    bound = made(SenderCamera, camera_id=camera, identities=pairs(identities))
    manner = manner_of(by_address, zone, utc_is_local, offset_is_wrong, date_order, take)
    port = port_of(listen, peers)
    if port is not None:
        manner["port"] = port
    if folder:
        manner["folder"] = True
    proof = None if certificate is None else certified(certificate)
    tell(*run_async(lambda: _let_in(sender or camera, bound, manner, proof)), as_json=as_json)


def set_(
    sender: SenderId,
    camera: Annotated[
        str | None, typer.Option(help="Whose identities --identity replaces, of those it speaks for.")
    ] = None,
    identities: Identities = None,
    by_address: ByAddress = None,
    zone: Zone = None,
    utc_is_local: UtcIsLocal = None,
    offset_is_wrong: OffsetIsWrong = None,
    date_order: DateOrder = None,
    take: Take = None,
) -> None:
    """Change how a known sender sends; what is not given stays, '' takes a value away. Its secrets stay.

    Example: vigie cameras credentials set NVR-7 --camera E40-12 --identity channel=1
    """
    if (camera is None) != (not identities):
        raise typer.BadParameter("--camera and --identity go together", param_hint="--identity")
    manner = manner_of(by_address, zone, utc_is_local, offset_is_wrong, date_order, take)

    async def run() -> None:
        async with writer_of(operation_here("reference", "vigie cameras credentials set", on=(sender,))) as store:
            known = await known_sender(store, sender)
            if camera is not None:
                bound: SenderCamera = made(SenderCamera, camera_id=camera, identities=pairs(identities))
                if camera not in {one.camera_id for one in known.cameras}:
                    cure = f"vigie cameras credentials add {camera} --sender {sender} --identity ..."
                    raise BadRecord("not_its_camera", f"{sender} does not speak for {camera}; {cure}")
                known = with_cameras(known, [bound if one.camera_id == camera else one for one in known.cameras])
            changed: Sender = made(Sender, **msgspec.to_builtins(known) | manner)
            await store.put(SENDERS, [changed])

    run_async(run)
    errors.print(f"Changed {sender}; it counts within a second.")


def unbind(camera: Annotated[str, typer.Argument(help="A camera that a sender speaks for.")]) -> None:
    """End that a sender speaks for a camera: within a second its messages are refused. A sender of no other camera is removed,
    with its secrets.

    Example: vigie cameras credentials unbind E40-12
    """

    async def run() -> str:
        async with writer_of(operation_here("reference", "vigie cameras credentials unbind", on=(camera,))) as store:
            known = await speaker_of(store, camera)
            if known is None:
                raise BadRecord("unbound_camera", f"no sender speaks for {camera}: vigie cameras credentials list")
            left = [one for one in known.cameras if one.camera_id != camera]
            if left:
                await store.put(SENDERS, [msgspec.structs.replace(known, cameras=tuple(left))])
            else:
                await store.remove(SENDERS, [known.sender_id])
            return (
                f"{known.sender_id} speaks for {len(left)} cameras now." if left else f"{known.sender_id} is removed."
            )

    errors.print(run_async(run))


def rotate(sender: SenderId, certificate: CertificateFile = None, as_json: Json = False) -> None:
    """Give a sender a further password and print it, this once; with --certificate a further certificate. The others go on working
    until `revoke --old`.

    Example: vigie cameras credentials rotate E40-12
    """
    proof = None if certificate is None else certified(certificate)

    async def run() -> tuple[Sender, str | None]:
        async with writer_of(operation_here("reference", "vigie cameras credentials rotate", on=(sender,))) as store:
            known = await known_sender(store, sender)
            if proof is not None:
                return await with_secret(store, known, proof), None
            return await rotated(store, known, platform_now_ms(), sealing())

    tell(*run_async(run), as_json=as_json)


def revoke(
    sender: SenderId, old: Annotated[bool, typer.Option("--old", help="All secrets but the newest.")] = False
) -> None:
    """Take a sender's secrets away: within a second nothing that it sends with one is let in any more, until `rotate` makes a new
    one. With --old it keeps the newest. To end a sender that has a port or a folder, or is fetched from, use `unbind`.

    Example: vigie cameras credentials revoke E40-12 --old
    """

    async def run() -> Sender:
        async with writer_of(operation_here("reference", "vigie cameras credentials revoke", on=(sender,))) as store:
            known = await known_sender(store, sender)
            changed = msgspec.structs.replace(known, secrets=known.secrets[-1:] if old else ())
            await store.put(SENDERS, [changed])
            return changed

    left = len(run_async(run).secrets)
    errors.print(f"{sender} has {left} secret{'' if left == 1 else 's'} left.")


def list_(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """List the senders, the cameras that each speaks for, and how many secrets it has.

    Example: vigie cameras credentials list --json
    """

    async def run() -> Sequence[Sender]:
        async with writer_of(operation_here("reference", "vigie cameras credentials list")) as store:
            return await store.list(SENDERS)

    grid = Grid("sender", "cameras", "told by", "secrets", "in the address")
    for one in run_async(run):
        if as_json:
            shown = msgspec.to_builtins(one)
            kept = ("made_at_ms", "is_certificate", "until_ms")
            secrets = [{name: getattr(secret, name) for name in kept} for secret in one.secrets]
            print_json(shown | {"secrets": secrets})
            continue
        cameras = ", ".join(bound.camera_id for bound in one.cameras[:5]) + (", ..." if len(one.cameras) > 5 else "")
        told = ", ".join(f"{name}={value}" for name, value in one.cameras[0].identities.items()) or "its secret"
        grid.add_row(one.sender_id, cameras, told, str(len(one.secrets)), "yes" if one.by_address else "no")
    if not as_json:
        Terminal(soft_wrap=False).print(
            grid if grid.row_count else "No senders yet: vigie cameras credentials add CAMERA"
        )


async def _let_in(
    sender_id: str, bound: SenderCamera, manner: Mapping[str, object], certificate: SenderSecret | None
) -> tuple[Sender, str | None]:
    """Store the sender with this camera. Returns it, and its new password: None for a sender that was known before, for one with a
    certificate, and for one on a port or a folder of its own, which proves nothing.

    Raises BadRecord for a camera that is not registered or that a sender speaks for already, a port or certificate in use, and a
    known sender with a manner of sending or a certificate.
    """
    on = (bound.camera_id, sender_id)
    async with writer_of(operation_here("reference", "vigie cameras credentials add", on=on)) as store:
        await refuse_claimed(store, bound.camera_id)
        known = await store.get(SENDERS, sender_id)
        if known is not None:
            if certificate is not None:
                cure = f"vigie cameras credentials rotate {sender_id} --certificate FILE"
                raise BadRecord("known_sender", f"{sender_id} is known already; a further certificate: {cure}")
            if manner:
                cure = f"vigie cameras credentials set {sender_id} changes that"
                raise BadRecord("known_sender", f"how {sender_id} sends is said already, for all its cameras; {cure}")
            changed = with_cameras(known, (*known.cameras, bound))
            await store.put(SENDERS, [changed])
            return changed, None
        port = manner.get("port")
        await refuse_taken(store, port if isinstance(port, SenderPort) else None)
        plain: str | None = None
        secrets: tuple[SenderSecret, ...] = ()
        if certificate is not None:
            await refuse_shared(store, certificate)
            secrets = (certificate,)
        elif port is None and not manner.get("folder"):  # a port's sender proves nothing, nor does a folder's
            plain, secret = new_secret(sender_id)
            secrets = (secret,)
        sender: Sender = made(Sender, sender_id=sender_id, cameras=(bound,), secrets=secrets, **manner)
        await store.put(SENDERS, [sender])
        return sender, plain
