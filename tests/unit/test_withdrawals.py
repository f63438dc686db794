"""Whether an open alert still stands under its entry, and taking it back with the memory of one process."""

from typing import Any

import msgspec
import pytest

from pipeline.hotlist.matching import Hotlist, alert_of, match_read
from pipeline.hotlist.withdrawals import taken_back
from pipeline.state.local_alert_memory import LocalAlertMemory
from pipeline.state.open_alerts import OpenAlerts
from schemas.outcomes import Alert
from schemas.reference import HotlistEntry
from tests.builders import NOON_MS, cameras_of, make_camera, make_entry, make_read

ENTRY = make_entry("1AOC555", "e1", share_with=("NL",), valid_until_ms=NOON_MS + 3_600_000)
CAMERAS = cameras_of()


def raised(entry: HotlistEntry = ENTRY) -> Alert:
    """The alert of a sure hit at noon."""
    read = make_read("1AOC555")
    (hit,) = match_read(read, Hotlist((entry,)), CAMERAS, {})
    return alert_of(hit, read, make_camera(), decided_at_ms=NOON_MS + 300)


def corrected(**fields: Any) -> HotlistEntry:
    """The entry with other fields."""
    return msgspec.structs.replace(ENTRY, **fields)


@pytest.mark.parametrize(
    ("entry", "now_ms", "reason"),
    [
        (None, NOON_MS + 1_000, "entry_removed"),
        (ENTRY, NOON_MS + 3_600_000, "entry_expired"),
        (corrected(plate="1ABC556"), NOON_MS + 1_000, "entry_corrected"),
        (corrected(cameras=("E40-9",)), NOON_MS + 1_000, "entry_corrected"),
        (corrected(valid_from_ms=NOON_MS + 1), NOON_MS + 1_000, "entry_corrected"),
    ],
)
def test_an_alert_goes_with_its_entry(entry: HotlistEntry | None, now_ms: int, reason: str) -> None:
    """Removed, expired, or corrected so that the read no longer hits: nothing takes its place."""
    gone = taken_back(raised(), entry, CAMERAS, {}, now_ms)
    assert gone is not None
    assert (reason, None) == (gone.reason, gone.instead)
    assert ("alert", raised().alert_id, "hotlist") == (
        gone.withdrawal(now_ms).kind, gone.withdrawal(now_ms).id, gone.withdrawal(now_ms).by,
    )  # fmt: skip


@pytest.mark.parametrize("entry", [ENTRY, corrected(valid_until_ms=NOON_MS + 7_200_000)])
def test_a_change_that_leaves_the_alert_as_it_was_takes_nothing_back(entry: HotlistEntry) -> None:
    """Such as a longer validity."""
    assert taken_back(raised(), entry, CAMERAS, {}, NOON_MS + 1_000) is None


@pytest.mark.parametrize(
    "fields", [{"category": "robbery"}, {"action": "observe"}, {"share_with": ()}, {"covert": True}]
)
def test_an_alert_that_says_something_else_now_is_replaced_and_taken_back(fields: dict[str, Any]) -> None:
    """The new one names the old; corrected again the same way it has the same id."""
    gone = taken_back(raised(), corrected(**fields), CAMERAS, {}, NOON_MS + 1_000)
    again = taken_back(raised(), corrected(**fields), CAMERAS, {}, NOON_MS + 9_000)
    assert gone is not None
    assert again is not None
    assert gone.instead is not None
    assert raised().alert_id == gone.instead.corrects != gone.instead.alert_id
    assert again.instead is not None
    assert gone.instead.alert_id == again.instead.alert_id


class House:
    """Open alerts on one entry, in one process."""

    def __init__(self) -> None:
        self.entry: HotlistEntry | None = ENTRY
        self.memory = LocalAlertMemory()
        self.open = OpenAlerts(self.memory, lambda _: self.entry, lambda _: CAMERAS, lambda _: {})

    async def raise_alert(self, *, told: bool = True) -> Alert:
        """One alert, which the broker has or not yet."""
        (alert,) = await self.memory.placed([raised()], [None])
        assert alert is not None
        self.open.raised([alert])
        if told:
            await self.memory.told([alert])
        return alert

    async def reasons(self, now_ms: int = NOON_MS + 1_000) -> list[str]:
        """Why alerts are due to be taken back now; they are, and the broker has it."""
        gone = await self.open.due(now_ms)
        await self.open.settled(gone, now_ms)
        return [one.reason for one in gone]


async def test_a_removed_entry_takes_its_alerts_back_once() -> None:
    """As soon as the change is known."""
    house = House()
    await house.raise_alert()
    assert [] == await house.reasons()
    house.entry = None
    house.open.changed(["e1"])
    assert ["entry_removed"] == await house.reasons()
    assert [] == await house.reasons()


async def test_an_entry_that_expires_takes_its_alerts_back_though_nobody_changed_it() -> None:
    """At the moment, not at the next sweep."""
    house = House()
    await house.raise_alert()
    assert [] == await house.reasons(NOON_MS + 3_599_999)
    assert ["entry_expired"] == await house.reasons(NOON_MS + 3_600_000)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_entries_that_expire_one_after_the_other_each_take_their_alerts_back_at_the_moment(
    order: tuple[int, ...],
) -> None:
    """Whichever of them had an alert first; all of it between two sweeps."""
    entries = {f"e{one}": corrected(entry_id=f"e{one}", valid_until_ms=NOON_MS + 1_000 + one) for one in range(3)}
    memory = LocalAlertMemory()
    open_alerts = OpenAlerts(memory, entries.get, lambda _: CAMERAS, lambda _: {})
    await open_alerts.due(NOON_MS)  # the sweep
    for number in order:
        found = await memory.placed([raised(entries[f"e{number}"])], [None])
        alerts = [alert for alert in found if alert is not None]
        open_alerts.raised(alerts)
        await memory.told(alerts)
    expired = []
    for at_ms in range(NOON_MS + 999, NOON_MS + 1_004):
        gone = await open_alerts.due(at_ms)
        await open_alerts.settled(gone, at_ms)
        expired.append([one.alert.entry_id for one in gone])
    assert [[], ["e0"], ["e1"], ["e2"], []] == expired


async def test_a_withdrawal_never_overtakes_its_alert() -> None:
    """What the broker may not have yet waits."""
    house = House()
    alert = await house.raise_alert(told=False)
    house.entry = None
    house.open.changed(["e1"])
    assert [] == await house.reasons()
    await house.memory.told([alert])
    assert ["entry_removed"] == await house.reasons()


async def test_a_worker_that_starts_finds_what_changed_while_none_ran() -> None:
    """Of all entries with open alerts."""
    house = House()
    await house.raise_alert()
    house.entry = corrected(category="robbery")
    fresh = OpenAlerts(house.memory, lambda _: house.entry, lambda _: CAMERAS, lambda _: {})
    (gone,) = await fresh.due(NOON_MS + 1_000)
    assert gone.instead is not None
    assert (False, gone.alert.incident_id) == (gone.instead.rings, gone.instead.incident_id)


async def test_an_entry_that_was_lost_with_the_whole_hotlist_was_not_removed() -> None:
    """Until there is a hotlist again, without it."""
    house, imported = House(), False
    await house.raise_alert()

    async def is_hotlist() -> bool:
        return imported

    house.open.is_hotlist = is_hotlist
    house.entry = None
    house.open.changed(["e1"])
    assert [] == await house.reasons()
    imported = True
    house.open.look_again()
    assert ["entry_removed"] == await house.reasons()
