"""What a curious officer tries with an account of his own, and that an auditor finds each try in the record."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from redis.asyncio import Redis

from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.topics import create_topics
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import HOTLIST
from schemas.topics import TOPICS
from tests.builders import make_entry
from tests.fakes import KEY, MemoryRecorder
from tests.people_desk import Desks, desks_of

AN = "an.peeters"


@pytest_asyncio.fixture(scope="module")
async def name(pair: EmbeddedPair) -> str:
    """A namespace of this module's own, whose topics stay empty."""
    made = f"t{secrets.token_hex(4)}"
    await create_topics(pair.kafka, made, partitions={topic.name: 1 for topic in TOPICS})
    return made


class Officer:
    """The process, its record, and an officer who is investigator for stolen vehicles."""

    def __init__(self, desks: Desks, recorder: MemoryRecorder) -> None:
        self.desks, self.recorder = desks, recorder

    def last(self) -> tuple[Any, Any]:
        """The last intent and its outcome."""
        intent, outcome = (one.entry for one in self.recorder.entries[-2:])
        return intent, outcome


@pytest_asyncio.fixture
async def officer(kafka: KafkaConnection, redis: Redis, name: str, tmp_path: Path) -> AsyncIterator[Officer]:
    """An officer, a colleague, and 600 entries of the hotlist; 450 plates may be shown at once."""
    async for key in redis.scan_iter(match=f"*{name}:*"):
        await redis.delete(key)
    desks = desks_of(kafka, redis, name, tmp_path)
    await desks.person(AN, "investigator")
    await desks.person("jan.claes", "investigator")
    await desks.writer.put(HOTLIST, [make_entry(entry_id=f"E-{number}") for number in range(600)])
    await desks.writer.put(HOTLIST, [make_entry(entry_id="E-sis", hotlist="sis")])
    recorder = MemoryRecorder()
    plates = Limits(per_second=0.001, at_once=450)
    async with desks.running(recorder, limits=Limits(per_second=1e6, at_once=1e6), plates=plates):
        yield Officer(desks, recorder)


async def test_every_refusal_is_in_the_record_with_what_it_was_about(officer: Officer) -> None:
    """For want of a reason, a role, a list; also where the answer itself would not have been recorded. The reason that was
    given is kept with it; one that says nothing is not."""
    browser = await officer.desks.logged_in(AN)
    tries: list[tuple[str, str, str | None, str]] = [
        ("GET", "/hotlist/E-1", "check", "reason_needed"), ("GET", "/hotlist/E-1", None, "reason_needed"),
        ("GET", "/hotlist/E-sis", "stolen van seen near the depot", "list"),
        ("GET", "/policies/NL-1", "stolen van seen near the depot", "role"),
        ("GET", "/users/jan.claes", "who is that, for case 17", "role"),
        ("DELETE", "/hotlist/E-1", "stolen van seen near the depot", "role"),
    ]  # fmt: skip
    for method, path, reason, rule in tries:
        browser.reason = reason
        before = len(officer.recorder.entries)
        assert rule == (await browser.ask(method, f"{PREFIX}{path}")).rule, path
        assert before + 2 == len(officer.recorder.entries), path
        intent, outcome = officer.last()
        kept = reason if reason and len(reason) > len("check") else "refused: no reason was recorded"
        name = path.rpartition("/")[2]
        named = (
            ((), (KEY.pseudonym(name),)) if path.startswith("/hotlist/") else ((name,), ())
        )  # an entry's id is kept as a pseudonym
        assert (AN, named, "refused", rule, kept) == (
            intent.who, (intent.on, intent.subjects), outcome.outcome, outcome.refusal, intent.reason
        )  # fmt: skip


async def test_a_guessed_name_and_anothers_cursor_lead_nowhere(officer: Officer) -> None:
    """An alert of nobody is none; a page goes on for whoever was given its cursor."""
    browser, other = await officer.desks.logged_in(AN), await officer.desks.logged_in("jan.claes")
    for guess in ("a-0", f"a-{'f' * 24}"):
        assert 404 == (await browser.ask("GET", f"{PREFIX}/alerts/{guess}")).status
    page = (await browser.ask("GET", f"{PREFIX}/hotlist")).json
    assert "sis" not in {one["hotlist"] for one in page["items"]}
    assert "cursor" == (await other.ask("GET", f"{PREFIX}/hotlist?cursor={page['next']}")).rule
    assert "cursor" == (await browser.ask("GET", f"{PREFIX}/alerts?cursor={page['next']}")).rule


async def test_nobody_reads_a_whole_list_by_its_pages(officer: Officer) -> None:
    """Who was shown very many plates waits, which is recorded; a colleague does not."""
    browser = await officer.desks.logged_in(AN)
    answers, cursor = [], ""
    for _ in range(4):
        answer = await browser.ask("GET", f"{PREFIX}/hotlist{cursor}")
        answers.append(answer.rule)
        if answer.rule is None and "next" in answer.json:
            cursor = f"?cursor={answer.json['next']}"
    assert "bulk" == answers[-1]
    assert ("refused", "bulk") == (officer.last()[1].outcome, officer.last()[1].refusal)
    other = await officer.desks.logged_in("jan.claes")
    assert 200 == (await other.ask("GET", f"{PREFIX}/hotlist")).status
    browser.reason = None
    assert 200 == (await browser.ask("GET", f"{PREFIX}/session")).status
