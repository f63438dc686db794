"""What bombs cost their readers: for each the answer, seconds of the processor, and by how much memory grew.

python -m tests.bomb_costs batch picture

It runs in a process of its own, because before each bomb it has Linux forget the peak of its memory. It prints one JSON object a
bomb: whether it costs no more than it may (512 MiB, 2 s), and no more than is wanted (256 MiB, 0.5 s).
"""

import argparse
import gc
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
from aiokafka.consumer import fetcher
from aiokafka.structs import TopicPartition

from pipeline.desks.bodies import item_of
from pipeline.desks.problems import Problem
from pipeline.errors import BadRecord
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.reading import received
from pipeline.gateway.request import Circumstances
from pipeline.neighbours.message import UnreadableForward, verify_forward
from pipeline.neighbours.signatures import NotAuthentic
from pipeline.runtime import batches
from pipeline.runtime.batches import CheckedRecords
from pipeline.stream.fetched import RecordBatch
from pipeline.stream.wire import Wire
from pipeline.tables.columns import TABLES
from pipeline.tables.files import check_file
from pipeline.vision.bounded_decoder import BoundedDecoder
from pipeline.vision.locate import find_plates
from pipeline.vision.pictures import decode_elsewhere, decode_picture
from pipeline.vision.video import frames_of
from schemas.reference import HotlistEntry
from schemas.topics import READS
from tests.bombs import ANSWERS, BATCHES
from tests.file_bombs import BODIES, FILES, JSONS, Body
from tests.picture_bombs import PICTURES, VIDEOS

MIB = 1024 * 1024
MOST_MIB, MOST_CPU_S = 512, 2.0
GOOD_MIB, GOOD_CPU_S = 256, 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """One bomb's row. said: the reason for which it is refused, or what came of it. grown_mib: of the process, or of its child
    where that took more."""

    edge: str
    bomb: str
    size: int
    said: str
    cpu_s: float
    grown_mib: int

    @property
    def holds(self) -> bool:
        """Whether it cost no more than a bomb may."""
        return self.grown_mib <= MOST_MIB and self.cpu_s <= MOST_CPU_S

    @property
    def is_good(self) -> bool:
        """Whether it cost no more than is wanted."""
        return self.grown_mib <= GOOD_MIB and self.cpu_s <= GOOD_CPU_S


def unpacked(data: bytes) -> str:
    """An agent takes a batch of reads from the broker's bytes to messages and refusals."""
    batches.bind()
    records = CheckedRecords(data)
    fetched = RecordBatch(records.next_batch(), records.raw, 0).unpacked()
    good, outputs = Wire("hotlist", "ns", READS).decoded([(TopicPartition("ns.reads", 0), fetched)])
    letters = Wire("hotlist", "ns", READS).outgoing(outputs, 0)
    reasons = sorted({refused.reason for refused in outputs.refusals})
    return f"{len(good)} records, {len(letters)} letters: {' '.join(reasons)}"


def handed_on(data: bytes) -> str:
    """A reader that is no agent's stage, such as the desks, takes what a fetch brought: what is handed on at once."""
    batches.bind()
    place, state = TopicPartition("ns.alerts", 0), SimpleNamespace(paused=False, position=0)
    state.consumed_to = lambda offset: setattr(state, "position", offset)
    records = fetcher.PartitionRecords(
        place, fetcher.MemoryRecords(data), [], 0, None, None, True, fetcher.READ_UNCOMMITTED
    )
    assignment = SimpleNamespace(active=True, state_value=lambda _place: state)
    result = fetcher.FetchResult(place, assignment=assignment, partition_records=records, backoff=0)
    return f"{len(result.getall())} records at once"


def looked_at(image: bytes) -> str:
    """An agent decodes a picture, in its child, and searches it for plates."""
    try:
        picture = decode_picture(image)
    except BadRecord as error:
        return error.reason
    return f"{picture.shape[1]}x{picture.shape[0]}, {len(find_plates(picture))} plates"


def played(data: bytes) -> str:
    """`vigie replay` reads a video: its first hundred pictures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "video.avi"
        file.write_bytes(data)
        try:
            count = sum(1 for _, _frame in zip(range(100), frames_of(file), strict=False))
        except BadRecord as error:
            return error.reason
    return f"{count} pictures"


def posted(body: Body) -> str:
    """A gateway takes a message of a proven sender."""
    around = Circumstances(received_at_ms=1_767_225_600_000)
    found = received(body.data, around, PassageMemory(), method="POST", target="/", headers=body.headers)
    return f"{found.maker}: " + " ".join(sorted({getattr(item, "reason", "read") for item in found.items}))


def asked(data: bytes) -> str:
    """The desks read a body as a hotlist entry, and a neighbour's desk as a signed forward."""
    try:
        item_of(data, HotlistEntry, "BE")
        said = "taken"
    except Problem as problem:
        said = problem.rule
    try:
        verify_forward(data, {})
    except (NotAuthentic, UnreadableForward) as error:
        return f"{said}, {type(error).__name__}"
    return f"{said}, taken"


