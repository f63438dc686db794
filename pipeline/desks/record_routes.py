"""Routes for those who watch: what stands in the record, the proof that it does, and the log's public part."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec

from pipeline.access.record import month_of
from pipeline.desks.problems import Problem
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.record.reading import ShownIntent
from pipeline.record.search import LogReader
from pipeline.record.source import FolderSource
from schemas.accesses import MAX_NOTE_CHARACTERS, Intent, Name, Outcome, Who
from schemas.base import AccessId, Count, EpochMs, Identifier, Message, Text

PAGE = 200
MONTHS_KEPT = 16
"""Steps of _MONTH_MS back from now that reach every month that can have a key."""
_MONTH_MS = 28 * 24 * 3_600_000
Hash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z", max_length=64)]
Index = Annotated[str, msgspec.Meta(pattern=r"\A(0|[1-9][0-9]{0,11})\Z")]
TilePath = Annotated[
    str, msgspec.Meta(pattern=r"\A(entries|[0-9]|[1-5][0-9]|6[0-3])(/x[0-9]{3}){0,5}/[0-9]{3}(\.p/[1-9][0-9]{0,2})?\Z")
]


class RecordSearch(Message, frozen=True, kw_only=True):
    """What to look for in the record; a field that is absent fits everything. plate: in compact form; who asked for it or was
    shown it as one thing, while the months' keys last. about: a name or id that an entry is about: a user, camera, zone or list,
    or while the months' keys last an alert, incident, violation or entry. since_ms, until_ms: of the first
    and the last millisecond (UTC), both included. cursor: `next` of the page before."""

    who: Who | None = None
    act: Identifier | None = None
    case_reference: Text | None = None
    access_id: AccessId | None = None
    plate: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9]{1,20}\Z")] | None = None
    about: Name | None = None
    since_ms: EpochMs | None = None
    until_ms: EpochMs | None = None
    cursor: Text | None = None


class RecordEntry(Message, frozen=True, kw_only=True):
    """One intent with its index in the log. outcome absent: none was found among the 50,000 entries that followed; in a sample
    or in findings, none among the entries that were read, up to 1,000 after the `size` of the log."""

    index: Count
    access_id: AccessId
    at_ms: EpochMs
    intent: Intent
    outcome: Outcome | None = None


class RecordEntries(Message, frozen=True, kw_only=True):
    """Entries of the record, newest first. next: to go on with older ones, also where this page is empty; absent: there are no
    older ones."""

    items: Annotated[tuple[RecordEntry, ...], msgspec.Meta(max_length=PAGE)]
    next: Text | None = None


class RecordProof(Message, frozen=True, kw_only=True):
    """One record as it was written, and the proof that it is in the log (RFC 6962, section 2.1.1).

    The log's entry is the SHA-256 of the record. checkpoint: signed (c2sp.org/tlog-checkpoint); absent, like the proof, until
    one covers the record, which takes a minute. size: of the log at the checkpoint. proof: hashes, lowest first.
    """

    index: Count
    record: Annotated[str, msgspec.Meta(max_length=65_536)]
    size: Count = 0
    proof: Annotated[tuple[Hash, ...], msgspec.Meta(max_length=64)] = ()
    checkpoint: Annotated[str, msgspec.Meta(max_length=MAX_NOTE_CHARACTERS)] | None = None


async def search(asked: Asked) -> RouteAnswer:
    """A page of the entries that fit the search, newest first."""
    wanted, folder = asked.given(RecordSearch), folder_of(asked)
    before = asked.cursor(wanted.cursor, int, "record")
    names, about = await _names(asked, wanted.plate), await _names(asked, wanted.about)
    page = await asyncio.to_thread(
        lambda: LogReader(folder).search(lambda one: _fits(wanted, names, about, one), before, PAGE)
    )
    items = tuple(
        RecordEntry(index=one.index, access_id=one.access_id, at_ms=one.at_ms, intent=one.intent, outcome=one.outcome)
        for one in page.items
    )
    after = None if page.before is None else asked.next_cursor(page.before, "record")
    return RouteAnswer(value=RecordEntries(items=items, next=after), count=len(items))


async def prove(asked: Asked) -> RouteAnswer:
    """One record, and the proof that it is in the log."""
    folder, index = folder_of(asked), int(asked.params["index"])
    one = found(await asyncio.to_thread(lambda: LogReader(folder).proven(index)))
    proof = RecordProof(index=index, record=one.record.decode(), size=one.size, checkpoint=one.checkpoint,
                        proof=tuple(step.hex() for step in one.proof))  # fmt: skip
    return RouteAnswer(value=proof, count=1)


async def checkpoint(asked: Asked) -> RouteAnswer:
    """The latest signed checkpoint. Raises Problem (not found) while there is none."""
    return await _public(asked, "checkpoint")


async def tile(asked: Asked) -> RouteAnswer:
    """A tile of hashes, or a bundle of entries, which are digests of the records."""
    return await _public(asked, f"tile/{asked.params['tile']}")


async def _public(asked: Asked, path: str) -> RouteAnswer:
    source = FolderSource(folder_of(asked))
    return RouteAnswer(raw=found(await asyncio.to_thread(source.read, path)))


def folder_of(asked: Asked) -> Path:
    """The log's folder. Raises Problem where this process has none."""
    if not (folder := asked.house.record).is_dir():
        permits = "VIGIE_RECORD_DIR for `vigie desks`: the folder that the agent `audit` fills"
        raise Problem(503, "no_record", "The record is not at this desk.", permits=permits)
    return folder


