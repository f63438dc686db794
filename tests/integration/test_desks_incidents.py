"""What dispatchers do about incidents, from the API through the agent to the live stream and the record."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from agents import incidents
from pipeline.desks.guard import RECORD
from pipeline.desks.route import PREFIX
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, DESKS, EXCLUSIONS, ZONES
from schemas.accesses import Intent, Outcome
from schemas.outcomes import Alert
from schemas.people import Desk
from schemas.topics import ALERTS
from tests.builders import make_camera, make_zone
from tests.fakes import MemoryRecorder
from tests.incidents import first_alert, later_alert
from tests.integration.stage_probe import Bench
from tests.integration.test_desks_stream import Reader
from tests.people import ELSEWHERE, ZONE
from tests.people_desk import Browser, Desks, Reply, desks_of

GRACE_MS = 1_000
"""So long somebody keeps what he has after his session ended."""


class Dispatch:
    """Two dispatchers at the desk of one zone, one at the desk of another, and the agent that decides."""

    def __init__(self, desks: Desks, recorder: MemoryRecorder) -> None:
        self.desks, self.recorder = desks, recorder

    async def at_desk(self, who: str, zone: str = ZONE) -> Browser:
        """A dispatcher who works at the zone's desk."""
        return await self.desks.logged_in(who, desk_id=f"DESK-{zone}")

    async def incident(self, **fields: Any) -> Alert:
        """A new alert; returns it when the desks show its incident."""
        alert = first_alert(captured_at_ms=platform_now_ms(), network="federal", purposes=("hotlist",), **fields)
        await self.desks.send(ALERTS, alert)
        browser = await self.at_desk("an")
        async with asyncio.timeout(60.0):
            while True:
                if (await look(browser, alert.incident_id)).status == 200:
                    return alert
                await asyncio.sleep(0.1)  # who asks more often is told to wait


async def look(browser: Browser, incident_id: str) -> Reply:
    """The incident as this person sees it."""
    return await browser.ask("GET", f"{PREFIX}/incidents/{incident_id}")


async def act(browser: Browser, incident_id: str, path: str, body: Any = None, **options: Any) -> Reply:
    """Do something about an incident that nobody has acted on. body: further fields."""
    return await browser.ask(
        "POST", f"{PREFIX}/incidents/{incident_id}/{path}", {"revision": 0, "rings": 1} | (body or {}), **options
    )


@pytest_asyncio.fixture
async def dispatch(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Dispatch]:
    """Everything runs; persons are an and bo here, cor in the other zone, and an investigator."""
    made, recorder = desks_of(kafka, redis, namespace, tmp_path), MemoryRecorder()
    await made.writer.put(ZONES, [make_zone(ZONE, cameras=("E40-1",)), make_zone(ELSEWHERE, cameras=("CAM-other",))])
    for zone in (ZONE, ELSEWHERE):
        await made.writer.put(DESKS, [Desk(desk_id=f"DESK-{zone}", name="dispatch", zones=(zone,), lists=("stolen",))])
    await made.writer.put(CAMERAS, [make_camera("E40-1"), make_camera("CAM-other")])
    for who, zone in (("an", ZONE), ("bo", ZONE), ("cor", ELSEWHERE)):
        await made.person(who, "dispatcher", zones=(zone,))
    await made.person("inge", "investigator")
    bench = Bench(kafka, redis, namespace, tmp_path)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(bench.worker(incidents.AGENT))
        await stack.enter_async_context(made.running(recorder, grace_ms=GRACE_MS))
        yield Dispatch(made, recorder)
    await bench.sender.stop()


async def test_of_two_dispatchers_at_once_one_takes_it_and_the_other_is_told_who(dispatch: Dispatch) -> None:
    """Whoever is second gets 409 with the name; all that each did is in the trail and in the record."""
    alert = await dispatch.incident()
    an, bo = await dispatch.at_desk("an"), await dispatch.at_desk("bo")
    both = await asyncio.gather(*(act(one, alert.incident_id, "take") for one in (an, bo)))
    won, lost = sorted(both, key=lambda one: one.status)
    assert (200, 409, "acted_before") == (won.status, lost.status, lost.rule)
    refused = lost.json["refused"]
    assert won.json["incident"]["holder"] == refused["first_who"] != refused["who"]
    shown = (await look(an, alert.incident_id)).json
    assert ["rang", "take"] == [one["did"] for one in shown["steps"]]
    assert [(alert.alert_id, "E40-1")] == [(one["alert_id"], one["camera_id"]) for one in shown["sightings"]]
    entries = [one.entry for one in dispatch.recorder.entries]
    decisions = [one for one in entries if isinstance(one, Intent) and one.act == "decision"]
    assert {"an", "bo"} == {one.who for one in decisions}
    assert {"answered", "refused"} <= {one.outcome for one in entries if isinstance(one, Outcome)}


