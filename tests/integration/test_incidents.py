"""The agent incidents on the real stores: what persons do becomes the incident's state, and what a neighbour may be told."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from agents import cross_border, incidents
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.settings import load_settings
from pipeline.state import incident_changes as changes
from pipeline.state import later_words
from pipeline.state.collections import CAMERAS, DESKS, EXCLUSIONS, POLICIES, ZONES
from pipeline.state.confusions import exclude
from pipeline.state.incident_memory import KEPT_MS, IncidentMemory
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from pipeline.stream.context import Context
from pipeline.stream.incident_recovery import IncidentRecovery
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.incidents import MOST_SIGHTINGS, IncidentAction, IncidentState
from schemas.outcomes import Alert, Forward, Receipt, RecordPlace, Withdrawal
from schemas.people import Desk
from schemas.topics import ACTIONS, ALERTS, FORWARDS, INCIDENTS
from tests.builders import NOON_MS, make_camera, make_exclusion, make_policy, make_zone
from tests.incidents import AN, BO, action, after, begun, first_alert, later_alert
from tests.integration.stage_probe import Bench

DAY = Desk(desk_id="DAY", name="day", zones=("ZONE-A",), lists=("stolen",), successor="NIGHT")
NIGHT = Desk(desk_id="NIGHT", name="night", zones=("ZONE-B",), lists=("stolen",))


class House:
    """A namespace with reference data, and agents whose clock the test sets. offsets: of the next action and alert."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.redis, self.namespace = redis, f"t{secrets.token_hex(6)}"
        self.settings = load_settings({"VIGIE_NAMESPACE": self.namespace, "VIGIE_DATA_DIR": str(folder)}, None)
        self.writer = ReplicaWriter(redis, self.namespace, now_ms=lambda: NOON_MS - 3_600_000)
        self.now_ms = NOON_MS + 500
        self.contexts: list[Context] = []
        self.offset = 0

    async def handler_of(self, start: Any) -> Handler[Any]:
        """A started agent's handler; of incidents nothing was lost."""
        memory = IncidentMemory(self.redis, self.namespace)
        for one in (memory.whole, memory.older):
            await one.note_whole(await one.begin())
        context = Context(
            self.settings, self.redis, StageMetrics("test"), Sender({"bootstrap_servers": "none"}), lambda: self.now_ms,
            lambda: self.now_ms / 1_000, partition_counts={FORWARDS.name: 32},
        )  # fmt: skip
        self.contexts.append(context)
        handler: Handler[Any] = await start(context)
        return handler

    def record(self, message: Any, at_ms: int = NOON_MS) -> Record[Any]:
        """The next record, with this message."""
        self.offset += 1
        return Record("t.any", 0, self.offset, at_ms, message, msgspec.json.encode(message))


async def furnish(writer: ReplicaWriter) -> None:
    """The reference data that these tests are about."""
    await writer.put(ZONES, [make_zone("ZONE-A", cameras=("E40-1",))])
    await writer.put(DESKS, [DAY, NIGHT])
    await writer.put(POLICIES, [make_policy("NL")])
    await writer.put(CAMERAS, [make_camera()])


@pytest.fixture
async def house(redis: Redis, tmp_path: Path) -> AsyncIterator[House]:
    """Furnished; followers are stopped at the end."""
    made = House(redis, tmp_path)
    await furnish(made.writer)
    yield made
    for context in made.contexts:
        await context.close()


def sent(outputs: Outputs, kind: type[Any]) -> list[Any]:
    """What the handler wants sent, of this kind."""
    return [message for _, message, _, _ in outputs.sends if isinstance(message, kind)]


async def done(outputs: Outputs) -> Outputs:
    """The same outputs, which the broker has now."""
    if outputs.settled is not None:
        await outputs.settled()
    return outputs


async def test_a_confirmed_alert_crosses_the_border_and_undone_it_is_recalled_and_confirmed_again_told_again(
    house: House,
) -> None:
    """Each as a revision of its own, in whatever batch; a copy of what was taken back is not told again."""
    keep, tell = await house.handler_of(incidents.start), await house.handler_of(cross_border.start)
    alert = first_alert()
    state = sent(await done(await keep([house.record(alert)])), IncidentState)[0]
    assert [] == (await done(await tell([house.record(alert)]))).sends
    told: list[Any] = []
    revisions: list[Alert] = []
    for did in ("confirm", "undo", "confirm"):
        outputs = await done(await keep([house.record(action(state, did))]))
        (state,) = sent(outputs, IncidentState)
        revisions += (revision := sent(outputs, Alert))
        told += (await done(await tell([house.record(one) for one in revision]))).sends
    assert [(2, False), (3, True), (4, False)] == [(one.revision, one.confirm) for one in revisions]
    forwards = [message for _, message, _, _ in told if isinstance(message, Forward)]
    assert ["hit", "recall", "hit"] == [one.kind for one in forwards]
    assert forwards[0].forward_id == forwards[1].refers_to != forwards[2].forward_id
    assert {alert.incident_id} == {one.incident_id for one in forwards}
    assert ["confirmation_taken_back"] == [one.reason for _, one, _, _ in told if isinstance(one, Withdrawal)]
    assert [] == (await tell([house.record(one) for one in revisions])).sends


