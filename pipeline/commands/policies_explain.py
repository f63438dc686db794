"""`vigie policies explain`: what each policy says of recorded alerts, and what other policies would say of them."""

import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from rich.text import Text

from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, errors, print_json, run_async
from pipeline.commands.message_lines import alert_line
from pipeline.commands.recording import CaseReference, Reason, given_reason, operation_here, recorded_at
from pipeline.commands.reference_work import checked_file, tell_refused
from pipeline.errors import BadRecord, Unavailable
from pipeline.neighbours.policy import AllowedForward, PolicySaid, each_said
from pipeline.neighbours.reasons import PERMITS
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import servers_of
from pipeline.state.collections import CAMERAS, POLICIES, ZONES
from pipeline.state.follower import Follower
from pipeline.state.mirror import Mirror
from pipeline.state.redis_port import open_redis
from pipeline.stream import codec
from pipeline.tables.columns import TABLES
from schemas.outcomes import Alert
from schemas.reference import Policy
from schemas.topics import ALERTS

HOUR_MS = 3_600_000
console = Terminal()


@dataclass(frozen=True, slots=True)
class Explainer:
    """Decides recorded alerts again, with cameras, zones and policies as they held when each alert's read was captured. policies:
    used in place of the stored ones; None: the stored ones. home: our own country."""

    mirror: Mirror
    policies: Sequence[Policy] | None
    home: str

    def said(self, alert: Alert, *, now: bool = False) -> list[PolicySaid]:
        """What each policy of each country that the alert's entry is shared with says, as it held when the read was captured. now:
        what the stored policies say, also where others are used in their place."""
        at_ms = alert.read.captured_at_ms
        stored = self.mirror.of(POLICIES).as_of(at_ms).values()
        policies = stored if now or self.policies is None else self.policies
        cameras, zones = self.mirror.of(CAMERAS).as_known(at_ms), self.mirror.of(ZONES).as_known(at_ms)
        return each_said(alert, policies, cameras, zones, alert.decided_at_ms, self.home)


def add_explain(policies: typer.Typer) -> None:
    """Add to `policies` the command `explain`, which only the policies have."""
    policies.command("explain", epilog=EXIT_CODES)(explain)


def explain(
    alert: Annotated[str | None, typer.Argument(help="One alert, by its alert_id.")] = None,
    alerts: Annotated[
        Path | None,
        typer.Option(help="Recorded alerts, as `vigie tail alerts --json` prints them; - reads standard input."),
    ] = None,
    instead: Annotated[
        Path | None, typer.Option("--with", help="Policies of this file in place of the stored ones: a dry run.")
    ] = None,
    hours: Annotated[int, typer.Option(help="Without ALERT and --alerts: of the last hours.", min=1, max=720)] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line, for each alert and policy.")] = False,
    reason: Reason = None,
    case: CaseReference = None,
) -> None:
    """Say of alerts which policy forwards each to which neighbour, and why every other does not.

    Each is decided as it was: with cameras, zones and policies as they held then. With --with it is a dry run: nothing is stored or
    sent, each line says whether its forward would be new or would end, and the last line counts both.

    Example: vigie policies explain --with new-policies.csv --hours 48
    """
    if alert is not None and alerts is not None:
        raise typer.BadParameter("give ALERT or --alerts, not both", param_hint="--alerts")
    configure_logging(level="error", form="console")  # standard output is for what is explained
    settings, why = load_settings(), given_reason(reason)
    replaced = None if instead is None else _policies_in(instead)
    operation = operation_here("query", "vigie policies explain", reason=why, case_reference=case,
                               ids=() if alert is None else (alert,))  # fmt: skip

    async def run() -> "Tally":
        tail, store = servers_of(settings, "tail"), servers_of(settings, "operator")
        async with (
            recorded_at(settings, tail, operation) as done,
            open_redis(store.redis_url, ca_file=settings.redis_ca_file) as client,
        ):
            mirror = Mirror(CAMERAS, ZONES, POLICIES)
            await Follower(client, settings.namespace, (CAMERAS, ZONES, POLICIES), mirror.take).load()
            explainer, tally = Explainer(mirror, replaced, settings.liaison.sender), Tally()
            async for one in _alerts(settings, tail.kafka, alert, alerts, hours):
                tally.add(one, explainer.said(one), explainer.said(one, now=True))
            done.count = tally.alerts
            return tally

    tally = run_async(run)
    if alert is not None and not tally.alerts:
        errors.print(f"No alert {alert} is kept: `vigie tail alerts --from-start` shows those that are.", style="red")
        raise typer.Exit(EXIT_REFUSED)
    for line in tally.lines:
        print_json(line[1]) if as_json else console.print(line[0])
    tally.tell(dry=replaced is not None)


