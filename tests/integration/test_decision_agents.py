"""The deciding agents on the real stores: replays, trails, what is forgotten, what is refused; all three over a real broker."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from agents import cross_border, hotlist, section_control
from pipeline.errors import Unavailable
from pipeline.reads.admission import GRACE_MS
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.settings import load_settings
from pipeline.state.collections import CAMERAS, EXCLUSIONS, HOTLIST, POLICIES, SECTIONS, WATCHES, ZONES, CollectionKeys
from pipeline.state.follower import Follower
from pipeline.state.open_alerts import SWEEP_MS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from pipeline.stream.context import Context
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.outcomes import Alert, Forward, Violation, Withdrawal
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import ALERTS, FORWARDS, READS
from tests.builders import (
    NOON_MS,
    cameras_along,
    make_alert,
    make_camera,
    make_certificate,
    make_entry,
    make_exclusion,
    make_policy,
    make_read,
    make_watch,
    make_zone,
    section_for,
)
from tests.integration.stage_probe import Bench

CAMERA_IDS = ("E40-1", "E40-2")
Start = Callable[[Any], Any]


class House:
    """A namespace of its own with cameras, a hotlist, a section and a policy, and agents whose clock the test sets."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.redis = redis
        self.namespace = f"t{secrets.token_hex(6)}"
        self.settings = load_settings({"VIGIE_NAMESPACE": self.namespace, "VIGIE_DATA_DIR": str(folder)}, None)
        self.writer = ReplicaWriter(redis, self.namespace, now_ms=lambda: self.arrives_ms)
        self.arrives_ms = NOON_MS - 3_600_000
        self.now_ms = NOON_MS + 1_000
        self.contexts: list[Context] = []

    async def handler_of(self, start: Start) -> Handler:
        """A started agent's handler."""
        context = Context(
            self.settings, self.redis, StageMetrics("test"), Sender({"bootstrap_servers": "none"}), lambda: self.now_ms,
            partition_counts={FORWARDS.name: 32, READS.name: 1},
        )  # fmt: skip
        self.contexts.append(context)
        handler: Handler = await start(context)
        return handler


async def furnish(writer: ReplicaWriter) -> None:
    """The reference data that these tests are about."""
    ends = cameras_along(section_for(150.0))
    await writer.put(CAMERAS, [*ends.values(), *(make_camera(camera_id) for camera_id in CAMERA_IDS)])
    await writer.put(ZONES, [make_zone()])
    await writer.put(HOTLIST, [make_entry("1ABC234", share_with=("NL",)), make_entry("2XY?999")])
    await writer.put(SECTIONS, [section_for(150.0)])
    await writer.put(POLICIES, [make_policy("NL")])


@pytest.fixture
async def house(redis: Redis, tmp_path: Path) -> AsyncIterator[House]:
    """A furnished house; its agents' followers are stopped at the end."""
    house = House(redis, tmp_path)
    await furnish(house.writer)
    yield house
    for context in house.contexts:
        await context.close()


def record_of(message: Any, offset: int = 0) -> Record[Any]:
    """A record of a message, as the stage hands it over."""
    return Record("t.reads", 0, offset, NOON_MS, message, msgspec.json.encode(message))


def batch_of(*reads: PlateRead, offset: int = 0) -> Record[ReadBatch]:
    """A record of these reads."""
    return record_of(ReadBatch(reads=reads), offset)


def sent(outputs: Outputs) -> list[Any]:
    """What the handler wants sent."""
    return [message for _, message, _, _ in outputs.sends]


async def test_the_first_alert_of_an_incident_rings_and_the_next_camera_adds_to_its_trail(house: House) -> None:
    """One vehicle, two cameras: one bell, one trail, and the same again at a replay."""
    handle = await house.handler_of(hotlist.start)
    first = make_read(captured_at_ms=NOON_MS)
    later = make_read(camera_id="E40-2", captured_at_ms=NOON_MS + 500)
    for _ in range(2):
        (one,), (other,) = [sent(await handle([batch_of(read)])) for read in (first, later)]
        assert (True, one.alert_id) == (one.rings, one.incident_id)
        assert (False, one.alert_id) == (other.rings, other.incident_id)


