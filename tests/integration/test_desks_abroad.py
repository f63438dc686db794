"""The liaison's list on real Kafka and Redis: what is open abroad is shown for as long as it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.desks.abroad import MOST_OPEN
from pipeline.desks.cookies import SESSION
from pipeline.desks.route import PREFIX
from pipeline.neighbours.policy import forwards_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, ZONES
from schemas import ids
from schemas.outcomes import Alert, Forward, Receipt, RecordPlace
from schemas.topics import ALERTS, FORWARDS, RECEIPTS
from tests.builders import cameras_of, make_alert, make_camera, make_entry, make_policy, make_read, make_zone
from tests.fakes import MemoryRecorder
from tests.people import ZONE
from tests.people_desk import DAY_MS, Desks, desks_of

CAMERA = make_camera("E40-1", holds_from_ms=0)


@pytest_asyncio.fixture
async def desks(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Desks]:
    """A camera in the zone of a liaison officer; the process does not run yet."""
    made = desks_of(kafka, redis, namespace, tmp_path)
    await made.writer.put(ZONES, [make_zone(ZONE, cameras=("E40-1",))])
    await made.writer.put(CAMERAS, [CAMERA])
    yield made


def told(plate: str, at_ms: int, offset: int) -> tuple[Alert, Forward]:
    """A hit that stands at this offset of partition 0, and what the Netherlands were told of it."""
    alert = make_alert(make_entry(plate, share_with=("NL",)), make_read(plate, "E40-1", at_ms))
    (made,) = forwards_of(alert, [make_policy("NL")], cameras_of(CAMERA), {}, at_ms + 500)
    return alert, msgspec.structs.replace(made, alert_at=RecordPlace(partition=0, offset=offset))


def taken(forward: Forward, answer_by_ms: int | None) -> Receipt:
    """The receipt of its acknowledgement. answer_by_ms: until when the neighbour promised to say what came of it, if it did."""
    return Receipt(
        receipt_id=ids.receipt_id(forward.forward_id, "acknowledged"), forward_id=forward.forward_id, to_country="NL",
        outcome="acknowledged", answer_by_ms=answer_by_ms, decided_at_ms=forward.created_at_ms,
    )  # fmt: skip


async def test_what_is_open_abroad_is_shown_after_days_and_what_is_settled_is_not(desks: Desks) -> None:
    """Of what no answer came, and of what an answer was promised; by a process that was started since."""
    now_ms = platform_now_ms()
    later_ms = now_ms + 3 * DAY_MS
    await desks.person(
        "liesbeth", "liaison_officer", valid_until_ms=later_ms + DAY_MS, trained_until_ms=later_ms + DAY_MS
    )
    silent, promised, settled = (told(plate, now_ms, at) for at, plate in enumerate(("1AAA111", "1AAA222", "1AAA333")))
    await desks.send(ALERTS, *(alert for alert, _ in (silent, promised, settled)))
    await desks.send(FORWARDS, *(forward for _, forward in (silent, promised, settled)))
    await desks.send(RECEIPTS, taken(promised[1], now_ms + 60_000), taken(settled[1], None))
    async with desks.running(MemoryRecorder(), now_ms=lambda: later_ms):
        token, _ = await desks.sessions.open("liesbeth", "password", later_ms)
        browser = desks.browser(cookies={SESSION: token})
        page = await browser.ask("GET", f"{PREFIX}/abroad")
        assert 200 == page.status, page.body
        shown = {one["alert"]["alert_id"]: one["countries"][0]["state"] for one in page.json["items"]}
        assert {silent[0].alert_id: "sent", promised[0].alert_id: "acknowledged"} == shown
        for alert, status in ((silent[0], 200), (settled[0], 404)):
            assert status == (await browser.ask("GET", f"{PREFIX}/abroad/{alert.alert_id}")).status


async def test_however_many_are_open_abroad_each_is_on_a_page(desks: Desks) -> None:
    """A page holds so many of them, and says where the others are; each can be looked at by itself."""
    now_ms = platform_now_ms()
    later_ms = now_ms + 3 * DAY_MS
    ends_ms = later_ms + DAY_MS
    await desks.person("liesbeth", "liaison_officer", valid_until_ms=ends_ms, trained_until_ms=ends_ms)
    hits = [told(f"1AB{at:04}", now_ms, at) for at in range(MOST_OPEN + 30)]
    await desks.send(ALERTS, *(alert for alert, _ in hits))
    await desks.send(FORWARDS, *(forward for _, forward in hits))
    async with desks.running(MemoryRecorder(), now_ms=lambda: later_ms):
        token, _ = await desks.sessions.open("liesbeth", "password", later_ms)
        browser, seen, cursor = desks.browser(cookies={SESSION: token}), list[str](), ""
        for count in (MOST_OPEN, 30):
            page = await browser.ask("GET", f"{PREFIX}/abroad{cursor}")
            assert 200 == page.status, page.body
            seen += [one["alert"]["alert_id"] for one in page.json["items"]]
            assert count == len(page.json["items"])
            cursor = f"?cursor={page.json.get('next', '')}"
        assert "next" not in page.json
        assert {alert.alert_id for alert, _ in hits} == set(seen)
        for alert_id in (seen[0], seen[-1]):
            assert 200 == (await browser.ask("GET", f"{PREFIX}/abroad/{alert_id}")).status