@pytest.mark.parametrize("at_once", [False, True])
async def test_after_a_confirmation_was_undone_another_read_of_the_passage_is_told(house: House, at_once: bool) -> None:
    """Whether it came before, which was left out as a copy, or comes afterwards; put away with the other, it is not told."""
    keep, tell = await house.handler_of(incidents.start), await house.handler_of(cross_border.start)
    alert, sure = first_alert(), {"plate": "1AOC555", "match": "exact", "confirm": False}
    exact = later_alert(1_000, alert, **sure)
    (state,) = sent(await done(await keep([house.record(alert)])), IncidentState)

    async def told(*alerts: Alert) -> list[str]:
        outputs = await done(await tell([house.record(one) for one in alerts]))
        return [f"{one.kind} {one.plate}" for one in sent(outputs, Forward)]

    confirmed = await done(await keep([house.record(action(state, "confirm"))]))
    assert ["hit 1ADC555"] == await told(*sent(confirmed, Alert))
    if not at_once:
        assert [] == await told(exact)
    (state,) = sent(confirmed, IncidentState)
    undone = sent(await done(await keep([house.record(action(state, "undo"))])), Alert)
    assert ["hit 1AOC555", "recall 1ADC555"] == await told(*undone, *([exact] if at_once else []))
    assert [] == await told(exact)


@pytest.mark.parametrize("batches", [(2,), (1, 1)])
@pytest.mark.parametrize("back_to_front", [False, True])
async def test_reads_of_one_passage_that_are_put_away_together_are_told_no_more(
    house: House, batches: tuple[int, ...], back_to_front: bool
) -> None:
    """However what takes them back falls into batches: the one that was left out as a copy is not told in place of the first."""
    keep, tell = await house.handler_of(incidents.start), await house.handler_of(cross_border.start)
    sure = {"plate": "1AOC555", "match": "exact", "confirm": False}
    first = first_alert(**sure)
    hits = [house.record(first), house.record(later_alert(1_000, first, **sure))]
    (state,) = sent(await done(await keep(hits)), IncidentState)
    assert ["hit"] == [one.kind for one in sent(await done(await tell(hits)), Forward)]
    away = house.record(action(state, "dismiss", dismissal="innocent_vehicle"), NOON_MS + 5_000)
    taken_back = [house.record(one) for one in sent(await done(await keep([away])), Alert)]
    assert 2 == len(taken_back)
    told: list[str] = []
    waiting = taken_back[::-1] if back_to_front else taken_back
    for count in batches:
        told += [one.kind for one in sent(await done(await tell(waiting[:count])), Forward)]
        waiting = waiting[count:]
    assert ["recall"] == told


@pytest.mark.parametrize("did", ["undo", "withdrawn"])
async def test_what_was_taken_back_before_it_was_told_is_never_told(house: House, did: str) -> None:
    """As when the neighbours' agent was away for a while: what follows on a confirmation is read together with it."""
    keep, tell = await house.handler_of(incidents.start), await house.handler_of(cross_border.start)
    alert = first_alert()
    (state,) = sent(await done(await keep([house.record(alert)])), IncidentState)
    confirmed = await done(await keep([house.record(action(state, "confirm"))]))
    (state,) = sent(confirmed, IncidentState)
    records = [house.record(one) for one in (alert, *sent(confirmed, Alert))]
    if did == "undo":
        undone = await done(await keep([house.record(action(state, "undo"))]))
        records += [house.record(one) for one in sent(undone, Alert)]
    else:
        records.append(
            house.record(Withdrawal(kind="alert", id=alert.alert_id, reason="gone", by="hotlist", at_ms=NOON_MS))
        )
    assert [] == (await done(await tell(records))).sends


