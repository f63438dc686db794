"""A neighbour without a server: it pulls what it is told, verifies our signature, and its signed word settles the message."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from agents import liaison
from pipeline.desks.route import PREFIX
from pipeline.errors import Unavailable
from pipeline.neighbours.later import LaterWord, sign_later
from pipeline.neighbours.message import Acknowledgement, SignedForward, sign_acknowledgement, verify_forward
from pipeline.receiver.credentials import DeskCredentials, create_credentials
from pipeline.receiver.files import key_ring, signing_key
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import DeskSettings, LiaisonSettings, Settings
from pipeline.state.collections import CONSUMERS
from pipeline.state.delivery_marks import DeliveryMarks
from pipeline.state.later_words import LaterWords
from pipeline.state.outbox import Outbox
from pipeline.stream.context import Context
from pipeline.stream.later_answers import UNPROVEN_KEPT_MS, LaterAnswers
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Record
from pipeline.stream.recent import recent
from pipeline.stream.told_recovery import ToldRecovery
from schemas.outcomes import WITHDRAWN, Forward, Receipt
from schemas.topics import RECEIPTS
from tests.desks import make_forward
from tests.fakes import MemoryRecorder
from tests.people import make_consumer
from tests.people_desk import Desks, Reply, desks_of

FEED = f"{PREFIX}/feeds/forwards"
WITHIN_S = 60.0


@dataclass
class Neighbour:
    """Luxembourg: its key, ours as it knows it, and its token."""

    desks: Desks
    token: str
    files: DeskCredentials
    ours: liaison.Liaison
    answers: LaterAnswers

    async def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Reply:
        """One request, as a program sends it."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Sec-Fetch-Site": None, "Vigie-Reason": None}
        return await self.desks.browser().ask(method, path, body, headers=headers)

    async def pulled(self) -> SignedForward:
        """The next message, with our signature verified."""
        ring = key_ring("ours", {"BE": self.files.desk_knows})
        async with asyncio.timeout(WITHIN_S):
            while True:
                if "signed" in (answer := (await self.ask("GET", FEED)).json):
                    return verify_forward(answer["signed"], ring)
                await asyncio.sleep(0.1)  # who asks more often is told to wait

    async def answer(self, forward: Forward, **fields: Any) -> Reply:
        """The signed word on this forward."""
        given = {"outcome": "acknowledged", "reference": "LU-77"} | fields
        word = Acknowledgement(forward_id=forward.forward_id, from_country="LU", at_ms=platform_now_ms(), **given)
        signed = sign_acknowledgement(word, signing_key("theirs", self.files.desk_sign_key))
        return await self.send(forward, signed)

    async def send(self, forward: Forward, signed: str) -> Reply:
        """Any text as the answer."""
        return await self.ask("POST", f"{FEED}/answers", {"forward_id": forward.forward_id, "signed": signed})

    async def say(self, forward: Forward, key: str = "theirs", **fields: Any) -> Reply:
        """What came of this message, signed."""
        word = LaterWord(forward_id=forward.forward_id, from_country="LU", at_ms=platform_now_ms(), **fields)
        file = {"theirs": self.files.desk_sign_key, "ours": self.files.sender_sign_key}[key]
        signed = sign_later(word, signing_key(key, file))
        return await self.ask("POST", f"{FEED}/outcomes", {"forward_id": forward.forward_id, "signed": signed})

    def told(self, forward: Forward, offset: int = 0) -> "asyncio.Task[Receipt]":
        """Our liaison works on the forward until it is settled."""
        record = Record("vigie.forwards", 0, offset, forward.created_at_ms, forward, msgspec.json.encode(forward))

        async def settled() -> Receipt:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    try:
                        ((_topic, receipt, _key, _at),) = (await self.ours.handle([record])).sends
                    except Unavailable:
                        await asyncio.sleep(0.05)
                        continue
                    assert isinstance(receipt, Receipt)
                    return receipt

        return asyncio.create_task(settled())


async def _nothing_wrong(_forward: Forward, _recorded_at_ms: int) -> str | None:
    """Finds no fault (see test_forward_check.py)."""
    return None


@pytest_asyncio.fixture
async def neighbour(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Neighbour]:
    """The desks run, and Luxembourg may pull; it is the one neighbour of our liaison."""
    files, desks = create_credentials(tmp_path / "keys"), desks_of(kafka, redis, namespace, tmp_path / "data")
    consumer, token = make_consumer("police-lu", neighbour="LU", networks=(), everywhere=False)
    authority, _ = make_consumer("flanders")
    await desks.writer.put(CONSUMERS, [consumer, authority])
    desk = DeskSettings(public_key_file=files.sender_knows, answers_within_s=60)
    settings = LiaisonSettings(signing_key_file=files.sender_sign_key, desks={"LU": desk}, max_backoff_s=0.05)
    sender = Sender(kafka.client_kwargs())
    context = Context(Settings(namespace=namespace, liaison=settings), redis, StageMetrics("liaison"), sender)
    ours = liaison.liaison_of(context, _nothing_wrong)
    assert await ours.words.note_whole(await ours.words.begin())
    async with desks.running(MemoryRecorder()):
        yield Neighbour(desks, token, files, ours, liaison.later_answers_of(context, ours))
    await context.close()
    await sender.stop()


