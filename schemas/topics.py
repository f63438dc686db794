"""The topics, in the order in which data flows through them: name, message, encoding, key, partitions and retention."""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from schemas.accesses import MAX_ACCESS_BYTES, Access, Vouched
from schemas.base import Message
from schemas.covert import SealedAlert
from schemas.health import CameraHealth
from schemas.incidents import IncidentAction, IncidentState
from schemas.judgements import Judgement
from schemas.outcomes import Alert, DeadLetter, Forward, Receipt, Violation, Withdrawal
from schemas.pictures import Frame, Track
from schemas.reads import ReadBatch

M = TypeVar("M", bound=Message)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIB = 1024 * 1024
FORWARDS_KEPT_MS = 7 * DAY_MS
RECORD_KEPT_MS = 3_653 * DAY_MS
"""Ten years, as logs of consultations of the national police database are kept; for number plates it is our choice."""
COMPRESSION = "zstd"
"""Of what our own producers write; others may choose theirs. Packed reads become a tenth of their size on the broker's disk and on
the way; to take them costs less than to take them as they are. (aiokafka's lz4 takes four times as long to write, snappy and gzip
leave more.) Pictures stay as large as they are, for 0.05 ms each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic(Generic[M]):
    """One topic's contract.

    retention_ms: how long records are kept; None: as long as the law of the deployment's country lets their content be used
    (settings.retention_days). retention_bytes: a limit per partition; None: none. withdrawals: the topic carries the
    withdrawals of its messages, too. of_record: it belongs to the record of who did what, so retention_days does not
    shorten retention_ms.
    """

    name: str  # without the namespace: "reads" is vigie.reads on the broker
    message: type[M]
    encoding: Literal["json", "msgpack"]
    key: str
    partitions: int
    retention_ms: int | None = None
    retention_bytes: int | None = None
    max_message_bytes: int = MIB
    withdrawals: bool = False
    of_record: bool = False


# A camera keeps its partition number all along the road: frames, tracks and reads have the same count. Eight are what one machine
# needs; a cluster is created with more (docs/operating.md). Each partition costs the same for every few reads that arrive together:
# at 5,000 reads/s on two cores, alerts took 288 ms (p99) with 32 of them and 138 ms with eight (bench_latency --partitions).
FRAMES = Topic(name="frames", message=Frame, encoding="msgpack", key="camera_id", partitions=8,
               retention_ms=HOUR_MS // 4, retention_bytes=256 * MIB, max_message_bytes=9 * MIB)  # fmt: skip
TRACKS = Topic(name="tracks", message=Track, encoding="msgpack", key="camera_id", partitions=8,
               retention_ms=HOUR_MS, retention_bytes=256 * MIB, max_message_bytes=9 * MIB)  # fmt: skip
READS = Topic(name="reads", message=ReadBatch, encoding="json", key="partition of camera_id", partitions=8,
              retention_ms=7 * DAY_MS)  # fmt: skip
ALERTS: Topic[Alert | Withdrawal] = Topic(
    name="alerts", message=Alert, encoding="json", key="plate", partitions=8, withdrawals=True,
)  # fmt: skip
ALERTS_COVERT = Topic(name="alerts_covert", message=SealedAlert, encoding="json", key="the owner's key", partitions=4)
VIOLATIONS: Topic[Violation | Withdrawal] = Topic(
    name="violations", message=Violation, encoding="json", key="section_id", partitions=8, withdrawals=True,
)  # fmt: skip
FORWARDS: Topic[Forward | Withdrawal] = Topic(
    name="forwards", message=Forward, encoding="json", key="country", partitions=32, retention_ms=FORWARDS_KEPT_MS,
    withdrawals=True,
)  # fmt: skip
RECEIPTS = Topic(name="receipts", message=Receipt, encoding="json", key="forward_id", partitions=8)
ACTIONS = Topic(name="actions", message=IncidentAction, encoding="json", key="incident_id", partitions=4)
INCIDENTS = Topic(name="incidents", message=IncidentState, encoding="json", key="incident_id", partitions=4)
JUDGEMENTS = Topic(name="judgements", message=Judgement, encoding="json", key="violation_id", partitions=4)
CAMERA_HEALTH = Topic(name="camera_health", message=CameraHealth, encoding="json", key="camera_id", partitions=4,
                      retention_ms=7 * DAY_MS)  # fmt: skip
DEAD_LETTERS = Topic(name="dead_letters", message=DeadLetter, encoding="json", key="origin topic", partitions=4,
                     retention_bytes=1024 * MIB, max_message_bytes=16 * MIB)  # fmt: skip
ACCESSES = Topic(name="accesses", message=Access, encoding="json", key="none: all in partition 0", partitions=1,
                 retention_ms=RECORD_KEPT_MS, max_message_bytes=MAX_ACCESS_BYTES, of_record=True)  # fmt: skip
CHECKPOINTS = Topic(name="checkpoints", message=Vouched, encoding="json", key="origin", partitions=1,
                    retention_ms=RECORD_KEPT_MS, of_record=True)  # fmt: skip

TOPICS: tuple[Topic[Any], ...] = (
    FRAMES, TRACKS, READS, ALERTS, ALERTS_COVERT, VIOLATIONS, FORWARDS, RECEIPTS, ACTIONS, INCIDENTS, JUDGEMENTS, CAMERA_HEALTH,
    DEAD_LETTERS, ACCESSES, CHECKPOINTS,
)  # fmt: skip
