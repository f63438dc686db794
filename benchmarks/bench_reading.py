"""How many passing vehicles are read right at 1280x720, and what a frame costs in CPU time, reader beside reader on the same work.

    python -m benchmarks.bench_reading SCENES [--plates-px 10 15 ...] [--weather day night ...] [--scenes N] [--reader NAME ...]

SCENES is a folder of pictures with truth (see reading_truth). Passages are made of them (see reading_composites): plates at a
chosen height, moving over five frames. Readers: see reading_peers. A passage is right when the best text that its reader says is
the plate, folded. Whole scenes and plates cut out are measured by accuracy_reading.

One thread, on one processor; the readers take turns, passage by passage. Appends a line to benchmarks/results/reading_speed.jsonl.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.accuracy_reading import load
from benchmarks.common import append_result, environment
from benchmarks.reading_composites import WEATHERS, Composite, composites
from benchmarks.reading_peers import READERS, Reader, Said, one_thread
from benchmarks.reading_tally import spread
from benchmarks.reading_truth import folded
from pipeline.vision.passages import sights_in

SEED = 5
PEERS = ("vigie", "paddleocr", "simplelpr")


@dataclass(slots=True)
class Passed:
    """What came of some passages. others: further plates that were said; ms: CPU time of each frame, decoding included."""

    right: list[bool] = field(default_factory=list)
    others: int = 0
    ms: list[float] = field(default_factory=list)

    def add(self, passage: Composite, reader: Reader) -> None:
        """Have one passage read, and count it."""
        said: list[Said] = []
        ms = _cpu_ms(lambda: said.extend(reader.follow(passage.frames)))
        self.right.append(bool(said) and folded(said[0].plate) == folded(passage.plate))
        self.others += max(0, len(said) - 1)
        self.ms.append(ms / len(passage.frames))

    def figures(self) -> dict[str, object]:
        """The figures as they are appended and printed."""
        return {
            "passages": len(self.right),
            "right_percent": round(100 * sum(self.right) / len(self.right), 1),
            "further_reads": self.others,
            "cpu_ms_per_frame": round(sum(self.ms) / len(self.ms), 1),
        }


def compare(passages: Sequence[Composite], readers: Mapping[str, Reader]) -> dict[str, Passed]:
    """Have every passage read by every reader, by turns. The first is read once before and not counted, so that nothing is
    timed cold."""
    passed = {name: Passed() for name in readers}
    for reader in readers.values():
        reader.follow(passages[0].frames)
    for passage in passages:
        for name, reader in readers.items():
            passed[name].add(passage, reader)
    return passed


def frame_ms(passages: Sequence[Composite]) -> list[float]:
    """For each frame the CPU milliseconds of finding its plates, as decode does; JPEG decoding included."""
    return [_cpu_ms(partial(sights_in, frame)) for one in passages for frame in one.frames]


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, nargs="?", metavar="SCENES")
    options.add_argument("--plates-px", type=int, nargs="*", default=[10, 15, 20, 30, 40])
    options.add_argument("--weather", choices=WEATHERS, nargs="*", default=list(WEATHERS))
    options.add_argument("--scenes", type=int, default=20, help="how many of the scenes are used")
    options.add_argument("--reader", choices=list(READERS), nargs="*", default=list(PEERS))
    options.add_argument("--json", action="store_true", help="print one line")
    return options


def main() -> None:
    """Read the arguments, measure every height and weather, append the figures to the results and print them. Without a
    folder it only says so."""
    given = _options().parse_args()
    if given.folder is None:
        print("no folder of scenes given: nothing to measure on")
        return
    one_thread()
    readers, ready_s = load(given.reader)
    found: dict[str, dict[str, object]] = {name: {"ready_cpu_s": ready_s[name]} for name in readers}
    for px in given.plates_px:
        for weather in given.weather:
            made = list(islice(composites(given.folder, px, weather, SEED), given.scenes))
            for name, passed in compare(made, readers).items():
                found[name][f"{px} px {weather}"] = passed.figures()
    made = list(islice(composites(given.folder, 15, "day", SEED), min(given.scenes, 20)))
    figures = {
        **environment("opencv-python-headless", "onnxruntime", "paddleocr", "simplelpr"),
        "seed": SEED,
        "readers": found,
        "decode_cpu_ms_per_frame": spread(frame_ms(made)),
    }
    append_result("reading_speed", figures)
    print(json.dumps(figures, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
