"""The record over a real broker: whoever is killed, whatever is away, whichever way clocks go, what was answered is in the log."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.access.record import KEY_KEPT_MONTHS, NotRecorded, Operation, Result, key_ends_ms, month_after, month_of
from pipeline.access.tiles import Kept, kept
from pipeline.record.asking import next_checkpoint
from pipeline.record.keys import private_key
from pipeline.record.log_folder import LogFolder
from pipeline.record.reading import packed_records
from pipeline.record.recorder import KafkaRecorder
from pipeline.record.source import FolderSource
from pipeline.record.verify import verify
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Sender
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.record_keys import AGAIN_MS, RecordKeys
from schemas.accesses import Access, Intent, Outcome
from schemas.topics import TOPICS
from tests.conftest import PARTITIONS, records_in
from tests.oracles import record_verifier
from tests.record_logs import kept_entries

LOGIN = Operation(who="u-17", origin="10.0.0.7", act="login", what="POST /api/v1/login")


class Workers:
    """Processes of the agent `audit` on one folder, and a recorder."""

    def __init__(self, pair: EmbeddedPair, namespace: str, redis: Redis, folder: Path) -> None:
        self.folder, self.namespace, self.pair = folder, namespace, pair
        self.log = LogFolder(folder / "record")
        self.sender = Sender(pair.kafka.client_kwargs())
        self.keys = RecordKeys(redis, namespace)
        self.recorder = KafkaRecorder(self.sender, self.keys, namespace)
        self.processes: list[asyncio.subprocess.Process] = []
        self.answered: list[str] = []

    async def start(self) -> asyncio.subprocess.Process:
        """`vigie worker audit`, once more."""
        environ = os.environ | {
            "VIGIE_NAMESPACE": self.namespace,
            "VIGIE_DATA_DIR": str(self.folder),
            "VIGIE_LOG_FORMAT": "json",
            "VIGIE_KAFKA_URL": self.pair.kafka.url,
            **self.pair.env(),
            "VIGIE_SESSION_TIMEOUT_S": "6",
        }
        program = "from pipeline.commands.run import worker; worker('audit')"
        with (self.folder / "worker.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=environ, stderr=log)
        self.processes.append(process)
        return process

    async def ask(self, count: int = 1) -> None:
        """So many logins: intent, then outcome. Those whose both were recorded count as answered."""
        for _ in range(count):
            access_id = await self.recorder.intent(LOGIN)
            await self.recorder.outcome(access_id, Result(outcome="answered", count=1))
            self.answered.append(access_id)

    async def until(self, enough: Callable[[], bool]) -> None:
        """Wait for what another process does."""
        async with asyncio.timeout(120.0):
            while not enough():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)

    def check(self) -> list[Access]:
        """Verify the log with both verifiers; its entries."""
        signer = private_key(self.folder / "record.key")
        self.log.vouch(signer)
        report = verify(FolderSource(self.folder / "record"), [signer.verifier])
        assert [] == report.faults
        assert self.log.ledger().size == report.records
        assert report.records == record_verifier.accept(self.folder / "record", [signer.verifier.text()])
        return [msgspec.json.decode(kept(one).record, type=Access) for one in packed_records(self.folder / "record")]

    async def close(self) -> None:
        """End every process."""
        await self.sender.stop()
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@pytest_asyncio.fixture
async def workers(pair: EmbeddedPair, namespace: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Workers]:
    """A record of this test's own, with its keys; no process runs yet."""
    await provide(
        pair.kafka, pair.redis_url, namespace, pair.accounts, partitions={one.name: PARTITIONS for one in TOPICS}
    )
    made = Workers(pair, namespace, redis, tmp_path)
    await made.keys.make(platform_now_ms())
    try:
        yield made
    finally:
        await made.close()


async def test_whoever_is_killed_what_was_answered_is_in_the_log_once_and_in_order(workers: Workers) -> None:
    """The agent dies by kill -9 again and again at moments of no choice, while entries come; two run at the same time.

    In the end the log is the topic: no answer without its entries, no gap, no entry twice.
    """
    random = Random(17)
    stopped = asyncio.Event()

    async def ask_on() -> None:
        while not stopped.is_set():
            with suppress(NotRecorded):  # a busy broker takes longer than the recorder waits: then nothing was answered
                await workers.ask(5)
            await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask_on())
    try:
        for _ in range(3):
            first, second = await workers.start(), await workers.start()
            size = workers.log.ledger().size
            await workers.until(lambda size=size: workers.log.ledger().size > size)  # type: ignore[misc]  # bound now
            await asyncio.sleep(random.uniform(0.0, 0.5))
            for process in (first, second):
                process.kill()
                await process.wait()
    finally:
        stopped.set()
        await asking
    await workers.start()
    topic = [one.value for one in await records_in(workers.pair.kafka, f"{workers.namespace}.accesses")]
    await workers.until(lambda: workers.log.ledger().size >= len(topic))
    found = workers.check()
    assert topic == [msgspec.json.encode(one) for one in found]
    assert len(topic) == len(set(topic))
    intents = {one.access_id for one in found if isinstance(one.entry, Intent)}
    outcomes = {one.entry.intent_id for one in found if isinstance(one.entry, Outcome)}
    assert set(workers.answered) <= intents & outcomes
    assert len(workers.answered) > 20