class Tally:
    """What was said of each alert, as lines and counts, beside what the stored policies say, as they held at each alert's
    capture."""

    def __init__(self) -> None:
        self.alerts = self.shared = self.forwards = self.before = 0
        self.lines: list[tuple[Text, dict[str, Any]]] = []

    def add(self, alert: Alert, said: Sequence[PolicySaid], stored: Sequence[PolicySaid]) -> None:
        """Note what is said of one alert."""
        self.alerts += 1
        self.shared += bool(alert.share_with)
        told, before = _told(said), _told(stored)
        self.forwards, self.before = self.forwards + len(told), self.before + len(before)
        head = alert_line(alert)
        if not alert.share_with:
            self._line(
                head, alert, None, "its entry is shared with no neighbour (share_with)", {"reason": "not_shared"}
            )
        for one in said:
            is_told = isinstance(one.said, AllowedForward) and told[one.country] == one.policy_id
            changed = ("would be new" if is_told and one.country not in before else
                       "would end" if one.country not in told and one.country in before else "")  # fmt: skip
            self._line(
                head,
                alert,
                one,
                _words(one, told.get(one.country)),
                {"reason": _reason(one), "forwards": is_told},
                changed,
            )

    def _line(
        self, head: Text, alert: Alert, one: PolicySaid | None, words: str, fields: dict[str, Any], changed: str = ""
    ) -> None:
        country, policy = (one.country, one.policy_id) if one else (None, None)
        where = " ".join(filter(None, (country, policy)))
        text = Text("").append_text(head).append(f"\n    {where}: " if where else "\n    ").append(words)
        if changed:
            text.append(f"  [{changed}]", "bold")
        whole = {
            "alert_id": alert.alert_id,
            "revision": alert.revision,
            "country": country,
            "policy_id": policy,
        } | fields
        self.lines.append((text, whole | ({"changed": changed} if changed else {})))

    def tell(self, *, dry: bool) -> None:
        """Print the counts on standard error; dry: that of the stored policies, too."""
        now = f" (the stored policies: {self.before})" if dry else ""
        errors.print(
            f"{self.alerts} alerts, {self.shared} of them shared with a neighbour: {self.forwards} forwards{now}."
        )


def _told(said: Iterable[PolicySaid]) -> dict[str, str | None]:
    """The policy by which each country is told: the first that allows it."""
    found: dict[str, str | None] = {}
    for one in said:
        if isinstance(one.said, AllowedForward):
            found.setdefault(one.country, one.policy_id)
    return found


def _reason(one: PolicySaid) -> str:
    return "allowed" if isinstance(one.said, AllowedForward) else one.said


def _words(one: PolicySaid, by: str | None) -> str:
    if isinstance(one.said, AllowedForward):
        return "forwards it" if by == one.policy_id else f"would, too; {by} comes first"
    return f"no: {PERMITS[one.said]}"


def _policies_in(path: Path) -> list[Policy]:
    checked = checked_file(TABLES["policies"], path)
    if checked.bad:
        tell_refused(checked)
        raise typer.Exit(EXIT_REFUSED)
    return list(checked.items())


async def _alerts(
    settings: Settings, kafka: KafkaConnection, alert_id: str | None, file: Path | None, hours: int
) -> AsyncIterator[Alert]:
    """The alerts that are asked for, each as it stands: its highest revision."""
    latest: dict[str, Alert] = {}
    if file is not None:
        for one in _recorded(file):
            _keep(latest, one)
    else:
        since_ms = 0 if alert_id is not None else platform_now_ms() - hours * HOUR_MS
        async with _topic(settings, kafka, since_ms) as found:
            async for one in found:
                if alert_id in (None, one.alert_id):
                    _keep(latest, one)
    for one in latest.values():
        yield one


def _keep(latest: dict[str, Alert], one: Alert) -> None:
    known = latest.get(one.alert_id)
    if known is None or known.revision < one.revision:
        latest[one.alert_id] = one


def _recorded(path: Path) -> Iterator[Alert]:
    """The alerts of a file; withdrawals in it are passed over. Raises BadRecord, naming the line."""
    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise BadRecord("unreadable_file", f"{path}: {error.strerror or error}") from error
    for number, line in enumerate(text.splitlines(), 1):
        try:
            message = codec.decode(ALERTS, line) if line.strip() else None
        except BadRecord as error:
            raise BadRecord("bad_line", f"{path}, line {number}: {error.detail}") from error
        if isinstance(message, Alert):
            yield message


@asynccontextmanager
async def _topic(settings: Settings, kafka: KafkaConnection, since_ms: int) -> AsyncIterator[AsyncIterator[Alert]]:
    """The alerts that the topic holds now, from since_ms (UTC) on. Raises Unavailable while Kafka is away."""
    consumer = AIOKafkaConsumer(
        f"{settings.namespace}.{ALERTS.name}", auto_offset_reset="earliest", **kafka.client_kwargs()
    )
    try:
        await consumer.start()
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {kafka.url}") from error
    try:
        yield _records(consumer, since_ms)
    finally:
        await consumer.stop()


async def _records(consumer: Any, since_ms: int) -> AsyncIterator[Alert]:
    partitions = list(consumer.assignment())
    begins = await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
    ends = await consumer.end_offsets(partitions)
    for one in partitions:
        consumer.seek(one, begins[one].offset if begins[one] else ends[one])
    while any([await consumer.position(one) < ends[one] for one in partitions]):
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                try:
                    message = codec.decode(ALERTS, record.value)
                except BadRecord:
                    continue  # a dead letter tells of it
                if isinstance(message, Alert):
                    yield message
