"""What was alerted, on a real Valkey, against the same rule in one process."""

import asyncio
import secrets
from random import Random

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.state.alert_memory import AlertMemory, RedisAlertMemory
from pipeline.state.local_alert_memory import LocalAlertMemory
from pipeline.state.redis_port import open_redis
from schemas.base import Position
from schemas.outcomes import Alert
from tests.builders import BRUSSELS, NOON_MS, make_alert, make_entry, make_read
from tests.conftest import OpenAs

ENTRIES = (make_entry("1AOC555", "e1"), make_entry("2XY?999", "e2"))


@pytest_asyncio.fixture
async def memory(redis_as: OpenAs) -> RedisAlertMemory:
    """A memory of this test's own, with the rights of the agent."""
    namespace = f"t{secrets.token_hex(6)}"
    return RedisAlertMemory(await redis_as("hotlist", namespace), namespace)


@pytest.fixture(params=["redis", "local"])
def any_memory(request: pytest.FixtureRequest, memory: RedisAlertMemory) -> AlertMemory:
    """Each memory there is."""
    return memory if request.param == "redis" else LocalAlertMemory()


def hit(after_ms: int = 0, plate: str = "1AOC555", entry: int = 0, **fields: object) -> Alert:
    """A live hit so long after noon."""
    read = make_read(plate, captured_at_ms=NOON_MS + after_ms)
    return make_alert(ENTRIES[entry], read, **({"decided_at_ms": NOON_MS + after_ms + 200} | fields))


def drawn(random: Random) -> tuple[Alert, Position | None]:
    """Some hit somewhere."""
    where = Position(lat=random.uniform(49.5, 51.5), lon=random.uniform(2.5, 6.4))
    after_ms = random.randint(0, 90) * 60_000
    if random.random() < 0.2:
        return hit(after_ms, random.choice(("2XYA999", "2XYB999")), 1, match="pattern", confirm=True), where
    match = random.choice(("exact", "confusable"))
    alert = hit(after_ms, "1AOC555" if match == "exact" else "1ADC555", match=match, live=random.random() < 0.8,
                confirm=match != "exact" or random.random() < 0.5, priority=random.choice(("high", "low")))  # fmt: skip
    return alert, random.choice((where, None))


async def test_redis_and_the_pure_rule_say_the_same_of_random_histories(redis: Redis) -> None:
    """In batches of any size, with replays in between: some 4,000 hits."""
    random = Random(7)
    for _ in range(150):
        remote, local = RedisAlertMemory(redis, f"t{secrets.token_hex(6)}"), LocalAlertMemory()
        history = [drawn(random) for _ in range(random.randint(1, 40))]
        history += random.choices(history, k=len(history) // 2)
        while history:
            batch = [history.pop() for _ in range(min(len(history), random.randint(1, 9)))]
            alerts, wheres = [alert for alert, _ in batch], [where for _, where in batch]
            assert await local.placed(alerts, wheres) == await remote.placed(alerts, wheres)


async def test_two_workers_at_the_same_time_ring_once_and_lose_no_hit(memory: RedisAlertMemory) -> None:
    """Each of 40 hits is decided on what the others left; one rings, and all are of one incident."""
    hits = [hit(number * 100) for number in range(40)]
    placed = [one for (one,) in await asyncio.gather(*(memory.placed([alert], [BRUSSELS]) for alert in hits))]
    assert 1 == sum(alert.rings for alert in placed if alert)
    assert 1 == len({alert.incident_id for alert in placed if alert})


async def test_a_replayed_alert_is_as_it_was_decided_first(any_memory: AlertMemory) -> None:
    """Whatever came after it, and though the clock has gone on."""
    (first,) = await any_memory.placed([hit(0, match="confusable", confirm=True)], [BRUSSELS])
    await any_memory.placed([hit(1_000)], [BRUSSELS])
    replayed = hit(0, match="confusable", confirm=True, decided_at_ms=NOON_MS + 50_000)
    assert [first] == await any_memory.placed([replayed], [BRUSSELS])


async def test_only_what_the_broker_has_is_open(any_memory: AlertMemory) -> None:
    """What is still under way is told apart: its withdrawal must not overtake it."""
    (alert,) = await any_memory.placed([hit(0)], [BRUSSELS])
    assert alert is not None
    assert ([], True) == await any_memory.open_alerts("e1", NOON_MS + 500)
    await any_memory.told([alert])
    assert ([alert], False) == await any_memory.open_alerts("e1", NOON_MS + 500)
    assert {"e1"} == await any_memory.entries(NOON_MS + 500)


async def test_a_withdrawn_alert_stays_withdrawn_and_its_incident_ends(any_memory: AlertMemory) -> None:
    """A replay does not bring it back; the next hit rings as the first of a new incident."""
    (alert,) = await any_memory.placed([hit(0)], [BRUSSELS])
    assert alert is not None
    await any_memory.told([alert])
    await any_memory.withdrawn([alert], NOON_MS + 500)
    assert [None] == await any_memory.placed([hit(0)], [BRUSSELS])
    assert ([], False) == await any_memory.open_alerts("e1", NOON_MS + 500)
    (later,) = await any_memory.placed([hit(60_000)], [BRUSSELS])
    assert later is not None
    assert (True, later.alert_id) == (later.rings, later.incident_id)


async def test_one_worker_at_a_time_takes_an_entrys_alerts_back(memory: RedisAlertMemory) -> None:
    """The others wait, and take over when it dies."""
    assert [True, True] == await memory.claimed(["e1", "e2"])
    assert [False] == await memory.claimed(["e1"])


async def test_everything_remembered_expires(memory: RedisAlertMemory, redis: Redis) -> None:
    """Memory is bounded by time."""
    (alert,) = await memory.placed([hit(0)], [BRUSSELS])
    assert alert is not None
    await memory.told([alert])
    keys = [key async for key in redis.scan_iter(match=f"{{{memory._namespace}:*")]
    assert 4 == len(keys)
    assert all([0 < await redis.pttl(key) for key in keys])


async def test_redis_being_away_is_unavailable() -> None:
    """Nobody listens there: the stage waits."""
    with pytest.raises(Unavailable, match="incident memory"):
        await RedisAlertMemory(open_redis("redis://127.0.0.1:1/0"), "t").placed([hit(0)], [None])
