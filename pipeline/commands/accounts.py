"""`vigie accounts`: makes the accounts for the servers of a cluster."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common import EXIT_CODES, errors, print_json
from pipeline.runtime.accounts import accounts_in, make_accounts, make_metrics_token
from pipeline.runtime.covert import make_covert_key
from pipeline.runtime.log import platform_key
from pipeline.runtime.principals import NAMES
from pipeline.runtime.private import write_private
from pipeline.runtime.redis_access import acl_file
from pipeline.runtime.settings import load_settings
from pipeline.servers.broker_identity import new_identity

USERS = "users.acl"
accounts_app = typer.Typer(
    help="Who is let in on a cluster's Kafka and Redis.", no_args_is_help=True, epilog=EXIT_CODES
)


@accounts_app.callback()
def accounts() -> None:
    """Who is let in on a cluster's Kafka and Redis. (`vigie up` gives its own servers their accounts by itself.)"""


@accounts_app.command("create", epilog=EXIT_CODES)
def create(
    folder: Annotated[Path, typer.Argument(help="Where they go; made when it is missing.")],
    renew: Annotated[list[str] | None, typer.Option(help="New passwords for this one. May be repeated.")] = None,
    broker: Annotated[
        list[str] | None,
        typer.Option(help="Name of a Kafka node: makes the key by which the nodes know each other. May be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The names of the new ones as JSON.")] = False,
) -> None:
    """Make a file with passwords for each process, and users.acl, which tells Redis of all of them. Keeps what is there.

    Give each process the folder, or of it the one file that bears its name, as VIGIE_ACCOUNTS_DIR. Start Redis with
    `aclfile .../users.acl` (or ACL LOAD), and give Kafka its accounts with `vigie topics create`. metrics-token is what a
    scraper must bring (VIGIE_METRICS_TOKEN_FILE). covert-public.pem is for `hotlist` (VIGIE_COVERT_KEY_FILE), covert.pem for
    whoever reads covert alerts (`vigie tail covert --key`), and for no process: keep it elsewhere. platform.key
    is for every `vigie desks` (VIGIE_PLATFORM_KEY_FILE): each opens what another sealed.

    With --broker it also makes broker-key.pem and broker-cert.pem, which Kafka's nodes show and trust among themselves, and
    with which (VIGIE_KAFKA_CERT_FILE, VIGIE_KAFKA_CA_FILE) `vigie topics create` is let in before there are accounts.

    Example: vigie accounts create accounts --broker kafka-1 --broker kafka-2 --broker kafka-3
    """
    unknown = set(renew or ()) - set(NAMES)
    if unknown:
        raise typer.BadParameter(f"{min(unknown)!r} is none of {', '.join(NAMES)}", param_hint="--renew")
    made = make_accounts(folder, renew=renew or ())
    make_metrics_token(folder)
    make_covert_key(folder)
    platform_key(folder / "platform.key")
    if broker:
        new_identity(folder, broker)
    users = acl_file(load_settings().namespace, accounts_in(folder))
    write_private(folder / USERS, users.encode())
    if as_json:
        print_json({"folder": str(folder), "made": made})
    else:
        errors.print(f"{len(made)} new accounts in {folder}; Redis' users are in {folder / USERS}.")
