"""`vigie cameras waiting`: who knocks at the gateways and is not let in, why, and how it is let in."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.errors import BadRecord
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Rows as Grid
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import servers_of
from pipeline.state.redis_port import open_redis
from pipeline.state.waiting_room import Knock, WaitingRoom, Why

CURES: Mapping[Why, str] = {
    "no_password": "vigie cameras adopt {name} --camera CAMERA, and type the password into it",
    "unknown_sender": "vigie cameras adopt {name}, and type the password into it",
    "wrong_password": "its password is another: vigie cameras credentials rotate {name}",
    "not_by_address": "send its password as Basic, or: vigie cameras credentials set {name} --by-address",
}


def add_waiting(cameras: typer.Typer) -> None:
    """Add to `cameras` the command `waiting`, which only the cameras have."""

    @cameras.command("waiting", epilog=EXIT_CODES)
    def waiting(
        forget: Annotated[
            list[str] | None, typer.Option("--forget", help="Forget this one; it is noted again when it comes again.")
        ] = None,
        forget_all: Annotated[bool, typer.Option("--forget-all", help="Forget everybody that waits.")] = False,
        sample: Annotated[
            str | None,
            typer.Option(metavar="WHO", help="Show the sample of what this one sends: letters as x, digits as 0."),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    ) -> None:
        """Show who sends to the gateways and is not let in: as what, from where, why, and what lets it in. At most 1,000; where
        more knock, those names are forgotten first that an address with many names gave. Who is silent for a week is forgotten.

        What came before somebody is let in was not kept, but for one redacted sample of each whom nobody knows.

        Example: vigie cameras waiting --sample NEW-1
        """
        found = run_async(lambda: _found(forget or [], forget_all))
        if sample is not None:
            found = [one for one in found if one.name == sample]
            if not found:
                raise BadRecord("nobody_waits", f"nobody waits as {sample}: vigie cameras waiting")
        if sample is not None and not as_json:
            typer.echo(_sample(found[0]))
            return
        for one in found if as_json else ():
            print_json(msgspec.to_builtins(one) | {"cure": cure_of(one)})
        if not as_json:
            Terminal(soft_wrap=False).print(_grid(found) if found else "Nobody waits.")
            for line in _cures(found):
                typer.echo(line)


async def _found(forget: list[str], forget_all: bool) -> list[Knock]:
    settings = load_settings()
    servers = servers_of(settings, "operator")
    async with (
        recorded_at(settings, servers, operation_here("reference", "vigie cameras waiting", on=forget)),
        open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client,
    ):
        room = WaitingRoom(client, settings.namespace)
        if forget_all:
            errors.print(f"Forgot {await room.forget_all()}.")
        elif forget:
            errors.print(f"Forgot {await room.forget(forget)}.")
        return await room.all()


def cure_of(one: Knock) -> str:
    """What lets this one in, with the command for it."""
    return CURES[one.why].format(name=shlex.quote(one.name))


def _sends(one: Knock) -> str:
    """What it sends, in a word: the maker, else the media type; a dash where nobody knows."""
    return "-" if one.sample is None else one.sample.maker or one.sample.content_type or "-"


def _sample(one: Knock) -> str:
    if one.sample is None:
        known = "it is a sender already" if one.why in ("wrong_password", "not_by_address") else "none was taken yet"
        return f"There is no sample of {one.name}: {known}, or it sent nothing but its head."
    return (
        one.sample.text or f"What {one.name} sends is compressed or a picture ({_sends(one)}): no sample of it is kept."
    )


def _grid(found: list[Knock]) -> Grid:
    grid = Grid("who", "from", "sends", "times", "last (UTC)", "why")
    for one in found:
        last = datetime.fromtimestamp(one.last_ms / 1000, UTC).replace(tzinfo=None).isoformat(" ", timespec="seconds")
        grid.add_row(one.name, one.peer, _sends(one), str(one.count), last, one.why.replace("_", " "))
    return grid


def _cures(found: list[Knock]) -> Iterator[str]:
    """A line for each reason that there is: what lets in whom it holds for."""
    for why in dict.fromkeys(one.why for one in found):
        yield f"{why.replace('_', ' ')}: {CURES[why].format(name='WHO')}"
