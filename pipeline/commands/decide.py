"""`vigie decide EVENTS.jsonl`: the agents' decisions on a history, in this process, without servers."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from pipeline.commands.common import print_json, run_async
from pipeline.commands.message_lines import clock, lines_of
from pipeline.decide.deciding import Deciding
from pipeline.decide.history import events_in
from pipeline.decide.outcomes import HistoryOutcome
from pipeline.errors import BadRecord
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Terminal, styled

console = Terminal()


def decide(
    events: Annotated[
        Path, typer.Argument(help="One JSON object a line, in order of arrival; - reads standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also what proves nothing, and what is not forwarded, with its reason.")
    ] = False,
) -> None:
    """Decide a history as the agents would: alerts, violations, forwards, and what is taken back of them.

    Lines: {"at_ms": 0, "put": {"collection": "sections", "item": {...}}}, {"at_ms": 0, "remove": {"collection": "hotlist", "key":
    "e1"}}, {"at_ms": 0, "reads": [{...}]}, {"at_ms": 0, "forget": "redis"}. at_ms is when it arrived, in ms since 1970, UTC; an
    item holds from then on, unless it says otherwise in holds_from_ms. After the last line time goes on until all has settled.

    Example: vigie decide events.jsonl --explain
    """
    configure_logging(level="error", form="console")  # what the agents log is what is printed here
    run_async(lambda: _decide(events, as_json, explain))


async def _decide(events: Path, as_json: bool, explain: bool) -> None:
    async for outcome in Deciding(load_settings()).outcomes(events_in(_lines(events))):
        if explain or not outcome.explains:
            _show(outcome, as_json)


def _lines(events: Path) -> Iterator[bytes]:
    """The lines of a file, or of standard input. Raises BadRecord when it cannot be read."""
    if str(events) == "-":
        yield from sys.stdin.buffer
        return
    try:
        with events.open("rb") as stream:
            yield from stream
    except OSError as error:
        raise BadRecord("unreadable_file", f"{events}: {error.strerror or error}") from error


def _show(outcome: HistoryOutcome, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(outcome))
        return
    for line in _told(outcome):
        console.print(styled(f"{clock(outcome.at_ms)} ").append_text(line if isinstance(line, Text) else Text(line)))


def _told(outcome: HistoryOutcome) -> Sequence[Text | str]:
    """An outcome as text for a person."""
    if outcome.withdrawn is not None:
        gone = outcome.withdrawn
        return [styled(("WITHDRAWN", "bold"), f" {gone.kind} {gone.id}: {gone.reason}")]
    if outcome.refused is not None:
        return [styled(("refused", "red"), f" {outcome.refused.reason}: {outcome.refused.detail}")]
    if outcome.proves_nothing is not None:
        nothing = outcome.proves_nothing
        return [f"{nothing.section_id} proves nothing: {nothing.reason} {nothing.detail}".rstrip()]
    if outcome.not_forwarded is not None:
        return [f"not forwarded to {outcome.not_forwarded.country}: {outcome.not_forwarded.reason}"]
    message = outcome.alert or outcome.violation or outcome.forward
    return lines_of(message) if message is not None else []
