"""Forwards checked against the reference data in Redis: what is there, what is missing, what was lost."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.neighbours.policy import forward_id_of
from pipeline.neighbours.recalls import correction_of, recall_of, told_again, update_of
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES, ZONES, CollectionKeys
from pipeline.state.entry_versions import EntryVersions
from pipeline.state.follower import Follower
from pipeline.state.forward_check import UNSETTLED_MS, ForwardCheck
from pipeline.state.mirror import Mirror
from pipeline.state.replica_writer import ReplicaWriter
from schemas.incidents import IncidentAction
from schemas.outcomes import Alert, Confirmation, Forward, RecordPlace, Withdrawal
from tests.builders import NOON_MS
from tests.forwards import CAMERA, ENTRY, Scene
from tests.forwards import POLICIES as SCENE_POLICIES
from tests.incidents import AN, BO

ALL = (HOTLIST, POLICIES, ZONES, CAMERAS)


class House:
    """A namespace with reference data, a topic of alerts that is a list, and the check that liaison makes."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.namespace = redis, f"t{secrets.token_hex(6)}"
        self.scene = Scene()
        self.now_ms = NOON_MS - 3_600_000
        self.withdrawals: list[Withdrawal] = []
        self.actions: list[IncidentAction] = []
        self.writer = ReplicaWriter(redis, self.namespace, now_ms=lambda: self.now_ms)
        self.check = self.checked_by_a_new_worker()

    def checked_by_a_new_worker(self) -> ForwardCheck:
        """The check of a worker that knows nothing yet."""
        mirror = Mirror(CAMERAS, ZONES, POLICIES)
        follower = Follower(
            self.redis, self.namespace, (CAMERAS, ZONES, POLICIES), mirror.take, on_caught_up=mirror.caught_up
        )
        entries = EntryVersions(self.redis, self.namespace, HOTLIST)
        return ForwardCheck(mirror, follower, entries, self.look_up, self.look_up_action, "BE", lambda: self.now_ms)

    async def look_up_action(self, place: RecordPlace) -> IncidentAction | None:
        """Actions stand in partition 0."""
        return self.actions[place.offset] if place.offset < len(self.actions) else None

    async def look_up(self, place: RecordPlace) -> Alert | Withdrawal | None:
        """Alerts stand in partition 0, withdrawals in 1."""
        stands = [self.scene.alerts, self.withdrawals][place.partition]
        return stands[place.offset] if place.offset < len(stands) else None

    async def furnish(self, *, replace: bool = False) -> None:
        """Import everything, cameras last."""
        write = self.writer.replace if replace else self.writer.put
        await write(HOTLIST, [ENTRY])
        await write(POLICIES, SCENE_POLICIES)
        await write(CAMERAS, [CAMERA])

    async def empty(self) -> None:
        """Redis forgets all of it."""
        for one in ALL:
            await self.redis.delete(*CollectionKeys.of(self.namespace, one).all)

    async def fault(self, forward: Forward, *, age_ms: int = UNSETTLED_MS) -> str | None:
        """What the check says of a forward that came so long ago."""
        return await self.check.fault_of(forward, self.now_ms - age_ms)


@pytest_asyncio.fixture
async def house(redis: Redis) -> AsyncIterator[House]:
    """Furnished an hour before noon; it is a second after noon."""
    made = House(redis)
    await made.furnish()
    made.now_ms = NOON_MS + 1_000
    yield made
    await made.empty()


async def test_a_forward_whose_alert_entry_and_policy_are_there_may_be_signed(house: House) -> None:
    """Also by a worker that has just begun."""
    assert await house.fault(house.scene.forward(NOON_MS)) is None


async def test_a_forward_that_names_no_alert_or_none_that_stands_there_may_not(house: House) -> None:
    """Whoever may write into forwards is not believed for it."""
    forward = house.scene.forward(NOON_MS)
    for place in (None, RecordPlace(partition=0, offset=9), RecordPlace(partition=1, offset=0)):
        assert await house.fault(msgspec.structs.replace(forward, alert_at=place)) is not None


async def test_an_alert_that_may_still_come_to_light_is_waited_for(house: House) -> None:
    """A broker that begins to lead may not know its last records at once."""
    forward = msgspec.structs.replace(house.scene.forward(NOON_MS), alert_at=RecordPlace(partition=0, offset=9))
    with pytest.raises(Unavailable):
        await house.fault(forward, age_ms=0)


