"""`vigie hotlist|watches look-back`: looks one entry or request up in the reads of the last hours."""

from typing import Annotated, Any

import typer

from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, errors, print_json, run_async
from pipeline.commands.recording import CaseReference, Reason, given_reason, operation_here, recorded_at
from pipeline.errors import BadRecord
from pipeline.hotlist.watches import entry_of
from pipeline.reads.versions import Versions
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.endpoints import Servers, servers_of
from pipeline.state.collections import CAMERAS, HOTLIST, WATCHES, ZONES, Collection
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream.look_back import Found, look_back, matching
from pipeline.tables.columns import Table
from schemas.reference import HotlistEntry

HOUR_MS = 3_600_000
MOST_HOURS = 168  # as long as reads stand on their topic


def add_look_back(app: typer.Typer, table: Table[Any]) -> None:
    """Add to `app` the command `look-back`, which the hotlist and the requests to watch have."""

    @app.command(
        "look-back",
        help=f"Look one of the {table.name} up in the reads of the last hours. Its hits become alerts that say that they were found"
        f" afterwards; they ring nowhere.\n\nExample: vigie {table.name} look-back A-1 --hours 3 --reason 'robbery, case 77'",
        epilog=EXIT_CODES,
    )
    def look(
        key: Annotated[str, typer.Argument(help=f"A {table.key_field}.")],
        hours: Annotated[int, typer.Option(min=1, max=MOST_HOURS, help="How far back.")] = 3,
        as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
        reason: Reason = None,
        case: CaseReference = None,
    ) -> None:
        words = given_reason(reason)

        async def run() -> Found:
            settings = load_settings()
            servers = servers_of(settings, "look_back")
            operation = operation_here(
                "query", f"vigie {table.name} look-back", reason=words, case_reference=case, on=(key,)
            )
            async with recorded_at(settings, servers, operation) as done:
                found = await _looked_back(settings, servers, table.name, key, platform_now_ms() - hours * HOUR_MS)
                done.count = len(found.read_ids)
            return found

        found = run_async(run)
        if as_json:
            print_json({"key": key, "looked_at": found.looked_at, "found": len(found.read_ids)})
        else:
            errors.print(f"{key}: {len(found.read_ids):,} of {found.looked_at:,} reads match; their alerts follow.")
        if not found.read_ids:
            raise typer.Exit(EXIT_REFUSED)


async def _looked_back(settings: Settings, servers: Servers, name: str, key: str, since_ms: int) -> Found:
    async with open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client:
        writer = ReplicaWriter(client, settings.namespace)
        entry = await _entry(writer, name, key)
        cameras, zones = await _versions(writer, CAMERAS), await _versions(writer, ZONES)
    found = matching((entry,), cameras, zones)
    return await look_back(servers.kafka.client_kwargs(), settings.namespace, found, since_ms)


async def _entry(writer: ReplicaWriter, name: str, key: str) -> HotlistEntry:
    if name == WATCHES.name:
        watch = await writer.get(WATCHES, key)
        entry = None if watch is None else entry_of(watch)
    else:
        entry = await writer.get(HOTLIST, key)
    if entry is None:
        raise BadRecord("unknown_key", f"{name}: {key} is unknown")
    if not entry.valid_from_ms:
        cure = "say valid_from with `add`, and look back then"
        raise BadRecord("no_valid_from", f"{key} does not say from when on it is wanted: {cure}")
    if entry.covert:
        raise BadRecord("covert", f"{key} is covert: its hits are known to its owner alone")
    return entry


async def _versions(writer: ReplicaWriter, collection: Collection[Any]) -> Versions[Any]:
    made: Versions[Any] = Versions()
    async for changed in writer.histories(collection):
        made.take(changed)
    return made