async def test_what_comes_again_after_a_crash_is_sent_again_as_it_stands_and_decided_once(house: House) -> None:
    """Two workers, of which one dies before its outputs are acknowledged."""
    keep, other = await house.handler_of(incidents.start), await house.handler_of(incidents.start)
    alert = first_alert()
    state = sent(await keep([house.record(alert)]), IncidentState)[0]
    confirm = house.record(action(state, "confirm"))
    first, again = await keep([confirm]), await other([confirm])
    assert first.sends == again.sends
    ours = sent(again, Alert)
    assert [] == (await other([house.record(one) for one in ours])).sends, "its own revision comes back"


async def test_hits_that_the_trail_has_no_room_for_are_recalled_with_the_others(house: House) -> None:
    """Each crossed the border by itself; a second worker, after a crash, sends the same."""
    keep, other = await house.handler_of(incidents.start), await house.handler_of(incidents.start)
    sure = {"plate": "1AOC555", "match": "exact", "confirm": False}
    first = first_alert(**sure)
    hits = [first, *(later_alert(one, first, **sure) for one in range(1, MOST_SIGHTINGS + 6))]
    (state,) = sent(await done(await keep([house.record(one) for one in hits])), IncidentState)
    dismissal = house.record(action(state, "dismiss", dismissal="innocent_vehicle"), NOON_MS + 60_000)
    told, again = await keep([dismissal]), await other([dismissal])
    assert {one.alert_id for one in hits} == {one.alert_id for one in sent(told, Alert)}
    assert {(2, True, False)} == {(one.revision, one.confirm, one.rings) for one in sent(told, Alert)}
    assert sorted(one.alert_id for one in hits) == sorted(one.alert_id for one in sent(again, Alert))


async def test_two_workers_that_decide_at_once_lose_nothing_and_the_second_person_is_told(house: House) -> None:
    """Actions, sightings and answers come by several topics, to several workers."""
    keepers = [await house.handler_of(incidents.start) for _ in range(2)]
    alert = first_alert()
    state = sent(await keepers[0]([house.record(alert)]), IncidentState)[0]
    hits = [later_alert(1_000 * number, alert) for number in range(1, 9)]
    takes = [house.record(action(state, "take", who)) for who in (AN, BO)]
    work: list[Sequence[Record[Any]]] = [[one] for one in takes] + [[house.record(hit)] for hit in hits]
    answers = await asyncio.gather(*(keepers[number % 2](records) for number, records in enumerate(work)))
    states = [one for outputs in answers for one in sent(outputs, IncidentState)]
    last = max(states, key=lambda one: one.change)
    assert ("taken", 9, 1) == (last.phase, last.sighting_count, last.revision)
    assert len(states) == len({one.change for one in states}), "each change is one state"
    (refused,) = last.refused
    assert {AN, BO} == {last.holder, refused.who}
    assert refused.first_who == last.holder


async def test_an_action_that_overtakes_its_alert_waits_for_it(house: House) -> None:
    """They come by different partitions."""
    keep = await house.handler_of(incidents.start)
    alert = first_alert()
    seen = sent(await (await house.handler_of(incidents.start))([]), IncidentState)
    assert [] == seen
    early = IncidentAction(action_id="c-1", incident_id=alert.incident_id, did="take", revision=0, rings=1, who=AN,
                           role="dispatcher", at_ms=NOON_MS)  # fmt: skip
    assert [] == (await keep([house.record(early)])).sends
    (state,) = sent(await keep([house.record(alert)]), IncidentState)
    assert ("taken", AN) == (state.phase, state.holder)


async def test_an_urgent_incident_that_nobody_takes_alarms_the_next_desk_and_one_that_was_taken_does_not(
    house: House,
) -> None:
    """A minute after the broker took the alert, on a tick without records; a day later it is over."""
    keep = await house.handler_of(incidents.start)
    quiet, taken = first_alert(priority="urgent"), first_alert(priority="urgent", captured_at_ms=NOON_MS + 1)
    await done(await keep([house.record(quiet), house.record(taken)]))
    (state,) = sent(await done(await keep([house.record(taken)])), IncidentState)
    await done(await keep([house.record(action(state, "take"))]))
    house.now_ms = NOON_MS + 59_000
    assert [] == (await keep([])).sends
    house.now_ms = NOON_MS + 60_500
    (alarmed,) = sent(await done(await keep([])), IncidentState)
    assert (quiet.incident_id, ("NIGHT",)) == (alarmed.incident_id, alarmed.alarmed)
    house.now_ms = NOON_MS + 2 * 86_400_000
    assert ["expired", "expired"] == [one.phase for one in sent(await done(await keep([])), IncidentState)]
    house.now_ms += 5_000
    assert [] == (await keep([])).sends


