"""`vigie desk`: runs a neighbour's receiver, and makes the keys and certificates for a first trial."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common import print_json, run_async
from pipeline.commands.desk_signing import check_country, make_key, say
from pipeline.errors import Misconfigured
from pipeline.receiver.credentials import (
    RENEW_BEFORE_DAYS,
    DeskCredentials,
    create_credentials,
    settings_toml,
    validity,
)
from pipeline.receiver.server import DeskAddress, run_desk
from pipeline.receiver.service import DeskOptions
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import lawful_days
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import Terminal

desk_app = typer.Typer()
console = Terminal(stderr=True)


@desk_app.callback(invoke_without_command=True)
def desk(
    context: typer.Context,
    credentials: Annotated[
        Path | None, typer.Option(help="Folder that `vigie desk credentials` filled; of it `desk` is read.")
    ] = None,
    inbox: Annotated[Path, typer.Option(help="Folder of the inbox, one file per day.")] = Path("inbox"),
    country: Annotated[str, typer.Option(help="Whose desk it is.")] = "NL",
    sender: Annotated[str, typer.Option(help="Whose forwards it takes.")] = "BE",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any free one.", min=0, max=65535)] = 8443,
    keep_days: Annotated[
        int | None, typer.Option(help="Days that the inbox is kept; without it as the sender's law has it.", min=1)
    ] = None,
) -> None:
    """Take forwards over mutual TLS until SIGTERM or Ctrl-C. Prints one JSON line with its url and pid once it listens.

    Example: vigie desk --credentials keys --inbox inbox --country NL
    """
    if context.invoked_subcommand is not None:
        return
    if credentials is None:
        raise typer.BadParameter("make a folder with `vigie desk credentials DIR`", param_hint="--credentials")
    check_country("--country", country)
    check_country("--sender", sender)
    configure_logging(level="warning" if sys.stderr.isatty() else "info", agent="desk")
    files = DeskCredentials.in_folder(credentials)
    options = DeskOptions(
        country=country,
        inbox=inbox,
        cert_file=files.desk_cert,
        key_file=files.desk_key,
        client_ca_file=files.desk_ca,
        signing_key_file=files.desk_sign_key,
        senders={sender: files.desk_knows},
        host=host,
        port=port,
        keep_days=keep_days or lawful_days(sender, "--sender"),
    )
    run_async(lambda: run_desk(options, ready=_print_address))


@desk_app.command("credentials")
def credentials_command(
    folder: Annotated[Path, typer.Argument(help="Where they go; made when it is missing.")],
    sender: Annotated[str, typer.Option(help="Whose client certificate and signing key.")] = "BE",
    country: Annotated[str, typer.Option(help="Whose desk.")] = "NL",
    host: Annotated[list[str] | None, typer.Option(help="Name or address of the desk. May be repeated.")] = None,
    renew: Annotated[bool, typer.Option(help="New certificates over the keys that exist.")] = False,
    force: Annotated[bool, typer.Option(help="Everything anew, keys and CA included.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The files and their ends as JSON.")] = False,
) -> None:
    """Make a CA, certificates and signing keys for a trial between one sender and one desk. Keeps what is there.

    Standard output is the [liaison] part of the sender's vigie.toml; the desk's port is 8443 in it.

    Example: vigie desk credentials keys --country NL --host desk.example.org
    """
    hosts = host or ["localhost", "127.0.0.1", "::1"]
    files = create_credentials(folder, sender=sender, country=country, hosts=hosts, renew=renew, force=force)
    ends = validity(files, datetime.now(UTC))
    if json:
        rows = [{"file": str(end.file), "until": end.until, "days_left": end.days_left} for end in ends]
        print_json({"folder": str(folder), "certificates": rows})
        return
    table = Table("certificate", "valid until", "days left", "renew")
    for end in ends:
        due = "now" if end.days_left < RENEW_BEFORE_DAYS else f"in {end.days_left - RENEW_BEFORE_DAYS} days"
        table.add_row(end.file.name, f"{end.until:%Y-%m-%d}", str(end.days_left), due)
    console.print(table)
    console.print(f"Keys and certificates are in {folder}; new certificates: vigie desk credentials {folder} --renew")
    typer.echo(settings_toml(files, {country: f"https://{hosts[0]}:8443"}, sender=sender), nl=False)


desk_app.command("key")(make_key)
desk_app.command("say")(say)


def _print_address(address: DeskAddress) -> None:
    print_json({"url": address.url, "pid": address.pid})


def main() -> None:
    """Run the desk without the other commands: python -m pipeline.commands.desk."""
    try:
        desk_app()
    except Misconfigured as error:
        console.print(f"desk: {error}")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
