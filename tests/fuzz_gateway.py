"""Fuzzes every parser of the gateway, guided by coverage: python -m tests.fuzz_gateway --seconds 600

It begins with the samples of all makers, changes and joins them, and goes on from each message that runs through lines of the
gateway in a way that none did before. What breaks a parser, or takes longer than SLOW_S of the processor, is written to the folder
tests/unit/gateway/found, which test_fuzz.py reads again.
"""

import argparse
import hashlib
import random
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from tests.unit.gateway.samples import ALL, Sample
from tests.unit.gateway.test_any_bytes import said

SLOW_S = 5.0
FOUND = Path(__file__).parent / "unit" / "gateway" / "found"
"""Messages that broke a parser once, each in a file MAKER-DIGEST."""
_OURS = str(Path(__file__).parent.parent / "pipeline" / "gateway")
_BITS = (
    b"\x00", b"\xff", b"\n", b"\r\n", b'"', b"{", b"}", b"[", b"]", b"<", b">", b"&", b",", b";", b":", b"=", b"\\u", b"-1",
    b"1e999", b"9" * 30, b"\xff\xd8\xff", b"--", b"null", b"true", b"[]", b"{}", b"'", b"\xed\xa0\x80", b"NaN", b"%", b"\xfe\xff",
)  # fmt: skip


class Ways:
    """The steps from line to line that were seen in the gateway's code."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int, int]] = set()
        self._last: dict[FrameType, int] = {}

    def trace(self, frame: FrameType, event: str, _argument: object) -> Any:
        """For sys.settrace."""
        if event == "call" and not frame.f_code.co_filename.startswith(_OURS):
            return None
        if event == "return":
            self._last.pop(frame, None)
        else:
            self.seen.add((frame.f_code.co_filename, self._last.get(frame, 0), frame.f_lineno))
            self._last[frame] = frame.f_lineno
        return self.trace


def changed(body: bytes, pool: list[tuple[Sample, bytes]], at: random.Random) -> bytes:
    """The message with some random changes, at most 64 kB."""
    data = bytearray(body)
    for _ in range(at.choice((1, 1, 2, 4, 8))):
        begin = at.randrange(len(data) + 1)
        end = min(begin + at.choice((0, 1, 1, 4, 16, 200)), len(data))
        other = at.choice(pool)[1]
        cut = at.randrange(len(other) + 1)
        data[begin:end] = at.choice((
            b"", at.choice(_BITS), bytes([at.randrange(256)]), bytes(data[begin:end]) * 2,
            other[cut : cut + at.choice((4, 40, 400))], bytes(data[begin:end][::-1]),
        ))  # fmt: skip
    return bytes(data[:65_536])


def fuzz(seed: int, *, seconds: float = 3_600.0, messages: int = sys.maxsize, into: Path = FOUND) -> list[Path]:
    """The files of what broke a parser, after so many seconds or messages. Prints how many were tried, and which one last ran a
    new way."""
    at, ways, broken = random.Random(seed), Ways(), list[Path]()
    pool = [(sample, sample.body) for sample in ALL]
    until, tried, last = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until and tried < messages:
        sample, body = pool[tried] if tried < len(ALL) else at.choice(pool)
        body = body if tried < len(ALL) else changed(body, pool, at)
        tried, before, begun = tried + 1, len(ways.seen), time.thread_time()
        sys.settrace(ways.trace)
        try:
            said(body, sample.maker if at.random() < 0.7 else None, sample.headers)
            took_s = time.thread_time() - begun
        except Exception as error:
            sys.settrace(None)
            print(sample.name, repr(error)[:300])
            took_s = SLOW_S + 1
        finally:
            sys.settrace(None)
        if took_s > SLOW_S:
            into.mkdir(exist_ok=True)
            broken.append(into / f"{sample.maker.NAME}-{hashlib.sha256(body).hexdigest()[:12]}")
            broken[-1].write_bytes(body)
        if len(ways.seen) > before and tried > len(ALL):
            pool.append((sample, body))
            last = tried
    print(f"{tried} messages, {len(pool)} kept, {len(ways.seen)} steps, the last new one at message {last}")
    return broken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    sys.exit(bool(fuzz(chosen.seed, seconds=chosen.seconds)))
