"""The faults, one small class each, by what they are done to."""

from tests.faults.fault import Fault
from tests.faults.kinds.agents import KillAgent, TerminateAgent, WorkersJoinAndLeave, Zombie
from tests.faults.kinds.brokers import KillBroker, KillController, MoveLeaders
from tests.faults.kinds.clocks import ClockRunsAhead, ClockStepsBack
from tests.faults.kinds.disk import FullDisk
from tests.faults.kinds.network import CutNetwork, PullCable
from tests.faults.kinds.poison import PoisonRecords
from tests.faults.kinds.store import EmptyRedis, KillOnEmptyRedis, KillRedis, SlowRedis

KINDS: dict[str, type[Fault]] = {
    kind.name: kind
    for kind in (
        KillAgent, TerminateAgent, WorkersJoinAndLeave, Zombie, KillBroker, KillController, MoveLeaders, KillRedis,
        EmptyRedis, KillOnEmptyRedis, SlowRedis, CutNetwork, PullCable, FullDisk, ClockStepsBack, ClockRunsAhead, PoisonRecords,
    )
}  # fmt: skip
"""By name, in the order in which they are listed to people."""