async def test_a_repeated_request_is_one_action_and_an_undone_one_is_open_again(dispatch: Dispatch) -> None:
    """The network may lose an answer. The live stream shows each change to those who may see it."""
    alert = await dispatch.incident()
    an = await dispatch.at_desk("an")
    here, there = Reader(an), Reader(await dispatch.at_desk("cor", ELSEWHERE))
    await asyncio.gather(here.open(), there.open())
    key = {"Idempotency-Key": "the-only-one"}
    body = {"alert_id": alert.alert_id, "plate": "1ADC555", "plate_country": "BE"}
    first, again = [await act(an, alert.incident_id, "misread", body, headers=dict(key)) for _ in range(2)]
    assert (200, first.body) == (again.status, again.body)
    assert 2 == len({first.headers[RECORD], again.headers[RECORD]}), "who looks at plates again is recorded again"
    assert [] == [one async for one in dispatch.desks.redis.scan_iter(match=f"*{dispatch.desks.namespace}:answers*")
                  if b"1ADC555" in await dispatch.desks.redis.get(one)]  # fmt: skip
    assert "misread" == first.json["incident"]["phase"]
    assert [] == (await an.ask("GET", f"{PREFIX}/incidents")).json["items"]
    assert ["an"] == [one.owner for one in await dispatch.desks.writer.list(EXCLUSIONS)]
    undone = await act(an, alert.incident_id, "undo", {"revision": 1})
    assert ("new", 2) == (undone.json["incident"]["phase"], undone.json["incident"]["revision"])
    assert [] == await dispatch.desks.writer.list(EXCLUSIONS)
    told: list[str] = []
    while "new" not in told:
        told += [one["incident"]["phase"] for one in (await here.event())["data"] if one["kind"] == "incident"]
    assert ["misread", "new"] == told
    assert [alert.incident_id] == [
        one["incident_id"] for one in (await an.ask("GET", f"{PREFIX}/incidents")).json["items"]
    ]
    here.close(), there.close()


async def test_whoever_has_lost_the_right_gets_no_answer_again(dispatch: Dispatch) -> None:
    """Not for the same request under the same key either."""
    alert = await dispatch.incident()
    an, key = await dispatch.at_desk("an"), {"Idempotency-Key": "the-only-one"}
    assert 200 == (await act(an, alert.incident_id, "take", headers=dict(key))).status
    await dispatch.desks.person("an", "dispatcher", zones=(ELSEWHERE,))
    async with asyncio.timeout(60.0):
        while (await look(an, alert.incident_id)).status == 200:  # noqa: ASYNC110 - another connection brings it
            await asyncio.sleep(0.1)  # who asks more often is told to wait
    again = await act(an, alert.incident_id, "take", headers=dict(key))
    assert (403, "zone") == (again.status, again.rule)


async def test_a_dismissal_takes_back_what_its_person_may_see_and_nothing_in_anothers_zone(dispatch: Dispatch) -> None:
    """The vehicle drove on: there the incident stays open, and nobody's."""
    alert = await dispatch.incident(plate="1AOC555", match="exact", confirm=False)
    on = later_alert(0, alert, camera_id="CAM-other", captured_at_ms=alert.read.captured_at_ms + 60_000, plate="1AOC555",
                     match="exact", confirm=False, network="federal", purposes=("hotlist",))  # fmt: skip
    await dispatch.desks.send(ALERTS, on)
    an, cor = await dispatch.at_desk("an"), await dispatch.at_desk("cor", ELSEWHERE)
    async with asyncio.timeout(60.0):
        while (await look(cor, alert.incident_id)).status != 200:  # noqa: ASYNC110 - the desks read it from the broker
            await asyncio.sleep(0.1)
    told = await act(an, alert.incident_id, "dismiss", {"dismissal": "innocent_vehicle"})
    assert (200, "new", None) == (told.status, told.json["incident"]["phase"], told.json["incident"].get("holder"))
    assert [[alert.alert_id]] == [one["alert_ids"] for one in told.json["steps"] if one["did"] == "dismiss"]
    shown = {
        one["alert_id"]: one["confirm"]
        for who in (an, cor)
        for one in (await look(who, alert.incident_id)).json["sightings"]
    }
    assert {alert.alert_id: True, on.alert_id: False} == shown


