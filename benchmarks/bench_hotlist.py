"""What a read costs against a hotlist of 10 thousand, 100 thousand and a million entries, and what an entry costs in memory.

Load: entries for random Belgian plates (seed 1), one in a hundred of them a pattern (40 % with one or two ``?``, 30 % a beginning
of four to six characters, 20 % an end, 10 % three to six characters anywhere; so short that one read in five fits one. `--least
5` draws them as selective as an urgent pattern must be), handed over in pages of 2,000 as the follower does; then 100,000 reads
(seed 2), one in a hundred of a wanted plate, one in three with an alternative, in batches of 1,000 as a busy agent takes them;
2,000 reads of warm-up. Cost is processor time. Peers: a plain dict from plate to entry, which finds exact plates only, and
rapidfuzz, which compares each read with every entry (fewer reads: it takes long; patterns are beyond it). Each runs in a process
of its own; load_s includes making the entries; memory is the growth of the resident size. A million entries among 35 million
possible plates is denser than any real list, so it hits far more often.

    python -m benchmarks.bench_hotlist [--sizes 10000 100000 1000000] [--patterns 0.01] [--least 3] [--batch 1000]

Appends one line to benchmarks/results/hotlist.jsonl.
"""

import argparse
import gc
import json
import multiprocessing
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import psutil

from benchmarks.common import append_result, environment
from pipeline.hotlist.matching import Hotlist, match_reads
from pipeline.reads.admission import check_reads
from pipeline.reads.versions import Versions, since_ever
from pipeline.runtime.settings import Settings
from schemas import ids
from schemas.reads import Alternative, PlateRead
from schemas.reference import Camera, HotlistEntry, Zone

PAGE, READS, WARM_UP = 2_000, 100_000, 2_000
KEPT_DAYS = Settings().retention_days
LEAST = 3
FUZZY_READS = 20  # of the peer that compares with every entry
NOW_MS = 1_767_268_800_000
CAMERAS = {"C1": Camera(camera_id="C1", name="camera", network="federal")}
Find = Callable[[Sequence[PlateRead]], int]


def plates(seed: int) -> Iterator[str]:
    """Yields plates in the Belgian form without end; a plate may come twice."""
    dice = random.Random(seed)
    while True:
        letters = "".join(dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=3))
        yield f"{dice.randint(1, 2)}{letters}{dice.randint(0, 999):03d}"


def pattern_of(plate: str, dice: random.Random, least: int = LEAST) -> str:
    """A pattern that the plate fits, of a kind that investigators ask for. least: of its own characters in a row, anywhere in a
    plate; one more at an end."""
    kind = dice.choices(("?", "prefix", "suffix", "contains"), (40, 30, 20, 10))[0]
    size = dice.randint(least + 1, 6)
    match kind:
        case "prefix":
            return plate[:size] + "*"
        case "suffix":
            return "*" + plate[-size:]
        case "contains":
            size = dice.randint(least, 6)
            start = dice.randint(0, len(plate) - size)
            return f"*{plate[start : start + size]}*"
    unknown = dice.sample(range(len(plate)), dice.randint(1, 2))
    return "".join("?" if at in unknown else character for at, character in enumerate(plate))


def entries(count: int, patterns: float, least: int = LEAST) -> Iterator[HotlistEntry]:
    """Yields `count` entries of two hundred owners, for the plates of seed 1. patterns: the share of them, 0..1, whose plate
    is a pattern. least: see pattern_of."""
    dice = random.Random(4)
    for number, plate in enumerate(islice(plates(1), count)):
        if dice.random() < patterns:
            plate = pattern_of(plate, dice, least)
        yield HotlistEntry(
            entry_id=f"SIS-{number:07d}", plate=plate, hotlist="sis", category="theft", owner=f"zone {number % 200}",
            legal_basis="SIS art. 38", country="BE", valid_until_ms=1_893_456_000_000 + number, share_with=("NL", "LU"),
        )  # fmt: skip


def reads(wanted: Sequence[str]) -> Iterator[PlateRead]:
    """Yields reads without end; one in a hundred is of one of these plates, one in three has an alternative."""
    dice, others = random.Random(2), plates(3)
    while True:
        plate = dice.choice(wanted) if dice.random() < 0.01 else next(others)
        other = (Alternative(text=next(others), probability=0.1),) if dice.random() < 0.33 else ()
        yield PlateRead(read_id=ids.read_id("C1", NOW_MS, plate), camera_id="C1", captured_at_ms=NOW_MS,
                        received_at_ms=NOW_MS, plate=plate, confidence=0.9, alternatives=other, country="BE",
                        country_confidence=0.9)  # fmt: skip


