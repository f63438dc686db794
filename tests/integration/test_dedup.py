"""Incidents and what was seen once, on a real Valkey."""

import random
import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.state.dedup import Incidents, SeenOnce
from pipeline.state.redis_port import open_redis
from schemas.outcomes import Alert
from tests.integration.state_builders import NOON_MS, make_alert, make_entry, make_read

WINDOW_MS = 30 * 60_000


def hit(
    after_ms: int, *, entry: int = 1, plate: str = "1ABC234", wanted: str = "1ABC234", match: str = "exact"
) -> Alert:
    """A hit so long after noon."""
    return make_alert(make_read(at_ms=NOON_MS + after_ms, plate=plate), make_entry(entry, plate=wanted), match)


@pytest.fixture
def incidents(redis: Redis) -> Incidents:
    """An incident memory of this test's own."""
    return Incidents(redis, f"t{secrets.token_hex(6)}", WINDOW_MS)


async def test_the_first_hit_is_its_own_incident(incidents: Incidents) -> None:
    """Nothing came before it: it rings."""
    first = hit(0)
    assert [first.alert_id] == await incidents.incidents_of([first])


async def test_the_next_camera_adds_to_the_same_incident(incidents: Incidents) -> None:
    """Each sighting prolongs it by the window."""
    hits = [hit(at) for at in (0, WINDOW_MS, 2 * WINDOW_MS)]
    for one in hits:
        assert [hits[0].alert_id] == await incidents.incidents_of([one])


async def test_a_vehicle_not_seen_for_the_window_rings_again(incidents: Incidents) -> None:
    """After half an hour of silence it is a new incident."""
    first, later = hit(0), hit(WINDOW_MS + 1)
    assert [first.alert_id, later.alert_id] == await incidents.incidents_of([first, later])


async def test_a_misread_of_the_wanted_plate_is_the_same_incident(incidents: Incidents) -> None:
    """What counts is the plate that is wanted, not how it was read."""
    first, misread = hit(0), hit(5_000, plate="IABC234", match="confusable")
    assert [first.alert_id] * 2 == await incidents.incidents_of([first, misread])


async def test_two_vehicles_of_one_pattern_are_two_incidents(incidents: Incidents) -> None:
    """The second vehicle is not taken for the first one's trail."""
    hits = [hit(0, plate=plate, wanted="1AB*", match="pattern") for plate in ("1ABC234", "1ABD999")]
    assert [one.alert_id for one in hits] == await incidents.incidents_of(hits)


async def test_two_entries_are_two_incidents(incidents: Incidents) -> None:
    """Two services that want one plate both hear it."""
    hits = [hit(0, entry=1), hit(0, entry=2)]
    assert [one.alert_id for one in hits] == await incidents.incidents_of(hits)


async def test_a_late_upload_joins_the_incident_that_it_belongs_to(incidents: Incidents) -> None:
    """A sighting from before the first alert does not ring a second time."""
    first = hit(60_000)
    assert [first.alert_id] * 2 == await incidents.incidents_of([first, hit(0)])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 400), min_size=1, max_size=12, unique=True), seed=st.integers(0, 2**32))
async def test_a_replayed_alert_always_gets_the_same_incident(redis: Redis, minutes: list[int], seed: int) -> None:
    """In whatever order and batches they come, and come again."""
    incidents = Incidents(redis, f"t{secrets.token_hex(6)}", WINDOW_MS)
    dice, given_out = random.Random(seed), {}
    hits = [hit(minute * 60_000) for minute in minutes] * 3
    dice.shuffle(hits)
    while hits:
        batch = [hits.pop() for _ in range(min(len(hits), dice.randint(1, 4)))]
        for one, incident in zip(batch, await incidents.incidents_of(batch), strict=True):
            assert incident == given_out.setdefault(one.alert_id, incident)


async def test_only_the_first_time_is_the_first_time(redis: Redis) -> None:
    """Also within one batch."""
    seen = SeenOnce(redis, f"t{secrets.token_hex(6)}", "forwards", 60_000)
    assert [True, True, False] == await seen.first_time(["f-1", "f-2", "f-1"])
    assert [False, True] == await seen.first_time(["f-2", "f-3"])


async def test_what_was_forgotten_is_new_again(redis: Redis) -> None:
    """A delivery that failed may be tried again."""
    seen = SeenOnce(redis, f"t{secrets.token_hex(6)}", "forwards", 60_000)
    await seen.first_time(["f-1", "f-2"])
    await seen.forget(["f-1", "f-9"])
    assert [True, False] == await seen.first_time(["f-1", "f-2"])


async def test_the_same_claimant_is_first_again(redis: Redis) -> None:
    """A record that comes again after a crash is not taken for a second copy."""
    seen = SeenOnce(redis, f"t{secrets.token_hex(6)}", "forwards", 60_000)
    assert [True, False] == await seen.first_time(["f-1", "f-1"], claims=["forwards/3/17", "forwards/3/18"])
    assert [True, False] == await seen.first_time(["f-1", "f-1"], claims=["forwards/3/17", "forwards/3/18"])


async def test_what_was_seen_expires(redis: Redis) -> None:
    """Memory is bounded by time."""
    name = f"t{secrets.token_hex(6)}"
    await SeenOnce(redis, name, "forwards", 60_000).first_time(["f-1"])
    (key,) = [key async for key in redis.scan_iter(match=f"{{{name}:*")]
    assert 0 < await redis.pttl(key) <= 60_000


async def test_redis_being_away_is_unavailable() -> None:
    """Nobody listens there: the stage waits."""
    nowhere = open_redis("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable, match="incident memory"):
        await Incidents(nowhere, "t").incidents_of([hit(0)])
    with pytest.raises(Unavailable, match="dedup memory"):
        await SeenOnce(nowhere, "t", "n", 1000).first_time(["a"])
