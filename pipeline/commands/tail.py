"""`vigie tail TOPIC`: prints a topic's records as they arrive."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from pipeline.access.record import Operation
from pipeline.commands.common import print_json, run_async
from pipeline.commands.message_lines import lines_of
from pipeline.commands.recording import CaseReference, Reason, given_reason, operation_here, recorded_at
from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.runtime.terminal import Terminal, styled
from pipeline.runtime.topics import list_topics
from pipeline.servers.endpoints import servers_of
from pipeline.stream import codec
from schemas.base import Message
from schemas.outcomes import Alert, DeadLetter, Forward, Receipt, Violation, Withdrawal
from schemas.pictures import Frame, Track
from schemas.topics import ACCESSES, CHECKPOINTS, TOPICS, Topic

console = Terminal()
_BY_NAME: dict[str, Topic[Any]] = {topic.name: topic for topic in TOPICS if topic is not ACCESSES}  # see `vigie audit`


def tail(
    topic: Annotated[str, typer.Argument(help="One of: " + ", ".join(_BY_NAME) + ".")],
    as_json: Annotated[bool, typer.Option("--json", help="One object a line, as it is on the wire.")] = False,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest record kept.")] = False,
    count: Annotated[int | None, typer.Option("--count", "-n", help="End after so many records.", min=1)] = None,
    every_copy: Annotated[
        bool, typer.Option("--every-copy", help="Also show a second copy that a repetition after a fault left.")
    ] = False,
    reason: Reason = None,
    case: CaseReference = None,
) -> None:
    """Show what arrives in a topic until Ctrl-C. A second copy of the same alert, violation or forward is shown once.

    It is recorded that you look, and why (--reason, or VIGIE_REASON).

    Example: vigie tail alerts --from-start --json --reason "trial of the new cameras on the E40"
    """
    if topic not in _BY_NAME:
        raise Misconfigured("topic", found=topic, allowed="one of " + ", ".join(_BY_NAME))
    settings = load_settings()
    what = f"vigie tail {topic}"
    if _BY_NAME[topic] is CHECKPOINTS:
        operation = operation_here("record", what)
    else:
        operation = operation_here("stream", what, reason=given_reason(reason), case_reference=case)
    run_async(lambda: _tail(_BY_NAME[topic], settings, operation, as_json, from_start, count, every_copy))


async def _tail(
    topic: Topic[Any],
    settings: Settings,
    operation: Operation,
    as_json: bool,
    from_start: bool,
    count: int | None,
    every_copy: bool,
) -> None:
    servers = servers_of(settings, "tail")
    name = f"{settings.namespace}.{topic.name}"
    if name not in {shape.name for shape in await list_topics(servers.kafka, settings.namespace)}:
        raise Misconfigured("topic", found=name, allowed="one that exists: create it with `vigie topics create`")
    consumer = AIOKafkaConsumer(
        name, auto_offset_reset="earliest" if from_start else "latest", **servers.kafka.client_kwargs()
    )
    try:
        await consumer.start()
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {servers.kafka.url}") from error
    stop = stop_on_signals()
    try:
        async with recorded_at(settings, servers, operation) as done:
            done.count = await _show_all(consumer, topic, stop, as_json=as_json, count=count, every_copy=every_copy)
    finally:
        await consumer.stop()


async def _show_all(
    consumer: AIOKafkaConsumer,
    topic: Topic[Any],
    stop: asyncio.Event,
    *,
    as_json: bool,
    count: int | None,
    every_copy: bool,
) -> int:
    """Show records until told to stop, or `count` were shown; how many that were."""
    seen: dict[str, None] = {}
    shown = 0
    while not stop.is_set():
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                identity = _identity(topic, record.value)
                if identity is not None and not every_copy and identity in seen:
                    continue
                if identity is not None:
                    seen[identity] = None
                    if len(seen) > 100_000:
                        del seen[next(iter(seen))]
                _show(topic, record, as_json)
                shown += 1
                if shown == count:
                    return shown
    return shown


def _identity(topic: Topic[Any], value: bytes | None) -> str | None:
    """The id by which a second copy of a message is known; None for topics whose records have no copies."""
    try:
        message = codec.decode(topic, value)
    except BadRecord:
        return None
    match message:
        case Alert():
            return f"{message.alert_id} {message.revision}"
        case Withdrawal():
            return f"withdrawal {message.kind} {message.id}"
        case Violation():
            return message.violation_id
        case Forward():
            return message.forward_id
        case Receipt():
            return message.receipt_id
        case DeadLetter():
            return message.dead_letter_id
    return None


def _show(topic: Topic[Any], record: Any, as_json: bool) -> None:
    try:
        message = codec.decode(topic, record.value)
    except BadRecord as error:
        place = f"{record.partition}:{record.offset} {error.reason}"
        console.print(styled((place, "red"), f" {error.detail}"), style="dim")
        return
    if as_json:
        print_json(msgspec.to_builtins(_without_pictures(message)))
    else:
        for line in lines_of(message):
            console.print(line)


def _without_pictures(message: Message) -> Message:
    match message:
        case Frame():
            return msgspec.structs.replace(message, image=b"")
        case Track():
            crops = tuple(msgspec.structs.replace(crop, image=b"") for crop in message.crops)
            return msgspec.structs.replace(message, crops=crops, overview=b"")
    return message
