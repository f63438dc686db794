"""What each bomb costs a reader, in a process of its own: seconds by the clock and of the
processor, and how much its memory grew beyond what imports take.

python -m benchmarks.bombs
"""

import json
import subprocess
import sys
from collections.abc import Callable

from tests.bombs import BOMBS, PEAK, batch_of
from tests.unit.test_picture_costs import BOMBS as PICTURES

BEGIN = (
    PEAK
    + """
import sys, time
from pipeline.errors import BadRecord
from pipeline.runtime import codecs
from pipeline.stream.fetched import CheckedRecords, RecordBatch
from pipeline.vision.pictures import decode_picture
codecs.bind()
data = sys.stdin.buffer.read()
before, began, began_cpu = peak(), time.perf_counter(), time.process_time()
"""
)
BATCH = """
records = CheckedRecords(data)
(spoilt,) = RecordBatch(records.next_batch(), records.raw, 0).unpacked()
said = spoilt.reason
"""
PICTURE = """
try:
    decode_picture(data)
    said = "decoded"
except BadRecord as error:
    said = error.reason
"""
END = "print(said, round(time.perf_counter() - began, 3), round(time.process_time() - began_cpu, 3), peak() - before, peak())"


def measured(name: str, data: bytes, work: str) -> dict[str, object]:
    """Have a fresh process read one bomb. Returns what the reader said of it, the seconds that took, and how much memory."""
    child = subprocess.run([sys.executable, "-c", BEGIN + work + END], input=data, capture_output=True, check=True)
    said, seconds, cpu, grown, peak = child.stdout.decode().split()
    return {"bomb": name, "bytes": len(data), "said": said, "seconds": float(seconds), "cpu_seconds": float(cpu),
            "grown_mib": int(grown), "peak_mib": int(peak)}  # fmt: skip


def main() -> None:
    """Print one JSON object for each bomb."""
    batches: list[tuple[str, Callable[[], bytes]]] = [
        (f"{codec}, 1000 MiB", lambda codec=codec: batch_of(BOMBS[codec](1_000), codec)) for codec in BOMBS
    ]
    for name, make in batches:
        print(json.dumps(measured(name, make(), BATCH)), flush=True)
    for name, make in PICTURES.items():
        print(json.dumps(measured(name, make(), PICTURE)), flush=True)


if __name__ == "__main__":
    main()
