"""`vigie gateway`: makers' cameras in. `serve` takes what they send; `try` shows what payloads become, without a server."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.gateway.items import CameraRead, Ignored, Item
from pipeline.gateway.mapping import mapping_in
from pipeline.gateway.told import told
from pipeline.gateway.trying import Tried, tried
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Terminal, styled
from pipeline.servers.gateway import run_gateway_process

gateway_app = typer.Typer(no_args_is_help=True, epilog=EXIT_CODES, help="Makers' cameras in.")
console = Terminal()


@gateway_app.command("serve", epilog=EXIT_CODES)
def serve() -> None:
    """Take what cameras send, and fetch from those that wait to be asked, until SIGTERM or Ctrl-C. Prints one JSON line with the
    address once they are let in.

    Who may send is said with `vigie cameras credentials`. On this machine it needs no certificate; elsewhere VIGIE_GATEWAY_HOST,
    VIGIE_GATEWAY_CERT_FILE and VIGIE_GATEWAY_KEY_FILE say where. `vigie up` runs this, too. Any number may run behind a balancer.

    Example: vigie gateway serve
    """
    settings = load_settings()
    run_async(lambda: run_gateway_process(settings, lambda url: print_json({"url": url})))


@gateway_app.command("try", epilog=EXIT_CODES)
def try_payloads(
    payloads: Annotated[list[Path], typer.Argument(help="Files with what a camera sent, in the order of sending.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a payload.")] = False,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", help="A TOML file that says where the fields stand, for a maker not known."),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="The site's zone, where STEM.given.json says none, e.g. Europe/Brussels."),
    ] = None,
) -> None:
    """Show what each payload becomes, in the order given, or why it is refused or ignored. No server is needed, nothing is kept.

    Beside each payload may stand STEM.http (request line and headers as sent, or the head of an answer) and STEM.given.json
    (what is known beside the bytes: site_zone, received_at, camera_settings, topic, folder, file_age_s, video_source); STEM is
    its name without the ending. The maker is recognised; with --mapping, the file says how to read every payload, and what of it
    came to nothing is told on standard error.

    Example: vigie gateway try push.multipart --json
    """
    for one in tried(payloads, zone, mapping_in(mapping) if mapping is not None else None):
        if as_json:
            print_json(told(one.reading, with_answer=one.is_answered))
        else:
            _show(one)
        for note in one.notes:
            errors.print(f"note: {note}")


def _show(one: Tried) -> None:
    console.print(styled((one.path.name, "bold"), f"  {one.reading.maker or 'no maker recognised it'}"))
    for item in one.reading.items:
        console.print(f"  {_line(item)}")
    for kind, count in one.reading.dropped.items():
        console.print(f"  dropped at the door: {kind} ({count})")
    if one.is_answered:
        console.print(f"  answered {one.reading.answer.status}")


def _line(item: Item) -> str:
    match item:
        case CameraRead():
            sure = "confidence not said" if item.confidence is None else f"{item.confidence:.0%}"
            doubt = f"  CLOCK: {item.clock_suspect}" if item.clock_suspect else ""
            relation = f"  {item.relation}" if item.relation else ""
            return f"read {item.plate} {item.country or '--'} {sure}, {item.time_from}{relation}{doubt}"
        case Ignored():
            return f"ignored: {item.reason}"
    return f"rejected: {item.reason} {item.detail}".rstrip()
