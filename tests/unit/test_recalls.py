"""Recalling what neighbours were told, with the memory of one process."""

import msgspec

from pipeline.neighbours.policy import AllowedForward, told_abroad
from pipeline.neighbours.recalls import Sent, sent_of
from pipeline.state.local_forward_memory import LocalForwardMemory
from pipeline.state.open_forwards import MOST_REVISION, DueForwards, OpenForwards
from schemas.outcomes import Forward, RecordPlace, Withdrawal
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
        due = await self.open.due(now_ms)
        await self.open.settled(due)
        return [one.reason for one in due.recalls]

    async def corrections(self) -> list[Forward]:
        """The corrections that are due now; the broker has them."""
        due = await self.open.due(NOON_MS + 2_000)
        await self.open.settled(due)
        return [one.message for one in due.corrections]


async def test_what_was_told_of_a_withdrawn_alert_is_recalled_once() -> None:
    """For the same reason."""
    desk = ReceivingDesk()
    sent = await desk.tell()
    withdrawal = Withdrawal(kind="alert", id=sent.alert.alert_id, reason="entry_removed", by="hotlist", at_ms=NOON_MS)
    place = RecordPlace(partition=3, offset=7)
    (recall,) = await desk.open.of_withdrawn([(withdrawal, place)])
    assert (sent, "entry_removed") == (recall.sent, recall.reason)
    assert ("forward", sent.forward.forward_id) == (recall.withdrawal(NOON_MS).kind, recall.withdrawal(NOON_MS).id)
    await desk.open.settled(DueForwards([recall]))
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


async def test_a_policy_that_says_other_terms_corrects_what_it_told_once_and_a_recall_names_the_first() -> None:
    """The neighbour must not go on handling it under what does not hold any more. Back again, it is corrected back."""
    desk = ReceivingDesk()
    sent = await desk.tell()
    told = []
    for terms in ({"legal_basis": "another treaty"}, {"legal_basis": "another treaty"}, {}):
        desk.policies = {"NL-1": make_policy(**terms)}
        desk.open.changed(["NL-1"])
        told += await desk.corrections()
        assert [] == await desk.corrections()
    assert [("correction", sent.forward.forward_id)] * 2 == [(one.kind, one.refers_to) for one in told]
    assert ["another treaty", sent.forward.legal_basis] == [one.legal_basis for one in told]
    assert 3 == len({sent.forward.forward_id, *(one.forward_id for one in told)})
    desk.policies = {}
    (recall,) = (await desk.open.due(NOON_MS + 3_000)).recalls
    assert sent.forward == recall.sent.forward


async def test_what_rests_on_a_removed_policy_is_corrected_to_the_terms_of_another_that_allows_it() -> None:
    """And from then on stands and falls with that one; a further one that allows it too changes nothing."""
    desk = ReceivingDesk()
    await desk.tell()
    desk.policies["NL-0"] = make_policy(policy_id="NL-0", purpose="another")
    desk.open.changed(["NL-0", "NL-1"])
    assert [] == await desk.corrections()
    del desk.policies["NL-1"]
    assert ["another"] == [one.purpose for one in await desk.corrections()]
    desk.policies.clear()
    assert ["policy_removed"] == await desk.reasons()


async def test_a_version_of_a_policy_that_begins_without_arriving_is_noticed() -> None:
    """One that was imported ahead of its time."""
    desk = ReceivingDesk()
    await desk.tell()
    assert [] == await desk.corrections()
    desk.policies = {"NL-1": make_policy(handling_code="judicial use only")}
    assert ["judicial use only"] == [one.handling_code for one in await desk.corrections()]


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
