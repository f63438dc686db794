"""`vigie audit`: the record of who did what, and the means to check that nothing in it was changed."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline.access.checkpoint import Signer, witnessed
from pipeline.commands.audit_report import as_object, say
from pipeline.commands.audit_show import show
from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, print_json, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.errors import Misconfigured
from pipeline.record.asking import next_checkpoint
from pipeline.record.keys import log_key, private_key, public_keys, text_of
from pipeline.record.reading import export as export_log
from pipeline.record.source import source_of
from pipeline.record.verify import verify as verify_log
from pipeline.runtime.private import open_private, write_private
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import servers_of

console, errors = Terminal(), Terminal(stderr=True)
audit_app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="The record of who did what: show it, hand it out, and verify that nothing of it was changed.",
    epilog=EXIT_CODES,
)
audit_app.command(epilog=EXIT_CODES)(show)

Log = Annotated[str, typer.Argument(help="Folder of a log or an export, or https:// prefix of its public part.")]
Keys = Annotated[
    list[str], typer.Option("--key", help="Public key of the log, NAME+ID+KEY, or a file of keys. May be repeated.")
]
Json = Annotated[bool, typer.Option("--json", help="The findings as one object.")]


@audit_app.command(epilog=EXIT_CODES)
def verify(
    log: Log,
    key: Keys,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint that was handed out earlier. May be repeated."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", help="Public key of a witness who must have signed, as --key. May be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a log as an outsider does, with public keys alone and without any server: exit code 1 when anything was changed.

    What was changed, removed, added or moved is found by the log's own checkpoint. Whoever has the log's key can sign anew: that
    is found by any checkpoint that you kept. Keep them, and get the keys from somebody else than the log's keeper. A --witness
    must have signed the log's checkpoint or one of yours that the log continues.

    Example: vigie audit verify export --key record.pub --checkpoint 2026-03-01.checkpoint
    """
    handed_out = [(str(file), text_of(file, "--checkpoint", "a signed checkpoint")) for file in checkpoint or []]
    report = verify_log(
        source_of(log),
        public_keys(key, "--key"),
        public_keys(witness or [], "--witness"),
        handed_out,
        processes=os.cpu_count() or 1,
    )
    if as_json:
        print_json(as_object(report))
    else:
        say(report)
    if report.faults:
        raise SystemExit(EXIT_REFUSED)


@audit_app.command(epilog=EXIT_CODES)
def export(
    to: Annotated[Path, typer.Argument(help="An empty folder, or one that is to be made.")],
    public_only: Annotated[
        bool, typer.Option("--public", help="Without the records: digests alone, which anybody may have.")
    ] = False,
) -> None:
    """Copy the record up to its latest checkpoint into a folder, for whoever is to have it. This is recorded itself.

    Example: vigie audit export /media/oversight/record
    """
    settings = load_settings()

    async def work() -> None:
        what = "vigie audit export" + (" --public" if public_only else "")
        operation = operation_here("record", what, on=(str(to),))
        async with recorded_at(settings, servers_of(settings, "auditor"), operation) as done:
            done.count = export_log(settings.record, to, public_only=public_only)
        errors.print(f"{done.count} entries are in {to}. Verify them there: vigie audit verify {to} --key ...")

    run_async(work)


@audit_app.command(epilog=EXIT_CODES)
def checkpoint(
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file instead of the screen.")] = None,
) -> None:
    """Have the log sign what it holds now, and print the checkpoint: to be kept by somebody else. This is recorded itself.

    Example: vigie audit checkpoint --out 2026-03-01.checkpoint
    """
    settings = load_settings()

    async def work() -> str:
        servers = servers_of(settings, "auditor")
        async with next_checkpoint(servers.kafka, settings.namespace) as awaited:
            async with recorded_at(settings, servers, operation_here("checkpoint", "vigie audit checkpoint")) as done:
                done.count = 1
            return (await awaited()).note

    note = str(run_async(work))
    if out is None:
        typer.echo(note, nl=False)
    else:
        write_private(out, note)


@audit_app.command(epilog=EXIT_CODES)
def keys(
    file: Annotated[Path | None, typer.Argument(help="A private key; without it, that of this log.")] = None,
    create: Annotated[
        str | None, typer.Option("--create", metavar="NAME", help="Make a new key of this name in the file.")
    ] = None,
    witness: Annotated[bool, typer.Option("--witness", help="With --create: for a witness, not for a log.")] = False,
) -> None:
    """Print the public key, NAME+ID+KEY, to be handed to everybody who is to verify.

    Example: vigie audit keys --create oversight.example.org --witness witness.key
    """
    if create is not None:
        _create(file, create, witness=witness)
    signer = log_key(load_settings()) if file is None else private_key(file)
    typer.echo(signer.verifier.text())


@audit_app.command(epilog=EXIT_CODES)
def cosign(
    log: Log,
    key: Keys,
    signing: Annotated[Path, typer.Option("--with", help="The witness's private key.")],
    state: Annotated[
        Path, typer.Option("--state", help="The last checkpoint that this witness signed; made anew here.")
    ],
    first: Annotated[bool, typer.Option("--first", help="This witness has signed nothing of this log yet.")] = False,
) -> None:
    """As a witness: verify the log and that it continues what you signed last, then sign its checkpoint, and print it.

    Example: vigie audit cosign export --key record.pub --with witness.key --state last.checkpoint
    """
    signer = private_key(signing)
    if signer.kind != "witness":
        raise Misconfigured(
            "--with", found=str(signing), allowed="the key of a witness: `vigie audit keys --create NAME --witness`"
        )
    if first == state.exists():
        found, allowed = (
            (f"{state} (it exists)", "without --first, the last checkpoint that this witness signed")
            if first
            else (
                f"{state} (there is none)",
                "the last checkpoint that this witness signed; the very first time --first",
            )
        )
        raise Misconfigured("--state", found=found, allowed=allowed)
    handed_out = [] if first else [(str(state), text_of(state, "--state", "a checkpoint"))]
    own = [] if first else [signer.verifier]
    report = verify_log(source_of(log), public_keys(key, "--key"), own, handed_out, processes=os.cpu_count() or 1)
    if report.faults:
        say(report)
        raise SystemExit(EXIT_REFUSED)
    note = witnessed(report.note, signer, int(time.time()))
    write_private(state, note)
    typer.echo(note, nl=False)


def _create(file: Path | None, name: str, *, witness: bool) -> None:
    if file is None:
        raise typer.BadParameter("name the file for the new key", param_hint="FILE")
    signer = Signer.generate(name, "witness" if witness else "log")
    try:
        with open_private(file, "new") as opened:
            opened.write(f"{signer.text()}\n".encode())
    except OSError as error:
        allowed = "a file that can be made and does not exist: a key is never replaced"
        raise Misconfigured("FILE", found=f"{file} ({error.strerror})", allowed=allowed) from error
