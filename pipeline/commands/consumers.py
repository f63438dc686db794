"""`vigie consumers`: which systems of authorities and neighbours may pull a feed, and how each proves who it is."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from pipeline.access.consumers import digest_of
from pipeline.access.record import weak_reason
from pipeline.commands.certificates import pinned
from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.errors import BadRecord
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Rows as Grid
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import servers_of
from pipeline.state.adopting import LENGTH, LETTERS, made
from pipeline.state.collections import CONSUMERS
from pipeline.state.feed_marks import FeedMark, FeedMarks
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas.judgements import Consumer
from schemas.senders import MOST_SECRETS, SenderSecret

DAY_MS = 86_400_000
consumers_app = typer.Typer(
    help="Which systems of authorities may pull the feed of violations.", no_args_is_help=True, epilog=EXIT_CODES
)
Name = Annotated[str, typer.Argument(metavar="CONSUMER", help="Its name: letters, digits and . _ -")]
Certificate = Annotated[
    Path | None, typer.Option("--certificate", help="PEM: the client certificate by which it proves itself.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@consumers_app.command("add")
def add(
    consumer: Name,
    service: Annotated[str, typer.Option(help="The authority that runs it.")],
    reason: Annotated[
        str, typer.Option(help="The decision that it rests on: its date and number. Recorded with each pull.")
    ],
    networks: Annotated[
        list[str] | None, typer.Option("--network", help="Of cameras of this network: federal, local, ... Repeatable.")
    ] = None,
    zones: Annotated[list[str] | None, typer.Option("--zone", help="In this zone. Repeatable.")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="In every zone, and where no zone is.")] = False,
    since_days: Annotated[int, typer.Option(help="Also what came in the days before now.", min=0, max=366)] = 0,
    neighbour: Annotated[
        str | None, typer.Option(metavar="COUNTRY", help="It is a neighbour's, e.g. LU, and pulls what that is told.")
    ] = None,
    days: Annotated[int, typer.Option(help="For how many days it holds.", min=1, max=3660)] = 365,
    certificate: Certificate = None,
    as_json: Json = False,
) -> None:
    """Let a system pull a feed, and print its token, this once. With --certificate it proves itself by that in place of a token.

    It gets what an officer with the same zones and networks could see. It pulls, stores, and acknowledges:
    GET /api/v1/feeds/violations, then POST /api/v1/feeds/violations/acknowledgements with the cursor of the last line, both
    with the header Authorization: Bearer TOKEN. What it did not acknowledge comes again; what it did, never.

    A neighbour without a server (--neighbour; [liaison.desks.COUNTRY] in the settings then names no url) pulls
    GET /api/v1/feeds/forwards and posts its signed word to /api/v1/feeds/forwards/answers.

    Example: vigie consumers add flanders --service "Flemish Tax Service" --network federal --everywhere --reason "decision 7/2026"
    """
    _check(reason, neighbour, networks, everywhere or bool(zones))
    now_ms = platform_now_ms()
    plain, secret = new_secret(consumer)
    proofs: dict[str, Any] = {"secrets": (secret,)} if certificate is None else {"certificates": (pinned(certificate),)}
    item: Consumer = made(
        Consumer, consumer_id=consumer, service=service, reason=reason, everywhere=everywhere, zones=tuple(zones or ()),
        networks=tuple(networks or ()), neighbour=neighbour, since_ms=now_ms - since_days * DAY_MS, valid_from_ms=now_ms,
        valid_until_ms=now_ms + days * DAY_MS, **proofs,
    )  # fmt: skip

    async def change(store: ReplicaWriter, marks: FeedMarks) -> None:
        if await store.get(CONSUMERS, consumer) is not None:
            cure = f"vigie consumers rotate {consumer} makes a further token"
            raise BadRecord("known_consumer", f"{consumer} is known; {cure}")
        await marks.forget(consumer)
        await store.put(CONSUMERS, [item])

    _done("add", consumer, change)
    _tell(consumer, plain if certificate is None else None, as_json=as_json)


@consumers_app.command("rotate")
def rotate(consumer: Name, certificate: Certificate = None, as_json: Json = False) -> None:
    """Give a consumer a further token and print it, this once; with --certificate a further certificate. The others go on working
    until `revoke --old`, so nothing is missed.

    Example: vigie consumers rotate flanders
    """
    plain, secret = new_secret(consumer)
    pin = None if certificate is None else pinned(certificate)

    async def change(store: ReplicaWriter, _marks: FeedMarks) -> None:
        known = await _known(store, consumer)
        if len(known.secrets if pin is None else known.certificates) >= MOST_SECRETS:
            cure = f"end the old ones first: vigie consumers revoke {consumer} --old"
            raise BadRecord("too_many_secrets", f"{consumer} has {MOST_SECRETS} of them; {cure}")
        if pin is None:
            changed = msgspec.structs.replace(known, secrets=(*known.secrets, secret))
        else:
            changed = msgspec.structs.replace(known, certificates=(*known.certificates, pin))
        await store.put(CONSUMERS, [changed])

    _done("rotate", consumer, change)
    _tell(consumer, plain if pin is None else None, as_json=as_json)


@consumers_app.command("revoke")
def revoke(
    consumer: Name, old: Annotated[bool, typer.Option("--old", help="All tokens but the newest.")] = False
) -> None:
    """Take a consumer's tokens and certificates away: within a second it gets nothing any more, until `rotate` gives it a new one.
    How far it has acknowledged stays noted. With --old it keeps the newest token and the newest certificate.

    Example: vigie consumers revoke flanders --old
    """

    async def change(store: ReplicaWriter, _marks: FeedMarks) -> int:
        known = await _known(store, consumer)
        changed = msgspec.structs.replace(
            known, secrets=known.secrets[-1:] if old else (), certificates=known.certificates[-1:] if old else ()
        )
        await store.put(CONSUMERS, [changed])
        return len(changed.secrets) + len(changed.certificates)

    left = _done("revoke", consumer, change)
    errors.print(f"{consumer} has {left} {'way' if left == 1 else 'ways'} left to prove who it is.")


@consumers_app.command("remove")
def remove(consumer: Name) -> None:
    """Remove a consumer, and the note of how far it has acknowledged.

    Example: vigie consumers remove flanders
    """

    async def change(store: ReplicaWriter, marks: FeedMarks) -> None:
        await _known(store, consumer)
        await store.remove(CONSUMERS, [consumer])
        await marks.forget(consumer)

    _done("remove", consumer, change)
    errors.print(f"{consumer} is removed.")


@consumers_app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """List the consumers: what each may have, until when, and when it last pulled and acknowledged.

    Example: vigie consumers list --json
    """

    async def look(store: ReplicaWriter, marks: FeedMarks) -> Sequence[tuple[Consumer, FeedMark]]:
        return [(one, await marks.of(one.consumer_id)) for one in await store.list(CONSUMERS)]

    grid = Grid(
        "consumer", "service", "where", "networks", "until", "tokens", "certificates", "last pull", "acknowledged"
    )
    for one, mark in _done("list", None, look):
        if as_json:
            shown = msgspec.to_builtins(one) | {
                "secrets": [{"made_at_ms": secret.made_at_ms} for secret in one.secrets]
            }
            print_json(shown | {"pulled_ms": mark.pulled_ms, "acknowledged_ms": mark.acknowledged_ms})
            continue
        where = "everywhere" if one.everywhere else ", ".join(one.zones[:5]) + (", ..." if len(one.zones) > 5 else "")
        grid.add_row(one.consumer_id, one.service, where, ", ".join(one.networks), _at(one.valid_until_ms),
                     str(len(one.secrets)), str(len(one.certificates)), _at(mark.pulled_ms), _at(mark.acknowledged_ms))  # fmt: skip
    if not as_json:
        Terminal(soft_wrap=False).print(grid if grid.row_count else "No consumers yet: vigie consumers add --help")


def _check(reason: str, neighbour: str | None, networks: Sequence[str] | None, somewhere: bool) -> None:
    """Raises typer.BadParameter for a reason that says nothing, and where an authority's consumer would get nothing."""
    if fault := weak_reason(reason):
        raise typer.BadParameter(fault, param_hint="--reason")
    if neighbour is None and not networks:
        raise typer.BadParameter("say whose cameras: --network federal", param_hint="--network")
    if neighbour is None and not somewhere:
        raise typer.BadParameter("say where: --zone ZONE, or --everywhere", param_hint="--zone")


