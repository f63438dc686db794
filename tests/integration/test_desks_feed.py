"""The authority's feed on real Kafka and Redis: a consumer that is killed and comes back, two processes, tokens, and the record."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.desks.route import PREFIX
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, CONSUMERS, ZONES
from schemas.accesses import Intent
from schemas.outcomes import Violation
from schemas.topics import JUDGEMENTS, VIOLATIONS
from tests.builders import make_camera, make_zone
from tests.fakes import MemoryRecorder
from tests.people import ZONE, make_consumer
from tests.people_desk import Desks, Reply, desks_of
from tests.violations import judgement, make_violation, withdrawn

FEED = f"{PREFIX}/feeds/violations"
WITHIN_S = 60.0


class Puller:
    """A consumer of the feed."""

    def __init__(self, desks: Desks, token: str) -> None:
        self.desks, self.token = desks, token

    async def ask(self, method: str, path: str, body: Any = None) -> Reply:
        """One request, as a program sends it."""
        headers = {"Authorization": f"Bearer {self.token}", "Sec-Fetch-Site": None, "Vigie-Reason": None}
        return await self.desks.browser().ask(method, path, body, headers=headers)

    async def pull(self, query: str = "") -> tuple[list[Any], Any]:
        """The lines of a page, and its end."""
        answer = await self.ask("GET", FEED + query)
        assert (200, "application/jsonl") == (answer.status, answer.headers["Content-Type"].partition(";")[0]), (
            answer.body
        )
        *lines, page = [msgspec.json.decode(line) for line in answer.body.splitlines()]
        assert "page" == page["type"]
        return lines, page

    async def until(self, count: int) -> tuple[list[Any], Any]:
        """A page of at least so many lines: the desks read what was sent soon."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                if len((found := await self.pull())[0]) >= count:
                    return found
                await asyncio.sleep(0.1)  # who asks more often is told to wait

    async def acknowledge(self, page: Any) -> Reply:
        """Everything up to the end of this page is stored."""
        return await self.ask("POST", f"{FEED}/acknowledgements", {"cursor": page["cursor"]})


def ids_in(lines: list[Any]) -> list[tuple[str, str]]:
    """What each line is about."""
    return [
        (one["type"], one["violation"]["violation_id"] if one["type"] == "violation"
         else one["withdrawal"]["id"] if one["type"] == "withdrawal" else f"{one['violation_id']} {one['verdict']}")
        for one in lines
    ]  # fmt: skip


@pytest_asyncio.fixture
async def desks(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Desks]:
    """The reference data of two cameras in one zone; the process does not run yet."""
    made = desks_of(kafka, redis, namespace, tmp_path)
    await made.writer.put(ZONES, [make_zone(ZONE, cameras=("IN", "OUT"))])
    await made.writer.put(CAMERAS, [make_camera("IN", holds_from_ms=0), make_camera("OUT", holds_from_ms=0)])
    yield made


async def let_in(desks: Desks, *names: str, **fields: Any) -> list[Puller]:
    """Consumers of these names."""
    made = [make_consumer(name, **fields) for name in names]
    await desks.writer.put(CONSUMERS, [consumer for consumer, _ in made])
    return [Puller(desks, token) for _, token in made]


async def test_what_was_acknowledged_never_comes_again_and_what_was_not_does(desks: Desks) -> None:
    """Copies come once, in order, judgements after what they are about; also from another process after a restart."""
    now_ms = platform_now_ms()
    one, two, three = (make_violation(f"1AAA{number}", at_ms=now_ms + number) for number in (111, 222, 333))
    lesser = msgspec.structs.replace(three, corrects=two.violation_id)
    said, late = judgement(one), judgement(one, "rejected")  # both of who saw it unjudged
    (puller, other) = await let_in(desks, "flanders", "brussels")
    await desks.send(VIOLATIONS, one, two, one)
    await desks.send(JUDGEMENTS, said, late, said)
    recorder = MemoryRecorder()
    async with desks.running(recorder):
        lines, page = await puller.until(3)
        wanted = [
            ("violation", one.violation_id),
            ("violation", two.violation_id),
            ("judgement", f"{one.violation_id} accepted"),
        ]
        assert (wanted, False) == (ids_in(lines), page["more"])
        assert wanted == ids_in((await puller.pull())[0]), "not acknowledged: it comes again"
        first, half = await puller.pull("?limit=1")
        assert (wanted[:1], True) == (ids_in(first), half["more"])
        assert wanted[1:] == ids_in((await puller.pull(f"?cursor={half['cursor']}"))[0])
        assert 200 == (await puller.acknowledge(half)).status
        assert wanted[1:] == ids_in((await puller.pull())[0])
        assert 200 == (await puller.acknowledge(page)).status
        assert 200 == (await puller.acknowledge(half)).status, "an older cursor takes nothing back"
        assert [] == (await puller.pull())[0]
        assert [] == (await puller.pull(f"?cursor={half['cursor']}"))[0]
        assert 400 == (await other.acknowledge(page)).status, "a cursor is its consumer's own"
    await desks.send(VIOLATIONS, two, lesser, withdrawn(two))
    async with desks.running(MemoryRecorder()):
        lines, page = await puller.until(2)
        assert [("violation", lesser.violation_id), ("withdrawal", two.violation_id)] == ids_in(lines)
        assert 5 == len((await other.until(5))[0])
    pulls = [
        entry.entry for entry in recorder.entries if isinstance(entry.entry, Intent) and entry.entry.act == "export"
    ]
    assert {("consumer:flanders", "decision 7/2026 of the minister")} == {
        (entry.who, entry.reason) for entry in pulls if entry.who != "consumer:brussels"
    }