def imported(file: tuple[str, bytes]) -> str:
    """`vigie hotlist import` checks a file."""
    suffix, data = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"list{suffix}"
        path.write_bytes(data)
        del data, file
        try:
            checked = check_file(path, TABLES["hotlist"])
        except BadRecord as error:
            return error.reason
        return f"{checked.good} good, {checked.bad} bad" + (", ends there" if checked.fatal else "")


EDGES: dict[str, tuple[Mapping[str, Callable[[], object]], Callable[..., str]]] = {
    "batch": (BATCHES, unpacked),
    "answer": (BATCHES | ANSWERS, handed_on),
    "picture": (PICTURES, looked_at),
    "video": (VIDEOS, played),
    "body": (BODIES, posted),
    "json": (JSONS, asked),
    "file": (FILES, imported),
}


class Meter:
    """Measures work in this process and in the child that decodes pictures."""

    def __init__(self) -> None:
        self._decoder = BoundedDecoder()
        decode_elsewhere(self._decoder)
        gc.collect()
        gc.freeze()  # what the process holds already is not looked through again at the bombs' cost

    def cost(self, edge: str, bomb: str, made: object) -> Cost:
        """What the bomb costs at this edge. Where that is too much, it is tried up to twice more: a busy machine only adds."""
        for _ in range(3):
            cost = self._cost(edge, bomb, made)
            if cost.holds:
                break
        return cost

    def _cost(self, edge: str, bomb: str, made: object) -> Cost:
        self._decoder.start()
        child = _Watched(self._decoder.pid or 0)
        own = _Watched(os.getpid())
        with child, own:
            said = EDGES[edge][1](made)
        grown, cpu_s = max(own.grown_mib, child.grown_mib), own.cpu_s + child.cpu_s
        return Cost(edge, bomb, _size_of(made), said, round(cpu_s, 3), grown)

    def close(self) -> None:
        """End the child."""
        decode_elsewhere(None)
        self._decoder.close()
        gc.unfreeze()


class _Watched:
    """How much memory and processor time a process has taken while the block lasted; it may end meanwhile."""

    def __init__(self, pid: int) -> None:
        self._process, self._ended = psutil.Process(pid), threading.Event()
        self._status = Path(f"/proc/{pid}/status")
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._before: tuple[float, int] = (0.0, 0)
        self._last: tuple[float, int] = (0.0, 0)

    def __enter__(self) -> "_Watched":
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")  # the peak begins anew
        self._before = self._last = self._now()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def cpu_s(self) -> float:
        """Seconds of the processor."""
        return self._last[0] - self._before[0]

    @property
    def grown_mib(self) -> int:
        """From what it had to its peak."""
        return self._last[1] - self._before[1]

    def _now(self) -> tuple[float, int]:
        lines = self._status.read_text().splitlines()
        used = self._process.cpu_times()
        return used.user + used.system, next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

    def _watch(self) -> None:
        while True:
            last = self._ended.wait(0.02)
            try:
                self._last = self._now()
            except (OSError, psutil.Error, StopIteration):
                return  # it has ended
            if last:
                return


def _size_of(made: object) -> int:
    if isinstance(made, Body):
        return len(made.data)
    return len(made[1] if isinstance(made, tuple) else made)  # type: ignore[arg-type]  # bytes


def costs_of(edges: Sequence[str], names: str = "") -> Iterator[Cost]:
    """The cost of each bomb at these edges whose name holds these letters."""
    meter = Meter()
    try:
        for edge in edges:
            for bomb, make in EDGES[edge][0].items():
                if names in bomb:
                    yield meter.cost(edge, bomb, make())
    finally:
        meter.close()


def main() -> int:
    """Measure the bombs of the arguments. Returns 1 with --floor where one costs more than a bomb may."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("edges", nargs="*", metavar="EDGE", help=" ".join(EDGES))
    words.add_argument("--named", default="", help="only bombs whose name holds this")
    words.add_argument("--floor", action="store_true", help="end with 1 where one costs more than a bomb may")
    given = words.parse_args()
    holds = True
    for cost in costs_of(given.edges or list(EDGES), given.named):
        print(json.dumps({**asdict(cost), "holds": cost.holds, "good": cost.is_good}), flush=True)
        holds &= cost.holds
    return int(given.floor and not holds)


if __name__ == "__main__":
    sys.exit(main())