async def test_a_desk_has_its_whole_time_by_the_brokers_clock_whatever_the_agents_own_says(house: House) -> None:
    """Ten minutes ahead it alarms nobody early, ten minutes behind nobody late."""
    for wrong_ms in (600_000, -600_000):
        house.now_ms = NOON_MS + wrong_ms
        keep = await house.handler_of(incidents.start)
        await keep([])
        alert = first_alert(priority="urgent", captured_at_ms=NOON_MS + wrong_ms)
        await done(await keep([house.record(alert)]))
        house.now_ms += 59_000
        assert [] == (await keep([])).sends
        house.now_ms += 1_500
        (alarmed,) = sent(await done(await keep([])), IncidentState)
        assert (alert.incident_id, ("NIGHT",)) == (alarmed.incident_id, alarmed.alarmed)


async def test_an_alarm_that_was_lost_on_its_way_to_the_broker_is_sent_again_by_whoever_looks_next(
    house: House,
) -> None:
    """As when its worker dies: until the broker has it, it stays due; the same alarm, once."""
    keep, other = await house.handler_of(incidents.start), await house.handler_of(incidents.start)
    await done(await keep([house.record(first_alert(priority="urgent"))]))
    house.now_ms = NOON_MS + 60_500
    (lost,) = sent(await keep([]), IncidentState)
    house.now_ms += 1_000
    again = await other([])
    assert [lost] == sent(again, IncidentState)
    await done(again)
    house.now_ms += 1_000
    assert [] == (await keep([])).sends


async def test_when_something_is_due_is_what_the_latest_state_says_though_an_older_one_is_acknowledged_last(
    house: House,
) -> None:
    """Two workers: a hit that rings after a dismissal alarms the next desk, whoever's outputs the broker had first."""
    keep, other = await house.handler_of(incidents.start), await house.handler_of(incidents.start)
    alert = first_alert(priority="urgent")
    (state,) = sent(await done(await keep([house.record(alert)])), IncidentState)
    dismissed = await keep([house.record(action(state, "dismiss"))])
    rang = later_alert(30_000, alert, priority="urgent", rings=True)
    await done(await other([house.record(rang, NOON_MS + 30_000)]))
    await done(dismissed)
    house.now_ms = NOON_MS + 90_500
    (alarmed,) = sent(await done(await keep([])), IncidentState)
    assert ("NIGHT",) == alarmed.alarmed


async def test_a_misread_is_written_as_an_exclusion_and_an_undo_removes_it(house: House) -> None:
    """Twice is as once; what has long ended goes, and what persons wrote stays."""
    old = make_exclusion(exclusion_id="misread-a-1", valid_until_ms=NOON_MS - 2 * 86_400_000)
    await house.writer.put(EXCLUSIONS, [old, theirs := make_exclusion(exclusion_id="X-1", valid_until_ms=1)])
    state = after(begun(alert := first_alert()), ("misread", AN))
    for _ in range(2):
        await exclude(house.writer, state, NOON_MS)
        _, one = await house.writer.list(EXCLUSIONS)
        assert ("1ADC555", alert.entry_id, ("E40-1",)) == (one.plate, one.entry_id, one.cameras)
    await exclude(house.writer, after(state, ("undo", AN)), NOON_MS)
    assert [theirs] == await house.writer.list(EXCLUSIONS)


async def test_an_incident_of_which_a_neighbour_was_told_is_kept_for_what_it_says_later(house: House) -> None:
    """As long as its words are taken; any other is forgotten sooner."""
    keep, kept = await house.handler_of(incidents.start), list[int]()
    for told in (False, True):
        alert = first_alert(captured_at_ms=NOON_MS + told, share_with=())
        taken = Receipt(receipt_id="p-1", forward_id="f-1", to_country="NL", outcome="acknowledged",
                        incident_id=alert.incident_id, decided_at_ms=NOON_MS)  # fmt: skip
        await done(await keep([house.record(one) for one in (alert, taken)[: 1 + told]]))
        kept.append(await house.redis.pttl(f"{{{house.namespace}:incident:{alert.incident_id}}}"))
    assert kept[0] <= KEPT_MS < later_words.KEPT_MS < kept[1]


async def test_an_incident_of_which_a_neighbour_may_be_told_is_kept_for_its_first_word(house: House) -> None:
    """A message is tried for a week, and its recall for another."""
    keep, alert = await house.handler_of(incidents.start), first_alert(share_with=("NL",))
    await done(await keep([house.record(alert)]))
    kept_ms = await house.redis.pttl(f"{{{house.namespace}:incident:{alert.incident_id}}}")
    assert later_words.KEPT_MS < kept_ms