async def test_while_kafka_is_away_nothing_is_answered(workers: Workers) -> None:
    """The intent is refused within its patience; when the broker is back, questions are answered again."""
    await workers.ask()
    impatient = KafkaRecorder(workers.sender, workers.keys, workers.namespace, patience_s=1.0)
    (broker,) = workers.pair.brokers
    broker.kill()
    with pytest.raises(NotRecorded, match="could not be recorded"):
        await impatient.intent(LOGIN)
    await broker.wait_ready()
    async with asyncio.timeout(60.0):
        while True:
            with suppress(NotRecorded):
                await workers.ask()
                break
    await workers.start()
    await workers.until(lambda: workers.log.ledger().size >= 4)
    assert set(workers.answered) <= {one.access_id for one in workers.check()}


async def test_an_answer_whose_outcome_cannot_be_recorded_is_no_answer(workers: Workers) -> None:
    """The intent was recorded; then Redis has lost the month's key."""
    access_id = await workers.recorder.intent(LOGIN)
    other = KafkaRecorder(workers.sender, RecordKeys(workers.keys._client, "elsewhere"), workers.namespace)
    with pytest.raises(NotRecorded, match="no key of"):
        await other.outcome(access_id, Result(outcome="answered"))


async def test_the_next_months_key_is_there_from_the_first_day_on(redis: Redis, namespace: str) -> None:
    """So that nobody is refused where whoever makes the keys is away when a month begins."""
    keys, first_ms = RecordKeys(redis, namespace), key_ends_ms(month_of(platform_now_ms()))
    await keys.make(first_ms)
    for at_ms in (first_ms, key_ends_ms(month_after(month_of(first_ms), -KEY_KEPT_MONTHS))):
        assert month_of(at_ms) == (await keys.at(at_ms)).month


async def test_a_key_that_redis_lost_and_that_was_made_anew_is_the_one_that_serves(
    redis: Redis, namespace: str
) -> None:
    """Within a minute in every process; until it is made anew, the one that was known serves."""
    reader, at_ms = RecordKeys(redis, namespace), platform_now_ms()
    first, later = await reader.at(at_ms), at_ms + 3_000
    if month_of(later + AGAIN_MS) != first.month:
        later -= 2 * AGAIN_MS  # the clock of a process may go back, too
    await redis.delete(f"{{{namespace}:record}}:key:{first.month}")
    assert first == await reader.at(later + AGAIN_MS)
    await RecordKeys(redis, namespace).make(at_ms)
    made = await RecordKeys(redis, namespace).at(at_ms)
    assert first != made == await reader.at(later)


async def test_a_clock_that_goes_back_changes_neither_order_nor_completeness(workers: Workers) -> None:
    """The log's order is the topic's."""
    times = iter([5_000, 5_001, 3_000, 3_001, 90_000, 90_001, 1, 2])
    month_ms = platform_now_ms()
    recorder = KafkaRecorder(
        workers.sender, workers.keys, workers.namespace, now_ms=lambda: month_ms - 100_000 + next(times)
    )
    ids = []
    for _ in range(4):
        ids.append(await recorder.intent(LOGIN))
        await recorder.outcome(ids[-1], Result(outcome="answered"))
    await workers.start()
    await workers.until(lambda: workers.log.ledger().size >= 8)
    assert ids == [one.access_id for one in workers.check() if isinstance(one.entry, Intent)]


async def test_a_checkpoint_is_signed_when_somebody_asks_and_a_lost_folder_is_made_anew_as_it_was(
    workers: Workers,
) -> None:
    """The topic makes the log: the new folder's continues what was vouched for before, though the group was past it."""
    process = await workers.start()
    await workers.ask(10)
    await workers.until(lambda: workers.log.ledger().size >= 20)
    async with next_checkpoint(workers.pair.kafka, workers.namespace) as awaited:
        asked = await workers.recorder.intent(
            Operation(who="u-1", origin="here", act="checkpoint", what="vigie audit checkpoint")
        )
        vouched = await awaited()
    assert 21 == vouched.size
    process.terminate()
    await process.wait()
    (workers.folder / "record").rename(workers.folder / "lost")
    await workers.start()
    await workers.ask()
    await workers.until(lambda: workers.log.ledger().size >= 23)
    assert asked in {one.access_id for one in workers.check()}
    key = private_key(workers.folder / "record.key").verifier
    report = verify(FolderSource(workers.folder / "record"), [key], (), [("handed out", vouched.note)])
    assert (["handed out"], []) == (report.matched, report.faults)


def _append_all(folder: Path, count: int) -> None:
    """What one of two processes does: append everything, in batches of its own size."""
    records, step = kept_entries_from(folder / "entries", count), 1 + os.getpid() % 5
    log = LogFolder(folder / "record")
    for first in range(0, count, step):
        log.append(records[first : first + step])


def kept_entries_from(file: Path, count: int) -> list[Kept]:
    """The same entries in both processes: their salts are random."""
    if not file.exists():
        file.write_bytes(msgspec.msgpack.encode([one.record for one in kept_entries(count)]))
    return [Kept(at, record) for at, record in enumerate(msgspec.msgpack.decode(file.read_bytes()))]


async def test_two_processes_on_one_folder_make_one_log(tmp_path: Path) -> None:
    """Both believe that the partition is theirs, as one does that was paused: the log is the topic, once."""
    records = kept_entries_from(tmp_path / "entries", 300)
    program = (
        "import sys; from pathlib import Path; from tests.integration.test_audit import _append_all; "
        "_append_all(Path(sys.argv[1]), 300)"
    )
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path)) for _ in range(2)]
    assert [0, 0] == [await process.wait() for process in both]
    found = [kept(one) for one in packed_records(tmp_path / "record")]
    assert records == found
