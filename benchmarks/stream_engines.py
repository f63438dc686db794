"""The same job on four engines. Each runs in a process of its own, until it has done all reads of the topic."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import msgspec

from benchmarks.common import rss_mb
from benchmarks.stream_job import BlockingRedis, Job, without_loop
from benchmarks.stream_sections import SectionRun
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import SASL_MECHANISM
from pipeline.sections.lines import Sighting
from pipeline.state.section_memory import SectionMemory
from pipeline.stream import codec
from schemas.outcomes import Alert, Violation
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import ALERTS, COMPRESSION, READS, VIOLATIONS

COMMIT_EVERY_S = 0.5
LIBRDKAFKA_READS = {"check.crcs": "true"}  # read_committed is its default
LIBRDKAFKA_WRITES = {"acks": "all", "enable.idempotence": "true", "compression.type": COMPRESSION}
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Progress:
    """Counts, and the clocks from the end of the warm-up to the last acknowledged output."""

    total: int
    warm_up: int
    warm: Callable[[], None]  # called at the end of the warm-up: the rest may be fetched
    reads: int = 0
    alerts: int = 0
    violations: int = 0
    _begun: tuple[int, float, float] | None = None
    _ended: tuple[float, float] | None = None
    rss: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def took(self, reads: int) -> None:
        """Note that `reads` more are decided and their outputs handed over. At the end of the warm-up it calls `warm` and
        starts the clocks."""
        self.reads += reads
        if self._begun is None and self.reads >= self.warm_up:
            self.warm()
            self._begun = self.reads, time.perf_counter(), time.process_time()

    def settled(self) -> None:
        """Note that everything handed over so far is acknowledged. After the last read it stops the clocks and sets `done`."""
        if self.reads >= self.total:
            self._ended = time.perf_counter(), time.process_time()
            self.rss = rss_mb()
            self.done.set()

    def figures(self) -> dict[str, float]:
        """The rates after the warm-up, resident memory, and the counts of the whole run."""
        assert self._begun is not None, "not even the warm-up was done"
        assert self._ended is not None, "not everything was done"
        reads = self.reads - self._begun[0]
        wall_s, cpu_s = self._ended[0] - self._begun[1], self._ended[1] - self._begun[2]
        return {"reads_per_s": round(reads / wall_s), "reads_per_cpu_s": round(reads / cpu_s),
                "rss_mb": round(self.rss), "reads": self.reads, "alerts": self.alerts,
                "violations": self.violations}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One engine's run. group: its consumer group, and the name of its memory in Redis; batch_records: how many records the
    peers decide together."""

    job: Job
    progress: Progress
    kafka: Any  # KafkaConnection
    redis_url: str
    namespace: str
    group: str
    batch_records: int
    partitions: int
    folder: Path

    @property
    def servers(self) -> str:
        """The brokers in the form that clients of librdkafka take."""
        return ",".join(self.kafka.bootstrap_servers)

    @property
    def let_in(self) -> dict[str, str]:
        """The settings by which clients of librdkafka log in."""
        return {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": SASL_MECHANISM,
                "sasl.username": self.kafka.username or "", "sasl.password": self.kafka.password or ""}  # fmt: skip

    def topic(self, name: str) -> str:
        """The topic's full name."""
        return f"{self.namespace}.{name}"

    def count(self, alerts: Sequence[Alert], violations: Sequence[Violation]) -> None:
        """Add outputs to the counts of the run."""
        self.progress.alerts += len(alerts)
        self.progress.violations += len(violations)

    def blocking_sections(self) -> SectionRun:
        """Section control for an engine without an event loop."""
        import redis

        return SectionRun(
            self.job, SectionMemory(cast(Any, BlockingRedis(redis.Redis.from_url(self.redis_url))), self.group)
        )

    def is_last(self, reads: int) -> bool:
        """Whether nothing comes after `reads` more."""
        return self.progress.reads + reads >= self.progress.total


def decoded(payloads: Sequence[bytes]) -> list[PlateRead]:
    """The reads of these records, with every field checked, as Vigie's stage takes them."""
    batches = codec.decode_all(READS, payloads)
    assert batches is not None, "a record is not what was written"
    return [read for batch in batches for read in batch.reads]


