"""The record through the API: who watches finds who did what, can prove it, and is recorded himself."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.access import record
from pipeline.access.checkpoint import opened
from pipeline.access.merkle import leaf_hash, root_from_inclusion
from pipeline.access.record import Operation, Result
from pipeline.access.tiles import Kept, hashes_in
from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX
from pipeline.record.log_folder import LogFolder
from pipeline.record.source import WebSource
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.record_keys import RecordKeys
from schemas.accesses import Intent
from tests.fakes import MemoryRecorder
from tests.people_desk import Browser, Desks, desks_of
from tests.record_logs import SIGNER, a_log, kept_entries

PLATE = "1ABC234"


@pytest.fixture
def recorder() -> MemoryRecorder:
    """What the process writes to the record."""
    return MemoryRecorder()


@pytest_asyncio.fixture
async def desks(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path, recorder: MemoryRecorder
) -> AsyncIterator[Desks]:
    """The process beside a log of 600 entries, and of one in which somebody asked for a plate."""
    made, now_ms = desks_of(kafka, redis, namespace, tmp_path), platform_now_ms()
    keys = RecordKeys(redis, namespace)
    await keys.make(now_ms)
    asked = Operation(who="jan.claes", origin="10.0.0.9", act="query", what="GET /alerts/{id}", plates=(PLATE,),
                      reason="stolen van seen near the depot", case_reference="2026/17")  # fmt: skip
    entry = record.intent(asked, access_id="e-" + "f" * 24, salt="0" * 32, at_ms=now_ms, key=await keys.at(now_ms))
    a_log(made.settings.record, 600)
    log = LogFolder(made.settings.record)
    log.append([Kept(600, msgspec.json.encode(entry))])
    log.vouch(SIGNER)
    for role in ("auditor", "oversight", "administrator"):
        await made.person(f"the.{role}", role)  # type: ignore[arg-type]  # a role
    async with made.running(recorder, limits=Limits(per_second=1e6, at_once=1e6)):
        yield made


async def found(browser: Browser, **wanted: object) -> list[str]:
    """The ids of all entries that a search finds, page by page."""
    ids: list[str] = []
    body: dict[str, object] = dict(wanted)
    while True:
        answer = await browser.ask("POST", f"{PREFIX}/record/search", body)
        assert 200 == answer.status, answer.body
        ids += [one["access_id"] for one in answer.json["items"]]
        if "next" not in answer.json:
            return ids
        body["cursor"] = answer.json["next"]


async def test_an_auditor_finds_who_asked_for_what_and_proves_it(desks: Desks) -> None:
    """By person, kind, case, time, plate and id; the proof leads to the root that the log signed."""
    browser = await desks.logged_in("the.auditor")
    theirs = ["e-" + "f" * 24]
    assert 301 == len(await found(browser))
    for wanted in ({"who": "jan.claes"}, {"act": "query"}, {"case_reference": "2026/17"}, {"plate": PLATE},
                   {"access_id": theirs[0]}, {"since_ms": 1_000_000}):  # fmt: skip
        assert theirs == await found(browser, **wanted)
    assert [] == await found(browser, plate="2XYZ999")
    assert 300 == len(await found(browser, until_ms=1_000_000))
    (one,) = (await browser.ask("POST", f"{PREFIX}/record/search", {"plate": PLATE})).json["items"]
    assert PLATE not in msgspec.json.encode(one).decode()
    proof = (await browser.ask("GET", f"{PREFIX}/record/entries/{one['index']}")).json
    leaf = leaf_hash(hashlib.sha256(proof["record"].encode()).digest())
    steps = [bytes.fromhex(step) for step in proof["proof"]]
    root = opened(proof["checkpoint"], [SIGNER.verifier]).checkpoint.root
    assert root == root_from_inclusion(leaf, one["index"], proof["size"], steps)
    assert 404 == (await browser.ask("GET", f"{PREFIX}/record/entries/999")).status


async def test_an_auditor_finds_who_looked_at_something_and_who_was_shown_a_plate(desks: Desks) -> None:
    """By the id of an alert, by the name of a camera, and by the plate that an answer showed."""
    browser, now_ms = await desks.logged_in("the.auditor"), platform_now_ms()
    key = await RecordKeys(desks.redis, desks.namespace).at(now_ms)
    looked = Operation(who="an.peeters", origin="10.0.0.7", act="query", what="GET /alerts/{id}", ids=("a-12",),
                       on=("CAM-1",), reason="stolen van seen near the depot")  # fmt: skip
    access_id, result = "e-" + "a" * 24, Result(outcome="answered", count=1, plates=("2XYZ999",))
    made = [
        record.intent(looked, access_id=access_id, salt="0" * 32, at_ms=now_ms, key=key),
        record.outcome(access_id, result, salt="1" * 32, at_ms=now_ms, key=key),
    ]
    LogFolder(desks.settings.record).append([Kept(601 + at, msgspec.json.encode(one)) for at, one in enumerate(made)])
    for wanted in ({"about": "a-12"}, {"about": "CAM-1"}, {"plate": "2XYZ999"}, {"plate": "2XYZ999", "about": "a-12"}):
        assert [access_id] == await found(browser, **wanted), wanted
    assert [] == await found(browser, about="a-13")
    assert [] == await found(browser, plate=PLATE, about="a-12")


async def test_the_public_part_lies_at_the_paths_of_its_format(desks: Desks) -> None:
    """Checkpoint and tiles as c2sp.org/tlog-tiles names them; no record, and nothing outside of the log."""
    browser = await desks.logged_in("the.oversight")
    log = f"{PREFIX}/record/log"
    note = await browser.ask("GET", f"{log}/checkpoint")
    assert 601 == opened(note.body.decode(), [SIGNER.verifier]).checkpoint.size
    assert 256 == len(hashes_in((await browser.ask("GET", f"{log}/tile/0/000")).body))
    for path in ("0/001", "0/002.p/89", "1/000.p/2", "entries/000", "entries/002.p/89"):
        assert 200 == (await browser.ask("GET", f"{log}/tile/{path}")).status, path
    for path in ("0/003", "../records/000", "..%2f..%2frecords%2f000", "entries/000/../../../../record.key", "0/000/"):
        assert 404 == (await browser.ask("GET", f"{log}/tile/{path}")).status, path
    assert None is WebSource(desks.url + log).read("records/000")


async def test_whoever_looks_at_the_record_is_in_it(desks: Desks, recorder: MemoryRecorder) -> None:
    """With the plate that was looked for, as a pseudonym; who may not look is told so, and is in it as refused."""
    auditor, administrator = await desks.logged_in("the.auditor"), await desks.logged_in("the.administrator")
    recorder.entries.clear()
    await found(auditor, plate=PLATE)
    assert "role" == (await administrator.ask("POST", f"{PREFIX}/record/search", {})).rule
    looked, _, refused, ending = (one.entry for one in recorder.entries)
    assert ("the.auditor", "record", 1) == (looked.who, looked.act, len(looked.subjects))  # type: ignore[union-attr]  # an intent
    assert ("the.administrator", "refused") == (refused.who, ending.outcome)  # type: ignore[union-attr]  # as above


async def test_a_cursor_serves_whom_it_was_given_to(desks: Desks) -> None:
    """Another auditor begins for himself."""
    auditor, oversight = await desks.logged_in("the.auditor"), await desks.logged_in("the.oversight")
    cursor = (await auditor.ask("POST", f"{PREFIX}/record/search", {})).json["next"]
    assert "cursor" == (await oversight.ask("POST", f"{PREFIX}/record/search", {"cursor": cursor})).rule


async def test_another_draws_the_same_sample_and_findings_name_who_and_how_often(
    desks: Desks, recorder: MemoryRecorder
) -> None:
    """By seed, time and size of the log, also when it has grown meanwhile; both looks are in the record."""
    auditor, oversight = await desks.logged_in("the.auditor"), await desks.logged_in("the.oversight")
    wanted = {"seed": "a-seed-of-ours", "count": 10, "since_ms": 0, "until_ms": 590}
    recorder.entries.clear()
    mine = (await auditor.ask("POST", f"{PREFIX}/record/sample", wanted)).json
    assert (10, 295, 601, True) == (len(mine["items"]), mine["among"], mine["size"], mine["whole"])
    assert all(one["outcome"]["outcome"] == "answered" for one in mine["items"])
    LogFolder(desks.settings.record).append(kept_entries(10, first=601))
    again = (await oversight.ask("POST", f"{PREFIX}/record/sample", wanted | {"size": 601})).json
    assert mine["items"] == again["items"]
    other = (await oversight.ask("POST", f"{PREFIX}/record/sample", wanted | {"seed": "another-seed"})).json
    assert mine["items"] != other["items"]
    found = (
        await auditor.ask("POST", f"{PREFIX}/record/findings", {"since_ms": 0, "until_ms": platform_now_ms() + 1})
    ).json
    assert ([], []) == (found["targets"], found["outside"])
    assert ["record"] * 4 == [one.entry.act for one in recorder.entries if isinstance(one.entry, Intent)]
