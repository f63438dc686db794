"""The metrics of a gateway, by maker and by what became of messages and items; none names a camera or a plate."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from pipeline.gateway.intake import Taken
from pipeline.gateway.spool import Spool
from pipeline.runtime.settings import Settings
from pipeline.stream.metrics_port import serve_metrics_as_set

NAME = "gateway"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class _Tally(Collector):
    """One counter by its labels, told when metrics are asked for: adding to prometheus_client's own takes five times as long."""

    def __init__(self, name: str, documentation: str, labels: list[str], registry: CollectorRegistry) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._counts: Counter[tuple[str, ...]] = Counter()
        registry.register(self)

    def add(self, *labels: str, by: int = 1) -> None:
        """Count so many more of these labels."""
        self._counts[labels] += by

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counter as it stands."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, count in list(self._counts.items()):
            family.add_metric(labels, count)
        yield family


class _Durations(Collector):
    """One histogram, told when metrics are asked for, as _Tally is."""

    def __init__(self, name: str, documentation: str, bounds_s: Sequence[float], registry: CollectorRegistry) -> None:
        self._name, self._documentation, self._bounds_s = name, documentation, bounds_s
        self._counts, self._sum_s = [0] * (len(bounds_s) + 1), 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds_s, seconds)] += 1
        self._sum_s += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The histogram as it stands."""
        bounds = [*map(str, self._bounds_s), "+Inf"]
        buckets = list(zip(bounds, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=self._sum_s)


class GatewayMetrics:
    """The metrics of one gateway process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        ready = Gauge("vigie_ready", "1 when cameras are let in", ["agent"], registry=self.registry)
        self.ready = ready.labels(NAME)
        self._messages = _Tally(
            "vigie_gateway_messages", "Messages, by maker and status", ["maker", "status"], self.registry
        )
        self._items = _Tally(
            "vigie_gateway_items", "What messages held, by maker and outcome", ["maker", "outcome"], self.registry
        )
        self._dropped = _Tally(
            "vigie_gateway_dropped", "What may not come in and was dropped, by kind", ["kind"], self.registry
        )
        self._spooled = Gauge(
            "vigie_gateway_spooled", "Messages on disk that Kafka does not have yet", registry=self.registry
        )
        self._unreached = Gauge(
            "vigie_gateway_unreached", "Senders that gateways fetch from and cannot reach", registry=self.registry
        )
        self.seconds = _Durations(
            "vigie_gateway_seconds", "From the whole request to Kafka's acknowledgement", SECONDS, self.registry
        )

    def watch_links(self, unreached: Callable[[], int]) -> None:
        """Tell how many senders that this process fetches from cannot be reached."""
        self._unreached.set_function(unreached)

    def watch(self, spool: Spool) -> None:
        """Tell how many messages wait in the spool."""
        self._spooled.set_function(lambda: spool.count)

    def taken(self, taken: Taken) -> None:
        """Count what became of a message's items."""
        maker = taken.reading.maker or "unknown"
        if taken.reads:
            self._items.add(maker, "read", by=taken.reads)
        for reason in taken.refused:
            self._items.add(maker, reason)
        if ignored := len(taken.reading.items) - taken.reads - len(taken.refused):
            self._items.add(maker, "ignored", by=ignored)
        for kind, count in taken.reading.dropped.items():
            self._dropped.add(kind, by=count)

    def answered(self, status: int, maker: str | None = None) -> None:
        """Count one answer."""
        self._messages.add(maker or "unknown", str(status))

    def serve(self, settings: Settings) -> int:
        """Serve /metrics as agents do. Returns the port. Raises Misconfigured, OSError."""
        return serve_metrics_as_set(self.registry, settings)