async def test_an_upload_from_before_does_not_silence_the_vehicle_that_is_here_now(house: House) -> None:
    """The late alert opens the incident without ringing; the live one rings."""
    handle = await house.handler_of(hotlist.start)
    (late,) = sent(await handle([batch_of(make_read(captured_at_ms=NOON_MS - 120_000))]))
    (live,) = sent(await handle([batch_of(make_read(camera_id="E40-2", captured_at_ms=NOON_MS))]))
    assert (False, False) == (late.live, late.rings)
    assert (late.incident_id, True) == (live.incident_id, live.rings)


async def test_a_worker_whose_clock_is_behind_refuses_no_read_and_loses_no_violation(house: House) -> None:
    """The broker's clock vouches for the time: a read that it took is not from the future, and what is late stays late."""
    house.now_ms = NOON_MS - 600_000
    match, control = await house.handler_of(hotlist.start), await house.handler_of(section_control.start)
    live, late = make_read(captured_at_ms=NOON_MS), make_read(camera_id="E40-2", captured_at_ms=NOON_MS - 120_000)
    outputs = await match([batch_of(live, late)])
    assert ([], [True, False]) == (outputs.refusals, [alert.live for alert in sent(outputs)])
    await control([batch_of(*passage())])
    assert 1 == len(await vehicles(house))


@pytest.mark.parametrize("agent", [hotlist, section_control, cross_border])
async def test_an_agent_that_knows_no_camera_waits_and_refuses_nothing(
    redis: Redis, tmp_path: Path, agent: ModuleType
) -> None:
    """The reference data may be on its way back, and the same records are taken then. When it does not come, that is said."""
    empty = House(redis, tmp_path)
    handle = await empty.handler_of(agent.start)
    record = record_of(make_alert()) if agent is cross_border else batch_of(make_read())
    with pytest.raises(Unavailable, match="no camera is known"):
        await handle([record])
    empty.now_ms += GRACE_MS
    refused = (await handle([record])).refusals
    assert (["unknown_camera"] if agent is hotlist else []) == [one.reason for one in refused]
    for context in empty.contexts:
        await context.close()


async def settled(outputs: Outputs) -> list[Any]:
    """What the handler sent, once the broker has it."""
    if outputs.settled is not None:
        await outputs.settled()
    return sent(outputs)


async def eventually(handle: Handler) -> list[Any]:
    """What comes of a change that the handler's follower will see."""
    async with asyncio.timeout(20.0):
        while not (found := await settled(await handle([]))):  # noqa: ASYNC110 - the follower polls Redis
            await asyncio.sleep(0.05)
    return found


async def test_removing_an_entry_withdraws_its_open_alerts_and_recalls_what_was_told_of_them(house: House) -> None:
    """From the hotlist to the neighbour, each once."""
    match, tell = await house.handler_of(hotlist.start), await house.handler_of(cross_border.start)
    (alert,) = await settled(await match([batch_of(make_read(captured_at_ms=NOON_MS))]))
    (forward,) = await settled(await tell([record_of(alert)]))
    await house.writer.remove(HOTLIST, ["e-1ABC234"])
    (withdrawal,) = await eventually(match)
    assert ("alert", alert.alert_id, "entry_removed") == (withdrawal.kind, withdrawal.id, withdrawal.reason)
    told, recall = await settled(await tell([record_of(withdrawal, offset=1)]))
    assert ("forward", forward.forward_id, "entry_removed") == (told.kind, told.id, told.reason)
    assert ("recall", forward.forward_id) == (recall.kind, recall.refers_to)
    assert [] == await settled(
        await match([batch_of(make_read(captured_at_ms=NOON_MS))])
    )  # a replay brings nothing back