async def test_a_consumer_that_dies_in_the_middle_of_an_answer_gets_it_again(desks: Desks) -> None:
    """Also when it is killed at each page, with the servers restarted between: nothing is lost, nothing is doubled."""
    now_ms = platform_now_ms()
    made = [make_violation(f"2BBB{number:03}", at_ms=now_ms + number) for number in range(40)]
    (puller,) = await let_in(desks, "flanders")
    await desks.send(VIOLATIONS, *made)
    stored: list[str] = []
    for _life in range(4):
        async with desks.running(MemoryRecorder()):
            await puller.until(1)
            for tried in range(3):
                lines, page = await puller.pull("?limit=5")
                if tried == 1:
                    continue  # killed before it stored anything
                stored += [name for _, name in ids_in(lines)]
                assert 200 == (await puller.acknowledge(page)).status
    assert [one.violation_id for one in made] == stored


async def test_a_token_is_rotated_without_a_gap_and_opens_nothing_else(desks: Desks) -> None:
    """Two secrets hold together; an unknown one, one that is revoked, and a consumer whose time is over get nothing."""
    consumer, token = make_consumer()
    later, new = make_consumer(secret="another")
    async with desks.running(MemoryRecorder()):
        await desks.writer.put(
            CONSUMERS, [msgspec.structs.replace(consumer, secrets=(*consumer.secrets, *later.secrets))]
        )
        old, fresh = Puller(desks, token), Puller(desks, new)
        await _answers(old, 200)
        assert 200 == (await fresh.ask("GET", FEED)).status
        await desks.writer.put(CONSUMERS, [later])
        await _answers(old, 401)
        assert 200 == (await fresh.ask("GET", FEED)).status
        for wrong in ("flanders:wrong", "nobody:another", "flanders", ""):
            assert "consumer" == (await Puller(desks, wrong).ask("GET", FEED)).rule
        site = {"Authorization": f"Bearer {new}", "Sec-Fetch-Site": "cross-site"}
        assert "site" == (await desks.browser().ask("GET", FEED, headers=dict(site))).rule
        await desks.writer.put(CONSUMERS, [msgspec.structs.replace(later, valid_until_ms=1)])
        await _answers(fresh, 401)


async def _answers(puller: Puller, status: int) -> None:
    """Wait until the consumer is answered so: what is changed counts within a second."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            if (await puller.ask("GET", FEED)).status == status:
                return
            await asyncio.sleep(0.1)  # who asks more often is told to wait


async def test_a_consumer_gets_what_lies_in_its_zones_and_pictures_by_their_digest(desks: Desks) -> None:
    """Nothing of elsewhere, nothing from before its time; a picture's address is its own, and the picture is as it was stored."""
    now_ms = platform_now_ms()
    picture = b"\xff\xd8\xff a picture"
    path = await EvidenceStore.open(desks.settings.evidence).put(now_ms, picture)
    one: Violation = make_violation("3CCC111", at_ms=now_ms, crop=path)
    (puller, other) = await let_in(desks, "flanders", "brussels", zones=(ZONE,))
    (elsewhere,) = await let_in(desks, "antwerp", zones=("ANTWERP",))
    (young,) = await let_in(desks, "new", since_ms=now_ms + 86_400_000)
    await desks.send(VIOLATIONS, one)
    async with desks.running(MemoryRecorder()):
        lines, _ = await puller.until(1)
        named = lines[0]["pictures"]
        digest = path.partition("/")[2].removesuffix(".jpg")
        assert [("entry", "crop", digest), ("exit", "crop", digest)] == [
            (found["end"], found["which"], found["sha256"]) for found in named
        ]
        assert picture == (await puller.ask("GET", named[0]["href"])).body
        assert 404 == (await other.ask("GET", named[0]["href"])).status
        assert [[], []] == [(await one.pull())[0] for one in (elsewhere, young)]
