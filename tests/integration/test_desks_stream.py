"""The live stream on real Kafka: who gets which alert, how a reader goes on, and that what is covert leaves no trace."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.desks.route import PREFIX
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.covert import PRIVATE, OwnersKey, covert_folder, private_key, sealed
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import CAMERAS, DESIGNATIONS, DESKS, LISTS, ZONES
from pipeline.stream import codec
from schemas.outcomes import Alert, Withdrawal
from schemas.people import Desk
from schemas.topics import ACTIONS, ALERTS, ALERTS_COVERT, INCIDENTS
from tests.builders import make_alert, make_camera, make_entry, make_read, make_zone
from tests.conftest import records_in
from tests.fakes import MemoryRecorder
from tests.people import ELSEWHERE, ZONE, make_user
from tests.people_desk import Browser, Desks, desks_of
from tests.unit.test_desks_directory import make_list

STREAM = f"{PREFIX}/stream"
WITHIN_S = 60.0
SERVICE = "federal judicial police"


class Reader:
    """One reader of the live stream, as a browser's EventSource is one."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._answer: Any = None
        self.last_id: str | None = None
        self.status = 0

    async def open(self, last_id: str | None = None) -> None:
        """Ask for the stream, from last_id on."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._browser.cookies.items())}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        assert self._browser.desks.http is not None, "the process runs"
        timeout = aiohttp.ClientTimeout(total=None)
        self._answer = await self._browser.desks.http.get(
            self._browser.desks.url + STREAM, headers=headers, timeout=timeout
        )
        self.status = self._answer.status
        if self.status == 200:
            await self.event()

    async def event(self) -> dict[str, Any]:
        """The next event that is more than a sign of life: its name, and its data."""
        found: dict[str, str] = {}
        async with asyncio.timeout(WITHIN_S):
            while line := (await self._answer.content.readline()).decode():
                if line == "\n" and found:
                    self.last_id = found.get("id", self.last_id)
                    return {"event": found.get("event"), "data": msgspec.json.decode(found.get("data", "null"))}
                name, _, value = line.rstrip("\n").partition(": ")
                if name and value:
                    found[name] = value
        raise EOFError("the stream has ended")

    async def ended(self) -> bool:
        """Whether the stream ends, whatever it sends before."""
        async with asyncio.timeout(WITHIN_S):
            while await self._answer.content.readline():
                continue
        return True

    async def alerts(self) -> list[str]:
        """The alert_ids, or the ids withdrawn, of the next event."""
        told = (await self.event())["data"]
        return [one["alert"]["alert_id"] if one["kind"] == "alert" else one["withdrawal"]["id"] for one in told]

    def close(self) -> None:
        """Go away."""
        self._answer.close()


@pytest_asyncio.fixture
async def desks(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Desks]:
    """Two zones with a desk each, a dispatcher at each, and an investigator of the service that owns covert entries."""
    made = desks_of(kafka, redis, namespace, tmp_path)
    await made.writer.put(ZONES, [make_zone(ZONE, cameras=("CAM-own",)), make_zone(ELSEWHERE, cameras=("CAM-other",))])
    await made.writer.put(CAMERAS, [make_camera("CAM-own", position=None), make_camera("CAM-other", position=None)])
    for zone in (ZONE, ELSEWHERE):
        await made.writer.put(DESKS, [Desk(desk_id=f"DESK-{zone}", name="dispatch", zones=(zone,), lists=("stolen",))])
        await made.person(f"dispatcher-{zone}", "dispatcher", zones=(zone,))
    await made.person(f"second-{ZONE}", "dispatcher", zones=(ZONE,))
    await made.person("owner", "dispatcher", zones=(ZONE,), user=make_user("owner", service=SERVICE))
    async with made.running(MemoryRecorder()):
        yield made


async def at_desk(desks: Desks, zone: str = ZONE) -> Browser:
    """A dispatcher at the zone's desk."""
    return await desks.logged_in(f"dispatcher-{zone}", desk_id=f"DESK-{zone}")