async def test_what_a_neighbour_says_first_days_after_redis_was_emptied_finds_its_incident(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """The incident is older than a day, so it is put back after decisions have begun; what came before that is taken in."""
    bench, now_ms, hours = Bench(kafka, redis, namespace, tmp_path), platform_now_ms(), 3_600_000
    memory = IncidentMemory(redis, namespace)
    old = begun(first_alert(share_with=("NL",)))
    said = Receipt(receipt_id="p-1", forward_id="f-1", to_country="NL", outcome="acknowledged",
                   incident_id=old.incident_id, decided_at_ms=now_ms)  # fmt: skip
    await put(bench, INCIDENTS, old, old.incident_id)
    later = IncidentRecovery(kafka.client_kwargs(), namespace, memory, lambda: now_ms + 100 * hours)
    await memory.whole.note_whole(await memory.whole.begin())
    await memory.update({old.incident_id: partial(changes.answered, said, now_ms)}, {}, lambda _: None)
    await later.look()
    assert [old.incident_id] == await memory.due(now_ms)
    looked = {old.incident_id: partial(changes.passed, {}, now_ms)}
    ((_, kept),) = (await memory.update(looked, {}, lambda _: None)).values()
    assert kept.state is not None
    assert [("f-1", "acknowledged")] == [(one.forward_id, one.outcome) for one in kept.state.answers]
    assert not kept.answers
    await bench.sender.stop()


async def test_a_withdrawn_alert_ends_its_incident(house: House) -> None:
    """Persons are told by its state; sightings name the zones that rights ask for."""
    keep = await house.handler_of(incidents.start)
    alert = first_alert()
    (state,) = sent(await keep([house.record(alert)]), IncidentState)
    assert ("ZONE-A",) == state.sightings[0].zones
    gone = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=NOON_MS,
                      incident_id=alert.incident_id)  # fmt: skip
    (state,) = sent(await keep([house.record(gone)]), IncidentState)
    assert "withdrawn" == state.phase


async def test_alerts_and_actions_flow_through_the_agent_over_a_real_broker(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """One agent reads three topics in one group: what comes by each becomes one state, and a confirmed alert. When Redis forgets
    the incident, its confirmation comes back from its topic, and can be undone."""
    bench, now_ms = Bench(kafka, redis, namespace, tmp_path), platform_now_ms()
    await furnish(ReplicaWriter(redis, namespace, now_ms=lambda: now_ms - 3_600_000))
    alert = first_alert(captured_at_ms=now_ms)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(incidents.AGENT))
        await put(bench, ALERTS, alert, alert.read.plate)
        (state,) = [codec.decode(INCIDENTS, one) for one in await bench.values("incidents", count=1)]
        await put(bench, ACTIONS, action(state, "confirm"), state.incident_id)
        await bench.values("incidents", count=2)
        await put(bench, ACTIONS, action(state, "take", BO), state.incident_id)
        states = [codec.decode(INCIDENTS, one) for one in await bench.values("incidents", count=3)]
        alerts = [codec.decode(ALERTS, one) for one in await bench.values("alerts", count=2)]
        async for key in redis.scan_iter(match=f"{{{bench.namespace}:incident*"):
            await redis.delete(key)
        undo = action(max(states, key=lambda one: one.change), "undo")
        await put(bench, ACTIONS, undo, state.incident_id)
        anew = [codec.decode(ALERTS, one) for one in await bench.values("alerts", count=len(alerts) + 1)]
    last = max(states, key=lambda one: one.change)
    assert ("confirmed", AN, [AN]) == (last.phase, last.holder, [one.first_who for one in last.refused])
    confirmed, *copies = [one for one in alerts if isinstance(one, Alert) and one.revision == 2]
    assert all(one == confirmed for one in copies), "a crash or a reread may send it again"
    assert confirmed.confirmed is not None
    assert isinstance(confirmed.confirmed.action_at, RecordPlace)
    assert {(3, True)} == {(one.revision, one.confirm) for one in anew if isinstance(one, Alert) and one.revision > 2}


async def put(bench: Bench, topic: Any, message: Any, key: str) -> None:
    """Send one message."""
    await bench.sender.send_all([
        Outgoing(f"{bench.namespace}.{topic.name}", codec.encode(topic, message), key.encode(), None)
    ])  # fmt: skip
