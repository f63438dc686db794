"""`vigie evidence holds`: which pictures are kept beyond their time, why, for whom, and until when."""

import re
from typing import Annotated

import msgspec
import typer

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.message_lines import clock
from pipeline.commands.recording import operation_here, recorded, user_name
from pipeline.errors import BadRecord
from pipeline.evidence.case_holds import case_holds_in
from pipeline.evidence.holds import Hold, holds_in, put_hold, release
from pipeline.evidence.store import EvidenceStore, day_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import Terminal
from pipeline.tables.cells import moment_ms
from pipeline.tables.local_days import placed

evidence_app = typer.Typer(
    help="The pictures that cases rest on.", no_args_is_help=True, epilog=EXIT_CODES
)  # fmt: skip
holds_app = typer.Typer(
    help="Pictures that are kept beyond their time.", no_args_is_help=True, epilog=EXIT_CODES
)  # fmt: skip
evidence_app.add_typer(holds_app, name="holds")
_CASE = re.compile(r"[av]-[0-9a-f]{1,24}")
HoldId = Annotated[str, typer.Argument(metavar="HOLD", help="Its name: letters, digits and . _ : -")]


@holds_app.command("list", epilog=EXIT_CODES)
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    about: Annotated[
        str | None, typer.Option(help="Only those about this incident (its first alert_id), violation or read.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """List the holds that keep pictures now, or will: those that persons asked for, and those of open incidents and violations,
    which begin and end by themselves.

    Example: vigie evidence holds list --json --about v-3c07aeff9de3f0b2c8a0d5a1
    """
    now_ms = platform_now_ms()

    settings = load_settings()

    async def find() -> list[Hold]:
        looking = operation_here("reference", "vigie evidence holds list", ids=() if about is None else (about,))
        async with recorded(settings, "operator", looking):
            store = EvidenceStore.open(settings.evidence)
            asked = [hold for hold in await holds_in(store) if about in (None, hold.about)]
            return asked + (await case_holds_in(store, about) if about is None or _CASE.fullmatch(about) else [])

    shown = [hold for hold in run_async(find) if every or not (hold.released or hold.until_ms <= now_ms)]
    if as_json:
        for hold in shown:
            print_json(msgspec.to_builtins(hold))
        return
    grid = Table("hold", "pictures", "about", "reason", "owner", "until", "")
    for hold in shown:
        ended = "released" if hold.released else "ended" if hold.until_ms <= now_ms else ""
        until = f"{day_of(hold.until_ms)} {clock(hold.until_ms)[:5]}"
        grid.add_row(hold.hold_id, str(len(hold.pictures)), hold.about or "", hold.reason, hold.owner, until, ended)
    Terminal(soft_wrap=False).print(grid if shown else "No holds.")


@holds_app.command("add", epilog=EXIT_CODES)
def add(
    hold_id: HoldId,
    pictures: Annotated[list[str], typer.Option("--picture", help="As alert or violation name it: DAY/DIGEST.jpg. Repeat.")],
    reason: Annotated[str, typer.Option(help="Why they must be kept: the decision, the case.")],
    owner: Annotated[str, typer.Option(help="The service that asks.")],
    until: Annotated[str, typer.Option(help="When it ends by itself: 2026-12-31, or an ISO time; a year ahead at most.")],
    about: Annotated[str | None, typer.Option(help="The alert_id, violation_id or read_id that refers to them.")] = None,
    begins: Annotated[str | None, typer.Option("--from", help="When it begins; now where left out.")] = None,
) -> None:  # fmt: skip
    """Keep pictures until a stated time, or change a hold of this name.

    Example: vigie evidence holds add case-7 --picture 2026-03-01/ab..ef.jpg --reason court --owner "zone 5341" --until 2026-12-31
    """
    settings, now_ms = load_settings(), platform_now_ms()
    fields = {
        "hold_id": hold_id, "pictures": pictures, "about": about, "reason": reason, "owner": owner, "changed_at_ms": now_ms,
        "from_ms": now_ms if begins is None else _moment(begins, settings, until=False),
        "until_ms": _moment(until, settings, until=True), "changed_by": user_name(),
    }  # fmt: skip
    try:
        hold = msgspec.convert(fields, Hold)
    except msgspec.ValidationError as error:
        raise BadRecord("bad_hold", str(error)) from error

    holding = operation_here(
        "reference", "vigie evidence holds add", reason=reason, on=(hold_id,), ids=(about,) if about else ()
    )

    async def run() -> None:
        async with recorded(settings, "operator", holding):
            store = EvidenceStore.open(settings.evidence)
            missing = [path for path in hold.pictures if not await store.exists(path)]
            if missing:
                raise BadRecord("evidence_missing", f"no picture at {', '.join(missing[:5])}")
            await put_hold(store, hold)

    run_async(run)
    errors.print(f"{len(hold.pictures)} picture(s) are held until {day_of(hold.until_ms)} {clock(hold.until_ms)[:5]}.")


@holds_app.command("release", epilog=EXIT_CODES)
def release_(hold_id: HoldId) -> None:
    """End, at once, a hold that a person added. Its pictures go with the next deletion, if their usual time is over and no
    other hold keeps them.

    Holds of cases end by themselves: 30 days after an incident was closed (7 if it ended otherwise), 7 days after a violation
    was withdrawn or rejected, 90 after it was accepted.

    Example: vigie evidence holds release case-7
    """
    settings = load_settings()

    async def run() -> None:
        async with recorded(
            settings, "operator", operation_here("reference", "vigie evidence holds release", on=(hold_id,))
        ):
            store = EvidenceStore.open(settings.evidence)
            await release(store, hold_id, by=user_name(), at_ms=platform_now_ms())

    run_async(run)
    errors.print(f"{hold_id} is released.")


def _moment(text: str, settings: Settings, *, until: bool) -> int:
    """The moment in UTC ms; of a date alone its start, or, with until, its end. Raises typer.BadParameter for another text."""
    try:
        return placed(moment_ms(text, until=until), settings.country)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error), param_hint="--until" if until else "--from") from error
