"""How many wanted vehicles a hotlist of a million finds among misread plates, and how often it rings for another's vehicle.

Load: a million entries for random Belgian plates (seed 1), one in fifty of them urgent, one in twenty asks for near matches; a
million reads (seed 5), one in two hundred of a wanted vehicle. Three reads in a hundred are wrong, as pipeline.simulation.misreads
has it: 60 % one look-alike, 32 % one edit, 8 % another text. A right text has confidence 0.9 to 1, a wrong one 0.2 to 0.9, one in
fifty of the wrong up to 0.97; of the wrong ones, 85 of a hundred offer the right text as an alternative. Those shares are assumed,
not measured on a road. Who is wanted is known from the vehicle, not from the text.

Peers, on the same reads: a set of plates, and rapidfuzz at one edit at most (on a sample of them: it compares with every entry).

    python -m benchmarks.accuracy_hotlist [--entries 1000000] [--reads 1000000]

Appends one line to benchmarks/results/accuracy_hotlist.jsonl.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from benchmarks.bench_hotlist import CAMERAS, NOW_MS, PAGE, entries, plates
from benchmarks.common import append_result, environment
from pipeline.hotlist.matching import Hotlist, match_reads
from pipeline.reads.versions import Versions, since_ever
from pipeline.simulation.misreads import confusable, garbage, one_edit
from schemas import ids
from schemas.reads import Alternative, PlateRead
from schemas.reference import HotlistEntry, Zone

BATCH, FUZZY_SAMPLE = 1_000, 200
WRONG, OFFERED, WANTED, OVERSURE = 0.03, 0.85, 0.005, 0.02


@dataclass(frozen=True, slots=True)
class Seen:
    """A read and the plate that the vehicle really carries."""

    read: PlateRead
    plate: str


def listed(count: int) -> Iterator[HotlistEntry]:
    """Yields the entries of bench_hotlist without patterns; one in fifty is urgent, one in twenty asks for near matches."""
    for number, entry in enumerate(entries(count, 0.0)):
        priority = "urgent" if number % 50 == 0 else "high"
        yield msgspec.structs.replace(entry, priority=priority, near=number % 20 == 0)


def drives(wanted: Sequence[str]) -> Iterator[Seen]:
    """Yields reads without end, each with the plate that was driven past; WANTED of them are of one of these plates, WRONG
    of them misread."""
    dice, others = random.Random(5), plates(3)
    for number in range(1 << 40):
        plate = dice.choice(wanted) if dice.random() < WANTED else next(others)
        text, confidence = plate, dice.uniform(0.9, 1.0)
        alternatives: tuple[Alternative, ...] = ()
        if dice.random() < WRONG:
            text = misread(dice, plate)
            confidence = dice.uniform(0.2, 0.97 if dice.random() < OVERSURE else 0.9)
            if dice.random() < OFFERED:
                alternatives = (Alternative(text=plate, probability=(1.0 - confidence) * 0.8),)
        read = PlateRead(read_id=ids.read_id("C1", NOW_MS + number, text), camera_id="C1", captured_at_ms=NOW_MS,
                         received_at_ms=NOW_MS, plate=text, confidence=confidence, alternatives=alternatives, country="BE",
                         country_confidence=0.9)  # fmt: skip
        yield Seen(read, plate)


def misread(dice: random.Random, plate: str) -> str:
    """A text that a reader might take the plate for: 60 % one look-alike, 32 % one edit, 8 % any other text."""
    kind = dice.choices(("confusable", "edit", "garbage"), (60, 32, 8))[0]
    if kind == "garbage":
        return garbage(dice)
    return (confusable(dice, plate) if kind == "confusable" else None) or one_edit(dice, plate)


def vigie(hotlist: Hotlist, drives_seen: Iterator[Seen], count: int, on_list: set[str]) -> Counter[str]:
    """Match `count` reads and count the wanted vehicles, those found, all hits, those on the right plate, and those on a
    wrong plate that ask for no confirmation (false_unconfirmed; of them false_urgent are urgent)."""
    tally, cameras, zones = Counter[str](), Versions(CAMERAS), Versions[Zone]()
    for _ in range(0, count, BATCH):
        group = list(islice(drives_seen, BATCH))
        carried = {one.read.read_id: one.plate for one in group}
        tally["wanted"] += sum(plate in on_list for plate in carried.values())
        for read, hits in match_reads([one.read for one in group], hotlist, cameras, zones):
            plate = carried[read.read_id]
            right = [hit for hit in hits if hit.entry.plate == plate]
            tally["found"] += bool(right)
            tally["hits"] += len(hits)
            tally["right_hits"] += len(right)
            wrong = [hit for hit in hits if hit.entry.plate != plate and not hit.confirm]
            tally["false_unconfirmed"] += len(wrong)
            tally["false_urgent"] += sum(hit.priority == "urgent" for hit in wrong)
    return tally


def looked_up(drives_seen: Iterator[Seen], count: int, on_list: set[str]) -> Counter[str]:
    """The peer: looks each read's text up in a set. Counts as `vigie` does; a set knows no priorities."""
    tally = Counter[str]()
    for one in islice(drives_seen, count):
        hit = one.read.plate in on_list
        tally["wanted"] += one.plate in on_list
        tally["hits"] += hit
        tally["found"] += hit and one.read.plate == one.plate
    tally["right_hits"], tally["false_unconfirmed"] = tally["found"], tally["hits"] - tally["found"]
    return tally