async def test_what_a_person_asks_to_watch_for_is_found_at_once_and_its_end_withdraws_the_alert(house: House) -> None:
    """A worker that runs follows the request; an excluded look-alike rings nowhere."""
    await house.writer.put(ZONES, [make_zone("ZONE-A", cameras=("E40-1",))])
    excluded = make_exclusion("1A8C234", entry_id="e-1ABC234")
    await house.writer.put(EXCLUSIONS, [excluded])
    match = await house.handler_of(hotlist.start)
    (alert,) = await settled(await match([batch_of(make_read("1A8C234", captured_at_ms=NOON_MS))]))
    assert (excluded.exclusion_id, True, False) == (alert.excluded, alert.silent, alert.rings)
    await house.writer.put(WATCHES, [make_watch("7XY*", valid_from_ms=NOON_MS - 1_000)])
    async with asyncio.timeout(20.0):
        while not (found := await settled(await match([batch_of(make_read("7XYZ123", captured_at_ms=NOON_MS))]))):  # noqa: ASYNC110 - the follower polls Redis
            await asyncio.sleep(0.05)
    assert [("watch:W-1", True)] == [(one.entry_id, one.rings) for one in found]
    await house.writer.remove(WATCHES, ["W-1"])
    (withdrawal,) = await eventually(match)
    assert (found[0].alert_id, "entry_removed") == (withdrawal.id, withdrawal.reason)


async def test_a_change_that_begins_after_a_worker_started_corrects_the_open_alerts(house: House) -> None:
    """The worker read of it when it loaded the hotlist; nobody tells it again when the moment comes."""
    match = await house.handler_of(hotlist.start)
    (alert,) = await settled(await match([batch_of(make_read(captured_at_ms=NOON_MS))]))
    begins_ms = house.now_ms + 60_000
    await house.writer.put(HOTLIST, [make_entry("1ABC234", category="robbery", holds_from_ms=begins_ms)])
    heir = await house.handler_of(hotlist.start)
    await asyncio.sleep(1.0)  # longer than the first worker's claim on the entry
    assert [] == await settled(await heir([]))
    house.now_ms = begins_ms
    correction, withdrawal = await eventually(heir)
    assert (alert.alert_id, "robbery") == (correction.corrects, correction.category)
    assert (alert.alert_id, "entry_corrected") == (withdrawal.id, withdrawal.reason)


async def test_removing_a_policy_recalls_what_was_told_by_it(house: House) -> None:
    """Without any alert coming."""
    tell = await house.handler_of(cross_border.start)
    (forward,) = await settled(await tell([record_of(make_alert())]))
    await house.writer.remove(POLICIES, ["NL-1"])
    told, recall = await eventually(tell)
    assert ("forward", forward.forward_id, "policy_removed") == (told.kind, told.id, told.reason)
    assert ("recall", forward.forward_id) == (recall.kind, recall.refers_to)


async def forget_reference_data(house: House) -> None:
    """As if Redis had lost the reference data and nothing else."""
    for collection in (CAMERAS, ZONES, HOTLIST, SECTIONS, POLICIES):
        await house.redis.delete(*CollectionKeys.of(house.namespace, collection).all)


@pytest.mark.parametrize("agent", [hotlist, cross_border])
async def test_a_worker_that_starts_without_reference_data_takes_nothing_for_removed(
    house: House, agent: ModuleType
) -> None:
    """What it does not know yet was not removed: the open alert and the forward stay until the data is back without them."""
    record = record_of(make_alert()) if agent is cross_border else batch_of(make_read(captured_at_ms=NOON_MS))
    (open_one,) = await settled(await (await house.handler_of(agent.start))([record]))
    await forget_reference_data(house)
    heir = await house.handler_of(agent.start)
    for _ in range(6):  # longer than the first worker's claim on what is to be looked at
        house.now_ms += SWEEP_MS
        assert [] == await settled(await heir([]))
        await asyncio.sleep(0.3)
    await house.writer.put(CAMERAS, [make_camera(camera_id) for camera_id in CAMERA_IDS])
    if agent is hotlist:
        assert [] == await settled(await heir([]))
        await house.writer.put(HOTLIST, [make_entry("9ELSE00")])
    withdrawal = (await eventually(heir))[0]
    assert (open_one.forward_id if agent is cross_border else open_one.alert_id) == withdrawal.id


async def test_two_vehicles_that_fit_one_pattern_are_two_incidents(house: House) -> None:
    """Each rings for itself."""
    handle = await house.handler_of(hotlist.start)
    alerts = sent(await handle([batch_of(make_read("2XYA999"), make_read("2XYB999"))]))
    assert [True, True] == [alert.rings for alert in alerts]