async def test_a_forward_of_an_alert_that_no_entry_makes_may_not(house: House) -> None:
    """Whoever may write alerts is not believed for it, either."""
    house.scene.entry = msgspec.structs.replace(ENTRY, entry_id="nobody-asked")
    assert "nobody-asked" in str(await house.fault(house.scene.forward(NOON_MS)))
    house.scene.entry = msgspec.structs.replace(ENTRY, plate="9XYZ999")
    assert await house.fault(house.scene.forward(NOON_MS + 1)) is not None


async def test_a_policy_that_arrived_this_moment_counts_at_once(house: House) -> None:
    """What looks wrong is looked at again with what Redis has now."""
    await house.check.follower.load()
    later = msgspec.structs.replace(SCENE_POLICIES[1], contact="new@example.org")
    await house.writer.put(POLICIES, [later])
    house.now_ms += 5_000
    house.scene.policies = (later,)
    assert await house.fault(house.scene.forward(NOON_MS + 3_000)) is None


async def test_a_recall_may_be_signed_when_the_alert_was_withdrawn_or_the_policy_removed(house: House) -> None:
    """And one that somebody invents may not; nor does it help that the policy is back."""
    forward = house.scene.forward(NOON_MS)
    (alert,) = house.scene.alerts
    recall = recall_of(forward, now_ms=house.now_ms)
    assert await house.fault(recall) is not None
    house.withdrawals.append(Withdrawal(kind="alert", id=alert.alert_id, reason="gone", by="hotlist", at_ms=NOON_MS))
    withdrawn = msgspec.structs.replace(recall, withdrawn_at=RecordPlace(partition=1, offset=0))
    assert await house.fault(withdrawn) is None
    await house.writer.remove(POLICIES, ["NL-1"])
    assert await house.fault(recall) is None
    house.now_ms += 1_000
    await house.writer.put(POLICIES, SCENE_POLICIES)
    assert await house.fault(recall) is None
    assert await house.fault(forward) is None


async def test_an_update_may_be_signed_when_it_names_the_first_alert_of_its_case(house: House) -> None:
    """And one whose first forward stands nowhere, is another's, or is no more than a claim, may not."""
    per_case = tuple(msgspec.structs.replace(one, per_case=True) for one in SCENE_POLICIES)
    await house.writer.put(POLICIES, per_case)
    house.now_ms += 5_000
    first, later = house.scene.forward(NOON_MS + 3_000), house.scene.forward(NOON_MS + 4_000)
    assert await house.fault(update_of(first.forward_id, first.alert_at, later)) is None
    for first_id, first_at in (
        (first.forward_id, None), ("f-1", first.alert_at), (first.forward_id, later.alert_at),
        (first.forward_id, RecordPlace(partition=0, offset=99)), (first.forward_id, RecordPlace(partition=1, offset=0)),
    ):  # fmt: skip
        assert await house.fault(update_of(first_id, first_at, later)) is not None
    again = told_again(later, now_ms=house.now_ms)
    assert [None, None] == [
        await house.fault(one) for one in (again, update_of(again.forward_id, again.alert_at, first))
    ]
    assert await house.fault(msgspec.structs.replace(again, forward_id="f-1")) is not None
    other = Scene(
        entry=msgspec.structs.replace(ENTRY, entry_id="ST-2", case_reference="2026/78"), alerts=house.scene.alerts
    )
    of_another_case = other.forward(NOON_MS + 2_000)
    await house.writer.put(HOTLIST, [other.entry])
    assert await house.fault(update_of(of_another_case.forward_id, of_another_case.alert_at, later)) is not None


async def test_a_correction_may_be_signed_when_a_policy_has_said_so_since(house: House) -> None:
    """And one to terms that no policy ever said, or under the name of another, may not; later terms take nothing back."""
    forward = house.scene.forward(NOON_MS)
    said, unsaid = (
        msgspec.structs.replace(forward, handling_code=code) for code in ("judicial use only", "for anybody")
    )
    correction = correction_of(forward, said, now_ms=house.now_ms)
    assert await house.fault(correction) is not None
    others = [one for one in SCENE_POLICIES if one.policy_id != "NL-1"]
    (own,) = (one for one in SCENE_POLICIES if one.policy_id == "NL-1")
    await house.writer.put(POLICIES, [*others, msgspec.structs.replace(own, handling_code="judicial use only")])
    house.now_ms += 5_000
    assert await house.fault(correction) is None
    assert await house.fault(correction_of(forward, unsaid, now_ms=house.now_ms)) is not None
    assert await house.fault(msgspec.structs.replace(correction, plate="9XYZ999")) is not None
    assert await house.fault(msgspec.structs.replace(correction, forward_id="f-1")) is not None
    await house.writer.put(POLICIES, [own])
    house.now_ms += 5_000
    assert await house.fault(correction) is None


