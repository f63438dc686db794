"""How many plates are read right, in a folder of pictures with truth, and what a picture costs in CPU time, reader beside reader.

    python -m benchmarks.accuracy_reading FOLDER [--reader NAME ...] [--groups] [--wrong] [--json] [--diagram FILE.svg]

Folders and truth: see reading_truth; in a folder without truth every read is a false one. Readers: see reading_peers; by default
`vigie` alone. "Folded" compares after O and Q became 0 and I became 1; "strict" does not fold. --groups adds figures for each
country (plates cut out) and each height of plates (scenes). "countries" counts how the country was said of the plates whose labels
name one: how many they are, of how many a country was said at all, rightly and wrongly, however their text was read.

One thread, on one processor. Every reader reads every picture before the next picture comes, so that all meet the same load; the
first three pictures are read once before, so that nothing is timed cold. Appends a line to benchmarks/results/reading.jsonl.
"""

import argparse
import json
import resource
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.common import append_result, environment
from benchmarks.reading_diagram import write_diagram
from benchmarks.reading_peers import READERS, Reader, Said, one_thread
from benchmarks.reading_tally import Result
from benchmarks.reading_truth import Case, cases_in

MAIN_GROUPS = ("no plate", "scenes", "1 line", "1 line, six countries", "1 line, Belgian", "2 lines")


def measure(folder: Path, readers: Mapping[str, Reader]) -> dict[str, Result]:
    """Have every reader read every picture of a folder, by turns, and compare what they say with the folder's truth."""
    cases = cases_in(folder)
    results = {name: Result() for name in readers}
    for case in cases[:3]:
        for reader in readers.values():
            timed(case, reader)
    for number, case in enumerate(cases):
        for name in _turned(list(readers), number):
            results[name].add(case, *timed(case, readers[name]))
    return results


def timed(case: Case, reader: Reader) -> tuple[list[Said], float]:
    """What a reader says of a picture, and the CPU milliseconds that it took, decoding included."""
    image = case.file.read_bytes()
    began = time.process_time()
    said = reader.read(image, is_crop=case.is_crop)
    return said, (time.process_time() - began) * 1000


def load(names: list[str]) -> tuple[dict[str, Reader], dict[str, float]]:
    """Readers by name, and the CPU seconds that each took to be ready."""
    readers, ready_s = {}, {}
    for name in names:
        began = time.process_time()
        readers[name] = READERS[name]()
        ready_s[name] = round(time.process_time() - began, 2)
    return readers, ready_s


def _turned(names: list[str], by: int) -> list[str]:
    at = by % len(names)
    return names[at:] + names[:at]


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--reader", choices=list(READERS), nargs="*", default=["vigie"])
    options.add_argument("--groups", action="store_true", help="figures by country and by height, too")
    options.add_argument("--wrong", action="store_true", help="say what was read wrong")
    options.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options.add_argument("--diagram", type=Path, help="write a reliability diagram (SVG) of the first reader")
    return options


def main() -> None:
    """Read the arguments, measure, print, append."""
    options = _options()
    given = options.parse_args()
    one_thread()
    readers, ready_s = load(given.reader)
    results = measure(given.folder, readers)
    first = results[given.reader[0]]
    if not first.groups["all"].ms:
        options.error(f"no pictures in {given.folder}")
    more = sorted(set(first.groups) - {"all", *MAIN_GROUPS}) if given.groups else []
    figures: dict[str, object] = {
        "folder": given.folder.name,
        **environment("opencv-python-headless", "onnxruntime", "paddleocr", "simplelpr"),
        "readers": {
            name: {
                "ready_cpu_s": ready_s[name],
                "groups": result.figures([*MAIN_GROUPS, *more]),
                "countries": result.country_figures(each=given.groups),
            }
            for name, result in results.items()
        },
    }
    if len(readers) == 1:  # of several, nobody could say whose it is
        figures["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    append_result("reading", figures)
    if given.diagram:
        title = f"{given.folder.name}, {len(first.sureness)} reads, reader {given.reader[0]}"
        write_diagram(given.diagram, first.sureness, title)
    wrong = {name: result.wrong for name, result in results.items()}
    if given.json:
        print(json.dumps({**figures, "wrong": wrong} if given.wrong else figures))
        return
    _print(figures, wrong if given.wrong else {})


def _print(figures: Mapping[str, object], wrong: Mapping[str, list[tuple[str, str, str, float]]]) -> None:
    print(json.dumps(figures, indent=2))
    for name, some in wrong.items():
        for one in some:
            print(name, *one, sep="\t")


if __name__ == "__main__":
    main()