async def _names(asked: Asked, name: str | None) -> frozenset[str] | None:
    """The pseudonyms of a plate or id in the months whose keys still exist; None: none was asked for."""
    if name is None:
        return None
    months = {month_of(max(0, asked.now_ms - back * _MONTH_MS)) for back in range(-1, MONTHS_KEPT)}
    keys = [await asked.house.record_keys.of(month) for month in sorted(months)]
    return frozenset(key.pseudonym(name) for key in keys if key is not None)


def _fits(wanted: RecordSearch, names: frozenset[str] | None, about: frozenset[str] | None, one: ShownIntent) -> bool:
    intent = one.intent
    subjects = (*intent.subjects, *(one.outcome.subjects if one.outcome else ()))
    return (
        (wanted.who is None or intent.who == wanted.who)
        and (wanted.act is None or intent.act == wanted.act)
        and (wanted.case_reference is None or intent.case_reference == wanted.case_reference)
        and (wanted.access_id is None or one.access_id == wanted.access_id)
        and (wanted.since_ms is None or one.at_ms >= wanted.since_ms)
        and (wanted.until_ms is None or one.at_ms <= wanted.until_ms)
        and (names is None or not names.isdisjoint(subjects))
        and (about is None or wanted.about in intent.on or not about.isdisjoint(subjects))
    )


ROUTES = (
    Route(method="POST", path="/record/search", about="Search the record, newest first.", handle=search,
          act="record.see", entry="record", body=RecordSearch, answer=RecordEntries, work="much"),
    Route(method="GET", path="/record/entries/{index}", about="One record, and the proof that it is in the log.",
          handle=prove, act="record.see", entry="record", params={"index": Index}, answer=RecordProof, work="much"),
    Route(method="GET", path="/record/log/checkpoint", about="The latest signed checkpoint (c2sp.org/tlog-checkpoint).",
          handle=checkpoint, act="record.see", media="text/plain"),
    Route(method="GET", path="/record/log/tile/{tile}", about="The log's tiles by their paths (c2sp.org/tlog-tiles).",
          handle=tile, act="record.see", params={"tile": TilePath}, media="application/octet-stream"),
)  # fmt: skip
"""The last two are not recorded: they are digests, which anybody may have."""
