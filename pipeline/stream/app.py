"""Runs one agent: its own Faust app and consumer group, its state, its stage, its metrics; until it is told to stop."""

import asyncio
import functools
import gc
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import faust
import redis.asyncio
import structlog
from aiokafka.structs import TopicPartition

from pipeline.errors import Unavailable
from pipeline.runtime.clock import clock_with
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import Settings
from pipeline.state.witness import Witness
from pipeline.stream.agent import Agent
from pipeline.stream.context import Context
from pipeline.stream.faust_app import make_app
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Handler
from pipeline.stream.progress import Since
from pipeline.stream.sender import Sender
from pipeline.stream.stage import Stage, StageOptions

log = structlog.get_logger("vigie.agent")


async def run_agent(
    agent: Agent[Any],
    settings: Settings,
    connection: KafkaConnection,
    redis_client: "redis.asyncio.Redis",
    *,
    stopped: asyncio.Event | None = None,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Run one agent until SIGTERM, SIGINT or `stopped`.

    ready: called with the metrics port once it serves. Raises Misconfigured at start for what no waiting mends; Kafka and Redis
    being away is waited out.
    """
    stopped = stopped or asyncio.Event()
    _stop_on_signals(stopped)
    metrics = StageMetrics(agent.name)
    metrics.ready.set(0)
    port = metrics.serve(settings.metrics_port, settings.metrics_host)
    if ready:
        ready(port)
    now_ms = clock_with(settings.clock_offset_file)
    context = Context(settings, redis_client, metrics, Sender(connection.client_kwargs()), now_ms)
    stage: Stage | None = None
    app: faust.App | None = None
    try:
        handler = await _until_stopped(stopped, lambda: _opened(agent, context, settings))
        if handler is None:
            return
        stage = Stage(_options(agent, settings), handler, context.sender, metrics, context.now_ms)
        for forget in context.resets:
            stage.on_reset(forget)
        context.stage = stage
        _watch_memory(agent, context, stage)
        app = make_app(settings, connection, agent.name, stage, agent.source)
        stage.high_water = functools.partial(_high_water, app)
        await _until_stopped(stopped, app.start)
        context.started.set()
        _spare_the_collector()
        log.info("agent.started", metrics_port=port)
        await _watch(app, stage, metrics, stopped)
    finally:
        await _stopped(app)
        await context.close()
        await context.sender.stop()
        log.info("agent.stopped")


def _spare_the_collector() -> None:
    """What there is after the start stays: never walk it again, which took tens of milliseconds each time; and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _watch_memory(agent: Agent[Any], context: Context, stage: Stage) -> None:
    """Have it said, and counted, when Redis no longer has what this agent put there; and have that made anew where it can be."""
    kept = agent.redis_state
    if kept is None:
        return
    count = context.metrics.counter("vigie_memory_lost", "Times that Redis forgot what this agent relies on")
    source = f"{context.settings.namespace}.{agent.source.name}"

    def owed(debts: Mapping[int, int | None]) -> None:
        all_of_it = Since(back_ms=kept.reread_ms, asked_ms=context.now_ms())
        stage.progress.rewind({
            TopicPartition(source, partition): all_of_it if place is None else Since(place if kept.reread_unsaved else None)
            for partition, place in debts.items()
        })  # fmt: skip

    witness = Witness(
        context.redis,
        context.settings.namespace,
        agent.name,
        kept.if_lost,
        places=lambda: {tp.partition: place for tp, place in stage.progress.positions().items()},
        debts=lambda: {tp.partition: done for tp, done in stage.progress.debts().items()},
        on_owed=owed,
        on_lost=count.inc,
    )
    context.background(witness.run, "witness")


def _options(agent: Agent[Any], settings: Settings) -> StageOptions:
    return StageOptions(
        agent=agent.name,
        source=agent.source,
        namespace=settings.namespace,
        max_records=settings.batch_records if agent.max_records is None else agent.max_records,
        tick_ms=agent.tick_ms,
        per_partition=agent.per_partition,
        retries=settings.retries,
    )


async def _opened(agent: Agent[Any], context: Context, settings: Settings) -> Handler[Any]:
    for topic in (agent.source, *agent.outputs):
        context.partition_counts[topic.name] = await context.sender.partitions(f"{settings.namespace}.{topic.name}")
    return await agent.start(context)


async def _until_stopped(stopped: asyncio.Event, action: Callable[[], Awaitable[Any]]) -> Any:
    """The action's result, trying again while something is away; None when told to stop first."""
    pause_s = 0.1
    while not stopped.is_set():
        task = asyncio.ensure_future(action())
        waiter = asyncio.ensure_future(stopped.wait())
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return None
        try:
            return task.result()
        except Unavailable as error:
            log.warning("agent.waiting", cause=str(error), again_in_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(3.0, pause_s * 2)
    return None


async def _watch(app: faust.App, stage: Stage, metrics: StageMetrics, stopped: asyncio.Event) -> None:
    """Until told to stop, keep the lag gauge true. Raises what crashed the app."""
    while not stopped.is_set():
        if stage.failure is not None:
            raise stage.failure
        if app.should_stop:
            raise app.crash_reason or RuntimeError("the Faust app stopped by itself")
        lag = 0
        for tp, position in stage.progress.positions().items():
            at = position if position is not None else app.consumer._read_offset.get(tp)
            high = stage.high_water(tp)
            if high is not None:
                lag += max(0, high - (at or 0))
        metrics.lag_records.set(lag)
        try:
            await asyncio.wait_for(stopped.wait(), 0.5)
        except TimeoutError:
            continue


def _high_water(app: faust.App, tp: TopicPartition) -> int | None:
    try:
        found: int | None = app.consumer.highwater(tp)
    except Exception:  # aiokafka asserts: the partition went away in a rebalance just now
        return None
    return found


async def _stopped(app: faust.App | None) -> None:
    if app is None:
        return
    try:
        await asyncio.wait_for(app.stop(), 7.0)
    except Exception as error:
        log.warning("agent.stop_incomplete", error=repr(error))


def _stop_on_signals(stopped: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
