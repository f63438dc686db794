"""How a stage processes one batch: decode it, call the handler, send the outputs, wait until the broker has acknowledged all.

A dependency that is away is waited out. A batch that the handler fails on is tried record by record, and a record that fails alone
is dead-lettered alone.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream.metrics import StageMetrics, captured_at_ms, count_of, count_of_all
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.stream.wire import Run, Wire
from schemas.base import Message
from schemas.topics import ALERTS_COVERT, Topic

log = structlog.get_logger()
BETWEEN_ATTEMPTS = BackOff(first_s=0.05, cap_s=5.0, patience_s=1.0)
LOGGED_ATTEMPTS, LOGGED_EVERY = (0, 3), 20


class Stale(Exception):
    """Raised when the batch's partitions were taken away in a rebalance; the worker that has them now processes the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOptions:
    """How a stage takes its records; see Agent for those that an agent sets."""

    agent: str
    source: Topic[Any]
    namespace: str
    max_records: int = 2000
    max_bytes: int = 2 * 1024 * 1024  # of a batch: some 5,000 reads, which take a tenth of a second or less
    tick_ms: int | None = None
    per_partition: bool = False
    also: tuple[Topic[Any], ...] = ()
    elsewhere: tuple[Topic[Any], ...] = ()
    retries: int = 3
    backlog: int = 2000  # fetched records that may wait in one queue


class BatchProcessor:
    """Processes batches for one stage. draining: set while the stage gives its partitions back."""

    def __init__(
        self,
        options: StageOptions,
        handler: Handler[Any],
        sender: Sender,
        metrics: StageMetrics,
        now_ms: Callable[[], int],
        draining: asyncio.Event,
    ) -> None:
        self._agent, self._retries = options.agent, options.retries
        sources = (options.source, *options.also)
        self._wire = Wire(options.agent, options.namespace, *sources, elsewhere=options.elsewhere)
        self._handler = handler
        self._sender = sender
        self._metrics = metrics
        self._now_ms = now_ms
        self._draining = draining

    async def process(self, batch: list[Run], stale: Callable[[], bool]) -> Outputs:
        """Process the batch until every output is acknowledged, and return the outputs. Empties the list.

        stale: whether the batch's partitions were taken away. Raises Stale when they were, or when they are about to be while it
        waits, and the handler's Misconfigured.
        """
        count = sum(len(fetched) for _, fetched in batch)
        records, outputs = self._wire.decoded(batch)
        messages = count_of_all([record.message for record in records])
        batch.clear()  # records and messages are freed once decided, while they are in the processor's cache: later costs more
        outputs.add(await self._handled(records, stale))
        del records
        await self._send(outputs, stale)
        if outputs.settled is not None:
            await self._waited_out(outputs.settled, stale)
        if stale():
            raise Stale
        self._metrics.records_in.inc(count)
        self._metrics.messages_in.inc(messages)
        if count:
            self._metrics.batch_records.observe(count)
        return outputs

    async def _handled(
        self, records: Sequence[Record[Message]], stale: Callable[[], bool], attempt: int = 0
    ) -> Outputs:
        while True:
            try:
                return await self._handler(records)
            except Unavailable as error:
                await self._wait(error, attempt, stale)
            except Misconfigured:
                raise
            except Exception as error:
                if len(records) > 1:
                    return await self._one_by_one(records, stale)
                if records and (attempt >= self._retries or isinstance(error, BadRecord)):
                    return _given_up(records[0], error)
                log.exception("stage.handler_failed", attempt=attempt)
                await self._wait(error, attempt, stale)
            attempt += 1

    async def _one_by_one(self, records: Sequence[Record[Message]], stale: Callable[[], bool]) -> Outputs:
        self._metrics.retries.labels(self._agent, "isolate").inc()
        outputs = Outputs()
        for record in records:
            outputs.add(await self._handled([record], stale))
        return outputs

    async def _send(self, outputs: Outputs, stale: Callable[[], bool]) -> None:
        outgoing = self._wire.outgoing(outputs, self._now_ms())
        if outgoing:
            try:
                await self._waited_out(lambda: self._sender.send_all(outgoing), stale)
            except BadRecord:
                bounded: list[Outgoing] = self._wire.bounded(outgoing, self._now_ms())
                await self._waited_out(lambda: self._sender.send_all(bounded), stale)
        self._count(outputs)

    def _count(self, outputs: Outputs) -> None:
        """Count what was acknowledged just now."""
        acknowledged_ms = self._now_ms()
        sent = Counter[str]()
        for topic, message, _, _ in outputs.sends:
            if topic is ALERTS_COVERT:  # not even how many there were, or when, is for those who read metrics
                continue
            sent[topic.name] += count_of(message)
            captured = captured_at_ms(message)
            if captured is not None:
                self._metrics.capture_latency_seconds.observe(max(0, acknowledged_ms - captured) / 1000)
        for name, count in sent.items():
            self._metrics.messages_out.labels(self._agent, name).inc(count)
        for refused in outputs.refusals:
            counter = self._metrics.dead_lettered if self._wire.reports(refused) else self._metrics.refused_elsewhere
            counter.labels(self._agent, refused.reason).inc()

    async def _waited_out(self, action: Callable[[], Awaitable[Any]], stale: Callable[[], bool]) -> None:
        """Do the action, trying again for as long as a dependency is away. Raises Stale as `_wait` does."""
        attempt = 0
        while True:
            try:
                await action()
                return
            except Unavailable as error:
                await self._wait(error, attempt, stale)
            attempt += 1

    async def _wait(self, error: Exception, attempt: int, stale: Callable[[], bool]) -> None:
        """Wait before the next attempt. Raises Stale when the partitions are gone, or are about to go."""
        if stale():
            raise Stale from error
        away = isinstance(error, Unavailable)
        asked_s = error.retry_after_s if isinstance(error, Unavailable) and attempt else None
        pause_s = BETWEEN_ATTEMPTS.wait_s(attempt + 1, asked_s=asked_s)
        self._metrics.waiting.set(1)
        self._metrics.retries.labels(self._agent, "unavailable" if away else "failed").inc()
        if attempt in LOGGED_ATTEMPTS or attempt % LOGGED_EVERY == 0:
            log.warning("stage.waiting", cause=str(error), attempt=attempt, pause_s=round(pause_s, 2))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._draining.wait(), pause_s)
        self._metrics.waiting.set(0)
        if stale() or self._draining.is_set():
            raise Stale from error


def _given_up(record: Record[Message], error: Exception) -> Outputs:
    reason, detail = (error.reason, error.detail) if isinstance(error, BadRecord) else ("failed", repr(error))
    log.error("stage.record_given_up", topic=record.topic, offset=record.offset, reason=reason, detail=detail)
    outputs = Outputs()
    outputs.refuse(record, reason, detail)
    return outputs