def vigie(run: Run) -> None:
    """Run Vigie's stage, as `vigie worker` does."""
    import uvloop

    from pipeline.runtime.log import configure_logging
    from pipeline.runtime.settings import load_settings
    from pipeline.state.redis_port import open_redis
    from pipeline.stream.agent import Agent
    from pipeline.stream.app import run_agent
    from pipeline.stream.outputs import Outputs, Record

    configure_logging(level="warning")
    client = open_redis(run.redis_url)
    sections = SectionRun(run.job, SectionMemory(client, run.group))
    progress = run.progress

    async def settled() -> None:
        progress.settled()

    async def handle(records: Sequence[Record[ReadBatch]]) -> Outputs:
        reads = [read for record in records for read in record.message.reads]
        alerts = run.job.alerts_of(reads, platform_now_ms())
        violations = await sections.decide(reads, last=run.is_last(len(reads)))
        outputs = Outputs(settled=settled)
        for alert in alerts:
            outputs.send(ALERTS, alert, key=alert.wanted_plate)
        for violation in violations:
            outputs.send(VIOLATIONS, violation, key=violation.section_id)
        run.count(alerts, violations)
        progress.took(len(reads))
        return outputs

    async def start(_context: Any) -> Any:
        return handle

    agent = Agent(name=run.group, source=READS, outputs=(ALERTS, VIOLATIONS), start=start)
    environ = {"VIGIE_NAMESPACE": run.namespace, "VIGIE_DATA_DIR": str(run.folder)}
    settings = load_settings(environ, None)
    uvloop.run(run_agent(agent, settings, run.kafka, client, stopped=progress.done))


def aiokafka(run: Run) -> None:
    """Run a plain loop: fetch, decide, send, wait for the acknowledgements; commits every half second."""
    import uvloop
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    from pipeline.state.redis_port import open_redis

    progress = run.progress

    async def loop() -> None:
        sections = SectionRun(run.job, SectionMemory(open_redis(run.redis_url), run.group))
        consumer = AIOKafkaConsumer(
            run.topic("reads"), group_id=run.group, enable_auto_commit=False, auto_offset_reset="earliest",
            max_partition_fetch_bytes=2 * 1024 * 1024, isolation_level="read_committed", **run.kafka.client_kwargs(),
        )  # fmt: skip
        producer = AIOKafkaProducer(
            acks="all", enable_idempotence=True, compression_type=COMPRESSION, **run.kafka.client_kwargs()
        )
        await consumer.start()
        await producer.start()
        committed = time.monotonic()
        while not progress.done.is_set():
            fetched = await consumer.getmany(timeout_ms=250, max_records=run.batch_records)
            reads = [read for records in fetched.values() for read in decoded([one.value for one in records])]
            alerts = run.job.alerts_of(reads, platform_now_ms())
            violations = await sections.decide(reads, last=run.is_last(len(reads)))
            sends = [
                await producer.send(run.topic("alerts"), _encode(alert), key=alert.wanted_plate.encode())
                for alert in alerts
            ]
            sends += [
                await producer.send(run.topic("violations"), _encode(one), key=one.section_id.encode())
                for one in violations
            ]
            await asyncio.gather(*sends)
            run.count(alerts, violations)
            progress.took(len(reads))
            if time.monotonic() - committed >= COMMIT_EVERY_S:
                await consumer.commit()
                committed = time.monotonic()
            progress.settled()
        await consumer.commit()
        await consumer.stop()
        await producer.stop()

    uvloop.run(loop())


