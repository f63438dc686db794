"""The faults, one small class each, in modules by what they are done to."""

from tests.faults.fault import Fault
from tests.faults.kinds.agents import (
    AllAgentsAtOnce,
    KillAgainAndAgain,
    KillAgent,
    StoppedInRebalance,
    TerminateAgent,
    WorkersJoinAndLeave,
    Zombie,
)
from tests.faults.kinds.brokers import KillAllBrokers, KillBroker, KillController, MoveLeaders
from tests.faults.kinds.clocks import ClockRunsAhead, ClockStepsBack
from tests.faults.kinds.desks import KillDesks
from tests.faults.kinds.disk import FullDisk, FullStoreDisk
from tests.faults.kinds.failover import RedisFailover
from tests.faults.kinds.gateways import CamerasRepeat, GatewaysWithoutKafka, KillGateway
from tests.faults.kinds.groups import OffsetsLost
from tests.faults.kinds.network import CutNetwork, PullCable
from tests.faults.kinds.pauses import PauseBroker, PauseKafka, PauseRedis
from tests.faults.kinds.poison import PoisonRecords
from tests.faults.kinds.replays import ReadsAgain
from tests.faults.kinds.store import EmptyRedis, KillOnEmptyRedis, KillRedis, SlowRedis
from tests.faults.kinds.together import TwoAtOnce

GATEWAY_KINDS: tuple[type[Fault], ...] = (KillGateway, GatewaysWithoutKafka, CamerasRepeat)
"""For which the road has gateways."""
DESK_KINDS: tuple[type[Fault], ...] = (KillDesks,)
"""For which the road has two `vigie desks`, and an authority that pulls from them."""
KINDS: dict[str, type[Fault]] = {
    kind.name: kind
    for kind in (
        KillAgent, KillAgainAndAgain, TerminateAgent, AllAgentsAtOnce, WorkersJoinAndLeave, Zombie, StoppedInRebalance,
        KillBroker, KillController, KillAllBrokers, PauseBroker, PauseKafka, MoveLeaders, OffsetsLost,
        KillRedis, PauseRedis, SlowRedis, RedisFailover, EmptyRedis, KillOnEmptyRedis,
        CutNetwork, PullCable, FullDisk, FullStoreDisk, ClockStepsBack, ClockRunsAhead, PoisonRecords, ReadsAgain, TwoAtOnce,
        *GATEWAY_KINDS, *DESK_KINDS,
    )
}  # fmt: skip
"""By name, in the order in which they are listed to people."""
