"""`vigie dead-letters`: shows the records that no agent could process, by reason, agent and time, and sends them back or
settles them."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pipeline.access.record import Operation
from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, print_json, run_async
from pipeline.commands.recording import CaseReference, given_reason, operation_here, recorded_at, user_name
from pipeline.commands.recording import Reason as Why
from pipeline.errors import BadRecord, Misconfigured
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import Terminal, styled
from pipeline.servers.endpoints import Servers, servers_of
from pipeline.state.redis_port import open_redis
from pipeline.state.settled_letters import SettledLetters
from pipeline.stream.dead_letters import Choice, letters_in, sent_back
from pipeline.tables.cells import moment_ms, moment_text
from pipeline.tables.local_days import placed
from schemas.outcomes import DeadLetter

console, errors = Terminal(), Terminal(stderr=True)
dead_letters_app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What no agent could process: look at it, send it back where it came from, or be done with it.",
    epilog=EXIT_CODES,
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of letters, as `list` shows them.")]
Reason = Annotated[str | None, typer.Option(help="Only of this reason: unknown_camera, undecodable, ...")]
AgentName = Annotated[str | None, typer.Option("--agent", help="Only what this agent refused.")]
Since = Annotated[str | None, typer.Option(help="Only refused at or after: 2026-03-01, 2026-03-01T08:30:00Z.")]
Until = Annotated[str | None, typer.Option(help="Only refused at or before; a date means its end.")]
Json = Annotated[bool, typer.Option("--json", help="One object a line.")]


@dataclass(frozen=True, slots=True)
class LetterBox:
    """The dead letters that Kafka still keeps, and what is needed to send them back or settle them. letters: by id, oldest
    refusal first. state: by id, what was done with those that are settled, by whom and when."""

    letters: dict[str, DeadLetter]
    state: dict[str, str]
    settled: SettledLetters
    sender: Sender
    namespace: str

    def chosen(self, choice: Choice, *, also_settled: bool = False) -> list[DeadLetter]:
        """The letters that the choice takes and that are open, which means neither sent back nor dropped; also_settled: the
        others, too."""
        return [one for one in self.letters.values()
                if choice.takes(one) and (also_settled or one.dead_letter_id not in self.state)]  # fmt: skip

    async def settle(self, letters: list[DeadLetter], word: str) -> None:
        """Store what was done with these letters (`word`: resent or dropped), by whom and when."""
        when = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        ids = [letter.dead_letter_id for letter in letters]
        await self.settled.settle(ids, f"{word} {when} by {user_name()}", self.letters)


@dead_letters_app.command("list", epilog=EXIT_CODES)
def list_letters(
    reason: Reason = None,
    agent: AgentName = None,
    since: Since = None,
    until: Until = None,
    also_settled: Annotated[bool, typer.Option("--all", help="Also those that were sent back or dropped.")] = False,
    as_json: Json = False,
) -> None:
    """List open letters, the oldest first, and how many there are of each agent and reason.

    Example: vigie dead-letters list --reason unknown_camera --since 2026-03-01
    """
    choice = _choice(None, reason, agent, since, until)

    async def work() -> None:
        async with _desk(operation_here("servers", "vigie dead-letters list")) as desk:
            found = desk.chosen(choice, also_settled=also_settled)
        _show_all(found, desk.state, as_json)

    run_async(work)


@dead_letters_app.command(epilog=EXIT_CODES)
def show(
    letter_id: Annotated[str, typer.Argument(help="Id of a letter.")],
    as_json: Json = False,
    reason: Why = None,
    case: CaseReference = None,
) -> None:
    """Show one letter with the whole record that was refused. It is recorded that you look, and why.

    Example: vigie dead-letters show d-5bc1a510d72ccb96302e460d --reason "no read of camera E40-12 is taken"
    """
    what = "vigie dead-letters show"
    operation = operation_here("query", what, reason=given_reason(reason), case_reference=case, on=(letter_id,))

    async def work() -> None:
        async with _desk(operation) as desk:
            (letter,) = _named(desk, Choice(ids=frozenset((letter_id,))), also_settled=True)
        if as_json:
            print_json(_object(letter, desk.state) | {"payload": letter.payload.decode(errors="replace")})
            return
        for name, value in _object(letter, desk.state).items():
            console.print(f"{name:14} {value}")
        console.print(letter.payload.decode(errors="replace"))

    run_async(work)


@dead_letters_app.command(epilog=EXIT_CODES)
def resend(ids: Ids = None, reason: Reason = None, agent: AgentName = None, since: Since = None,
           until: Until = None) -> None:  # fmt: skip
    """Send open letters back, unchanged, to the topics that they came from, and be done with them.

    What is refused again makes a new letter. Name letters, or say which: nothing given is refused. Exit code 1 if one
    cannot be sent back.

    Example: vigie dead-letters resend --reason unknown_camera
    """
    choice = _some(_choice(ids, reason, agent, since, until))

    async def work() -> None:
        async with _desk(operation_here("send", "vigie dead-letters resend", on=tuple(ids or ())[:64])) as desk:
            kept = await _resend(desk, _named(desk, choice), by_id=bool(choice.ids))
        if kept:
            raise SystemExit(EXIT_REFUSED)

    run_async(work)


@dead_letters_app.command(epilog=EXIT_CODES)
def drop(ids: Ids = None, reason: Reason = None, agent: AgentName = None, since: Since = None,
         until: Until = None) -> None:  # fmt: skip
    """Be done with open letters without sending them back. Kafka deletes them when their time is over, not before.

    Name letters by their ids, or choose them by options. Without either the command is refused.

    Example: vigie dead-letters drop --agent ocr --until 2026-03-01
    """
    choice = _some(_choice(ids, reason, agent, since, until))

    async def work() -> None:
        async with _desk(operation_here("decision", "vigie dead-letters drop", on=tuple(ids or ())[:64])) as desk:
            letters = _named(desk, choice)
            await desk.settle(letters, "dropped")
            errors.print(f"{len(letters)} dropped")

    run_async(work)


async def _resend(desk: LetterBox, letters: list[DeadLetter], *, by_id: bool) -> int:
    """Send the letters back, one after the other, in the order of their refusal. Returns how many cannot go back; these are told of
    and stay open."""
    done, kept = [], 0
    for letter in letters:
        try:
            record = sent_back(letter, desk.namespace, by_id=by_id)
        except BadRecord as error:
            errors.print(styled(("kept", "yellow"), f" {error}"))
            kept += 1
            continue
        await desk.sender.send_all([record])
        done.append(letter)
    await desk.settle(done, "resent")
    errors.print(f"{len(done)} sent back" + (f", {kept} cannot be" if kept else ""))
    return kept


@asynccontextmanager
async def _desk(operation: Operation) -> AsyncIterator[LetterBox]:
    """The letters and the way back, once the operation is recorded. The outcome is recorded when the block ends: print after it."""
    settings = load_settings()
    servers = servers_of(settings, "dead_letters")
    async with recorded_at(settings, servers, operation), _opened(settings, servers) as box:
        yield box


@asynccontextmanager
async def _opened(settings: Settings, servers: Servers) -> AsyncIterator[LetterBox]:
    letters = [letter async for letter in letters_in(servers.kafka, settings.namespace)]
    letters.sort(key=lambda letter: (letter.refused_at_ms, letter.dead_letter_id))
    client = open_redis(servers.redis_url, ca_file=settings.redis_ca_file)
    settled, sender = SettledLetters(client, settings.namespace), Sender(servers.kafka.client_kwargs())
    await sender.start()
    try:
        by_id = {letter.dead_letter_id: letter for letter in letters}
        yield LetterBox(by_id, await settled.all(), settled, sender, settings.namespace)
    finally:
        await sender.stop()
        await client.aclose()


def _choice(
    ids: list[str] | None, reason: str | None, agent: str | None, since: str | None, until: str | None
) -> Choice:
    return Choice(
        ids=frozenset(ids or ()),
        reason=reason,
        agent=agent,
        since_ms=_moment("--since", since),
        until_ms=_moment("--until", until, until=True),
    )


def _moment(option: str, text: str | None, *, until: bool = False) -> int | None:
    try:
        return None if text is None else placed(moment_ms(text, until=until), load_settings().country)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _some(choice: Choice) -> Choice:
    if choice.is_everything:
        raise typer.BadParameter("name letters, or give --reason, --agent, --since or --until", param_hint="IDS")
    return choice


def _named(desk: LetterBox, choice: Choice, *, also_settled: bool = False) -> list[DeadLetter]:
    """The letters that are meant. Raises Misconfigured for an id that no letter has; ends with exit code 1 where no letter is
    meant."""
    unknown = sorted(choice.ids - desk.letters.keys())
    if unknown:
        raise Misconfigured(
            "dead letter", found=unknown[0], allowed="the id of a letter that is kept: `vigie dead-letters list`"
        )
    found = desk.chosen(choice, also_settled=also_settled)
    if not found:
        errors.print("No open letter is meant: `vigie dead-letters list --all` shows the others, too.")
        raise SystemExit(EXIT_REFUSED)
    return found


def _object(letter: DeadLetter, state: dict[str, str]) -> dict[str, Any]:
    place = f"{letter.topic}:{letter.partition}:{letter.offset}" + ("" if letter.index is None else f"[{letter.index}]")
    return {
        "id": letter.dead_letter_id,
        "refused": moment_text(letter.refused_at_ms),
        "agent": letter.stage,
        "reason": letter.reason,
        "detail": letter.detail,
        "place": place,
        "bytes": len(letter.payload),
        "state": state.get(letter.dead_letter_id, "open"),
    }


def _show_all(letters: list[DeadLetter], state: dict[str, str], as_json: bool) -> None:
    rows = [_object(letter, state) for letter in letters]
    if as_json:
        for row in rows:
            print_json(row)
        return
    if not rows:
        console.print("No dead letters.")
        return
    table = Table("id", "refused", "agent", "reason", "place", "state")
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("id", "refused", "agent", "reason", "place", "state")))
    console.print(table)
    for (agent, reason), count in Counter((letter.stage, letter.reason) for letter in letters).most_common():
        console.print(f"{count:6} {agent}: {reason}")