def alert_at(camera_id: str, **entry: Any) -> Alert:
    """An alert of now, of an entry of its own."""
    now_ms = platform_now_ms()
    read = make_read(camera_id=camera_id, captured_at_ms=now_ms)
    return make_alert(make_entry(**entry), read, network="federal", purposes=("hotlist",))


async def test_an_alert_comes_to_its_zone_and_no_other_and_so_does_its_withdrawal(desks: Desks) -> None:
    """In the order in which they happened; a copy is not shown twice."""
    here, there = Reader(await at_desk(desks)), Reader(await at_desk(desks, ELSEWHERE))
    await asyncio.gather(here.open(), there.open())
    own, other = alert_at("CAM-own"), alert_at("CAM-other", entry_id="E-2")
    back = Withdrawal(kind="alert", id=own.alert_id, reason="entry_removed", by="hotlist", at_ms=platform_now_ms())
    await desks.send(ALERTS, own, own, back, other)
    seen: list[str] = []
    while len(seen) < 2:
        seen += await here.alerts()
    assert [own.alert_id, own.alert_id] == seen
    assert [other.alert_id] == await there.alerts()
    here.close(), there.close()


async def test_a_reader_goes_on_where_it_was(desks: Desks) -> None:
    """With the id of its last event; an id that nobody gave makes it ask for the whole state."""
    browser = await at_desk(desks)
    reader = Reader(browser)
    await reader.open()
    first = alert_at("CAM-own")
    await desks.send(ALERTS, first)
    assert [first.alert_id] == await reader.alerts()
    reader.close()
    watching = Reader(browser)
    await watching.open()
    missed = alert_at("CAM-own", entry_id="E-2")
    await desks.send(ALERTS, missed)
    assert [missed.alert_id] == await watching.alerts()
    again = Reader(browser)
    await again.open(reader.last_id)
    assert [missed.alert_id] == await again.alerts()
    lost = Reader(browser)
    await lost.open("made-up")
    assert "snapshot" == (await lost.event())["event"]
    for one in (watching, again, lost):
        one.close()


async def test_a_covert_hit_is_told_to_nobody_but_its_owner(desks: Desks) -> None:
    """Others see the next alert next; the ids of their events have one length, and are no numbers."""
    owner = {"covert": True, "owner": SERVICE}
    reader = Reader(await at_desk(desks))
    await reader.open()
    ids: list[str] = []
    for number in range(3):
        seen = alert_at("CAM-own", entry_id=f"E-{number}")
        await desks.send(ALERTS, alert_at("CAM-own", entry_id=f"S-{number}", **owner), seen)
        assert [seen.alert_id] == await reader.alerts()
        ids.append(reader.last_id or "")
    assert 1 == len({len(one) for one in ids})
    assert 3 == len(set(ids))
    reader.close()
    listed = (await (await at_desk(desks)).ask("GET", f"{PREFIX}/alerts")).json["items"]
    assert 3 == len(listed)


async def test_a_covert_incident_lives_for_its_owner_and_is_not_there_for_anybody_else(desks: Desks) -> None:
    """Taken, confirmed and closed by the owner's people, on the sealed topic alone; whoever else asks is told as of nothing, and
    his stream shows the next alert next. A process that starts later finds it as it stands."""
    key = OwnersKey.of(private_key("key", covert_folder(desks.settings) / PRIVATE).public_key())
    hit = msgspec.structs.replace(alert_at("CAM-own", covert=True, owner=SERVICE), match="confusable", confirm=True)
    owner, other = await desks.logged_in("owner", desk_id=f"DESK-{ZONE}"), await at_desk(desks)
    readers = reader, own = Reader(other), Reader(owner)
    await asyncio.gather(*(one.open() for one in readers))
    await desks.send(ALERTS_COVERT, sealed(codec.encode(ALERTS, hit), key), key=key.name)
    assert ["alert", "incident"] == [one["kind"] for one in (await own.event())["data"]]
    path = f"{PREFIX}/incidents/{hit.alert_id}"
    for revision, (did, more) in enumerate(
        (("take", {}), ("confirm", {"alert_id": hit.alert_id}), ("close", {"ending": "stopped"}))
    ):
        body = {"revision": revision, "rings": 1, **more}
        assert "not_found" == (await other.ask("POST", f"{path}/{did}", body)).rule
        assert (200, "owner") == (
            (told := await owner.ask("POST", f"{path}/{did}", body)).status,
            told.json["steps"][-1]["who"],
        )
    seen = alert_at("CAM-own", entry_id="E-2")
    await desks.send(ALERTS, seen)
    assert [seen.alert_id] == await reader.alerts()
    reader.close(), own.close()
    assert "not_found" == (await other.ask("GET", path)).rule
    assert [[], []] == [await records_in(desks.kafka, f"{desks.namespace}.{one.name}") for one in (ACTIONS, INCIDENTS)]
    async with desks.running(MemoryRecorder()):
        again = (await (await desks.logged_in("owner", desk_id=f"DESK-{ZONE}")).ask("GET", path)).json
        assert ("closed", told.json["steps"]) == (again["incident"]["phase"], again["steps"])
        shown = (await owner.ask("GET", f"{PREFIX}/alerts/{hit.alert_id}")).json["alert"]
        assert (2, "owner") == (shown["revision"], shown["confirmed"]["who"])