def a_forward(number: int, expires_after_ms: int = 3_600_000) -> Forward:
    """A forward to Luxembourg."""
    return make_forward(
        f"f-{number:024x}", now_ms=platform_now_ms(), country="LU", expires_after_ms=expires_after_ms,
        incident_id=f"a-{number:024x}",
    )  # fmt: skip


async def test_what_is_pulled_is_settled_by_the_neighbours_signed_word_alone(neighbour: Neighbour) -> None:
    """In order; a word that proves nothing leaves the message waiting; the receipt holds reference, or reason, and the word."""
    first, second = a_forward(1), a_forward(2)
    task = neighbour.told(first)
    signed = await neighbour.pulled()
    assert (first.forward_id, "BE") == (signed.forward.forward_id, signed.sender)
    assert (200, 409) == ((await neighbour.send(first, "not a word")).status, (await neighbour.answer(second)).status)
    assert first.forward_id == (await neighbour.pulled()).forward.forward_id
    assert 200 == (await neighbour.answer(first)).status
    receipt = await task
    assert ("acknowledged", "LU-77", 2) == (receipt.outcome, receipt.neighbour_reference, receipt.attempts)
    assert receipt.signed
    assert {} == (await neighbour.ask("GET", FEED)).json, "what is answered waits no more"
    task = neighbour.told(second, 1)
    assert second.forward_id == (await neighbour.pulled()).forward.forward_id
    await neighbour.answer(
        second, outcome="refused", reference=None, reason="no_legal_basis", detail="our court said so"
    )
    assert ("refused", "no_legal_basis: our court said so") == ((receipt := await task).outcome, receipt.detail)


async def test_what_came_of_a_message_is_told_later_by_the_neighbours_signed_word_alone(
    neighbour: Neighbour, kafka: KafkaConnection, namespace: str
) -> None:
    """A word of ours in its name proves nothing, nobody speaks of a message that he never got, and a copy counts once."""
    first, never = a_forward(6), a_forward(7)
    assert 409 == (await neighbour.say(first, outcome="stopped")).status
    task = neighbour.told(first)
    await neighbour.pulled()
    await neighbour.answer(first)
    receipt = await task
    assert receipt.decided_at_ms + 60_000 == receipt.answer_by_ms
    assert 409 == (await neighbour.say(never, outcome="stopped")).status
    for key in ("ours", "theirs", "theirs"):
        assert 200 == (await neighbour.say(first, key, outcome="refused", reason="no_unit", reference="LU-78")).status
    await neighbour.answers.look("LU")
    await neighbour.answers.look("LU")
    told = [one async for one, _, _ in recent(kafka.client_kwargs(), namespace, RECEIPTS, 0)]
    assert [("refused", "no_unit", "LU-78", first.incident_id)] == [
        (one.later, one.reason, one.neighbour_reference, one.incident_id)
        for one in {(one.receipt_id, one.later): one for one in told}.values()
    ]


async def test_a_word_under_a_new_key_waits_for_the_worker_that_knows_the_key(
    neighbour: Neighbour, kafka: KafkaConnection, redis: Redis, namespace: str
) -> None:
    """While a neighbour changes its key, a worker with the old ring lets the word be; what no key verifies is dropped later."""
    forward, now_ms, words = a_forward(8), [platform_now_ms()], LaterWords(redis, f"apart-{namespace}")
    counted: list[tuple[str, str]] = []
    knows = replace(neighbour.answers, words=words, now_ms=lambda: now_ms[0])
    behind = replace(
        knows,
        rings={"LU": key_ring("ours", {"LU": neighbour.files.desk_knows})},
        counted=lambda *one: counted.append(one),
    )

    async def say(outcome: str, key: Path) -> None:
        word = LaterWord(forward_id=forward.forward_id, from_country="LU", at_ms=now_ms[0], outcome=outcome)  # type: ignore[arg-type]  # literals below
        assert "taken" == await words.offer("LU", forward.forward_id, sign_later(word, signing_key("key", key)))

    await words.told(forward)
    await say("stopped", neighbour.files.desk_sign_key)
    for _ in range(2):
        await behind.look("LU")
    assert [("LU", "unproven")] == counted
    await knows.look("LU")
    told = [one async for one, _, _ in recent(kafka.client_kwargs(), namespace, RECEIPTS, 0)]
    assert ["stopped"] == [one.later for one in told if one.later and one.forward_id == forward.forward_id]
    await say("not_found", neighbour.files.sender_sign_key)
    await knows.look("LU")
    assert 1 == len(await words.waiting("LU"))
    now_ms[0] += UNPROVEN_KEPT_MS
    await knows.look("LU")
    assert {} == await words.waiting("LU")


