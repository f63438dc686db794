"""The counters, gauges and histograms of a stage, for Prometheus and for the live screen."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from pipeline.runtime.settings import Settings
from pipeline.stream.metrics_port import serve_metrics_as_set
from schemas.base import Message
from schemas.outcomes import Alert, Forward, Violation
from schemas.pictures import Frame, Track
from schemas.reads import ReadBatch

_LATENCY_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300)
_BATCH = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class StageMetrics:
    """The counters that every agent has. The label `agent` tells them apart once they are scraped together."""

    def __init__(self, agent: str, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.agent = agent
        if registry is None:
            ProcessCollector(registry=self.registry)
        self.records_in = self.counter("vigie_records_in", "Records taken and settled")
        self.messages_in = self.counter("vigie_messages_in", "Messages in them (reads of a batch counted singly)")
        self.messages_out = self._labelled("vigie_messages_out", "Messages acknowledged by the broker", "topic")
        self.dead_lettered = self._labelled("vigie_dead_lettered", "Records or reads refused", "reason")
        self.refused_elsewhere = self._labelled(
            "vigie_refused_elsewhere", "Records or reads refused here that another agent reports", "reason"
        )
        self.expired = self.counter(
            "vigie_records_expired", "Records that retention dropped before this agent had read them"
        )
        self.retries = self._labelled("vigie_retries", "Batches tried again", "cause")
        self.batch_records = self.histogram("vigie_batch_records", "Records per handler call", _BATCH)
        self.handle_seconds = self.histogram("vigie_handle_seconds", "Time from taking a batch to its acknowledgement")
        self.capture_latency_seconds = self.histogram(
            "vigie_capture_latency_seconds", "From capture to the acknowledged output"
        )
        self.lag_records = self.gauge("vigie_lag_records", "Records in the source topic that are not settled yet")
        self.partitions = self.gauge("vigie_partitions", "Partitions that this worker has")
        self.ready = self.gauge("vigie_ready", "1 when the worker has joined its group and its state is loaded")
        self.waiting = self.gauge("vigie_waiting", "1 while a dependency is away and the stage waits for it")

    def counter(self, name: str, help_text: str) -> Counter:
        """A counter of this agent."""
        return Counter(name, help_text, ["agent"], registry=self.registry).labels(self.agent)

    def gauge(self, name: str, help_text: str) -> Gauge:
        """A gauge of this agent."""
        return Gauge(name, help_text, ["agent"], registry=self.registry).labels(self.agent)

    def gauge_of(self, name: str, help_text: str, label: str) -> Gauge:
        """A gauge with a value for each value of `label`, without the label `agent`: use `.labels(value)`."""
        return Gauge(name, help_text, [label], registry=self.registry)

    def histogram(self, name: str, help_text: str, buckets: Iterable[float] = _LATENCY_S) -> Histogram:
        """A histogram of this agent; by default of seconds."""
        family = Histogram(name, help_text, ["agent"], buckets=tuple(buckets), registry=self.registry)
        return family.labels(self.agent)

    def _labelled(self, name: str, help_text: str, label: str) -> Counter:
        """A counter with one more label: use `.labels(agent, value)`."""
        return Counter(name, help_text, ["agent", label], registry=self.registry)

    def serve(self, settings: Settings) -> int:
        """Serve /metrics on the port and address of the settings, to clients with the settings' token; where none is set, to this
        machine alone. Returns the port. Raises Misconfigured, OSError."""
        return serve_metrics_as_set(self.registry, settings)


def captured_at_ms(message: Message) -> int | None:
    """When the camera took the picture that this message is about, UTC ms: of a batch its first read, of a violation its
    exit. None for a message without a capture time."""
    match message:
        case Frame() | Track() | Forward():
            return message.captured_at_ms
        case ReadBatch():
            return message.reads[0].captured_at_ms
        case Alert():
            return message.read.captured_at_ms
        case Violation():
            return message.exit.captured_at_ms
    return None


def count_of(message: Message) -> int:
    """How many messages one record holds: a batch counts as many as it has reads, anything else is one."""
    return len(message.reads) if isinstance(message, ReadBatch) else 1


def count_of_all(messages: Sequence[Message]) -> int:
    """How many messages these records hold together (see count_of). All must be of one topic."""
    if messages and not isinstance(messages[0], ReadBatch):
        return len(messages)
    return sum([count_of(message) for message in messages])
