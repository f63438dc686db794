"""`vigie tail TOPIC`: prints a topic's records as they arrive."""

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pipeline.access.record import Operation
from pipeline.commands.common import print_json, run_async
from pipeline.commands.message_lines import lines_of
from pipeline.commands.recording import CaseReference, Reason, given_reason, operation_here, recorded_at
from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.runtime.covert import PRIVATE, covert_folder, private_key
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.runtime.terminal import Terminal, styled
from pipeline.runtime.topics import topic_names
from pipeline.servers.endpoints import servers_of
from pipeline.stream.covert_alerts import decode_opened
from schemas.base import Message
from schemas.outcomes import Alert, DeadLetter, Forward, Receipt, Violation, Withdrawal
from schemas.pictures import Frame, Track
from schemas.topics import ACCESSES, ALERTS_COVERT, CHECKPOINTS, TOPICS, Topic

console = Terminal()
_BY_NAME: dict[str, Topic[Any]] = {
    topic.name: topic
    for topic in TOPICS
    if topic not in (ACCESSES, ALERTS_COVERT)  # see `vigie audit`
} | {"covert": ALERTS_COVERT}


def tail(
    topic: Annotated[str, typer.Argument(help="One of: " + ", ".join(_BY_NAME) + ".")],
    as_json: Annotated[bool, typer.Option("--json", help="One object a line, as it is on the wire.")] = False,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest record kept.")] = False,
    count: Annotated[int | None, typer.Option("--count", "-n", help="End after so many records.", min=1)] = None,
    every_copy: Annotated[
        bool, typer.Option("--every-copy", help="Also show a second copy that a repetition after a fault left.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option("--key", help="Of covert: the owner's private key. Without it, the data folder's.")
    ] = None,
    reason: Reason = None,
    case: CaseReference = None,
) -> None:
    """Show what arrives in a topic until Ctrl-C. A second copy of an alert, violation, forward, withdrawal, receipt or dead letter
    is left out.

    Of covert alerts it shows those that the key opens. It is recorded that you look, and why (--reason, or VIGIE_REASON); for
    checkpoints no reason is asked.

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
    opens = _key(settings, _BY_NAME[topic], key)
    run_async(lambda: _tail(_BY_NAME[topic], settings, operation, as_json, from_start, count, every_copy, opens))


def _key(settings: Settings, topic: Topic[Any], file: Path | None) -> X25519PrivateKey | None:
    """What opens the topic's records; None: they are not sealed. Raises Misconfigured, and typer.BadParameter
    where a file is given for a topic that is not sealed."""
    if topic is ALERTS_COVERT:
        return private_key("--key", file or covert_folder(settings) / PRIVATE)
    if file is not None:
        raise typer.BadParameter("only covert alerts are opened with a key", param_hint="--key")
    return None


async def _tail(
    topic: Topic[Any],
    settings: Settings,
    operation: Operation,
    as_json: bool,
    from_start: bool,
    count: int | None,
    every_copy: bool,
    key: X25519PrivateKey | None,
) -> None:
    servers = servers_of(settings, "covert" if topic is ALERTS_COVERT else "tail")
    name = f"{settings.namespace}.{topic.name}"
    if name not in await topic_names(servers.kafka):
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
            done.count = await _show_all(
                consumer, topic, stop, as_json=as_json, count=count, every_copy=every_copy, key=key
            )
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
    key: X25519PrivateKey | None,
) -> int:
    """Show records until told to stop, or `count` were shown. Returns how many that were."""
    seen: OrderedDict[str, None] = OrderedDict()
    shown = 0
    while not stop.is_set():
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                message = _message(topic, record.value, key)
                if message is None:
                    continue
                identity = _identity(message)
                if identity is not None and not every_copy and identity in seen:
                    continue
                if identity is not None:
                    seen[identity] = None
                    if len(seen) > 100_000:
                        seen.popitem(last=False)
                _show(message, record, as_json)
                shown += 1
                if shown == count:
                    return shown
    return shown


def _message(topic: Topic[Any], value: bytes | None, key: X25519PrivateKey | None) -> Message | BadRecord | None:
    """The message, or why it is none; None: it is sealed for another key."""
    try:
        return decode_opened(topic, value, key)
    except BadRecord as error:
        return error


def _identity(message: Message | BadRecord) -> str | None:
    """The id by which a second copy of a message is known; None for topics whose records have no copies."""
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


def _show(message: Message | BadRecord, record: Any, as_json: bool) -> None:
    if isinstance(message, BadRecord):
        place = f"{record.partition}:{record.offset} {message.reason}"
        console.print(styled((place, "red"), f" {message.detail}"), style="dim")
    elif as_json:
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
