"""How fast the record's log grows, and how long an outsider takes to verify a million records.

Load: logins, an intent and its outcome in turn, some 330 bytes a record with its salt (seed 1), appended in batches of 2,000 as the
agent `audit` takes them, each batch on disk before the next; then a checkpoint, and `verify` with a checkpoint handed out in the
middle, by one process and by as many as there are processors. By the clock, and processor time of all processes. No peer was found
that verifies this format from Python.

    python -m benchmarks.bench_record [--records 1000000]

Appends one line to benchmarks/results/record.jsonl.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.common import append_result, environment
from pipeline.access import record
from pipeline.access.checkpoint import Signer
from pipeline.access.record import MonthKey, Operation, Result
from pipeline.access.tiles import Kept
from pipeline.record.log_folder import LogFolder
from pipeline.record.source import FolderSource
from pipeline.record.verify import verify

BATCH = 2_000
SIGNER = Signer.generate("vigie.example/record")
KEY = MonthKey("2026-03", bytes(32))


def records(count: int) -> Iterator[Kept]:
    """Yields `count` records as they come from the topic: an intent and its outcome in turn."""
    dice, encode = random.Random(1), msgspec.json.Encoder().encode
    for number in range(count):
        salt, of = dice.randbytes(16).hex(), f"e-{number - number % 2:024x}"
        if number % 2:
            made = record.outcome(of, Result(outcome="answered", count=1), salt=salt, at_ms=number, key=KEY)
        else:
            asked = Operation(who=f"u-{number % 97}", origin="10.0.0.7", act="login", what="POST /api/v1/login",
                              reason="beginning of the shift at the desk of Brussels")  # fmt: skip
            made = record.intent(asked, access_id=of, salt=salt, at_ms=number, key=KEY)
        yield Kept(number, encode(made))


def grow(log: LogFolder, count: int) -> tuple[float, str]:
    """Append `count` records to the log. Returns the seconds that appending took, without making the records, and a
    checkpoint handed out in the middle."""
    took, batch, handed_out = 0.0, list[Kept](), ""
    for one in records(count):
        batch.append(one)
        if len(batch) == BATCH or one.offset == count - 1:
            began = time.perf_counter()
            log.append(batch)
            took += time.perf_counter() - began
            batch = []
            if not handed_out and one.offset >= count // 2:
                handed_out = log.vouch(SIGNER)
    log.vouch(SIGNER)
    return took, handed_out


def timed(folder: Path, handed_out: str, count: int, processes: int) -> dict[str, Any]:
    """Verify the log with `processes` processes. Returns the seconds by the clock and those of all processors. Raises
    RuntimeError where the log is not found whole."""
    began, cpu = time.perf_counter(), _cpu_s()
    report = verify(FolderSource(folder), [SIGNER.verifier], (), [("from the middle", handed_out)], processes=processes)
    took, used = time.perf_counter() - began, _cpu_s() - cpu
    if report.faults or report.records != count or len(report.matched) != 1:
        raise RuntimeError(f"the log was not verified: {report}")
    return {"processes": processes, "seconds": round(took, 2), "processor_seconds": round(used, 2)}


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Measure growing and verifying, append the figures to the results and print them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    count = options.parse_args().records
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "record"
        took, handed_out = grow(LogFolder(folder), count)
        bytes_each = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / count
        verified = [timed(folder, handed_out, count, processes) for processes in (1, os.cpu_count() or 1)]
    figures = {
        **environment("cryptography", "msgspec"),
        "records": count,
        "appended_per_s": round(count / took),
        "bytes_a_record": round(bytes_each),
        "verify": verified,
    }
    append_result("record", figures)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
