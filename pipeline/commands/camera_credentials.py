"""`vigie cameras credentials`: who may send for which camera, and with which secret."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table as Grid

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import operation_here, writer_of
from pipeline.errors import BadRecord
from pipeline.gateway.senders import ADDRESS, digest_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.terminal import Terminal
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.replica_writer import ReplicaWriter
from schemas.senders import MOST_SECRETS, Sender, SenderCamera, SenderSecret

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 20  # 100 bits; cameras' forms take no more than 32 characters
SenderId = Annotated[str, typer.Argument(metavar="SENDER", help="As `vigie cameras credentials list` shows it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def add_credentials(cameras: typer.Typer) -> None:
    """Add to `cameras` the command group `credentials`, which only the cameras have: add, rotate, revoke and list."""
    app = typer.Typer(help="Who may send for which camera.", no_args_is_help=True, epilog=EXIT_CODES)
    for name, command in (("add", add), ("rotate", rotate), ("revoke", revoke), ("list", list_)):
        app.command(name, epilog=EXIT_CODES)(command)
    cameras.add_typer(app, name="credentials")


def add(
    camera: Annotated[str, typer.Argument(help="A registered camera.")],
    sender: Annotated[
        str | None,
        typer.Option(help="Who sends, where it is no single camera: a recorder, a program. Else the camera."),
    ] = None,
    identities: Annotated[
        list[str] | None,
        typer.Option(
            "--identity", help="What its messages say, as NAME=VALUE of `vigie gateway try --json`. Repeatable."
        ),
    ] = None,
    by_address: Annotated[
        bool, typer.Option("--by-address", help="The secret may stand in the address: for cameras without a password.")
    ] = False,
    zone: Annotated[str | None, typer.Option(help="Of its clock, e.g. Europe/Brussels or UTC.")] = None,
    utc_is_local: Annotated[bool, typer.Option("--utc-is-local", help="Its UTC is the wall clock (Dahua).")] = False,
    offset_is_wrong: Annotated[
        bool, typer.Option("--offset-is-wrong", help="Its wall clock is right, its offset is not (Hikvision).")
    ] = False,
    date_order: Annotated[
        str | None, typer.Option(help="day_first or month_first, where it writes 06/07/2026.")
    ] = None,
    take: Annotated[str | None, typer.Option(help="Which of its kinds of events is the read.")] = None,
    as_json: Json = False,
) -> None:
    """Let a sender in for a camera, and print its secret, this once. What it sent before is not let in later.

    For a sender that is known already, the camera is added to those that it speaks for; its secret stays.

    Example: vigie cameras credentials add E40-12 --by-address
    """
    bound = _made(SenderCamera, camera_id=camera, identities=dict(_pair(text) for text in identities or []))
    sender_id = sender or camera
    clock = {"zone": zone, "utc_is_local": utc_is_local, "offset_is_wrong": offset_is_wrong, "date_order": date_order,
             "take": take, "by_address": by_address}  # fmt: skip

    _tell(*run_async(lambda: _let_in(sender_id, bound, clock)), as_json=as_json)


def rotate(sender: SenderId, as_json: Json = False) -> None:
    """Give a sender a further secret and print it, this once. The others go on working until `revoke --old`.

    Example: vigie cameras credentials rotate E40-12
    """

    async def run() -> tuple[Sender, str]:
        async with writer_of(operation_here("reference", "vigie cameras credentials rotate", on=(sender,))) as store:
            known = await _known(store, sender)
            plain = _new_secret()
            kept = (*known.secrets, _secret(sender, plain))[-MOST_SECRETS:]
            changed = msgspec.structs.replace(known, secrets=kept)
            await store.put(SENDERS, [changed])
            return changed, plain

    _tell(*run_async(run), as_json=as_json)


def revoke(
    sender: SenderId, old: Annotated[bool, typer.Option("--old", help="All secrets but the newest.")] = False
) -> None:
    """Take a sender's secrets away: within a second nothing of it is let in any more, until `rotate` makes a new one. With
    --old it keeps the newest.

    Example: vigie cameras credentials revoke E40-12 --old
    """

    async def run() -> Sender:
        async with writer_of(operation_here("reference", "vigie cameras credentials revoke", on=(sender,))) as store:
            known = await _known(store, sender)
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
            print_json(shown | {"secrets": [{"made_at_ms": secret.made_at_ms} for secret in one.secrets]})
            continue
        cameras = ", ".join(bound.camera_id for bound in one.cameras[:5]) + (", ..." if len(one.cameras) > 5 else "")
        told = ", ".join(f"{name}={value}" for name, value in one.cameras[0].identities.items()) or "its secret"
        grid.add_row(one.sender_id, cameras, told, str(len(one.secrets)), "yes" if one.by_address else "no")
    if not as_json:
        Terminal(soft_wrap=False).print(
            grid if grid.row_count else "No senders yet: vigie cameras credentials add CAMERA"
        )


async def _let_in(sender_id: str, bound: SenderCamera, clock: Mapping[str, object]) -> tuple[Sender, str | None]:
    """Store the sender with this camera, and a new secret, which is returned; None for a sender that has one already."""
    on = (bound.camera_id, sender_id)
    async with writer_of(operation_here("reference", "vigie cameras credentials add", on=on)) as store:
        await _refuse_claimed(store, bound.camera_id)
        known = await store.get(SENDERS, sender_id)
        if known is not None:
            changed = msgspec.structs.replace(known, cameras=(*known.cameras, bound))
            await store.put(SENDERS, [changed])
            return changed, None
        plain = _new_secret()
        made: Sender = _made(
            Sender, sender_id=sender_id, cameras=(bound,), secrets=(_secret(sender_id, plain),), **clock
        )
        await store.put(SENDERS, [made])
        return made, plain


async def _refuse_claimed(store: ReplicaWriter, camera: str) -> None:
    """Raises BadRecord for a camera that is not registered, or that a sender speaks for already."""
    if await store.get(CAMERAS, camera) is None:
        raise BadRecord("unknown_camera", f"no camera {camera} is registered: vigie cameras add")
    for one in await store.list(SENDERS):
        if any(bound.camera_id == camera for bound in one.cameras):
            cure = f"vigie cameras credentials rotate {one.sender_id}"
            raise BadRecord("claimed_camera", f"{one.sender_id} speaks for {camera} already; a new secret: {cure}")


async def _known(store: ReplicaWriter, sender: str) -> Sender:
    known = await store.get(SENDERS, sender)
    if known is None:
        raise BadRecord("unknown_sender", f"no sender is called {sender}: vigie cameras credentials list")
    return known


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not (found and name and value):
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--identity")
    return name, value


def _made(kind: Any, **fields: object) -> Any:
    """A message with these fields. Raises BadRecord, with a text for a person, when they are not valid."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise BadRecord("bad_argument", str(error)) from error


def _new_secret() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def _secret(sender_id: str, plain: str) -> SenderSecret:
    return SenderSecret(digest=digest_of(sender_id, plain), made_at_ms=platform_now_ms())


def _tell(sender: Sender, plain: str | None, *, as_json: bool) -> None:
    """Print what to type into the camera. Only what is needed goes to standard output."""
    if plain is None:
        errors.print(f"{sender.sender_id} speaks for {len(sender.cameras)} cameras now; its secret stays.")
        return
    address = f"{ADDRESS}{sender.sender_id}/{plain}" if sender.by_address else None
    if as_json:
        print_json(
            {"user": sender.sender_id, "password": plain, "token": f"{sender.sender_id}:{plain}", "address": address}
        )
        return
    errors.print("Type this into the camera; it is not shown again.")
    out = Terminal()
    out.print(f"user      {sender.sender_id}")
    out.print(f"password  {plain}")
    out.print(f"token     {sender.sender_id}:{plain}")
    if address:
        out.print(f"address   {address}")