async def test_of_what_a_neighbour_took_it_may_speak_also_after_redis_was_emptied(
    neighbour: Neighbour, kafka: KafkaConnection, redis: Redis, namespace: str
) -> None:
    """It is asked to wait while that is put back from the receipts; one that it never got stays unknown."""
    forward, words = a_forward(30), neighbour.ours.words
    task = neighbour.told(forward)
    await neighbour.pulled()
    await neighbour.answer(forward)
    await neighbour.desks.send(RECEIPTS, await task)
    async for key in redis.scan_iter(match=f"{{{namespace}:outbox}}:told*"):
        await redis.delete(key)
    assert 503 == (await neighbour.say(forward, outcome="stopped")).status
    begun = await words.begin()
    await redis.delete(f"{{{namespace}:outbox}}:told_begun")
    assert not await words.note_whole(begun)  # lost again meanwhile: what was put back may be half of it
    await ToldRecovery(kafka.client_kwargs(), namespace, words, platform_now_ms).look()
    assert 200 == (await neighbour.say(forward, outcome="stopped")).status
    assert (True, forward.incident_id) == await words.incident_of("LU", forward.forward_id)
    assert 409 == (await neighbour.say(a_forward(31), outcome="stopped")).status


async def test_what_nobody_pulls_expires_and_is_not_handed_out_any_more(neighbour: Neighbour) -> None:
    """The receipt says so."""
    forward = a_forward(3, expires_after_ms=1_500)
    assert "expired" == (await neighbour.told(forward)).outcome
    assert {} == (await neighbour.ask("GET", FEED)).json


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_an_acknowledgement_just_before_the_end_counts_and_one_after_it_is_refused(
    neighbour: Neighbour, redis: Redis, namespace: str, withdrawn: bool
) -> None:
    """Its sender is told which; whether the message's time ended or it was recalled; the same receipt after a crash."""
    clock, forwards = [now_ms := platform_now_ms()], [a_forward(20), a_forward(21)]
    ours = replace(neighbour.ours, now_ms=lambda: clock[0])

    async def handled(offset: int) -> Receipt:
        forward = forwards[offset]
        record = Record("vigie.forwards", 0, offset, clock[0], forward, msgspec.json.encode(forward))
        ((_topic, receipt, _key, _at),) = (await ours.handle([record])).sends
        assert isinstance(receipt, Receipt)
        return receipt

    for offset, forward in enumerate(forwards):
        clock[0] = now_ms
        with pytest.raises(Unavailable):
            await handled(offset)
        if offset == 0:
            assert 200 == (await neighbour.answer(forward)).status
        if withdrawn:
            await DeliveryMarks(redis, namespace).recalled([forward.forward_id])
        else:
            clock[0] = forward.expires_at_ms + offset
        receipt, again = await handled(offset), await handled(offset)
        assert ("acknowledged", "LU-77") == (receipt.outcome, receipt.neighbour_reference) or offset
        assert receipt.outcome == again.outcome
    assert ("expired", WITHDRAWN if withdrawn else None) == (receipt.outcome, receipt.reason)
    assert 409 == (await neighbour.answer(forwards[1])).status


async def test_a_message_that_is_dropped_waits_no_more(redis: Redis, namespace: str) -> None:
    """As one that was recalled before it was pulled; a later one is left alone."""
    outbox, now_ms = Outbox(redis, namespace), platform_now_ms()
    one, other = a_forward(4), a_forward(5)
    assert None is await outbox.offer(one, "signed", now_ms)
    assert None is await outbox.offer(one, "signed again", now_ms + 1_000)
    assert "signed" == (await outbox.take("LU", now_ms)).signed  # type: ignore[union-attr]  # it is there
    assert None is await outbox.offer(one, "signed later", now_ms + 400_000)
    assert "signed later" == (await outbox.take("LU", now_ms)).signed  # type: ignore[union-attr]  # it is there
    assert None is await outbox.drop(other)
    assert await outbox.take("LU", now_ms)
    await outbox.drop(one)
    assert None is await outbox.take("LU", now_ms)
    assert not await outbox.answer("LU", one.forward_id, "word")


async def test_a_neighbours_feed_and_an_authoritys_are_apart(neighbour: Neighbour) -> None:
    """Each token opens its own alone."""
    _, authority = make_consumer("flanders")
    assert "role" == (await neighbour.ask("GET", f"{PREFIX}/feeds/violations")).rule
    assert "role" == (await neighbour.ask("GET", FEED, token=authority)).rule
