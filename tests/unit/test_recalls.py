"""Recalling what neighbours were told, with the memory of one process."""

import msgspec

from pipeline.neighbours.policy import AllowedForward, told_abroad
from pipeline.neighbours.recalls import Sent, sent_of
from pipeline.state.local_forward_memory import LocalForwardMemory
from pipeline.state.open_forwards import MOST_REVISION, OpenForwards
from schemas.outcomes import RecordPlace, Withdrawal
from schemas.reference import Policy
from tests.builders import NOON_MS, cameras_of, make_alert, make_policy


class ReceivingDesk:
    """What was told by one policy."""

    def __init__(self) -> None:
        self.policies: dict[str, Policy] = {"NL-1": make_policy()}
        self.memory = LocalForwardMemory()
        self.open = OpenForwards(self.memory, lambda: self.policies, lambda _: cameras_of(), lambda _: {}, "BE")

    async def tell(self) -> Sent:
        """Forward one alert."""
        alert = make_alert()
        (allowed,) = told_abroad(alert, self.policies.values(), cameras_of(), {}, NOON_MS + 1_000)
        assert isinstance(allowed, AllowedForward)
        (sent,) = await self.memory.admitted([sent_of(alert, allowed, self.policies)], ["0/1"])
        return sent

    async def reasons(self, now_ms: int = NOON_MS + 2_000) -> list[str]:
        """Why forwards are due to be recalled now; they are, and the broker has it."""
        gone = await self.open.due(now_ms)
        await self.open.settled(gone)
        return [one.reason for one in gone]


async def test_what_was_told_of_a_withdrawn_alert_is_recalled_once() -> None:
    """For the same reason."""
    desk = ReceivingDesk()
    sent = await desk.tell()
    withdrawal = Withdrawal(kind="alert", id=sent.alert.alert_id, reason="entry_removed", by="hotlist", at_ms=NOON_MS)
    place = RecordPlace(partition=3, offset=7)
    (recall,) = await desk.open.of_withdrawn([(withdrawal, place)])
    assert (sent, "entry_removed") == (recall.sent, recall.reason)
    assert ("forward", sent.forward.forward_id) == (recall.withdrawal(NOON_MS).kind, recall.withdrawal(NOON_MS).id)
    await desk.open.settled([recall])
    assert place == recall.withdrawn_at
    assert [] == await desk.open.of_withdrawn([(withdrawal, place)])


async def test_no_revision_of_an_alert_is_told_after_its_withdrawal() -> None:
    """Also where nothing was told before: who confirms may not have read the withdrawal. Others stand."""
    desk, alert = ReceivingDesk(), make_alert(match="confusable", confirm=True)
    withdrawal = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=NOON_MS)
    confirmed = msgspec.structs.replace(alert, confirm=False, revision=2)
    highest = msgspec.structs.replace(confirmed, revision=MOST_REVISION)
    other = msgspec.structs.replace(confirmed, alert_id="a-other")
    assert [] == await desk.open.of_withdrawn([(withdrawal, RecordPlace(partition=3, offset=100))])
    assert [False, False, True] == await desk.memory.standing([confirmed, highest, other])


async def test_a_policy_that_is_removed_or_allows_it_no_longer_recalls_what_it_told() -> None:
    """And one that changes otherwise does not."""
    for after, reasons in (
        ({}, ["policy_removed"]),
        ({"NL-1": make_policy(lists=("sis",))}, ["policy_corrected"]),
        ({"NL-1": make_policy(purpose="another")}, []),
        ({"NL-2": make_policy(policy_id="NL-2")}, []),  # another one still allows it
    ):
        desk = ReceivingDesk()
        await desk.tell()
        assert [] == await desk.reasons()
        desk.policies = after
        desk.open.changed(["NL-1"])
        assert reasons == await desk.reasons()
        assert [] == await desk.reasons()


async def test_an_hour_that_goes_by_recalls_nothing() -> None:
    """A forward that has expired is over by itself."""
    desk = ReceivingDesk()
    await desk.tell()
    desk.open.changed(["NL-1"])
    assert [] == await desk.reasons(NOON_MS + 7_200_000)


def test_a_recall_says_for_our_own_readers_what_it_takes_back() -> None:
    """On the wire, too."""
    withdrawal = Withdrawal(kind="forward", id="f-1", reason="policy_removed", by="cross_border", at_ms=NOON_MS)
    assert withdrawal == msgspec.json.decode(msgspec.json.encode(withdrawal), type=Withdrawal)
