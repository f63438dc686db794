"""Records what a command is about to see or change, in the name of the machine's user. What cannot be recorded is not done."""

import contextlib
import os
import pwd
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from pipeline.access.record import Act, Ending, Operation, Result, weak_reason
from pipeline.record.recorder import KafkaRecorder
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.endpoints import Servers, servers_of
from pipeline.state.record_keys import RecordKeys
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter

Reason = Annotated[
    str | None,
    typer.Option(
        "--reason",
        envvar="VIGIE_REASON",
        help="Why you look at plates; it is recorded. Asked for in a terminal without it.",
    ),
]
CaseReference = Annotated[str | None, typer.Option("--case", help="The case that it is for; it is recorded.")]


@dataclass(slots=True)
class Done:
    """What a command says of its result inside the block of `recorded`, for the outcome to be recorded. access_id: of the
    recorded intent. count: how many things were found or changed. refusal: why it was refused; None: it was not."""

    access_id: str
    count: int | None = None
    refusal: str | None = None


def given_reason(reason: str | None) -> str:
    """The reason; asked for at a terminal when none is given. Raises typer.BadParameter for none, or for one that says
    nothing."""
    if reason is None and sys.stdin.isatty() and sys.stderr.isatty():
        reason = str(typer.prompt("Why do you look at plates? (it is recorded)", err=True))
    if fault := weak_reason(reason):
        raise typer.BadParameter(fault, param_hint="--reason")
    return str(reason)


def operation_here(
    act: Act,
    what: str,
    *,
    reason: str | None = None,
    case_reference: str | None = None,
    on: Sequence[str] = (),
    plates: Sequence[str] = (),
    ids: Sequence[str] = (),
) -> Operation:
    """The operation, to be recorded, by the person who runs this command on this machine. what: the command without its
    values. on, plates, ids: what it is about (see Operation)."""
    return Operation(
        who=f"os:{user_name()}@{socket.gethostname()}",
        origin=_origin(),
        act=act,
        what=what,
        reason=reason,
        case_reference=case_reference,
        on=on,
        plates=plates,
        ids=ids,
    )


@asynccontextmanager
async def recorded(settings: Settings, principal: str, operation: Operation) -> AsyncIterator[Done]:
    """Record the operation as an intent, run the block, and record its outcome. Raises NotRecorded when the intent cannot
    be recorded, in which case the block is not run, and when the outcome cannot be. principal: as whom the servers are reached.

    A command must print what it found after this block, not in it.
    """
    async with recorded_at(settings, servers_of(settings, principal), operation) as done:
        yield done


@asynccontextmanager
async def recorded_at(settings: Settings, servers: Servers, operation: Operation) -> AsyncIterator[Done]:
    """See recorded; with these servers."""
    client = open_redis(servers.redis_url, ca_file=settings.redis_ca_file)
    sender = Sender(servers.kafka.client_kwargs())
    recorder = KafkaRecorder(sender, RecordKeys(client, settings.namespace), settings.namespace)
    try:
        done = Done(await recorder.intent(operation))
        try:
            yield done
        except BaseException as error:
            await recorder.outcome(done.access_id, Result(outcome="failed", refusal=type(error).__name__))
            raise
        ending: Ending = "answered" if done.refusal is None else "refused"
        await recorder.outcome(done.access_id, Result(outcome=ending, count=done.count, refusal=done.refusal))
    finally:
        await sender.stop()
        await client.aclose()


@asynccontextmanager
async def writer_of(operation: Operation) -> AsyncIterator[ReplicaWriter]:
    """Yields a writer on the store that the settings name, else on that of a running `vigie up`, once the operation is
    recorded. Raises NoServers, NotRecorded. Print what was found after this block, not in it: only then is its outcome
    recorded, too."""
    settings = load_settings()
    servers = servers_of(settings, "operator")
    async with (
        recorded_at(settings, servers, operation),
        open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client,
    ):
        yield ReplicaWriter(client, settings.namespace)


def user_name() -> str:
    """The name of the account that runs this process, as the system's user database has it: LOGNAME and USER count for nothing.
    An account that is not in it: "uid-" and its number."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def _origin() -> str:
    """The machine, the terminal, and the address from which the person connected, as far as these are known."""
    return " ".join([socket.gethostname(), *_traces()])


def _traces() -> Iterator[str]:
    with contextlib.suppress(OSError):
        yield os.ttyname(0).removeprefix("/dev/")
    if user := os.environ.get("SUDO_USER"):
        yield f"sudo by {user}"
    if client := os.environ.get("SSH_CLIENT"):
        yield f"ssh from {client.split(' ')[0]}"
