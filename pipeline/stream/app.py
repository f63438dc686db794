"""Runs one agent: its Faust app and consumer group, its state, its stage and its metrics, until it is told to stop."""

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

import faust
import redis.asyncio
import structlog
from aiokafka.structs import TopicPartition

from pipeline.errors import Unavailable
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.collecting import spare_the_collector
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.state.witness import Witness
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.batch import StageOptions
from pipeline.stream.context import Context
from pipeline.stream.faust_app import make_app
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Handler
from pipeline.stream.progress import RereadFrom
from pipeline.stream.stage import Stage
from pipeline.stream.stream_time import NOT_FETCHING, Fetching

log = structlog.get_logger("vigie.agent")
START = BackOff(first_s=0.1, cap_s=3.0)
LAG_EVERY_S = 0.5
STOP_WITHIN_S = 7.0
START_WITHIN_S = 90.0  # from a running Kafka it takes a few seconds
SWITCH_S = 0.0005
"""So long one of a worker's two threads computes before the other, which talks to the broker, gets its turn; Python's 5 ms came on
top of each answer."""


class StartHung(Exception):
    """Raised when Faust did not start in time; the worker ends, and its supervisor starts it again."""


async def run_agent(
    agent: Agent[Any],
    settings: Settings,
    connection: KafkaConnection,
    redis_client: "redis.asyncio.Redis",
    *,
    stopped: asyncio.Event | None = None,
    ready: Callable[[int], None] | None = None,
    now_ms: Callable[[], int] = platform_now_ms,
) -> None:
    """Run one agent until SIGTERM, SIGINT or `stopped`.

    ready: called with the metrics port once metrics are served. now_ms: the agent's clock, ms UTC. Waits while Kafka or Redis is
    away. Raises Misconfigured at the start for what waiting does not mend, StartHung, and later whatever ended the stage or Faust.
    """
    stopped = stop_on_signals(stopped)
    metrics = StageMetrics(agent.name)
    metrics.ready.set(0)
    port = metrics.serve(settings)
    if ready:
        ready(port)
    context = Context(settings, redis_client, metrics, Sender(connection.client_kwargs()), now_ms)
    app: faust.App | None = None
    try:
        handler = await _until_stopped(stopped, lambda: _opened(agent, context))
        if handler is None:
            return
        stage = _make_stage(agent, context, handler)
        app = make_app(settings, connection, agent, stage)
        stage.high_water = functools.partial(_high_water, app)
        stage.fetching = functools.partial(_fetching, app)
        await _until_stopped(stopped, functools.partial(started_within, START_WITHIN_S, app.start))
        context.started.set()
        spare_the_collector()
        sys.setswitchinterval(SWITCH_S)
        log.info("agent.started", metrics_port=port)
        await _watch(app, stage, metrics, stopped)
    finally:
        await _stopped(app)
        await context.close()
        await context.sender.stop()
        log.info("agent.stopped")


def _make_stage(agent: Agent[Any], context: Context, handler: Handler[Any]) -> Stage:
    options = StageOptions(
        agent=agent.name,
        source=agent.source,
        namespace=context.settings.namespace,
        max_records=context.settings.batch_records if agent.max_records is None else agent.max_records,
        tick_ms=agent.tick_ms,
        per_partition=agent.per_partition,
        also=agent.also,
        elsewhere=agent.elsewhere,
        retries=context.settings.retries,
    )
    stage = Stage(options, handler, context.sender, context.metrics, context.now_ms)
    for forget in context.resets:
        stage.on_reset(forget)
    context.stage = stage
    _watch_redis(agent, context, stage)
    return stage


def _watch_redis(agent: Agent[Any], context: Context, stage: Stage) -> None:
    """Log and count when Redis has lost what this agent keeps there, and read again what the agent's RedisState says."""
    kept = agent.redis_state
    if kept is None:
        return
    count_loss = context.metrics.counter("vigie_memory_lost", "Times that Redis forgot what this agent relies on")
    for topic in agent.sources:
        name = agent.name if topic is agent.source else f"{agent.name}.{topic.name}"
        _watch_source(kept, f"{context.settings.namespace}.{topic.name}", name, context, stage, count_loss.inc)


