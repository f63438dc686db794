"""Every route of the API, for every role, in one's own zone and in another, with a designation that holds and one that lapsed.

The table is made of the routes themselves: none can be missing. What must come of each is computed from the rights table and from
where things lie, apart from the code that decides.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from redis.asyncio import Redis

from agents import incidents
from pipeline.access.roles import RIGHTS, ROLES, SHOWS_PLATES, Act
from pipeline.access.signing import enrolled
from pipeline.desks.app import ROUTES
from pipeline.desks.guard import RECORD
from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX, Route
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.approval_store import ApprovalStore, Waiting
from pipeline.state.collections import (
    CAMERAS,
    CONSUMERS,
    DESIGNATIONS,
    DESKS,
    EXCLUSIONS,
    HOTLIST,
    LISTS,
    POLICIES,
    SECTIONS,
    SENDERS,
    SIGNING_KEYS,
    USERS,
    WATCHES,
    ZONES,
)
from pipeline.state.waiting_room import Knock, WaitingRoom
from schemas import ids
from schemas.outcomes import Violation
from schemas.people import Desk, Role
from schemas.reads import Purpose
from schemas.reference import HotList, WantedList
from schemas.requests import Watch
from schemas.senders import Sender, SenderCamera
from schemas.topics import ALERTS, VIOLATIONS
from tests.builders import (
    GNSS,
    NOON_MS,
    make_alert,
    make_camera,
    make_certificate,
    make_entry,
    make_exclusion,
    make_list,
    make_policy,
    make_read,
    make_section,
    make_watch,
    make_zone,
)
from tests.fakes import MemoryRecorder
from tests.integration.stage_probe import Bench
from tests.people import ELSEWHERE, ZONE, make_consumer, make_designation, make_user
from tests.people_desk import DAY_MS, Browser, Reply, desks_of
from tests.people_desk import Desks as RunningDesks
from tests.record_logs import a_log
from tests.signatures import CURVE, enrolment_of, signed_by

OWN, OTHER = "own", "other"
EVERYTHING: tuple[Purpose, ...] = ("hotlist", "cross_border", "section_control")
LAPSES = ("holds", "designation", "training")
ALSO: dict[tuple[str, str], Act] = {
    ("POST", "/approvals"): "designations.grant",
    ("POST", "/approvals/{key}"): "designations.grant",
    ("GET", "/alerts/{id}/pictures/{which}"): "alerts.see",
    ("GET", "/violations/{id}/pictures/{end}/{which}"): "violations.see",
    ("GET", "/abroad"): "policies.see",
    ("POST", "/policies/explain"): "policies.see",
    ("GET", "/abroad/{id}"): "policies.see",
}
"""Routes that ask for a second right, beside their own."""
EXCLUDED = make_exclusion(exclusion_id="X-1", entry_id="E-own")
JANS_KEY = enrolled("jan.claes", enrolment_of(CURVE, "jan.claes"), NOON_MS)
FREE = [route for route in ROUTES if route.act is None]
RULED = [route for route in ROUTES if route.act is not None and not route.consumer]
PULLED = [route for route in ROUTES if route.consumer]


AFTERWARDS: dict[str, set[str | None]] = {
    "/signatures": {"key"},  # nobody has registered that one
    "/lists/{key}/rollback": {None, "unknown_version", "nothing_to_do"},
    "/camera-passages/{key}/{place}/{which}": {"not_found"},  # nothing passed there
}
"""By what is refused, or may be, for whom the right is no matter."""
LIST_FILE = {"name": "stolen.csv", "content": b64encode(b"entry_id,plate,category\nLE-1,1ABC999,theft\n").decode()}


IN_BODY = {"/camera-states", "/camera-waiting/adopt"}
"""Routes that name in their body what they are about."""


def speaker_of(camera_id: str) -> Sender:
    """Who sends for the camera."""
    return Sender(sender_id=camera_id, cameras=(SenderCamera(camera_id=camera_id),))


def knock(name: str) -> Knock:
    """One that waits at a gateway."""
    return Knock(
        name=name, peer="10.0.0.9", why="unknown_sender", program="-", first_ms=NOON_MS, last_ms=NOON_MS, count=1
    )


class Scene:
    """What there is: one thing of each kind in the zone that everybody is designated for, and one elsewhere."""

    def __init__(self, desks: RunningDesks, approvals: ApprovalStore) -> None:
        self.desks, self.approvals = desks, approvals
        self.alerts: dict[str, str] = {}
        self.violations: dict[str, str] = {}
        self.browsers: dict[tuple[Role, str], Browser] = {}
        self.began_ms = platform_now_ms()

    async def build(self) -> None:
        """Everything, and a logged-in browser for each role and each way to lapse."""
        await self.restore()
        a_log(self.desks.settings.record, 300)
        now_ms = platform_now_ms()  # cameras are known from now on
        picture = BytesIO()
        Image.new("RGB", (64, 48), "grey").save(picture, "JPEG")
        path = await EvidenceStore.open(self.desks.settings.evidence).put(now_ms, picture.getvalue())
        for where in (OWN, OTHER):
            read = make_read(camera_id=f"CAM-{where}", captured_at_ms=now_ms, crop=path, overview=path)
            alert = make_alert(make_entry(entry_id=f"E-{where}"), read, network="federal", purposes=EVERYTHING)
            violation = Violation(
                violation_id=ids.violation_id("S1", read.read_id, read.read_id), section_id="S1", plate="1ABC234",
                entry=read, exit=read, distance_m=2000.0, travel_ms=59_000, measured_kmh=122.0, corrected_kmh=114,
                limit_kmh=100, vehicle_class="car", tolerance="-6 %", certificate=make_certificate(), entry_clock=GNSS,
                exit_clock=GNSS, decided_at_ms=now_ms,
            )  # fmt: skip
            self.alerts[where], self.violations[where] = alert.alert_id, violation.violation_id
            await self.desks.send(ALERTS, alert)
            await self.desks.send(VIOLATIONS, violation)
        past: dict[str, dict[str, int]] = {
            "holds": {}, "designation": {"valid_until_ms": now_ms}, "training": {"trained_until_ms": now_ms},
        }  # fmt: skip
        for role, lapse in product(ROLES, LAPSES):
            name = f"{role}.{lapse}"
            await self.desks.person(name, role, lists=("stolen", "ad_hoc"), **past[lapse])
            self.browsers[role, lapse] = await self.desks.logged_in(name, desk_id="DESK")

    async def restore(self) -> None:
        """Put back what a request removed or changed."""
        writer = self.desks.writer
        await asyncio.gather(
            writer.put(
                ZONES,
                [
                    make_zone(zone, cameras=(f"CAM-{where}", f"NEW-{where}"))
                    for zone, where in ((ZONE, OWN), (ELSEWHERE, OTHER))
                ],
            ),
            writer.remove(CAMERAS, ["NEW-own", "NEW-other"]),
            writer.remove(SENDERS, ["NEW-own", "NEW-other"]),
            writer.put(SENDERS, [speaker_of("CAM-own"), speaker_of("CAM-other")]),
            WaitingRoom(self.desks.redis, self.desks.namespace).add([knock("NEW-own"), knock("NEW-other")]),
            writer.put(CAMERAS, [make_camera("CAM-own", position=None), make_camera("CAM-other", position=None)]),
            writer.put(HOTLIST, [make_entry(entry_id="E-own"), make_entry(entry_id="E-other", hotlist="sis")]),
            writer.put(LISTS, [make_list("L-own"), make_list("L-other", hotlist="sis")]),
            writer.put(SECTIONS, [make_section("S1")]),
            writer.put(POLICIES, [make_policy(policy_id="NL-1")]),
            writer.put(WATCHES, [self.watch(OWN), self.watch(OTHER)]),
            writer.put(EXCLUSIONS, [EXCLUDED]),
            writer.put(DESKS, [Desk(desk_id="DESK", name="dispatch", zones=(ZONE,), lists=("stolen",))]),
            writer.put(USERS, [make_user("jan.claes")]),
            writer.put(DESIGNATIONS, [make_designation("dispatcher", "jan.claes", designation_id="D-jan")]),
            writer.put(SIGNING_KEYS, [JANS_KEY]),
            self.approvals.put(
                Waiting(approval_id="P-1", act="designations.grant", key="D-1", content="", digest="0" * 64,
                        asked_by="jan.claes", reason="a new dispatcher", ends_ms=platform_now_ms() + DAY_MS)
            ),
        )  # fmt: skip

    def watch(self, where: str, **fields: Any) -> Watch:
        """A request to watch, which holds for less than a day."""
        given = {"watch_id": f"W-{where}", "zone": ZONE if where == OWN else ELSEWHERE}
        return make_watch(valid_from_ms=self.began_ms, valid_until_ms=self.began_ms + DAY_MS // 2, **(given | fields))

    async def consumer(self) -> str:
        """The token of a system that may pull what an officer of the zone could see."""
        made, token = make_consumer(zones=(ZONE,))
        await self.desks.writer.put(CONSUMERS, [made])
        return token

    def path(self, route: Route, where: str) -> str:
        """The route's path, naming what lies there."""
        keys = {
            "cameras": f"CAM-{where}", "zones": ZONE if where == OWN else ELSEWHERE, "hotlist": f"E-{where}", "lists": f"L-{where}",
            "sections": "S1",
            "policies": "NL-1", "desks": "DESK", "users": "jan.claes", "designations": "D-jan", "approvals": "P-1",
            "camera-health": f"CAM-{where}", "camera-secrets": f"CAM-{where}", "camera-passages": f"CAM-{where}",
            "passkeys": "K-1", "exclusions": "X-1", "watches": f"W-{where}",
            "signing_keys": JANS_KEY.key_id,
        }  # fmt: skip
        kind = route.path.split("/")[1]
        named = {"{key}": keys.get(kind, ""), "{which}": "crop", "{end}": "exit", "{index}": "7", "{tile}": "0/000",
                 "{place}": "0-0",
                 "{picture}": "x", "{id}": (self.violations if kind == "violations" else self.alerts)[where]}  # fmt: skip
        path = route.path
        for name, value in named.items():
            path = path.replace(name, value)
        return PREFIX + path

    def actions(self, where: str) -> dict[str, dict[str, Any]]:
        """What each action on an incident takes, of somebody who sees it as nobody has acted on it."""
        seen, alert = {"revision": 0, "rings": 1}, {"alert_id": self.alerts[where]}
        return {
            "take": seen,
            "confirm": seen | alert,
            "misread": seen | alert | {"plate": "1ABC235"},
            "dismiss": seen | {"dismissal": "duplicate"},
            "hand-over": seen | {"to_desk": "DESK"},
            "close": seen | {"ending": "lost"},
            "undo": seen,
        }

    def body(self, route: Route, where: str, user_id: str) -> Any:
        """What the route takes, changed a little so that it is a change."""
        granted = make_designation(
            "dispatcher", "jan.claes", designation_id="D-jan", granted_by=user_id, approved_by=None
        )
        bodies: dict[str, Any] = {
            "/cameras/{key}": make_camera(f"CAM-{where}", position=None, contact="depot"),
            "/zones/{key}": make_zone(ZONE if where == OWN else ELSEWHERE, name="renamed", cameras=(f"CAM-{where}",)),
            "/hotlist/{key}": make_entry(
                entry_id=f"E-{where}", hotlist="stolen" if where == OWN else "sis", priority="low"
            ),
            "/sections/{key}": make_section("S1", limit_kmh=90),
            "/exclusions/{key}": msgspec.structs.replace(EXCLUDED, reason="stopped twice"),
            "/watches/{key}": self.watch(where, reason="seen again", requested_by=user_id),
            "/policies/{key}": make_policy(policy_id="NL-1", contact="night desk"),
            "/desks/{key}": Desk(
                desk_id="DESK", name="dispatch", zones=(ZONE,), lists=("stolen",), answers_within_s=30
            ),
            "/users/{key}": make_user("jan.claes", name="Jan C."),
            "/designations/{key}": granted,
            "/approvals": {"act": "designations.grant", "key": "D-jan", "reason": "a new dispatcher"},
            "/sessions/end": {"user_id": "jan.claes"},
            "/record/search": {},
            "/policies/explain": {"policy": make_policy(policy_id="NL-1", min_confidence=0.99)},
            "/camera-states": {"cameras": [f"CAM-{where}"], "state": "suspended"},
            "/camera-waiting/forget": {"who": f"CAM-{where}"},
            "/camera-waiting/adopt": {
                "who": f"NEW-{where}",
                "camera_id": f"NEW-{where}",
                "camera": make_camera(f"NEW-{where}", position=None),
            },
            "/lists/{key}/check": LIST_FILE,
            "/lists/{key}/import": LIST_FILE,
            "/lists/{key}/rollback": {"version": 1},
            "/record/sample": {"seed": "a-seed-of-8", "since_ms": 0, "until_ms": NOON_MS},
            "/record/findings": {"since_ms": 0, "until_ms": NOON_MS},
            "/signing_keys": enrolment_of(Ed25519PrivateKey.generate(), user_id),
            "/signing_keys/{key}": msgspec.structs.replace(
                JANS_KEY,
                registered_by=user_id,
                reason="identity card seen",
                valid_from_ms=NOON_MS,
                valid_until_ms=NOON_MS + 1,
            ),
            "/signatures": signed_by(key=JANS_KEY),
            "/violations/{id}/judgements": {"verdict": "accepted", "revision": 0},
        }
        bodies |= {f"/incidents/{{id}}/{name}": body for name, body in self.actions(where).items()}
        return bodies[route.path] if route.body is not None else None