async def test_who_may_not_act_may_not_and_what_makes_no_sense_is_refused(dispatch: Dispatch) -> None:
    """Another zone, another role, no shift, and a body without what the action needs."""
    alert = await dispatch.incident()
    assert 403 == (await look(await dispatch.at_desk("cor", ELSEWHERE), alert.incident_id)).status
    inge = await dispatch.desks.logged_in("inge", desk_id=f"DESK-{ZONE}")
    assert 200 == (await look(inge, alert.incident_id)).status
    for browser, rule in (
        (await dispatch.at_desk("cor", ELSEWHERE), "zone"),
        (inge, "role"),
        (await dispatch.desks.logged_in("an"), "shift"),
    ):
        assert (403, rule) == ((reply := await act(browser, alert.incident_id, "take")).status, reply.rule)
    an = await dispatch.at_desk("an")
    assert 404 == (await act(an, "a-0", "take")).status
    assert 400 == (await act(an, alert.incident_id, "dismiss", {"dismissal": "other"})).status
    assert 404 == (await act(an, alert.incident_id, "hand-over", {"to_desk": "NOWHERE"})).status
    assert 0 == (await look(an, alert.incident_id)).json["incident"]["revision"]


async def test_an_incident_is_handed_over_to_a_desk_that_can_see_it_alone(dispatch: Dispatch) -> None:
    """One with other zones can while somebody works there who may decide on it; else the answer says why."""
    alert = await dispatch.incident()
    an, elsewhere = await dispatch.at_desk("an"), {"revision": 1, "to_desk": f"DESK-{ELSEWHERE}"}
    await dispatch.at_desk("cor", ELSEWHERE)
    assert 200 == (await act(an, alert.incident_id, "take")).status
    refused = await act(an, alert.incident_id, "hand-over", elsewhere)
    assert (422, "desk_cannot_see") == (refused.status, refused.rule)
    await dispatch.at_desk("bo", ELSEWHERE)
    handed = await act(an, alert.incident_id, "hand-over", elsewhere)
    assert ("handed_over", f"DESK-{ELSEWHERE}") == (handed.json["incident"]["phase"], handed.json["incident"]["desk"])


@pytest.mark.parametrize(("path", "more"), [("confirm", {}), ("misread", {"plate": "1ADC555"})])
async def test_a_hit_is_decided_on_only_by_who_may_decide_on_that_hit(
    dispatch: Dispatch, path: str, more: dict[str, str]
) -> None:
    """Another zone that the vehicle came to sees its own hit alone; that it was refused the first is in the record."""
    first = await dispatch.incident()
    here = {"captured_at_ms": first.read.captured_at_ms + 1_000, "camera_id": "CAM-other"}
    second = later_alert(0, first, network="federal", purposes=("hotlist",), **here)
    await dispatch.desks.send(ALERTS, second)
    cor = await dispatch.at_desk("cor", ELSEWHERE)
    async with asyncio.timeout(60.0):
        while (shown := await look(cor, first.incident_id)).status != 200:  # noqa: ASYNC110 - the desks read it from the broker
            await asyncio.sleep(0.1)  # who asks more often is told to wait
    assert [second.alert_id] == [one["alert_id"] for one in shown.json["sightings"]]
    refused = await act(cor, first.incident_id, path, {"alert_id": first.alert_id} | more)
    assert (403, "zone") == (refused.status, refused.rule)
    outcomes = [one.entry for one in dispatch.recorder.entries if isinstance(one.entry, Outcome)]
    assert ("refused", "zone") == (outcomes[-1].outcome, outcomes[-1].refusal)
    assert 404 == (await act(cor, first.incident_id, path, {"alert_id": "a-0"} | more)).status
    assert 200 == (await act(cor, first.incident_id, path, {"alert_id": second.alert_id} | more)).status


async def test_who_goes_home_leaves_nothing_behind(dispatch: Dispatch) -> None:
    """A closed session hands over to the desk, where somebody still works; who is only at another desk has not left."""
    alert = await dispatch.incident()
    an, bo = await dispatch.desks.logged_in("an", desk_id=f"DESK-{ZONE}"), await dispatch.at_desk("bo")
    assert 200 == (await act(bo, alert.incident_id, "take")).status
    assert 200 == (await bo.ask("DELETE", f"{PREFIX}/session")).status
    async with asyncio.timeout(30.0):
        while True:
            shown = (await look(an, alert.incident_id)).json
            if shown["incident"]["phase"] == "handed_over":
                break
            await asyncio.sleep(0.2)  # who asks more often is told to wait
    step = shown["steps"][-1]
    assert ("hand_over", "bo", f"DESK-{ZONE}", True) == (step["did"], step["who"], step["to_desk"], step["left"])
    assert 200 == (await act(an, alert.incident_id, "take", {"revision": 2})).status
    for _ in range(8):
        assert "an" == (await look(an, alert.incident_id)).json["incident"]["holder"]
        await asyncio.sleep(GRACE_MS / 4_000)