def quixstreams(run: Run) -> None:
    """Run a streaming data frame; sections are judged in a batching sink, which is given whole checkpoints. Commits every
    half second."""
    from confluent_kafka import Producer
    from quixstreams import Application
    from quixstreams.kafka import ConnectionConfig
    from quixstreams.models.serializers import Serializer
    from quixstreams.sinks import BatchingSink, SinkBatch

    class Encoded(Serializer):  # type: ignore[misc]  # only the group bench brings its types
        def __call__(self, value: Alert, ctx: Any) -> bytes:
            return _encode(value)

    progress, sections = run.progress, run.blocking_sections()
    violations_to = Producer({"bootstrap.servers": run.servers, **run.let_in, **LIBRDKAFKA_WRITES})

    class Sections(BatchingSink):  # type: ignore[misc]  # as above
        def write(self, batch: SinkBatch) -> None:
            seen = [one.value for one in batch if one.value]
            found = without_loop(sections.judge(seen, last=progress.reads >= progress.total))
            for violation in found:
                violations_to.produce(run.topic("violations"), _encode(violation), key=violation.section_id.encode())
            violations_to.flush()
            run.count((), found)
            progress.settled()
            if progress.done.is_set():
                app.stop()

    def alerts_of(reads: Sequence[PlateRead]) -> list[Alert]:
        now_ms = platform_now_ms()
        alerts = run.job.alerts_of(reads, now_ms)
        run.count(alerts, ())
        progress.took(len(reads))
        return alerts

    def sightings_in(reads: Sequence[PlateRead]) -> list[Sighting | None]:
        found = run.job.sightings_of(reads)
        return [*found, None] if progress.reads >= progress.total else found  # so that the last checkpoint is written

    place = ConnectionConfig.from_librdkafka_dict({"bootstrap.servers": run.servers, **run.let_in})
    app = Application(place, consumer_group=run.group, auto_offset_reset="earliest", loglevel="WARNING",
                      commit_interval=COMMIT_EVERY_S, state_dir=run.folder / "quix", auto_create_topics=False,
                      consumer_extra_config=LIBRDKAFKA_READS, producer_extra_config=LIBRDKAFKA_WRITES)  # fmt: skip
    source = app.topic(run.topic("reads"), value_deserializer="bytes")
    target = app.topic(run.topic("alerts"), value_serializer=Encoded(), key_serializer="bytes")
    reads = app.dataframe(source).apply(lambda value: decoded([value]))
    reads.apply(alerts_of, expand=True).to_topic(target, key=lambda alert: alert.wanted_plate.encode())
    reads.apply(sightings_in, expand=True).sink(Sections())
    app.run()


def bytewax(run: Run) -> None:
    """Run a dataflow over Kafka's source and sink. Every half second it keeps its offsets in a recovery store of its own,
    which is what it has instead of commits. Its source reads batches of one partition each, but a step is given those of all
    partitions together."""
    import bytewax.operators as op
    from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
    from bytewax.dataflow import Dataflow
    from bytewax.inputs import StatefulSourcePartition
    from bytewax.recovery import RecoveryConfig, init_db_dir
    from bytewax.testing import run_main

    progress, sections = run.progress, run.blocking_sections()

    class Ending(StatefulSourcePartition):  # type: ignore[misc]  # only the group bench brings its types
        """A partition of Kafka's source that ends when all reads are done."""

        def __init__(self, partition: Any) -> None:
            self.snapshot, self.close, self._next = partition.snapshot, partition.close, partition.next_batch

        def next_batch(self) -> Any:
            if progress.reads >= progress.total:
                raise StopIteration
            return self._next()

        def snapshot(self) -> Any: ...

    class Source(KafkaSource):  # type: ignore[misc]  # as above
        def build_part(self, *args: Any) -> Ending:
            return Ending(super().build_part(*args))

    def decided(records: list[Any]) -> Iterable[Any]:
        reads = decoded([record.value for record in records])
        alerts = run.job.alerts_of(reads, platform_now_ms())
        violations = without_loop(sections.decide(reads, last=run.is_last(len(reads))))
        run.count(alerts, violations)
        progress.took(len(reads))
        out = [KafkaSinkMessage(one.wanted_plate.encode(), _encode(one), topic=run.topic("alerts")) for one in alerts]
        out += [
            KafkaSinkMessage(one.section_id.encode(), _encode(one), topic=run.topic("violations")) for one in violations
        ]
        return out

    flow = Dataflow("job")
    brokers, each = list(run.kafka.bootstrap_servers), -(-run.batch_records // run.partitions)
    source = Source(brokers, [run.topic("reads")], add_config={**run.let_in, **LIBRDKAFKA_READS}, batch_size=each)
    taken = op.input("reads", flow, source)
    out = op.flat_map_batch("decide", taken, decided)
    op.output("out", out, KafkaSink(brokers, run.topic("alerts"), add_config={**run.let_in, **LIBRDKAFKA_WRITES}))
    store = run.folder / run.group
    store.mkdir()
    init_db_dir(store, 1)
    run_main(flow, epoch_interval=timedelta(seconds=COMMIT_EVERY_S), recovery_config=RecoveryConfig(store))
    progress.settled()


ENGINES: dict[str, Callable[[Run], None]] = {
    "vigie": vigie, "aiokafka": aiokafka, "quixstreams": quixstreams, "bytewax": bytewax,
}  # fmt: skip