async def test_a_stream_ends_with_the_right_the_shift_and_the_session(desks: Desks) -> None:
    """Whatever ends first; without a shift it does not begin."""
    idle = Reader(await desks.logged_in(f"dispatcher-{ZONE}"))
    await idle.open()
    assert 403 == idle.status or 422 == idle.status
    readers = [Reader(await at_desk(desks)) for _ in range(3)]
    for reader in readers:
        await reader.open()
    await readers[0]._browser.ask("DELETE", f"{PREFIX}/shift")
    await readers[1]._browser.ask("DELETE", f"{PREFIX}/session")
    assert await readers[0].ended()
    assert await readers[1].ended()
    await desks.writer.remove(DESIGNATIONS, [f"dispatcher-{ZONE}-dispatcher"])
    await desks.send(ALERTS, alert_at("CAM-own"))
    assert await readers[2].ended()


async def test_a_hit_of_a_narrowed_list_comes_to_whom_the_list_names_and_to_nobody_else(desks: Desks) -> None:
    """Live, and as what was missed; when a list names others, the streams that this concerns begin anew."""
    here, colleague = f"dispatcher-{ZONE}", f"second-{ZONE}"
    readers = [Reader(await desks.logged_in(name, desk_id=f"DESK-{ZONE}")) for name in (here, colleague)]
    for reader in readers:
        await reader.open()
    await desks.writer.put(LISTS, [make_list(f"{here}-dispatcher", list_id="CT")])
    assert await readers[0].ended()
    named = Reader(readers[0]._browser)
    await named.open()
    hit, other = msgspec.structs.replace(alert_at("CAM-own"), list_id="CT"), alert_at("CAM-own", entry_id="E-2")
    await desks.send(ALERTS, hit, other)
    seen: list[str] = []
    while len(seen) < 2:
        seen += await named.alerts()
    assert [hit.alert_id, other.alert_id] == seen
    assert [other.alert_id] == await readers[1].alerts()
    missed = Reader(readers[0]._browser)
    await missed.open(named.last_id)
    later = msgspec.structs.replace(alert_at("CAM-own", entry_id="E-3"), list_id="CT")
    await desks.send(ALERTS, later)
    assert [later.alert_id] == await missed.alerts()
    for one in (*readers, named, missed):
        one.close()


async def test_what_went_before_the_start_is_in_the_list(desks: Desks) -> None:
    """And the list's position goes on with the stream."""
    browser = await at_desk(desks)
    reader = Reader(browser)
    await reader.open()
    alert = alert_at("CAM-own")
    await desks.send(ALERTS, alert)
    assert [alert.alert_id] == await reader.alerts()
    page = (await browser.ask("GET", f"{PREFIX}/alerts")).json
    assert [alert.alert_id] == [one["alert"]["alert_id"] for one in page["items"]]
    after = Reader(browser)
    await after.open(page["position"])
    later = alert_at("CAM-own", entry_id="E-2")
    await desks.send(ALERTS, later)
    assert [later.alert_id] == await after.alerts()
    reader.close(), after.close()
