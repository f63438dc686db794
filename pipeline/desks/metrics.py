"""The metrics of the desks. They count no alerts, and nothing by list or person, because such counts could reveal a covert
hit."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.process_collector import ProcessCollector

from pipeline.runtime.settings import Settings
from pipeline.stream.metrics_port import serve_metrics_as_set

NAME = "desks"


class DesksMetrics:
    """The metrics of one desks process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        about = "1 when all is loaded, requests are answered, and nothing that follows rights and alerts has failed"
        self._ready = Gauge("vigie_ready", about, ["agent"], registry=self.registry).labels(NAME)
        self._started, self._failed = False, 0
        self._requests = Counter(
            "vigie_desks_requests",
            "Requests, by the hundred of their status",
            ["agent", "status"],
            registry=self.registry,
        )
        readers = Gauge("vigie_desks_readers", "Readers of the live stream", ["agent"], registry=self.registry)
        self.readers = readers.labels(NAME)

    def started(self) -> None:
        """Say that all is loaded."""
        self._started = True
        self._tell()

    def beside(self, works: bool) -> None:
        """Note that one of the things that run beside the requests runs again (works), or has failed."""
        self._failed += -1 if works else 1
        self._tell()

    def _tell(self) -> None:
        self._ready.set(int(self._started and not self._failed))

    def answered(self, status: int) -> None:
        """Count one answer."""
        self._requests.labels(NAME, f"{status // 100}xx").inc()

    def serve(self, settings: Settings) -> int:
        """Serve /metrics as agents do. Returns the port. Raises Misconfigured, OSError."""
        return serve_metrics_as_set(self.registry, settings)