def vigie(pages: Iterator[list[HotlistEntry]]) -> Find:
    """Build Vigie's index. The function that is returned counts the hits of some reads, with intake and matching as the
    agent does them."""
    hotlist, cameras, zones = Hotlist(), Versions(CAMERAS), Versions[Zone]()
    for page in pages:
        hotlist.take([since_ever(entry.entry_id, entry) for entry in page])

    def find(seen: Sequence[PlateRead]) -> int:
        refused = {at for at, _ in check_reads(seen, cameras, NOW_MS, retention_days=KEPT_DAYS)}
        taken = [read for at, read in enumerate(seen) if at not in refused] if refused else seen
        return sum(len(hits) for _, hits in match_reads(taken, hotlist, cameras, zones))

    return find


def plain_dict(pages: Iterator[list[HotlistEntry]]) -> Find:
    """The peer that finds exact plates only: a dict from plate to entries."""
    found: dict[str, list[HotlistEntry]] = {}
    for page in pages:
        for entry in page:
            found.setdefault(entry.plate, []).append(entry)
    return lambda seen: sum(len(found.get(read.plate, ())) for read in seen)


def rapidfuzz(pages: Iterator[list[HotlistEntry]]) -> Find:
    """The peer that forgives: it compares each read with every entry, and counts those that are at most one edit away."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    wanted = [entry.plate for page in pages for entry in page]

    def find(seen: Sequence[PlateRead]) -> int:
        texts = [read.plate for read in seen]
        distances = process.cdist(texts, wanted, scorer=Levenshtein.distance, score_cutoff=1, workers=1)
        return int((distances <= 1).sum())

    return find


def resident_bytes() -> int:
    """The bytes of resident memory of this process."""
    return psutil.Process().memory_info().rss


def measure(
    build: Callable[[Iterator[list[HotlistEntry]]], Find], size: int, patterns: float, batch: int, least: int
) -> dict[str, float]:
    """Build one index of `size` entries and have it decide on the reads, in this process. Returns seconds of loading, bytes
    per entry, hits, and processor microseconds per read."""
    wanted = list(islice(plates(1), min(size, 1_000)))
    fuzzy = build is rapidfuzz
    warm_up, counted, batch = (0, FUZZY_READS, 5) if fuzzy else (WARM_UP, READS, batch)
    seen = list(islice(reads(wanted), counted + warm_up))
    source = entries(size, 0.0 if fuzzy else patterns, least)
    pages = iter(lambda: list(islice(source, PAGE)), [])
    gc.collect()
    before, started = resident_bytes(), time.process_time()
    find = build(pages)
    load_s = time.process_time() - started
    gc.collect()
    after, hits, costs = resident_bytes(), 0, []
    find(seen[:warm_up])
    for at in range(warm_up, len(seen), batch):
        group, began = seen[at : at + batch], time.process_time()
        hits += find(group)
        costs.append((time.process_time() - began) / len(group) * 1e6)
    mean = sum(costs) / len(costs)
    costs.sort()
    return {
        "load_s": round(load_s, 2),
        "bytes_per_entry": round((after - before) / size),
        "hits": hits,
        "us_per_read_p50": round(costs[len(costs) // 2], 2),
        "us_per_read_p99": round(costs[len(costs) * 99 // 100], 2),
        "reads_per_cpu_s": round(1e6 / mean),
    }


def main() -> None:
    """Measure every size and contender, each in a fresh process, print the figures and append them to the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--patterns", type=float, default=0.01, help="share of the entries that are patterns")
    parser.add_argument("--least", type=int, default=LEAST, help="characters in a row that a pattern names at least")
    parser.add_argument("--batch", type=int, default=1_000, help="reads looked at together")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for size in options.sizes:
        for build in (vigie, plain_dict, rapidfuzz):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                row = pool.apply(measure, (build, size, options.patterns, options.batch, options.least))
                rows.append(
                    {"what": build.__name__, "entries": size, "patterns": options.patterns, "least": options.least}
                    | row
                )
    report = {"rows": rows, **environment("rapidfuzz")}
    print(json.dumps(report, indent=1))
    append_result("hotlist", report)


if __name__ == "__main__":
    main()
