"""`vigie cameras adopt`: takes a camera in that knocks at the gateways, from this moment on."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Annotated

import msgspec
import typer

from pipeline.commands.common import EXIT_CODES, errors, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.commands.reference_argument import one_item
from pipeline.commands.sender_options import (
    ByAddress,
    DateOrder,
    Identities,
    Json,
    OffsetIsWrong,
    Take,
    UtcIsLocal,
    Zone,
    manner_of,
    pairs,
    tell,
)
from pipeline.commands.sender_proofs import sealing
from pipeline.errors import BadRecord
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import load_settings
from pipeline.servers.endpoints import servers_of
from pipeline.state.adopting import adopted, made
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.waiting_room import WaitingRoom
from pipeline.tables.columns import TABLES
from schemas.reference import Camera
from schemas.senders import Sender, SenderCamera


def add_adopt(cameras: typer.Typer) -> None:
    """Add to `cameras` the command `adopt`, which only the cameras have."""
    cameras.command("adopt", epilog=EXIT_CODES)(adopt)


def adopt(
    who: Annotated[str, typer.Argument(metavar="WHO", help="As `vigie cameras waiting` shows it.")],
    cells: Annotated[
        list[str] | None,
        typer.Argument(metavar="COLUMN=VALUE...", help="Of the camera, as for `vigie cameras add`."),
    ] = None,
    camera: Annotated[str | None, typer.Option(help="The camera's id; without it WHO is.")] = None,
    identities: Identities = None,
    by_address: ByAddress = None,
    zone: Zone = None,
    utc_is_local: UtcIsLocal = None,
    offset_is_wrong: OffsetIsWrong = None,
    date_order: DateOrder = None,
    take: Take = None,
    as_json: Json = False,
) -> None:
    """Register a camera that waits, let it in, and print its secret, this once. It counts from now on: what the camera captured
    before is not let in later, neither live nor as proof.

    It begins on trial, unless state=active is given: its reads are kept, and alert and fine nobody. A camera that is registered
    already needs no columns, and stays as it is.

    Example: vigie cameras adopt E40-12 name='E40 Bierges' network=federal lat=50.71 lon=4.58
    """
    camera_id = camera or who
    registered = _camera(camera_id, cells) if cells else None
    bound: SenderCamera = made(SenderCamera, camera_id=camera_id, identities=pairs(identities))
    manner = manner_of(by_address, zone, utc_is_local, offset_is_wrong, date_order, take)
    sender, plain, camera_now = run_async(lambda: _adopted(who, registered, bound, manner))
    errors.print(f"{camera_id} is {camera_now.state or 'active'} from now on.")
    tell(sender, plain, as_json=as_json)


def _camera(camera_id: str, cells: list[str]) -> Camera:
    """The camera of these columns; on trial where they name no state. Raises BadRecord, also for one that names a moment."""
    with one_item(TABLES["cameras"], [f"camera_id={camera_id}", *cells], None) as checked:
        if checked.bad:
            raise BadRecord("bad_argument", "; ".join(str(one) for one in checked.refused))
        found: Camera = next(iter(checked.items()))
    if found.holds_from_ms is not None:
        raise BadRecord("bad_argument", "what is adopted counts from now on; for another moment: vigie cameras add")
    return found if found.state is not None else msgspec.structs.replace(found, state="on_trial")


async def _adopted(
    who: str, registered: Camera | None, bound: SenderCamera, manner: Mapping[str, object]
) -> tuple[Sender, str, Camera]:
    """The sender, its secret, and the camera. Raises BadRecord where nobody of this name waits, or the camera cannot be taken
    in."""
    async with _stores(bound.camera_id, who) as (store, room):
        return await adopted(store, room, who, registered, bound, manner, platform_now_ms(), sealing())


@contextlib.asynccontextmanager
async def _stores(camera_id: str, who: str) -> AsyncIterator[tuple[ReplicaWriter, WaitingRoom]]:
    """The store and the waiting room, once the operation is recorded."""
    settings = load_settings()
    servers = servers_of(settings, "operator")
    async with (
        recorded_at(settings, servers, operation_here("reference", "vigie cameras adopt", on=(camera_id, who))),
        open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client,
    ):
        yield ReplicaWriter(client, settings.namespace), WaitingRoom(client, settings.namespace)
