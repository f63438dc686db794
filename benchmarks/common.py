"""What every benchmark states beside its figures: versions, machine, date; and where results go."""

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

RESULTS = Path(__file__).with_name("results")
DOCS = Path(__file__).resolve().parent.parent / "docs"


def environment(*packages: str) -> dict[str, Any]:
    """What a result was measured with: the moment, the versions of Vigie, Python and these packages, the machine, and how
    busy it was."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "vigie": _version("vigie"),
        "machine": f"{processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}",
        "load_average": round(os.getloadavg()[0], 2),
        "nice": os.nice(0),  # below 0: it was given more of a busy machine than others
        "python": platform.python_version(),
        **{name: _version(name) for name in packages},
    }


def append_result(name: str, figures: Mapping[str, Any]) -> None:
    """Append one line to results/NAME.jsonl, and make the folder where it is missing."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(figures) + "\n")


def results(name: str) -> list[dict[str, Any]]:
    """All results under this name, oldest first; none where there is no such file."""
    path = RESULTS / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the ordered values does not exceed; NaN when there are none."""
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def rss_mb() -> float:
    """The resident memory of this process in MB."""
    return psutil.Process().memory_info().rss / 1e6


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
