"""What the agent health shows beside the metrics of every agent."""

from collections import Counter

from prometheus_client import CollectorRegistry, Gauge

from pipeline.health.watch import Watch


class Gauges:
    """The gauges of one worker."""

    def __init__(self, registry: CollectorRegistry, agent: str) -> None:
        self._agent = agent
        self._watched = Gauge(
            "vigie_cameras_watched", "Cameras whose health is watched here", ["agent"], registry=registry
        )
        self._troubled = Gauge(
            "vigie_cameras_troubled", "Cameras with which something is wrong, by what", ["agent", "kind"],
            registry=registry,
        )  # fmt: skip

    def show(self, watch: Watch) -> None:
        """Show how many cameras are watched here, and how many of them have which trouble."""
        self._watched.labels(self._agent).set(len(watch.cameras()))
        self._troubled.clear()
        for kind, count in Counter(watch.kinds()).items():
            self._troubled.labels(self._agent, kind).set(count)