def expected(route: Route, role: Role, where: str, lapse: str) -> set[str | None]:
    """The rules by which it may be refused; None: it is done. By the table alone."""
    rights, acts = RIGHTS[role], [route.act, ALSO.get((route.method, route.path))]
    assert route.act is not None
    if route.act not in rights:
        return {"role"}
    if lapse != "holds":
        return {lapse}
    if any(act is not None and act not in rights for act in acts):
        return {"role", "zone", "list"}  # whichever is asked first: the role lacks one of the two rights
    right = rights[route.act]
    one = ("{" in route.path or route.path in IN_BODY) and not route.path.startswith(
        ("/sections", "/policies", "/exclusions", "/desks", "/users", "/designations")
    )
    if one and where == OTHER and route.path.startswith(("/hotlist", "/lists")) and right.lists:
        return {"list"}
    if one and where == OTHER and not route.path.startswith(("/hotlist", "/lists", "/approvals")) and right.zones:
        return {"zone"}
    if route.path.startswith("/violations/") and right.lists:
        return {"list"}
    if right.two:
        return {"second_person"}
    if route.path.startswith(("/signing_keys/", "/signatures")) and right.own:
        return {"own"}
    if route.path.startswith(("/incidents/", "/violations/")) and route.writes:
        return {None, "acted_before"}  # the first of them counts
    return AFTERWARDS.get(route.path, {None})


