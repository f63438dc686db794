"""Runs commands of `vigie` one after the other in one process: what a command costs is then mostly its own work.

A line on standard input is a JSON object with the arguments and the environment; a line on standard output the command's outcome.
"""

import io
import json
import os
import sys

from pipeline.cli import main


def run(arguments: list[str], environment: dict[str, str]) -> dict[str, object]:
    """Run one command of `vigie` as in a process of its own. Returns its exit code, standard output and standard error."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    kept = sys.argv, sys.stdout, sys.stderr, dict(os.environ)
    code: object = 0
    try:
        sys.argv, sys.stdout, sys.stderr = ["vigie", *arguments], out, err
        os.environ.update(environment)
        main()
    except SystemExit as error:
        code = error.code
    finally:
        sys.argv, sys.stdout, sys.stderr = kept[:3]
        os.environ.clear()
        os.environ.update(kept[3])
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]  # a BytesIO
    return {"code": code or 0, "out": texts[0], "err": texts[1]}


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(run(asked["arguments"], asked["environment"])), flush=True)
