"""How often the colour said of a vehicle is right, and of how many vehicles it is said.

    python -m benchmarks.accuracy_colour SCENES [--json] [--wrong]

SCENES is a folder of pictures with truth (see reading_truth). The colours of public scenes are in scene_colours.tsv, seen by eye:
what a witness would say, and behind it what another might. White and grey count as `light`, which is all that is said of them.
Every second scene served to set the thresholds; the others are the test. Appends a line to benchmarks/results/colour.jsonl.
"""

import argparse
import csv
import json
import time
from pathlib import Path
from statistics import median

from benchmarks.common import append_result, environment
from benchmarks.reading_peers import one_thread
from pipeline.vision.attributes import colour_of
from pipeline.vision.boxes import Box
from pipeline.vision.pictures import decode_picture

COLOURS = Path(__file__).with_name("scene_colours.tsv")
_SAID_AS = {"white": "light", "grey": "light"}


def colours() -> dict[str, list[str]]:
    """By file name what the vehicle's colour may be called, the likeliest first; white and grey as `light`."""
    with COLOURS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return {row["file"]: [_SAID_AS.get(name, name) for name in row["colours"].split("|")] for row in rows}


def said_of(truth: Path) -> tuple[str, str | None, float]:
    """The file of the scene whose truth file this is, the colour said of its vehicle (None: nothing is said), and the CPU
    milliseconds that saying it took."""
    name, x, y, width, height, _ = truth.read_text(encoding="utf-8").strip().split("\t")
    box: Box = int(x), int(y), int(width), int(height)
    picture = decode_picture(truth.with_name(name).read_bytes())
    began = time.process_time()
    said = colour_of(picture, box)
    return name, said, (time.process_time() - began) * 1000


def figures_of(scenes: list[tuple[str, str | None, float]], known: dict[str, list[str]]) -> dict[str, float]:
    """Count the scenes, those whose colour was said, those where it is the likeliest colour, and those where it is any that
    the vehicle may be called."""
    said = [(name, colour) for name, colour, _ in scenes if colour]
    right = sum(colour == known[name][0] for name, colour in said)
    defensible = sum(colour in known[name] for name, colour in said)
    return {"scenes": len(scenes), "said": len(said), "right": right, "right_or_defensible": defensible}


def main() -> None:
    """Read the arguments, measure every scene, append the figures to the results and print them."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, metavar="SCENES")
    options.add_argument("--json", action="store_true", help="print one line")
    options.add_argument("--wrong", action="store_true", help="say what was wrong")
    given = options.parse_args()
    one_thread()
    known = colours()
    scenes = [said_of(truth) for truth in sorted(given.folder.glob("*.txt"))]
    scenes = [scene for scene in scenes if scene[0] in known]
    if not scenes:
        options.error(f"no scene in {given.folder} whose colour is in {COLOURS.name}")
    figures = {
        **environment("opencv-python-headless"),
        "all": figures_of(scenes, known),
        "test": figures_of(scenes[1::2], known),
        "cpu_ms": round(median(ms for *_, ms in scenes), 2),
    }
    append_result("colour", figures)
    print(json.dumps(figures, indent=None if given.json else 2))
    for name, colour, _ in scenes if given.wrong else ():
        if colour and colour != known[name][0]:
            print(name, known[name], colour, sep="\t")


if __name__ == "__main__":
    main()