def new_secret(consumer_id: str) -> tuple[str, SenderSecret]:
    """A secret made now, as it is handed out and as it is kept."""
    plain = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return plain, SenderSecret(digest=digest_of(consumer_id, plain), made_at_ms=platform_now_ms())


def _done(command: str, consumer: str | None, change: Any) -> Any:
    """Run `change` with the store and the marks, between its entries in the record. Returns what it returns."""
    operation = operation_here(
        "reference", f"vigie consumers {command}", on=() if consumer is None else (f"consumer:{consumer}",)
    )

    async def run() -> Any:
        settings = load_settings()
        servers = servers_of(settings, "operator")
        async with (
            recorded_at(settings, servers, operation),
            open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client,
        ):
            return await change(ReplicaWriter(client, settings.namespace), FeedMarks(client, settings.namespace))

    return run_async(run)


async def _known(store: ReplicaWriter, consumer: str) -> Consumer:
    known = await store.get(CONSUMERS, consumer)
    if known is None:
        raise BadRecord("unknown_consumer", f"no consumer is called {consumer}: vigie consumers list")
    return known


def _tell(consumer: str, plain: str | None, *, as_json: bool) -> None:
    """Print the token, if it has one. Only what is needed goes to standard output."""
    if plain is None:
        if as_json:
            print_json({"consumer": consumer})
        errors.print(
            f"{consumer} proves itself by its client certificate. VIGIE_DESKS_CLIENT_CA_FILE must name who signed it."
        )
        return
    token = f"{consumer}:{plain}"
    if as_json:
        print_json({"consumer": consumer, "token": token})
        return
    errors.print("Hand this to who runs the system; it is not shown again.")
    Terminal().print(f"token     {token}")


def _at(at_ms: int | None) -> str:
    return "never" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M}Z"
