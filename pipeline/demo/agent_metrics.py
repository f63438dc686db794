"""Reads the metrics of the agents' workers from their Prometheus endpoints, for the live screen."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from pipeline.servers.fleet import Worker

_OVER_S = 10.0  # what a rate or a latency is taken over


@dataclass(frozen=True, slots=True)
class Sample:
    """The metrics of one worker at one moment. at_s: seconds of the monotonic clock. Counts run from the worker's start.
    buckets: for the time from capture to output, cumulated counts by upper bound in seconds."""

    at_s: float
    messages_in: float = 0.0
    messages_out: float = 0.0
    lag: float = 0.0
    retries: float = 0.0
    dead_lettered: float = 0.0
    memory_mb: float = 0.0
    cpu_s: float = 0.0
    buckets: tuple[tuple[float, float], ...] = ()


@dataclass(slots=True)
class AgentMetrics:
    """The last 60 samples of one worker's metrics, and the rates that follow from them."""

    agent: str
    worker: Worker
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=60))

    @property
    def state(self) -> str:
        """The state of its process: starting, ready, restarting, stopped."""
        return self.worker.process.state

    @property
    def latest(self) -> Sample:
        """The last sample; all zero when there is none yet."""
        return self.samples[-1] if self.samples else Sample(0.0)

    def per_s(self) -> float:
        """Messages that the worker took per second, over the last 10 s."""
        before, now = self._before(), self.latest
        return max(0.0, (now.messages_in - before.messages_in) / max(0.5, now.at_s - before.at_s))

    def cpu_share(self) -> float:
        """Processor time used over the last 10 s, as a share of one core: 0..1 or more."""
        before, now = self._before(), self.latest
        return max(0.0, (now.cpu_s - before.cpu_s) / max(0.5, now.at_s - before.at_s))

    def latency_s(self, share: float) -> float | None:
        """The time from capture to output that this share (0..1) of the messages does not exceed, over the last 10 s.

        None when nothing came out in that time.
        """
        earlier = dict(self._before().buckets)
        counts = [(bound, count - earlier.get(bound, 0.0)) for bound, count in self.latest.buckets]
        return quantile(counts, share)

    def _before(self) -> Sample:
        now = self.latest
        return next((sample for sample in self.samples if now.at_s - sample.at_s <= _OVER_S), now)


def quantile(cumulated: Iterable[tuple[float, float]], share: float) -> float | None:
    """The value that `share` (0..1) of the counts do not exceed, from a cumulated histogram (upper bound, count), interpolated
    linearly between bounds; None when the histogram is empty."""
    counts = sorted(cumulated)
    if not counts or counts[-1][1] <= 0:
        return None
    wanted, low, below = share * counts[-1][1], 0.0, 0.0
    for bound, count in counts:
        if count >= wanted:
            if bound == float("inf") or count == below:
                return low
            return low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low


def parse(text: str, at_s: float) -> Sample:
    """The sample in a text of Prometheus' format. at_s: its time, in seconds of the monotonic clock."""
    sums: dict[str, float] = {}
    buckets: dict[float, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
            if sample.name == "vigie_capture_latency_seconds_bucket":
                bound = float(sample.labels["le"])
                buckets[bound] = buckets.get(bound, 0.0) + sample.value
    return Sample(
        at_s=at_s,
        messages_in=sums.get("vigie_messages_in_total", 0.0),
        messages_out=sums.get("vigie_messages_out_total", 0.0),
        lag=sums.get("vigie_lag_records", 0.0),
        retries=sums.get("vigie_retries_total", 0.0),
        dead_lettered=sums.get("vigie_dead_lettered_total", 0.0),
        memory_mb=sums.get("process_resident_memory_bytes", 0.0) / 1e6,
        cpu_s=sums.get("process_cpu_seconds_total", 0.0),
        buckets=tuple(sorted(buckets.items())),
    )


async def follow(agents: Iterable[AgentMetrics], every_s: float = 1.0) -> None:
    """Read the metrics of all these workers every every_s seconds until cancelled.

    A worker that does not answer keeps its last reading.
    """
    watched = list(agents)
    while True:
        await asyncio.gather(*(_read(agent) for agent in watched))
        await asyncio.sleep(every_s)


async def _read(agent: AgentMetrics) -> None:
    try:
        text = await asyncio.to_thread(agent.worker.metrics, 1.5)
    except OSError:
        return
    agent.samples.append(parse(text, time.monotonic()))
