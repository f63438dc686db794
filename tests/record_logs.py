"""Makes logs of the record for tests: valid entries, and a folder that holds them."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.access import record
from pipeline.access.checkpoint import Signer
from pipeline.access.record import Operation, Result
from pipeline.access.tiles import Kept
from pipeline.record.log_folder import LogFolder
from schemas.accesses import Access
from tests.fakes import KEY

SIGNER = Signer.generate("vigie.example/record")


def entries(count: int, *, first: int = 0) -> Iterator[Access]:
    """Yields `count` entries with the numbers from `first` on: an even number is an intent, the next one its outcome."""
    for number in range(first, first + count):
        if number % 2 == 0:
            operation = Operation(who=f"u-{number % 7}", origin="10.0.0.7", act="login", what="POST /session")
            yield record.intent(
                operation, access_id=f"e-{number:024x}", salt=secrets.token_hex(16), at_ms=number, key=KEY
            )
        else:
            result = Result(outcome="answered", count=number)
            yield record.outcome(f"e-{number - 1:024x}", result, salt=secrets.token_hex(16), at_ms=number, key=KEY)


def kept_entries(count: int, *, first: int = 0) -> list[Kept]:
    """The same entries as records of the topic, at consecutive offsets."""
    return [Kept(first + at, msgspec.json.encode(one)) for at, one in enumerate(entries(count, first=first))]


def a_log(folder: Path, *sizes: int, signer: Signer = SIGNER) -> list[str]:
    """Make a log that grew to these sizes, with a checkpoint at each. Returns the signed checkpoints."""
    log, notes, size = LogFolder(folder), list[str](), 0
    for wanted in sizes:
        log.append(kept_entries(wanted - size, first=size))
        notes.append(log.vouch(signer))
        size = wanted
    return notes


def an_open_stream(folder: Path, number: int) -> None:
    """Add an intent without an outcome, as of a stream that somebody follows, with this number, and vouch for it."""
    operation = Operation(who="u-1", origin="10.0.0.7", act="query", what="GET /stream", reason="the early shift")
    begun = record.intent(operation, access_id=f"e-{number:024x}", salt=secrets.token_hex(16), at_ms=number, key=KEY)
    log = LogFolder(folder)
    log.append([Kept(number, msgspec.json.encode(begun))])
    log.vouch(SIGNER)
