"""Violations at the desks: an officer sees the arithmetic, judges, and is told who was first and what was taken back."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.desks.route import PREFIX
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, ZONES
from schemas.accesses import Intent
from schemas.outcomes import Violation
from schemas.topics import VIOLATIONS
from tests.builders import make_camera, make_zone
from tests.fakes import MemoryRecorder
from tests.people import ELSEWHERE, ZONE
from tests.people_desk import Browser, Desks, Reply, desks_of
from tests.violations import make_violation, withdrawn

DAY_MS = 86_400_000
WITHIN_S = 60.0


class Officers:
    """The desks, with the officers an and bo of one zone and cor of another."""

    def __init__(self, desks: Desks, recorder: MemoryRecorder) -> None:
        self.desks, self.recorder = desks, recorder

    async def violation(self, plate: str = "1ABC234", **fields: Any) -> Violation:
        """A violation of now; returned once the desks show it."""
        made = make_violation(plate, at_ms=platform_now_ms() + 70_000, **fields)  # both cameras are known by then
        await self.desks.send(VIOLATIONS, made)
        await self.until(made, lambda answer: answer.status == 200)
        return made

    async def until(self, one: Violation, holds: Callable[[Reply], bool]) -> Reply:
        """The violation as an officer sees it, once this holds."""
        browser = await self.desks.logged_in("an")
        async with asyncio.timeout(WITHIN_S):
            while True:
                if holds(answer := await look(browser, one)):
                    return answer
                await asyncio.sleep(0.1)  # who asks more often is told to wait


async def look(browser: Browser, one: Violation) -> Reply:
    """The violation as this person sees it."""
    return await browser.ask("GET", f"{PREFIX}/violations/{one.violation_id}")


async def judge(browser: Browser, one: Violation, verdict: str, revision: int = 0, **fields: Any) -> Reply:
    """Judge the violation."""
    body = {"verdict": verdict, "revision": revision} | fields
    headers = {"Idempotency-Key": fields.pop("key")} if "key" in fields else {}
    body.pop("key", None)
    return await browser.ask("POST", f"{PREFIX}/violations/{one.violation_id}/judgements", body, headers=dict(headers))


@pytest_asyncio.fixture
async def officers(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Officers]:
    """A violation of two days ago is on its topic before the desks begin."""
    made, recorder = desks_of(kafka, redis, namespace, tmp_path), MemoryRecorder()
    await made.writer.put(ZONES, [make_zone(ZONE, cameras=("IN", "OUT")), make_zone(ELSEWHERE)])
    await made.writer.put(CAMERAS, [make_camera("IN", holds_from_ms=0), make_camera("OUT", holds_from_ms=0)])
    for who, zone in (("an", ZONE), ("bo", ZONE), ("cor", ELSEWHERE)):
        await made.person(who, "authority_officer", zones=(zone,))
    async with made.running(recorder):
        yield Officers(made, recorder)


async def test_of_two_officers_at_once_one_counts_and_the_other_is_told_who_was_first(officers: Officers) -> None:
    """Both are in the record; a repeated request is one judgement; who sees the new state may change it."""
    one = await officers.violation()
    an, bo, cor = [await officers.desks.logged_in(who) for who in ("an", "bo", "cor")]
    assert (403, "zone") == ((away := await judge(cor, one, "accepted")).status, away.rule)
    both = await asyncio.gather(
        judge(an, one, "accepted", key="the-only-one"), judge(bo, one, "rejected", rejection="plate_misread")
    )
    won, lost = sorted(both, key=lambda reply: reply.status)
    assert (200, 409, "acted_before") == (won.status, lost.status, lost.rule)
    assert {"an", "bo"} == {lost.json["not_counted"]["first_who"], lost.json["not_counted"]["who"]}
    if won is both[0]:
        assert won.body == (await judge(an, one, "accepted", key="the-only-one")).body
    shown = (await look(an, one)).json
    assert ([won.json["phase"]], 1) == (
        [step["verdict"] for step in shown["judged"]["steps"]],
        len(shown["judged"]["not_counted"]),
    )
    assert "asked" == (await judge(bo, one, "asked", 1, note="which sign stood there?")).json["phase"]
    decisions = [entry.entry.who for entry in officers.recorder.entries
                 if isinstance(entry.entry, Intent) and entry.entry.act == "decision"]  # fmt: skip
    assert {"an", "bo", "cor"} <= {*decisions, "cor"}


async def test_what_is_taken_back_after_it_was_accepted_is_told_first_and_until_it_is_noted(officers: Officers) -> None:
    """A correction names what it stands for; nothing else can be said of what was taken back."""
    first, second = await officers.violation("1AAA111"), await officers.violation("1BBB222")
    an = await officers.desks.logged_in("an")
    for one in (first, second):
        assert 200 == (await judge(an, one, "accepted")).status
    lesser = msgspec.structs.replace(make_violation("1AAA111", at_ms=first.exit.captured_at_ms, travel_ms=61_000),
                                     corrects=first.violation_id)  # fmt: skip
    await officers.desks.send(VIOLATIONS, lesser, withdrawn(first))
    shown = (await officers.until(first, lambda answer: "withdrawal" in answer.json)).json
    assert ("recalled", lesser.violation_id) == (shown["phase"], shown["corrected_by"])
    todo = (await an.ask("GET", f"{PREFIX}/violations?show=to_do")).json["items"]
    assert [("recalled", first.violation_id), ("open", lesser.violation_id)] == [
        (item["phase"], item["violation"]["violation_id"]) for item in todo
    ]
    assert "withdrawn_since" == (await judge(an, first, "rejected", 1, rejection="plate_misread")).rule
    assert "withdrawn" == (await judge(an, first, "accepted", 1, withdrawn=True)).rule
    assert "not_withdrawn" == (await judge(an, second, "noted", 1)).rule
    exported = (await an.ask("GET", f"{PREFIX}/exports/violations")).json["items"]
    assert {(first.violation_id, True), (second.violation_id, False)} == {
        (row["violation_id"], row.get("withdrawn", False)) for row in exported
    }
    assert "withdrawn" == (await judge(an, first, "noted", 1, withdrawn=True)).json["phase"]


async def test_an_export_opens_in_a_spreadsheet_as_text(officers: Officers) -> None:
    """What an officer typed is no formula; only what was accepted is there."""
    one, _other = await officers.violation("1CCC333"), await officers.violation("1DDD444")
    an = await officers.desks.logged_in("an")
    await judge(an, one, "accepted", note="=HYPERLINK(1)")
    answer = await an.ask("GET", f"{PREFIX}/exports/violations.csv")
    assert "text/csv" == answer.headers["Content-Type"].partition(";")[0]
    (row,) = csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig")))
    assert ("1CCC333", "'=HYPERLINK(1)", "no", "120") == (row["plate"], row["note"], row["withdrawn"], row["limit_kmh"])
    none = await an.ask("GET", f"{PREFIX}/exports/violations.csv?until_ms=1")
    assert b"\n" == none.body[-1:]
    assert 1 == len(none.body.splitlines())


async def test_the_arithmetic_comes_with_the_violation(officers: Officers) -> None:
    """Step by step, with the rule; places by their names."""
    shown = (await look(await officers.desks.logged_in("bo"), await officers.violation("1EEE555"))).json
    assert ("camera IN", "camera OUT", "open") == (shown["entry_place"], shown["exit_place"], shown["phase"])
    steps = {one["name"]: one["result"] for one in shown["workings"]["steps"]}
    assert ("150.00 km/h", "141 km/h", "21 km/h") == (steps["measured"], steps["corrected"], steps["excess"])
