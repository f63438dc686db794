"""`vigie tail TOPIC`: prints a topic's records as they arrive."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from rich.text import Text

from pipeline.commands.common import print_json, run_async
from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.runtime import codecs
from pipeline.runtime.settings import load_settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.runtime.terminal import Terminal, styled
from pipeline.runtime.topics import list_topics
from pipeline.servers.endpoints import servers_of
from pipeline.stream import codec
from schemas.base import Message
from schemas.outcomes import Alert, DeadLetter, Forward, Receipt, Violation, Withdrawal
from schemas.pictures import Frame, Track
from schemas.reads import ReadBatch
from schemas.topics import ACCESSES, TOPICS, Topic

console = Terminal()
_BY_NAME: dict[str, Topic[Any]] = {topic.name: topic for topic in TOPICS if topic is not ACCESSES}  # see `vigie audit`
_COLOURS = {"urgent": "bold white on red", "high": "bold red", "normal": "yellow", "low": "dim"}


def tail(
    topic: Annotated[str, typer.Argument(help="One of: " + ", ".join(_BY_NAME) + ".")],
    as_json: Annotated[bool, typer.Option("--json", help="One object a line, as it is on the wire.")] = False,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest record kept.")] = False,
    count: Annotated[int | None, typer.Option("--count", "-n", help="End after so many records.", min=1)] = None,
    every_copy: Annotated[
        bool, typer.Option("--every-copy", help="Also show a second copy that a repetition after a fault left.")
    ] = False,
) -> None:
    """Show what arrives in a topic until Ctrl-C. A second copy of the same alert, violation or forward is shown once.

    Example: vigie tail alerts --from-start --json
    """
    if topic not in _BY_NAME:
        raise Misconfigured("topic", found=topic, allowed="one of " + ", ".join(_BY_NAME))
    run_async(lambda: _tail(_BY_NAME[topic], as_json, from_start, count, every_copy))


async def _tail(topic: Topic[Any], as_json: bool, from_start: bool, count: int | None, every_copy: bool) -> None:
    settings = load_settings()
    servers = servers_of(settings, "tail")
    name = f"{settings.namespace}.{topic.name}"
    if name not in {shape.name for shape in await list_topics(servers.kafka, settings.namespace)}:
        raise Misconfigured("topic", found=name, allowed="one that exists: create it with `vigie topics create`")
    codecs.bind()
    consumer = AIOKafkaConsumer(
        name, auto_offset_reset="earliest" if from_start else "latest", **servers.kafka.client_kwargs()
    )
    try:
        await consumer.start()
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {servers.kafka.url}") from error
    stop = stop_on_signals()
    try:
        await _show_all(consumer, topic, stop, as_json=as_json, count=count, every_copy=every_copy)
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
) -> None:
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
                    return


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


def clock(at_ms: int) -> str:
    """The local time of day with tenths of a second, as dispatchers read it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%H:%M:%S.%f")[:-5]


def alert_line(alert: Alert, place: str | None = None) -> Text:
    """One alert as a line for dispatchers. place: the camera's name; without it the camera's id is shown."""
    colour = _COLOURS[alert.priority] if alert.rings else "dim"
    kind = "" if alert.match == "exact" else f" ({alert.match}, {alert.score:.0%} sure)"
    asks = " CONFIRM FIRST" if alert.confirm else ""
    state = "" if alert.rings else " late" if not alert.live else " trail"
    return styled(
        f"{clock(alert.read.captured_at_ms)} ",
        (f"{alert.priority.upper():7}", colour),
        f" {alert.read.plate}{kind}  {alert.hotlist}: {alert.category}, {alert.action}{asks}  "
        f"at {place or alert.read.camera_id}{state}",
    )


def violation_line(violation: Violation) -> Text:
    """One violation as a line for the traffic authority."""
    return styled(
        f"{clock(violation.exit.captured_at_ms)} {violation.plate}  {violation.section_id}: {violation.corrected_kmh} km/h "
        f"(measured {violation.measured_kmh:.1f}) where {violation.limit_kmh} is allowed, certificate "
        f"{violation.certificate.number}"
    )


def lines_of(message: Message) -> list[Text | str]:
    """A message as lines for a person."""
    match message:
        case ReadBatch():
            return [f"{clock(r.captured_at_ms)} {r.plate:10} {r.confidence:.2f} {r.country or '--'} {r.camera_id}"
                    for r in message.reads]  # fmt: skip
        case Alert():
            return [alert_line(message)]
        case Violation():
            return [violation_line(message)]
        case Forward():
            return [f"{clock(message.captured_at_ms)} to {message.to_country}: {message.plate} {message.offence_category}, "
                    f"{message.action}, at {message.place} ({message.kind})"]  # fmt: skip
        case Withdrawal():
            return [styled(f"{clock(message.at_ms)} ", ("WITHDRAWN", "bold"),
                           f" {message.kind} {message.id}: {message.reason} (by {message.by})")]  # fmt: skip
        case Receipt():
            return [f"{clock(message.decided_at_ms)} {message.to_country} {message.outcome} {message.forward_id} "
                    f"after {message.attempts} attempt(s) {message.detail or ''}"]  # fmt: skip
        case DeadLetter():
            place = f"{message.topic}:{message.partition}:{message.offset}"
            return [styled(f"{clock(message.refused_at_ms)} ", (message.reason, "red"),
                           f" {message.stage} {place} {message.detail}")]  # fmt: skip
        case Frame():
            return [f"{clock(message.captured_at_ms)} {message.camera_id} {len(message.image) / 1000:.0f} kB"]
        case Track():
            return [f"{clock(message.captured_at_ms)} {message.camera_id} {len(message.crops)} crop(s)"]
    return [str(message)]