def fuzzy(drives_seen: Iterator[Seen], on_list: list[str]) -> Counter[str]:
    """The peer that forgives one edit: looks up FUZZY_SAMPLE / 2 reads of wanted vehicles at most, and none of others.
    Counts wanted vehicles, those found, hits, and hits on the right plate."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    tally, known = Counter[str](), set(on_list)
    sample = [one for one in islice(drives_seen, 200 * FUZZY_SAMPLE) if one.plate in known][: FUZZY_SAMPLE // 2]
    for one in sample:
        near = process.extract(one.read.plate, on_list, scorer=Levenshtein.distance, score_cutoff=1, limit=None)
        tally["wanted"] += 1
        tally["hits"] += len(near)
        tally["right_hits"] += (right := sum(plate == one.plate for plate, _, _ in near))
        tally["found"] += bool(right)
    return tally


def rates(tally: Counter[str], reads: int) -> dict[str, float]:
    """Recall and precision in percent, and false alarms per million of `reads`."""
    return {
        "wanted_passed": tally["wanted"],
        "recall_percent": round(100.0 * tally["found"] / tally["wanted"], 2),
        "precision_percent": round(100.0 * tally["right_hits"] / max(1, tally["hits"]), 2),
        "false_unconfirmed_per_million": round(1e6 * tally["false_unconfirmed"] / reads, 2),
        "false_urgent_per_million": round(1e6 * tally["false_urgent"] / reads, 2),
    }


def main() -> None:
    """Measure Vigie, the set and rapidfuzz on the same drives, print the figures and append them to the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--reads", type=int, default=1_000_000)
    options = parser.parse_args()
    hotlist, source = Hotlist(), listed(options.entries)
    for page in iter(lambda: list(islice(source, PAGE)), []):
        hotlist.take([since_ever(entry.entry_id, entry) for entry in page])
    names = list(islice(plates(1), options.entries))
    on_list, wanted = set(names), names[:100_000]
    report = environment("rapidfuzz") | {"entries": options.entries, "reads": options.reads}
    report["vigie"] = rates(vigie(hotlist, drives(wanted), options.reads, on_list), options.reads)
    report["set"] = rates(looked_up(drives(wanted), options.reads, on_list), options.reads)
    del report["set"]["false_urgent_per_million"]  # a set knows no priorities
    found = rates(fuzzy(drives(wanted), sorted(on_list)), FUZZY_SAMPLE)
    report["rapidfuzz"] = {name: found[name] for name in ("wanted_passed", "recall_percent", "precision_percent")}
    print(json.dumps(report, indent=1))
    append_result("accuracy_hotlist", report)


if __name__ == "__main__":
    main()