async def test_a_read_that_may_not_enter_is_refused_alone_under_its_place(house: House) -> None:
    """The rest of its batch goes on, and a bad read that the stage took out before does not shift the place."""
    handle = await house.handler_of(hotlist.start)
    good, bad = make_read(), make_read(camera_id="nobody")
    payload = msgspec.json.encode({"reads": [{"read_id": "broken"}, good, bad]})
    record = Record("t.reads", 0, 7, NOON_MS, ReadBatch(reads=(good, bad)), payload, (1, 2))
    outputs = await handle([record])
    (refused,) = outputs.refusals
    assert ("unknown_camera", 2, bad) == (
        refused.reason,
        refused.index,
        msgspec.json.decode(refused.payload, type=PlateRead),
    )
    assert [good] == [alert.read for alert in sent(outputs)]


async def test_a_change_of_the_hotlist_is_followed_without_a_restart(house: House) -> None:
    """The next poll has it; nothing is read again from the start."""
    replica = hotlist.HotlistMirror()
    follower = Follower(house.redis, house.namespace, (CAMERAS, ZONES, HOTLIST), replica.take)
    await follower.load()
    house.arrives_ms += 1_000
    await house.writer.put(HOTLIST, [make_entry("2NEW222")])
    await house.writer.remove(HOTLIST, ["e-1ABC234"])
    await follower.load()
    assert replica.hotlist.get("e-2NEW222") == make_entry("2NEW222")
    assert replica.hotlist.get("e-1ABC234") is None
    assert replica.hotlist.get("e-1ABC234", house.arrives_ms - 1) is not None  # what was captured before still hits it


def passage(travel_ms: int = 60_000) -> tuple[PlateRead, PlateRead]:
    """The two reads of a vehicle on the section; 60 s are 150 km/h."""
    entry = make_read(camera_id="IN", captured_at_ms=NOON_MS - travel_ms)
    return entry, make_read(camera_id="OUT", captured_at_ms=NOON_MS)


async def vehicles(house: House) -> list[bytes]:
    """The keys of what section control remembers of vehicles."""
    return [key async for key in house.redis.scan_iter(f"{{{house.namespace}:section}}:vehicle:*")]


async def test_reads_on_a_line_are_remembered_together_under_section_and_plate(house: House) -> None:
    """Both ends of one vehicle, until they have settled; what is not on a line is not."""
    handle = await house.handler_of(section_control.start)
    await handle([batch_of(*passage(), make_read("9ELSE00"))])
    assert [f"{{{house.namespace}:section}}:vehicle:S1/1ABC234".encode()] == await vehicles(house)


async def test_reads_that_may_not_serve_section_control_are_not_remembered(house: House) -> None:
    """Nor those that intake refuses."""
    handle = await house.handler_of(section_control.start)
    entry, exit_ = passage()
    await handle([batch_of(msgspec.structs.replace(entry, purposes=("hotlist",)))])
    await handle([batch_of(msgspec.structs.replace(exit_, captured_at_ms=house.now_ms + 60_000), offset=1)])
    assert [] == await vehicles(house)


async def test_an_alert_is_forwarded_once_and_again_at_a_replay_of_its_record(house: House) -> None:
    """A second copy of the alert makes no second forward; the same record after a crash does, with the same id."""
    handle = await house.handler_of(cross_border.start)
    alert = make_alert()
    (forward,) = sent(await handle([record_of(alert, offset=5)]))
    assert [] == sent(await handle([record_of(alert, offset=9)]))
    (again,) = sent(await handle([record_of(alert, offset=5)]))
    assert forward.forward_id == again.forward_id


async def test_each_country_has_its_partition(house: House) -> None:
    """Chosen by the table, with the country as the key."""
    handle = await house.handler_of(cross_border.start)
    ((_, forward, key, partition),) = (await handle([record_of(make_alert())])).sends
    assert ("NL", "NL", 24) == (forward.to_country, key, partition)


