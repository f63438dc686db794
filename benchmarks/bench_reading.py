"""What reading costs in CPU time and memory, and how many passing vehicles are read right, beside PaddleOCR alone on the same work.

    python -m benchmarks.bench_reading SCENES [--plates-px 15 20 ...] [--scenes N]

SCENES is a folder of pictures with truth (see accuracy_reading). One thread. Scenes are read from end to end; then passages at
1280x720 are made of them (see reading_composites) and followed frame by frame. PaddleOCR alone is the same road with PaddleOCR as
the only reader of lines. Appends a line to benchmarks/results/reading_speed.jsonl.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import quantiles

import cv2

from benchmarks.accuracy_reading import cases_in, folded
from benchmarks.common import append_result, environment
from benchmarks.reading_composites import WEATHERS, Composite, composites
from pipeline.sources.local import LocalReader
from pipeline.sources.pictures import SourcePicture
from pipeline.vision.passages import sights_in
from pipeline.vision.reading import Paddle, PlateReader
from pipeline.vision.scene import read_picture

FRAME_MS = 80
READERS: dict[str, Callable[[], PlateReader]] = {
    "vigie": PlateReader.load,
    "paddleocr alone": lambda: PlateReader(Paddle(), Paddle(), "paddleocr"),
}


def spread(ms: Sequence[float]) -> dict[str, float]:
    """Mean and percentiles of some times."""
    cuts = quantiles(ms, n=100) if len(ms) > 1 else [ms[0]] * 99
    return {"mean": round(sum(ms) / len(ms), 2), **{f"p{p}": round(cuts[p - 1], 2) for p in (50, 95, 99)}}


def scene_ms(reader: PlateReader, pictures: Sequence[bytes]) -> list[float]:
    """CPU milliseconds of each picture from end to end, the first three read once before."""
    for picture in pictures[:3]:
        read_picture(picture, reader)
    return [_cpu_ms(lambda picture=picture: read_picture(picture, reader)) for picture in pictures]  # type: ignore[misc]


def frame_ms(passages: Sequence[Composite]) -> list[float]:
    """CPU milliseconds of finding the plates of each 1280x720 frame, decoding included."""
    return [_cpu_ms(lambda frame=frame: sights_in(frame)) for one in passages for frame in one.frames]  # type: ignore[misc]


def passages_right(reader: PlateReader, passages: Sequence[Composite]) -> tuple[float, float]:
    """Of some passages, the share of which a read says the plate (folded); and CPU milliseconds a frame from end to end."""
    right, began = 0, time.process_time()
    for one in passages:
        frames = [SourcePicture(f"{n}", frame, n * FRAME_MS, is_frame=True) for n, frame in enumerate(one.frames)]
        said = {folded(read.plate) for found in LocalReader(reader, "bench").read_all(frames) for read in found.reads}
        right += folded(one.plate) in said
    frames_in_all = sum(len(one.frames) for one in passages)
    return right / len(passages), (time.process_time() - began) * 1000 / frames_in_all


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def main() -> None:
    """Read the arguments, measure, print, append."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("scenes", type=Path, nargs="?")
    options.add_argument("--plates-px", type=int, nargs="*", default=[10, 15, 20, 30])
    options.add_argument("--weather", choices=WEATHERS, nargs="*", default=list(WEATHERS))
    options.add_argument("--scenes", dest="most", type=int, default=57, help="how many scenes are used")
    options.add_argument("--reader", choices=list(READERS), nargs="*", default=list(READERS))
    given = options.parse_args()
    if given.scenes is None:
        print("no folder of scenes given: nothing to measure on")
        return
    cv2.setNumThreads(1)
    figures: dict[str, object] = {**environment("opencv-python-headless", "onnxruntime", "paddleocr"), "seed": 5}
    pictures = [case.file.read_bytes() for case in islice(cases_in(given.scenes), given.most)]
    for name in given.reader:
        began = time.process_time()
        reader = READERS[name]()
        reader_figures: dict[str, object] = {"ready_cpu_s": round(time.process_time() - began, 2)}
        reader_figures["scene_cpu_ms"] = spread(scene_ms(reader, pictures))
        for px in given.plates_px:
            for weather in given.weather:
                made = list(islice(composites(given.scenes, px, weather), given.most))
                share, ms = passages_right(reader, made)
                reader_figures[f"{px} px {weather}"] = {
                    "passages_right_percent": round(100 * share, 1),
                    "cpu_ms_per_frame": round(ms, 1),
                }
        reader_figures["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        figures[name] = reader_figures
    made = list(islice(composites(given.scenes, 15), min(given.most, 20)))
    figures["decode_cpu_ms_per_frame"] = spread(frame_ms(made))
    append_result("reading_speed", figures)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