def _watch_source(
    kept: RedisState, source: str, name: str, context: Context, stage: Stage, on_lost: Callable[[], None]
) -> None:
    """Watch what the agent keeps in Redis of the records of one topic. source: its full name. name: of the witness' entries."""
    progress = stage.progress

    def reread(offsets: Mapping[int, int | None]) -> None:
        everything = RereadFrom(back_ms=kept.reread_ms, asked_ms=context.now_ms())
        progress.ask_reread(
            {
                TopicPartition(source, partition): (
                    everything if offset is None else RereadFrom(offset if kept.reread_unsaved else None)
                )
                for partition, offset in offsets.items()
            }
        )

    witness = Witness(
        context.redis,
        context.settings.namespace,
        name,
        kept.if_lost,
        settled=lambda: {tp.partition: at for tp, at in progress.positions().items() if tp.topic == source},
        rereads=lambda: {tp.partition: done for tp, done in progress.rereads_committed().items() if tp.topic == source},
        on_reread=reread,
        on_lost=on_lost,
    )
    context.background(witness.run, f"witness of {source}")


async def _opened(agent: Agent[Any], context: Context) -> Handler[Any]:
    for topic in (*agent.sources, *agent.outputs, *agent.looks_up):
        name = f"{context.settings.namespace}.{topic.name}"
        context.partition_counts[topic.name] = await context.sender.partitions(name)
    return await agent.start(context)


async def started_within(seconds: float, start: Callable[[], Awaitable[Any]]) -> None:
    """Run `start`. Raises StartHung when it takes longer than this: when a broker dies during the first rebalance, Faust may
    wait for ever."""
    try:
        await asyncio.wait_for(start(), seconds)
    except TimeoutError as error:
        raise StartHung(f"the consumer group was not joined within {seconds:g} s") from error


async def _until_stopped(stopped: asyncio.Event, action: Callable[[], Awaitable[Any]]) -> Any:
    """The action's result, trying again while something is away; None when told to stop first."""
    for attempt in count(1):
        if stopped.is_set():
            break
        task = asyncio.ensure_future(action())
        waiter = asyncio.ensure_future(stopped.wait())
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            break
        try:
            return task.result()
        except Unavailable as error:
            log.warning("agent.waiting", cause=str(error), again_in_s=START.wait_s(attempt))
        await asyncio.sleep(START.wait_s(attempt))
    return None


async def _watch(app: faust.App, stage: Stage, metrics: StageMetrics, stopped: asyncio.Event) -> None:
    """Update the lag gauge until told to stop. Raises what crashed the app."""
    while not stopped.is_set():
        if stage.failure is not None:
            raise stage.failure
        if app.should_stop:
            raise app.crash_reason or RuntimeError("the Faust app stopped by itself")
        metrics.lag_records.set(_lag(app, stage))
        try:
            await asyncio.wait_for(stopped.wait(), LAG_EVERY_S)
        except TimeoutError:
            continue


def _lag(app: faust.App, stage: Stage) -> int:
    """Records of this worker's partitions that are not settled yet, as far as the last fetch told."""
    lag = 0
    for tp, settled in stage.progress.positions().items():
        offset = settled if settled is not None else app.consumer._read_offset.get(tp)
        high = stage.high_water(tp)
        if high is not None:
            lag += max(0, high - (offset or 0))
    return lag


def _high_water(app: faust.App, tp: TopicPartition) -> int | None:
    try:
        found: int | None = app.consumer.highwater(tp)
    except Exception:  # aiokafka asserts: the partition went away in a rebalance just now
        return None
    return found


def _fetching(app: faust.App, tp: TopicPartition) -> Fetching:
    """What aiokafka knows of a partition that it fetches, for which Faust has no call; NOT_FETCHING where a rebalance took the
    partition away."""
    try:
        assigned = app.consumer._thread._ensure_consumer()._subscription.subscription.assignment
        state, first = assigned.state_value(tp), app.consumer._read_offset.get(tp) or 0
        polled = state.timestamp  # before the rest: what is newer than it says less
        return first, state._position, state.highwater, polled
    except Exception:  # the partition went away in a rebalance just now
        return NOT_FETCHING


async def _stopped(app: faust.App | None) -> None:
    if app is None:
        return
    try:
        await asyncio.wait_for(app.stop(), STOP_WITHIN_S)
    except Exception as error:
        log.warning("agent.stop_incomplete", error=repr(error))
