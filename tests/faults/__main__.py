"""`python -m tests.faults`: see --help."""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from pipeline.runtime.log import configure_logging
from tests.faults.fault import Fault
from tests.faults.harness import Options, run_faults
from tests.faults.kinds import KINDS

DESCRIPTION = """\
Runs Vigie's real agents as processes on three Kafka brokers and Valkey, plays a simulated network of cameras, and does
one fault after the other to it, drawn from a seed. Everything that reaches the ends is compared with what the
simulation knows must come: missing, double (after dropping by id; second copies on the topics are told apart),
spurious, wrong order per camera; and how long after each fault all was well again.

The exit code is 0 when nothing differs, but for what the platform itself said it may have lost.
"""
EXAMPLES = """\
examples:
  python -m tests.faults --seed 7                          every fault once, ten minutes on a quiet machine
  python -m tests.faults --faults zombie,kill_broker       only these
  python -m tests.faults --seconds 3600 --rate 300 --json  an hour, told as JSON (make soak)

A seed gives the same faults on the same targets in the same order; when each strikes depends on how quickly the machine
recovered from the one before. Logs stay in the folder that is named at the end, unless all was clean.
"""


MOST_S = 1800.0


def _first_paragraph(kind: type[Fault]) -> str:
    text, _, _ = (kind.__doc__ or "").partition("\n\n")
    return " ".join(text.split())


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(
        f"  {name:17} {_first_paragraph(kind)}\n{'':20}-> {kind.promise}" for name, kind in KINDS.items()
    )
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=DESCRIPTION, epilog=f"faults:\n{listed}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of network, traffic and faults (default 1)")
    parser.add_argument(
        "--seconds",
        type=float,
        help=f"how long traffic flows and faults strike (default: until each has struck once, at most {MOST_S:.0f})",
    )
    parser.add_argument("--cameras", type=int, default=10_000, help="in the network, at least 40 (default 10000)")
    parser.add_argument("--rate", type=float, default=150.0, help="reads a second (default 150)")
    parser.add_argument("--faults", type=_named, default=tuple(KINDS), metavar="A,B,C", help="only these (default all)")
    parser.add_argument(
        "--patience", type=float, default=150.0, help="seconds within which all must be well again (default 150)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    parser.add_argument("--folder", type=Path, help="work in this new folder, and keep it")
    return parser


def _named(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(KINDS)}")
    return names


def main() -> int:
    """Run the faults and print the report. Returns 0 when it is clean, else 1."""
    given = _parser().parse_args()
    configure_logging(level="error")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    options = Options(
        seed=given.seed,
        seconds=given.seconds or MOST_S,
        strikes=None if given.seconds else len(given.faults),
        cameras=given.cameras,
        rate=given.rate,
        faults=given.faults,
        patience_s=given.patience,
    )
    folder = given.folder or Path(tempfile.mkdtemp(prefix="vigie-faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    report = asyncio.run(run_faults(options, folder, lambda line: print(line, file=sys.stderr, flush=True)))
    print(msgspec.json.encode(report).decode() if given.json else "\n".join(report.lines()))
    if not report.clean or given.folder:
        print(f"logs: {folder / 'data' / 'logs'}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if report.clean else 1


if __name__ == "__main__":
    sys.exit(main())