async def test_reads_become_alerts_violations_and_forwards_over_a_real_broker(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """The three agents as they run in a deployment, from reads to forwards."""
    bench, now_ms = Bench(kafka, redis, namespace, tmp_path), platform_now_ms()
    writer = ReplicaWriter(redis, namespace, now_ms=lambda: now_ms - 3_600_000)
    await furnish(writer)
    reads = [
        make_read(camera_id="IN", captured_at_ms=now_ms - 60_000),
        make_read(camera_id="OUT", captured_at_ms=now_ms),
        make_read("9ELSE00", captured_at_ms=now_ms),
    ]
    certificate = make_certificate(now_ms - 86_400_000, now_ms + 86_400_000)
    await writer.put(SECTIONS, [section_for(150.0, certificate=certificate)])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        for module in (hotlist, section_control, cross_border):
            await stack.enter_async_context(bench.worker(module.AGENT))
        await bench.send(reads)
        alerts = [msgspec.json.decode(value, type=Alert) for value in await bench.values("alerts", count=2)]
        violations = [msgspec.json.decode(value, type=Violation) for value in await bench.values("violations", count=1)]
        forwards = [msgspec.json.decode(value, type=Forward) for value in await bench.values("forwards", count=2)]
    assert {"IN", "OUT"} == {alert.read.camera_id for alert in alerts}
    assert [141] == [violation.corrected_kmh for violation in violations]
    assert ["NL", "NL"] == [forward.to_country for forward in forwards]


async def test_what_was_alerted_before_redis_was_emptied_is_withdrawn_when_its_entry_goes(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """The alerts are put back from their topic, and those that were withdrawn stay so."""
    bench, now_ms, mark = Bench(kafka, redis, namespace, tmp_path), platform_now_ms(), f"{{{namespace}:alerted}}:whole"
    writer = ReplicaWriter(redis, namespace, now_ms=lambda: now_ms - 3_600_000)
    await furnish(writer)
    await writer.put(HOTLIST, [make_entry("4GONE44")])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(hotlist.AGENT))
        await bench.send([make_read(plate, captured_at_ms=now_ms) for plate in ("1ABC234", "4GONE44")])
        raised = {one.entry_id: one.alert_id for one in await told(bench, 2) if isinstance(one, Alert)}
        await ReplicaWriter(redis, namespace).remove(HOTLIST, ["e-4GONE44"])
        assert [raised["e-4GONE44"]] == [one.id for one in await told(bench, 3) if isinstance(one, Withdrawal)]
        await redis.delete(*[key async for key in redis.scan_iter(f"{{{namespace}:alert*")])
        while not await redis.exists(mark):  # noqa: ASYNC110 - the worker puts them back
            await asyncio.sleep(0.1)
        await ReplicaWriter(redis, namespace).remove(HOTLIST, ["e-1ABC234"])
        gone = [one.id for one in await told(bench, 4) if isinstance(one, Withdrawal)]
    assert sorted(raised.values()) == sorted(gone)


async def told(bench: Bench, count: int) -> list[Alert | Withdrawal]:
    """The alerts and withdrawals on the topic, once there are so many."""
    return [codec.decode(ALERTS, value) for value in await bench.values("alerts", count=count)]


async def test_what_was_forwarded_before_redis_was_emptied_is_recalled_when_its_alert_goes(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """The forwards are put back from the alerts, and none is sent a second time for that."""
    bench, now_ms = Bench(kafka, redis, namespace, tmp_path), platform_now_ms()
    await furnish(ReplicaWriter(redis, namespace, now_ms=lambda: now_ms - 3_600_000))
    alert = make_alert(read=make_read(captured_at_ms=now_ms))
    withdrawal = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=now_ms)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(cross_border.AGENT))
        await bench.sender.send_all([Outgoing(f"{namespace}.alerts", codec.encode(ALERTS, alert), partition=0)])
        (forward,) = await bench.values("forwards", count=1)
        marks = [key async for key in redis.scan_iter(f"{{{namespace}:*forward*")]
        await redis.delete(*marks)
        while not await redis.exists(f"{{{namespace}:forwards:alert:{alert.alert_id}}}"):  # noqa: ASYNC110 - the worker puts them back
            await asyncio.sleep(0.1)
        await bench.sender.send_all([Outgoing(f"{namespace}.alerts", codec.encode(ALERTS, withdrawal), partition=0)])
        first, *others = await bench.values("forwards", count=3)
    assert forward == first
    assert ["recall"] == [one.kind for value in others if isinstance(one := codec.decode(FORWARDS, value), Forward)]
    assert 2 == len(others)
