"""The whole road under faults: what reaches the ends is what the simulation's truth says, whatever is killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agents import AGENTS
from tests.e2e.road import WholeRoad

pytestmark = pytest.mark.timeout(300)


@pytest_asyncio.fixture
async def road(tmp_path: Path) -> AsyncIterator[WholeRoad]:
    """A platform of the test's own: it may be harmed."""
    async with WholeRoad(tmp_path) as made:
        yield made


def restarts(road: WholeRoad) -> dict[str, int]:
    """How often each worker was restarted."""
    assert road.platform.fleet
    return {worker.process.program.name: worker.process.restarts for worker in road.platform.fleet.workers}


async def test_without_faults_the_road_gives_exactly_what_must_come_of_the_traffic(road: WholeRoad) -> None:
    """Every alert, violation and forward once, ringing only where it must; nothing dead-lettered."""
    simulation = await road.play(seconds=60, reads_per_s=60)  # the shortest section takes most of a minute
    await road.agrees(simulation, ringing=True)
    assert len(simulation.truth.alerts) > 10
    assert len(simulation.truth.violations) > 0
    assert len(simulation.truth.forwards) > 0
    assert road.dead_letters == []
    assert set(restarts(road).values()) == {0}


async def test_every_agent_killed_in_mid_stream_loses_nothing(road: WholeRoad) -> None:
    """kill -9 of each agent in turn while traffic flows: nothing lost, and the reader's end sees nothing twice by id."""
    assert road.platform.fleet
    playing = asyncio.create_task(road.play(seconds=30, seed=2))
    for name in ("hotlist", "section_control", "cross_border", "liaison"):
        await asyncio.sleep(4)  # in mid-stream
        for worker in road.platform.fleet.of(name):
            worker.process.kill()
    simulation = await playing
    await road.agrees(simulation, ringing=True)
    assert restarts(road) == {
        name: int(name in ("hotlist", "section_control", "cross_border", "liaison")) for name in AGENTS
    }


async def test_redis_away_for_ten_seconds_loses_nothing(road: WholeRoad) -> None:
    """kill -9 of the store, back after ten seconds with its append-only file: no agent restarts, all comes out."""
    assert road.platform.pair
    playing = asyncio.create_task(road.play(seconds=30, seed=3))
    await asyncio.sleep(6)
    await road.platform.pair.valkey.stop(kill=True)
    await asyncio.sleep(10)
    await road.platform.pair.valkey.start()
    await road.platform.pair.valkey.wait_ready()
    simulation = await playing
    await road.agrees(simulation, ringing=True)
    assert set(restarts(road).values()) == {0}


async def test_the_broker_away_for_ten_seconds_loses_nothing(road: WholeRoad) -> None:
    """kill -9 of the only broker, back after ten seconds: agents and producer wait, then all comes out."""
    assert road.platform.pair
    (broker,) = road.platform.pair.brokers
    playing = asyncio.create_task(road.play(seconds=30, seed=4))
    await asyncio.sleep(6)
    await broker.stop(kill=True)
    await asyncio.sleep(10)
    await broker.start()
    await broker.wait_ready()
    simulation = await playing
    await road.agrees(simulation, ringing=True)
    assert set(restarts(road).values()) == {0}


async def test_a_receiver_away_for_thirty_seconds_gets_everything_once(road: WholeRoad) -> None:
    """Each neighbour's desk is killed and comes back half a minute later: every forward arrives once, in the end."""
    playing = asyncio.create_task(road.play(seconds=36, seed=5))
    await asyncio.sleep(3)
    for desk in road.desks.values():
        await desk.kill()
    await asyncio.sleep(30)
    for desk in road.desks.values():
        await desk.start()
    simulation = await playing
    await road.agrees(simulation, ringing=True)
    assert set(restarts(road).values()) == {0}