@pytest_asyncio.fixture
async def scene(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """The process, with one thing of each kind here and one elsewhere, all there before it begins."""
    desks = desks_of(kafka, redis, namespace, tmp_path)
    made = Scene(desks, ApprovalStore(redis, namespace))
    await made.build()
    bench = Bench(kafka, redis, namespace, tmp_path)
    async with bench.worker(incidents.AGENT):
        await bench.values("incidents", count=2)
        async with desks.running(MemoryRecorder(), limits=Limits(per_second=1e6, at_once=1e6)):
            yield made
    await bench.sender.stop()


async def ask(scene: Scene, route: Route, role: Role, where: str, lapse: str) -> Reply:
    """The request of one row."""
    browser = scene.browsers[role, lapse]
    return await browser.ask(route.method, scene.path(route, where), scene.body(route, where, f"{role}.{lapse}"))


async def test_every_route_does_for_everybody_what_the_table_says(scene: Scene) -> None:
    """Every row of routes x roles x places x lapses; what shows a plate names its entry in the record."""
    wrong: list[str] = []
    rows = 0
    for route in RULED:
        for role, where, lapse in product(ROLES, (OWN, OTHER), LAPSES):
            rules = expected(route, role, where, lapse)
            answer = await ask(scene, route, role, where, lapse)
            rows += 1
            if answer.rule not in rules:
                wrong.append(
                    f"{route.method} {route.path} {role} {where} {lapse}: {answer.rule}, not {rules} {answer.body[:200]!r}"
                )
            if answer.rule is None and route.act in SHOWS_PLATES and RECORD not in answer.headers:
                wrong.append(f"{route.method} {route.path}: names no entry of the record")
            if answer.rule is None and route.writes:
                await scene.restore()
    assert [] == wrong
    assert len(RULED) * len(ROLES) * 2 * len(LAPSES) == rows


async def test_nothing_but_logging_in_and_the_description_is_open_to_nobody(scene: Scene) -> None:
    """Each route without a session, and with one that nobody gave."""
    for cookies in ({}, {"__Host-vigie": "x" * 43}):
        browser = scene.desks.browser(cookies=cookies)
        for route in ROUTES:
            if not route.public:
                answer = await browser.ask(route.method, scene.path(route, OWN), {} if route.body else None)
                wanted = "consumer" if route.consumer else "login"
                assert (401, wanted) == (answer.status, answer.rule), route.path


async def test_a_consumers_routes_are_for_no_person_and_a_persons_for_no_consumer(scene: Scene) -> None:
    """Whatever a person may do, no feed is his; and a token opens nothing but feeds."""
    assert {"feeds"} == {route.path.split("/")[1] for route in PULLED}
    for route in PULLED:
        for role in ROLES:
            answer = await scene.browsers[role, "holds"].ask(
                route.method, scene.path(route, OWN), {"cursor": "x"} if route.body else None
            )
            assert (401, "consumer") == (answer.status, answer.rule), route.path
    token = await scene.consumer()
    browser = scene.desks.browser()
    bearer = {"Authorization": f"Bearer {token}"}
    for route in RULED:
        body = scene.body(route, OWN, "nobody")
        assert "login" == (await browser.ask(route.method, scene.path(route, OWN), body, headers=dict(bearer))).rule


def wanted_list(list_id: str, hotlist: HotList) -> WantedList:
    """A list of this kind."""
    return WantedList(
        list_id=list_id, name=list_id, hotlist=hotlist, owner="zone", authority="zone", legal_basis="art. 44"
    )


async def test_nobody_silences_the_hits_of_a_list_that_he_does_not_keep(scene: Scene) -> None:
    """By entry or by list; an exclusion of a covert entry is there for its owner alone."""
    manager, dispatcher = scene.browsers["list_manager", "holds"], scene.browsers["dispatcher", "holds"]
    writer = scene.desks.writer
    await writer.put(LISTS, [wanted_list("L-own", "stolen"), wanted_list("L-other", "sis")])
    await writer.put(HOTLIST, [make_entry(entry_id="E-covert", covert=True, owner="another service")])
    for fields, rule in (
        ({"entry_id": "E-own"}, None), ({"list_id": "L-own"}, None), ({"entry_id": "E-other"}, "list"),
        ({"list_id": "L-other"}, "list"), ({"entry_id": "E-nowhere"}, "list"), ({"entry_id": "E-covert"}, "list"),
        ({"entry_id": "copied_plates"}, None),
    ):  # fmt: skip
        named = {"entry_id": None, "list_id": None} | fields
        body = msgspec.structs.replace(EXCLUDED, exclusion_id="X-2", **named)
        assert rule == (await manager.ask("PUT", f"{PREFIX}/exclusions/X-2", body)).rule, fields
    await writer.put(EXCLUSIONS, [msgspec.structs.replace(EXCLUDED, exclusion_id="X-covert", entry_id="E-covert")])
    shown = (await dispatcher.ask("GET", f"{PREFIX}/exclusions")).json["items"]
    assert {"X-1", "X-2"} == {one["exclusion_id"] for one in shown}
    for is_gone in (False, True):
        if is_gone:
            await writer.remove(HOTLIST, ["E-covert"])
        for path in ("X-covert", "X-covert/versions"):
            assert 404 == (await dispatcher.ask("GET", f"{PREFIX}/exclusions/{path}")).status


async def test_lists_hold_what_may_be_seen_and_nothing_of_the_rest(scene: Scene) -> None:
    """The other zone's alert, and the other list's entry, are not there; nor is a place left for them."""
    dispatcher, manager = scene.browsers["dispatcher", "holds"], scene.browsers["list_manager", "holds"]
    alerts = (await dispatcher.ask("GET", f"{PREFIX}/alerts")).json
    assert [scene.alerts[OWN]] == [one["alert"]["alert_id"] for one in alerts["items"]]
    assert {"items", "position", "at_ms"} == set(alerts)
    entries = (await manager.ask("GET", f"{PREFIX}/hotlist")).json
    assert ["E-own"] == [one["entry_id"] for one in entries["items"]]


def test_every_route_without_a_right_is_about_oneself() -> None:
    """What needs no right is the session, passkeys, password, binding and shift of who asks, and our public keys."""
    assert {"keys", "session", "password", "passkeys", "binding", "shift"} == {
        route.path.split("/")[1] for route in FREE
    }
