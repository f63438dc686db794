"""`vigie audit show`: the record for people, newest last, by person, kind, plate, case and time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from pipeline.access.record import month_of
from pipeline.commands.common import print_json, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.errors import Misconfigured
from pipeline.plates.text import compact
from pipeline.record.reading import ShownIntent, packed_records, shown
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import Servers, servers_of
from pipeline.state.record_keys import RecordKeys
from pipeline.state.redis_port import open_redis
from pipeline.tables.cells import moment_ms, moment_text
from pipeline.tables.local_days import placed

console = Terminal()


def show(
    folder: Annotated[Path | None, typer.Argument(help="An export; without it, this platform's own record.")] = None,
    who: Annotated[str | None, typer.Option(help="Only of this person.")] = None,
    act: Annotated[str | None, typer.Option(help="Only of this kind: query, picture, export, reference, ...")] = None,
    case: Annotated[str | None, typer.Option(help="Only of this case.")] = None,
    plate: Annotated[
        str | None, typer.Option(help="Only who asked for this plate or was shown it, while the months' keys last.")
    ] = None,
    about: Annotated[
        str | None, typer.Option(help="Only about this user, camera, list, alert, incident, violation or entry.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only at or after: 2026-03-01, 2026-03-01T08:30:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Only at or before; a date means its end.")] = None,
    last: Annotated[int, typer.Option("--last", "-n", help="The newest so many.", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Show who did what, why, and what became of it. Looking at this platform's own record is recorded, too.

    Example: vigie audit show --act query --since 2026-03-01 --last 200
    """
    settings = load_settings()
    span = (_moment(settings, "--since", since), _moment(settings, "--until", until, until=True))

    def fits(one: ShownIntent) -> bool:
        begin_ms, end_ms = span
        return (
            (who is None or one.intent.who == who)
            and (act is None or one.intent.act == act)
            and (case is None or one.intent.case_reference == case)
            and (begin_ms is None or one.at_ms >= begin_ms)
            and (end_ms is None or one.at_ms <= end_ms)
        )

    if folder is not None and folder.resolve() != settings.record.resolve():
        if plate is not None or about is not None:
            raise typer.BadParameter("an export holds no keys: ask the platform itself", param_hint="--plate, --about")
        found = [one for one in shown(packed_records(folder)) if fits(one)]
    else:
        found = run_async(lambda: _own(settings, fits, plate, about))
    _print(found[-last:], as_json)


async def _own(
    settings: Settings, fits: Callable[[ShownIntent], bool], plate: str | None, about: str | None
) -> list[ShownIntent]:
    """The entries of this platform's own log. That somebody looks at them is recorded first.
    Raises Misconfigured where this machine has no log."""
    servers = servers_of(settings, "auditor")
    if not settings.record.is_dir():
        cure = "the folder of the agent `audit`, on its machine; or name an export"
        raise Misconfigured("VIGIE_RECORD_DIR", found=str(settings.record), allowed=cure)
    plates, ids = () if plate is None else (compact(plate),), () if about is None else (about,)
    operation = operation_here("record", "vigie audit show", plates=plates, ids=ids)
    async with recorded_at(settings, servers, operation) as done:
        found = [one for one in shown(packed_records(settings.record)) if fits(one)]
        for name in (*plates, *ids):
            names = await _names(settings, servers, name, {month_of(one.at_ms) for one in found})
            found = [one for one in found if names & _subjects(one) or (name in ids and name in one.intent.on)]
        done.count = len(found)
    return found


def _subjects(one: ShownIntent) -> set[str]:
    """The pseudonyms of what was asked for, and of what was shown."""
    return {*one.intent.subjects, *(one.outcome.subjects if one.outcome else ())}


async def _names(settings: Settings, servers: Servers, name: str, months: set[str]) -> set[str]:
    """The pseudonyms of a plate or id in these months, as far as the months' keys still exist."""
    client = open_redis(servers.redis_url, ca_file=settings.redis_ca_file)
    try:
        keys = [await RecordKeys(client, settings.namespace).of(month) for month in sorted(months)]
    finally:
        await client.aclose()
    return {key.pseudonym(name) for key in keys if key is not None}


def _moment(settings: Settings, option: str, text: str | None, *, until: bool = False) -> int | None:
    try:
        return None if text is None else placed(moment_ms(text, until=until), settings.country)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _print(found: Sequence[ShownIntent], as_json: bool) -> None:
    if as_json:
        for one in found:
            print_json(_object(one))
        return
    table = Table("at", "who", "act", "what", "reason", "case", "outcome")
    for one in found:
        intent, outcome = one.intent, one.outcome
        ending = "-" if outcome is None else outcome.outcome + ("" if outcome.count is None else f" ({outcome.count})")
        at, why = moment_text(one.at_ms), intent.reason or ""
        table.add_row(at, intent.who, intent.act, intent.what, why, intent.case_reference or "", ending)
    console.print(table if found else "Nothing of that kind is recorded.")


def _object(one: ShownIntent) -> dict[str, Any]:
    return {
        "index": one.index,
        "id": one.access_id,
        "at": moment_text(one.at_ms),
        "intent": msgspec.to_builtins(one.intent),
        "outcome": None if one.outcome is None else msgspec.to_builtins(one.outcome),
    }
