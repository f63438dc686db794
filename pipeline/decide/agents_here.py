"""Runs the agents hotlist and cross_border in this process: their own handlers, with local memory instead of Redis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

from agents import cross_border, hotlist
from pipeline.neighbours.policy import NotForwarded
from pipeline.reads.versions import Changed
from pipeline.runtime.settings import Settings
from pipeline.state.alert_memory import OPEN_MS
from pipeline.state.local_alert_memory import LocalAlertMemory
from pipeline.state.local_forward_memory import LocalForwardMemory
from pipeline.state.mirror import Mirror
from pipeline.stream.admission import Admission
from pipeline.stream.covert_alerts import AlertSender
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.base import Message
from schemas.outcomes import Alert, Withdrawal
from schemas.reads import ReadBatch
from schemas.topics import FORWARDS

M = TypeVar("M", bound=Message)
Clock = Callable[[], int]


@dataclass(slots=True)
class AgentHere(Generic[M]):
    """One agent, run in this process.

    mirror: its reference data. handler_anew: makes its handler, at first and again at each `forget`, with the memory that the
    topics give back after Redis was emptied.
    """

    mirror: Mirror
    handler_anew: Callable[[], Handler[M]]
    _handle: Handler[M] = field(init=False)
    _offsets: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self._handle = self.handler_anew()

    def follow(self, collection: str, changed: Sequence[Changed[Any]]) -> None:
        """Take in changed reference data, if the agent needs this collection."""
        if self.mirror.follows(collection):
            self.mirror.take(collection, changed, False)
            self.mirror.caught_up(frozenset((collection,)))

    async def handle(self, messages: Sequence[M], at_ms: int) -> Outputs:
        """The outputs of the agent for these messages. at_ms: when the broker took them, UTC.

        Without messages the agent does only what is due by then.
        """
        return await self.handle_records([
            Record("", 0, next(self._offsets), at_ms, message, b"") for message in messages
        ])  # fmt: skip

    async def handle_records(self, records: Sequence[Record[M]]) -> Outputs:
        """The outputs of the agent for these records, as in `handle`. The broker counts as having acknowledged these outputs at
        once."""
        outputs = await self._handle(records)
        if outputs.settled is not None:
            await outputs.settled()
        return outputs

    def forget(self) -> None:
        """Begin with the memory of after Redis was emptied: with what is put back from the topics. The reference data
        stays, because it is the agent's own copy."""
        self._handle = self.handler_anew()


def hotlist_here(settings: Settings, now_ms: Clock) -> AgentHere[ReadBatch]:
    """The agent hotlist, to be run in this process, with local memory instead of Redis."""
    replica = hotlist.HotlistMirror()
    admission, memory = Admission(replica, settings, now_ms), LocalAlertMemory()

    def handler() -> Handler[ReadBatch]:
        nonlocal memory
        memory = memory.after_loss(now_ms() - OPEN_MS)
        return hotlist.matcher(replica, admission, memory, settings, now_ms, AlertSender(None)).handle

    return AgentHere(replica, handler)


def cross_border_here(
    settings: Settings, now_ms: Clock, told: Callable[[Alert, NotForwarded], None]
) -> AgentHere[Alert | Withdrawal]:
    """The agent cross_border, to be run in this process, with local memory instead of Redis.

    told: called once for each country that an alert's entry is shared with and that gets no forward of it: with the alert, and with
    the country and the reason.
    """
    replica, home = cross_border.PolicyMirror(), settings.liaison.sender
    admission = Admission(replica, settings, now_ms)
    memory = LocalForwardMemory()  # after a loss the topics give it back (pipeline.stream.forward_recovery)

    def handler() -> Handler[Alert | Withdrawal]:
        return cross_border.forwarder(replica, admission, memory, FORWARDS.partitions, home, now_ms, told).handle

    return AgentHere(replica, handler)
