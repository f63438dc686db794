"""What a read costs against a hotlist of 10 thousand, 100 thousand and a million entries, and what an entry costs in memory.

Load: entries for random Belgian plates (seed 1), handed over in pages of 2,000 as the follower does; then 20,000 reads (seed 2),
one in a hundred of a wanted plate, one in three with an alternative, intake and matching together; 2,000 reads of warm-up. Cost per
read is taken over groups of 50 (one record): median and 99th percentile. Peer: a plain dict from plate to entry, which finds exact
plates only. Each runs in a process of its own; load_s includes making the entries; memory is the growth of the resident size. A
million entries among 35 million possible plates is denser than any real list, so it hits far more often.

    python -m benchmarks.bench_hotlist [--sizes 10000 100000 1000000]

Appends one line to benchmarks/results/hotlist.jsonl.
"""

import argparse
import gc
import json
import multiprocessing
import os
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from pipeline.hotlist.matching import Hotlist, match_read
from pipeline.reads.admission import check_read
from pipeline.runtime.settings import Settings
from schemas import ids
from schemas.reads import Alternative, PlateRead
from schemas.reference import Camera, HotlistEntry

RESULTS = Path(__file__).with_name("results") / "hotlist.jsonl"
PAGE, READS, WARM_UP, GROUP = 2_000, 20_000, 2_000, 50
KEPT_DAYS = Settings().retention_days
NOW_MS = 1_767_268_800_000
CAMERAS = {"C1": Camera(camera_id="C1", name="camera", network="federal")}
Find = Callable[[PlateRead], int]


def plates(seed: int) -> Iterator[str]:
    """Belgian plates without end."""
    dice = random.Random(seed)
    while True:
        letters = "".join(dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=3))
        yield f"{dice.randint(1, 2)}{letters}{dice.randint(0, 999):03d}"


def entries(count: int) -> Iterator[HotlistEntry]:
    """So many entries of two hundred owners, as a national hotlist has them."""
    for number, plate in enumerate(islice(plates(1), count)):
        yield HotlistEntry(
            entry_id=f"SIS-{number:07d}", plate=plate, hotlist="sis", category="theft", owner=f"zone {number % 200}",
            legal_basis="SIS art. 38", country="BE", valid_until_ms=1_893_456_000_000 + number, share_with=("NL", "LU"),
        )  # fmt: skip


def reads(wanted: Sequence[str]) -> Iterator[PlateRead]:
    """Reads without end, one in a hundred of a wanted plate."""
    dice, others = random.Random(2), plates(3)
    while True:
        plate = dice.choice(wanted) if dice.random() < 0.01 else next(others)
        other = (Alternative(text=next(others), probability=0.1),) if dice.random() < 0.33 else ()
        yield PlateRead(read_id=ids.read_id("C1", NOW_MS, plate), camera_id="C1", captured_at_ms=NOW_MS,
                        received_at_ms=NOW_MS, plate=plate, confidence=0.9, alternatives=other, country="BE",
                        country_confidence=0.9)  # fmt: skip


def vigie(pages: Iterator[list[HotlistEntry]]) -> Find:
    """Vigie's index, with intake and matching as the agent does them."""
    hotlist = Hotlist()
    for page in pages:
        hotlist.apply(page)

    def find(read: PlateRead) -> int:
        return (
            0
            if check_read(read, CAMERAS, NOW_MS, retention_days=KEPT_DAYS)
            else len(match_read(read, hotlist, CAMERAS, {}))
        )

    return find


def plain_dict(pages: Iterator[list[HotlistEntry]]) -> Find:
    """The peer: exact plates in a dict, the entries as objects."""
    found: dict[str, list[HotlistEntry]] = {}
    for page in pages:
        for entry in page:
            found.setdefault(entry.plate, []).append(entry)
    return lambda read: len(found.get(read.plate, ()))


def resident_bytes() -> int:
    """The memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(build: Callable[[Iterator[list[HotlistEntry]]], Find], size: int) -> dict[str, float]:
    """Load, memory and cost per read of one index, in this process."""
    wanted = list(islice(plates(1), min(size, 1_000)))
    seen = list(islice(reads(wanted), READS + WARM_UP))
    source = entries(size)
    pages = iter(lambda: list(islice(source, PAGE)), [])
    gc.collect()
    before, started = resident_bytes(), time.perf_counter()
    find = build(pages)
    load_s = time.perf_counter() - started
    gc.collect()
    after, hits, costs = resident_bytes(), sum(map(find, seen[:WARM_UP])), []
    for at in range(WARM_UP, len(seen), GROUP):
        group, began = seen[at : at + GROUP], time.perf_counter()
        hits += sum(map(find, group))
        costs.append((time.perf_counter() - began) / GROUP * 1e6)
    costs.sort()
    return {
        "load_s": round(load_s, 2),
        "bytes_per_entry": round((after - before) / size),
        "hits": hits,
        "us_per_read_p50": round(costs[len(costs) // 2], 2),
        "us_per_read_p99": round(costs[len(costs) * 99 // 100], 2),
    }


def main() -> None:
    """Measure every size in a fresh process, print, append."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for size in options.sizes:
        for build in (vigie, plain_dict):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                rows.append({"what": build.__name__, "entries": size} | pool.apply(measure, (build, size)))
    report = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpus": os.cpu_count(),
              "load_average": os.getloadavg()[0], "python": platform.python_version(), "rows": rows}  # fmt: skip
    print(json.dumps(report, indent=1))
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