async def test_an_entry_that_was_removed_still_vouches_for_what_it_made(house: House) -> None:
    """Its alert is withdrawn by its own agent; a forward on its way is no forgery."""
    forward = house.scene.forward(NOON_MS)
    await house.writer.remove(HOTLIST, [ENTRY.entry_id])
    assert await house.fault(forward) is None


@pytest.mark.parametrize("restarted", [False, True])
async def test_while_redis_is_empty_nothing_is_signed_and_nothing_is_refused(house: House, restarted: bool) -> None:
    """It is waited out until the reference data is there again, by whichever worker."""
    forward = house.scene.forward(NOON_MS)
    assert await house.fault(forward) is None
    await house.empty()
    if restarted:
        house.check = house.checked_by_a_new_worker()
    with pytest.raises(Unavailable):
        await house.fault(forward)
    house.now_ms += 5_000
    await house.writer.replace(HOTLIST, [msgspec.structs.replace(ENTRY, entry_id="another")])
    with pytest.raises(Unavailable):
        await house.fault(forward)
    await house.furnish(replace=True)
    assert await house.fault(forward) is None


async def test_a_forgery_stays_one_after_redis_was_emptied(house: House) -> None:
    """Refused as soon as that can be told."""
    forged = msgspec.structs.replace(house.scene.forward(NOON_MS), plate="9XYZ999")
    await house.empty()
    with pytest.raises(Unavailable):
        await house.fault(forged)
    await house.furnish(replace=True)
    assert await house.fault(forged) is not None


def confirmed(house: House, **fields: Any) -> Forward:
    """The forward of an alert that needs a person's confirmation and has one, which stands on the topic actions. fields: of the
    action, where it is another one than the alert says."""
    forward = house.scene.forward(NOON_MS)
    (alert,) = house.scene.alerts
    said = Confirmation(who=AN, action_id="c-1", action_at=RecordPlace(partition=0, offset=0), at_ms=NOON_MS)
    alert = msgspec.structs.replace(alert, revision=2, rings=False, confirmed=said)
    house.scene.alerts[0] = alert
    action: dict[str, Any] = {"action_id": "c-1", "incident_id": alert.incident_id, "did": "confirm", "who": AN, "revision": 0,
                              "rings": 1, "role": "dispatcher", "alert_id": alert.alert_id, "at_ms": NOON_MS}  # fmt: skip
    house.actions = [IncidentAction(**(action | fields))]
    return msgspec.structs.replace(forward, forward_id=forward_id_of(alert, "NL"))


async def test_what_a_person_confirmed_may_be_signed(house: House) -> None:
    """The alert names the action, and that very action stands where only desks can write."""
    forward = confirmed(house)
    assert await house.fault(forward) is None
    assert await house.fault(msgspec.structs.replace(forward, incident_id=None)) is None


@pytest.mark.parametrize(
    "fields", [{"did": "take"}, {"alert_id": "a-1"}, {"incident_id": "a-1"}, {"action_id": "c-2"}, {"who": BO}]
)
async def test_what_nobody_confirmed_may_not_be_signed_whatever_the_alert_says(
    house: House, fields: dict[str, Any]
) -> None:
    """Neither the agent that sends alerts again nor that which makes forwards is believed for it."""
    forward = confirmed(house, **fields)
    assert "confirm" in str(await house.fault(forward))
    house.actions = []
    assert "no action" in str(await house.fault(forward))
    with pytest.raises(Unavailable, match="confirmation"):
        await house.fault(forward, age_ms=0)


async def test_a_recall_may_be_signed_when_the_confirmation_was_taken_back(house: House) -> None:
    """It names the later revision, which says that a person must confirm the alert anew; no other one will do."""
    forward = confirmed(house)
    (alert,) = house.scene.alerts
    later = msgspec.structs.replace(alert, revision=3, confirm=True, confirmed=None)
    house.scene.alerts += [
        later,
        msgspec.structs.replace(later, confirm=False),
        msgspec.structs.replace(later, revision=2),
    ]
    faults = [
        await house.fault(recall_of(forward, now_ms=house.now_ms, withdrawn_at=RecordPlace(partition=0, offset=offset)))
        for offset in (1, 2, 3)
    ]
    assert [True, False, False] == [fault is None for fault in faults]
