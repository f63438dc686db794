"""`python -m tests.faults.worker AGENT`: a worker whose clock can be set wrong while it runs.

The file named by FAULTS_CLOCK holds by how many milliseconds the clock is wrong.
"""

import os
import sys
from pathlib import Path

import uvloop

from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import load_settings
from pipeline.servers.worker import run_worker

CLOCK = "FAULTS_CLOCK"

if __name__ == "__main__":
    file = Path(os.environ[CLOCK])
    uvloop.run(run_worker(sys.argv[1], load_settings(), lambda: platform_now_ms() + int(file.read_text())))
