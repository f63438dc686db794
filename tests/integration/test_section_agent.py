"""Section control as it runs: settled by the time of all partitions, also where nothing comes any more, and after losses."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from agents import section_control
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, SECTIONS
from pipeline.state.replica_writer import ReplicaWriter
from schemas.outcomes import Violation, Withdrawal
from schemas.reads import PlateRead
from tests.builders import cameras_along, make_certificate, make_read, section_for
from tests.integration.stage_probe import Bench

QUICK = {"VIGIE_SECTION_SETTLE_MS": "1000"}
HOUR_MS = 3_600_000
Furnished = Callable[[], Awaitable[Bench]]


def passage(ago_ms: int, plate: str = "1ABC234", *, now_ms: int) -> tuple[PlateRead, PlateRead]:
    """A vehicle that left the section so long ago, at 150 km/h where 120 are allowed."""
    at_ms = now_ms - ago_ms
    return make_read(plate, "IN", at_ms - 60_000), make_read(plate, "OUT", at_ms)


@pytest.fixture
def furnished(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> Furnished:
    """A bench with a section that has held for an hour."""

    async def furnish() -> Bench:
        now_ms = platform_now_ms()
        section = section_for(150.0, certificate=make_certificate(now_ms - 24 * HOUR_MS, now_ms + 24 * HOUR_MS))
        writer = ReplicaWriter(redis, namespace, now_ms=lambda: now_ms - HOUR_MS)
        await writer.put(SECTIONS, [section])
        await writer.put(CAMERAS, list(cameras_along(section).values()))
        return Bench(kafka, redis, namespace, tmp_path, **QUICK)

    return furnish


async def told(bench: Bench, count: int) -> list[Violation | Withdrawal]:
    """What came out, in order."""
    values = await bench.values("violations", count=count)
    return [msgspec.json.decode(value, type=Withdrawal if b'"withdrawal"' in value else Violation) for value in values]


async def test_two_ends_in_two_partitions_are_decided_although_nothing_comes_after_them(furnished: Furnished) -> None:
    """The other partitions are empty, and the broker's clock goes on. A late read takes the violation back."""
    bench, now_ms = await furnished(), platform_now_ms()
    entry, exit_ = passage(1_000, now_ms=now_ms)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(section_control.AGENT))
        await bench.send([entry], partition=0)
        await bench.send([exit_], partition=3)
        (violation,) = await told(bench, 1)
        await bench.send([make_read("1ABC234", "IN", now_ms - 120_000)], partition=1)
        _, withdrawal = await told(bench, 2)
    assert isinstance(violation, Violation)
    assert isinstance(withdrawal, Withdrawal)
    assert (141, violation.violation_id) == (violation.corrected_kmh, withdrawal.id)


async def test_a_worker_that_starts_again_finishes_what_another_had_begun(furnished: Furnished) -> None:
    """The ends came before it was stopped; nothing comes after it is back."""
    bench, now_ms = await furnished(), platform_now_ms()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        async with bench.worker(section_control.AGENT):
            await bench.send(list(passage(1_000, now_ms=now_ms)), [make_read("9ELSE00", "IN", now_ms)])
        await stack.enter_async_context(bench.worker(section_control.AGENT))
        assert 1 == len(await told(bench, 1))


async def test_a_store_that_forgot_everything_costs_no_violation_and_makes_none_twice(
    furnished: Furnished, redis: Redis, namespace: str
) -> None:
    """The entry was lost with the store: it is read again, and what was decided before comes to the same."""
    bench, now_ms = await furnished(), platform_now_ms()
    entry, exit_ = passage(0, "2LATER2", now_ms=now_ms)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(section_control.AGENT))
        await bench.send(list(passage(1_000, now_ms=now_ms)), [entry])
        first = await told(bench, 1)
        await redis.delete(*[key async for key in redis.scan_iter(f"{{{namespace}:section}}*")])
        await bench.send([exit_], partition=2)
        found = {one.violation_id for one in await told(bench, 2) if isinstance(one, Violation)}
        while len(found) < 2:
            found |= {one.violation_id for one in await told(bench, 3) if isinstance(one, Violation)}
    assert {one.violation_id for one in first if isinstance(one, Violation)} < found
    assert 2 == len(found)


async def test_a_section_that_is_corrected_afterwards_takes_its_violations_back(
    furnished: Furnished, redis: Redis, namespace: str
) -> None:
    """The limit was higher when the vehicle drove; whether the agent runs when that arrives, or starts later."""
    bench, now_ms = await furnished(), platform_now_ms()
    (section,) = await ReplicaWriter(redis, namespace).list(SECTIONS)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        async with bench.worker(section_control.AGENT):
            await bench.send(list(passage(1_000, now_ms=now_ms)))
            await told(bench, 1)
            higher = msgspec.structs.replace(section, limit_kmh=130, holds_from_ms=now_ms - HOUR_MS)
            await ReplicaWriter(redis, namespace).put(SECTIONS, [higher])
            violation, corrected, gone = await told(bench, 3)
        assert isinstance(corrected, Violation)
        assert (130, violation.violation_id) == (corrected.limit_kmh, corrected.corrects)  # type: ignore[union-attr]  # the first is a violation
        assert gone.id == corrected.corrects  # type: ignore[union-attr]  # the last is a withdrawal
        await ReplicaWriter(redis, namespace).put(SECTIONS, [msgspec.structs.replace(higher, limit_kmh=150)])
        await stack.enter_async_context(bench.worker(section_control.AGENT))
        *_, last = await told(bench, 4)
    assert isinstance(last, Withdrawal)
    assert corrected.violation_id == last.id
