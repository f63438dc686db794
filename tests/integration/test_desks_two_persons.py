"""What takes two persons besides designations: a signing key's registration, another's credentials, a move to another service."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from redis.asyncio import Redis

from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX, found
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.topics import create_topics
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import USERS, WATCHES, ZONES
from schemas.accesses import Outcome
from schemas.base import Message
from schemas.people import SigningKey
from schemas.requests import Watch
from schemas.topics import TOPICS
from tests.builders import make_watch, make_zone
from tests.fakes import MemoryRecorder
from tests.people import ELSEWHERE, ZONE, make_user
from tests.people_desk import DAY_MS, Browser, Desks, Reply, desks_of
from tests.signatures import MARIE, enrolment_of, signed_by

KEYS = f"{PREFIX}/signing_keys"


@pytest_asyncio.fixture(scope="module")
async def name(pair: EmbeddedPair) -> str:
    """A namespace of this module's own, whose topics stay empty."""
    made = f"t{secrets.token_hex(4)}"
    await create_topics(pair.kafka, made, partitions={topic.name: 1 for topic in TOPICS})
    return made


@pytest.fixture
def recorder() -> MemoryRecorder:
    """The record that the process writes."""
    return MemoryRecorder()


@pytest_asyncio.fixture
async def desks(
    kafka: KafkaConnection, redis: Redis, name: str, tmp_path: Path, recorder: MemoryRecorder
) -> AsyncIterator[Desks]:
    """The process, with a magistrate, a dispatcher, two investigators, a camera manager, and three administrators."""
    async for key in redis.scan_iter(match=f"*{name}:*"):
        await redis.delete(key)
    made = desks_of(kafka, redis, name, tmp_path)
    await made.person(MARIE, "magistrate")
    await made.person("bru.desk1", "dispatcher")
    await made.person("both.roles", "magistrate", "administrator")
    for admin in ("first.admin", "second.admin", "third.admin"):
        await made.person(admin, "administrator")
    for investigator in ("inge", "ivo"):
        await made.person(investigator, "investigator", lists=("ad_hoc",))
    await made.person("carl", "camera_manager")
    await made.person("of.elsewhere", "investigator", lists=("ad_hoc",), zones=(ELSEWHERE,))
    await made.person("of.other.list", "investigator")
    async with made.running(recorder, limits=Limits(per_second=1e6, at_once=1e6)):
        yield made


async def allowed_by(
    second: Browser, first: Browser, act: str, key: str, item: Message | None = None
) -> dict[str, str | None]:
    """The header of an approval: the first asks for exactly this, and the second approves it."""
    content = "" if item is None else msgspec.json.encode(item).decode()
    wanted = {"act": act, "key": key, "content": content, "reason": "decision 2026/12 of the zone's chief"}
    asked = await first.ask("POST", f"{PREFIX}/approvals", wanted)
    assert 201 == asked.status, asked.body
    approval_id = asked.json["approval_id"]
    given = await second.ask("POST", f"{PREFIX}/approvals/{approval_id}")
    assert 200 == given.status, given.body
    return {"Vigie-Approval": approval_id}


async def test_a_signing_key_counts_once_two_others_have_registered_it(desks: Desks) -> None:
    """Enrolled by its owner, registered by two administrators as it was enrolled, and worth nothing from its revocation on."""
    marie, first = await desks.logged_in(MARIE), await desks.logged_in("first.admin")
    second = await desks.logged_in("second.admin")
    private, now_ms = Ed25519PrivateKey.generate(), platform_now_ms()
    assert "proof" == (await marie.ask("POST", KEYS, enrolment_of(private, "bru.desk1"))).rule
    enrolled = await marie.ask("POST", KEYS, enrolment_of(private))
    assert 201 == enrolled.status, enrolled.body
    assert "known_key" == (await marie.ask("POST", KEYS, enrolment_of(private))).rule
    key = msgspec.json.decode(enrolled.body, type=SigningKey)
    assert [key.key_id] == [one["key_id"] for one in (await marie.ask("GET", KEYS)).json["items"]]

    async def checked(at_ms: int | None = None) -> Reply:
        """The answer to a signature of hers."""
        signed = signed_by(private, key, platform_now_ms() if at_ms is None else at_ms)
        return await marie.ask("POST", f"{PREFIX}/signatures", signed)

    assert "key" == (await checked()).rule
    registered = msgspec.structs.replace(
        key, registered_by="first.admin", reason="identity card seen on 2 May", valid_from_ms=key.enrolled_at_ms,
        valid_until_ms=now_ms + DAY_MS,
    )  # fmt: skip
    path = f"{KEYS}/{key.key_id}"
    assert "second_person" == (await first.ask("PUT", path, registered)).rule
    swapped = msgspec.structs.replace(registered, public_key=enrolment_of(Ed25519PrivateKey.generate()).public_key)
    assert "unlike" == (await first.ask("PUT", path, swapped)).rule
    approval = await allowed_by(second, first, "signing_keys.register", key.key_id, registered)
    longer = msgspec.structs.replace(registered, valid_until_ms=now_ms + 2 * DAY_MS)
    assert "second_person" == (await first.ask("PUT", path, longer, headers=approval)).rule
    assert 204 == (await first.ask("PUT", path, registered, headers=approval)).status
    kept = (await marie.ask("GET", path)).json
    assert ("first.admin", "second.admin") == (kept["registered_by"], kept["approved_by"])
    counts = await checked()
    assert (200, MARIE) == (counts.status, counts.json["user_id"])
    assert 204 == (await marie.ask("DELETE", path)).status
    assert "revoked" == (await checked(now_ms)).rule
    assert "unlike" == (await first.ask("PUT", path, registered)).rule


async def test_nobody_registers_his_own_key_whatever_else_he_is(desks: Desks) -> None:
    """A magistrate who is an administrator, too, neither registers nor approves it."""
    both, first = await desks.logged_in("both.roles"), await desks.logged_in("first.admin")
    enrolled = await both.ask("POST", KEYS, enrolment_of(Ed25519PrivateKey.generate(), "both.roles"))
    key = msgspec.json.decode(enrolled.body, type=SigningKey)
    times = {"valid_from_ms": key.enrolled_at_ms, "valid_until_ms": key.enrolled_at_ms + DAY_MS}
    own = msgspec.to_builtins(key) | times | {"registered_by": "both.roles", "reason": "it is mine"}
    assert "bad_request" == (await both.ask("PUT", f"{KEYS}/{key.key_id}", own)).rule
    others = msgspec.structs.replace(key, registered_by="first.admin", reason="identity card seen", **times)
    content = msgspec.json.encode(others).decode()
    wanted = {"act": "signing_keys.register", "key": key.key_id, "content": content, "reason": "a new magistrate"}
    asked = (await first.ask("POST", f"{PREFIX}/approvals", wanted)).json
    assert "self" == (await both.ask("POST", f"{PREFIX}/approvals/{asked['approval_id']}")).rule


async def test_no_administrator_alone_gets_into_anothers_account(desks: Desks) -> None:
    """A new first password takes two, neither of them its owner; each approval serves once."""
    first, second = await desks.logged_in("first.admin"), await desks.logged_in("second.admin")
    path = f"{PREFIX}/users/bru.desk1/password"
    assert "second_person" == (await first.ask("POST", path)).rule
    approval = await allowed_by(second, first, "credentials.replace", "bru.desk1")
    assert "second_person" == (await first.ask("POST", f"{PREFIX}/users/{MARIE}/password", headers=approval)).rule
    jan = await desks.logged_in("bru.desk1")
    made = await first.ask("POST", path, headers=approval)
    assert 200 == made.status, made.body
    assert "second_person" == (await first.ask("POST", path, headers=approval)).rule
    assert 401 == (await jan.ask("GET", f"{PREFIX}/session")).status
    login = {"user_id": "bru.desk1", "password": made.json["password"]}
    assert "initial" == (await desks.browser().ask("POST", f"{PREFIX}/session", login)).json["how"]
    wanted = {"act": "credentials.replace", "key": "third.admin", "reason": "the password is forgotten"}
    asked = (await first.ask("POST", f"{PREFIX}/approvals", wanted)).json
    third = await desks.logged_in("third.admin")
    assert "self" == (await third.ask("POST", f"{PREFIX}/approvals/{asked['approval_id']}")).rule


async def test_nobody_alone_has_a_vehicle_watched_for_longer_than_a_day(desks: Desks) -> None:
    """Neither at once nor day by day; a day is one person's, in his own zone and name."""
    now_ms = platform_now_ms()
    first, second = await desks.logged_in("inge"), await desks.logged_in("ivo")
    path = f"{PREFIX}/watches/W-1"

    def watch(hours: int, begins_ms: int = now_ms, **fields: Any) -> Watch:
        until_ms = now_ms + hours * 3_600_000
        return make_watch(valid_from_ms=begins_ms, valid_until_ms=until_ms, **({"requested_by": "inge"} | fields))

    answer = await first.ask("PUT", path, watch(20))
    assert 204 == answer.status, answer.body
    await desks.writer.put(WATCHES, [watch(20, now_ms - 20 * 3_600_000)])
    assert "second_person" == (await first.ask("PUT", path, watch(20))).rule, "it has held for 20 hours"
    await desks.writer.put(WATCHES, [watch(3, now_ms - 1_000)])
    assert "second_person" == (await first.ask("PUT", path, watch(20))).rule, "though it says another beginning now"
    assert 204 == (await first.ask("DELETE", path)).status
    assert "second_person" == (await first.ask("PUT", path, watch(20))).rule, "nor by being asked for anew"
    assert "zone" == (await first.ask("PUT", f"{PREFIX}/watches/W-2", watch(20, watch_id="W-2", zone=ELSEWHERE))).rule
    assert 400 == (await first.ask("PUT", path, watch(20, requested_by="ivo"))).status
    assert 400 == (await first.ask("PUT", path, watch(3, approved_by="ivo"))).status
    approval = await allowed_by(second, first, "watches.long", "W-1", watch(200))
    assert 204 == (await first.ask("PUT", path, watch(200), headers=approval)).status
    assert "ivo" == (await first.ask("GET", path)).json["approved_by"]


async def test_nobody_sees_or_approves_a_request_of_a_zone_or_list_that_is_not_his(
    desks: Desks, recorder: MemoryRecorder
) -> None:
    """Nor asks for it; who may does so for a reason, and the record notes the plate."""
    now_ms, approvals = platform_now_ms(), f"{PREFIX}/approvals"
    first, second = await desks.logged_in("inge"), await desks.logged_in("ivo")
    wanted = make_watch(
        "1ABC234", watch_id="W-7", valid_from_ms=now_ms, valid_until_ms=now_ms + 5 * DAY_MS, requested_by="inge"
    )
    asking = {"act": "watches.long", "key": "W-7", "reason": "robbery, file 17"}
    content = msgspec.json.encode(wanted).decode()
    asked = await first.ask("POST", approvals, asking | {"content": content})
    path = f"{approvals}/{asked.json['approval_id']}"
    for stranger in ("of.elsewhere", "of.other.list", "first.admin"):
        other = await desks.logged_in(stranger)
        assert "1ABC234" not in (await other.ask("GET", approvals)).body.decode()
        assert 403 == (await other.ask("POST", path)).status
    elsewhere = msgspec.json.encode(msgspec.structs.replace(wanted, zone=ELSEWHERE)).decode()
    assert "zone" == (await first.ask("POST", approvals, asking | {"content": elsewhere})).rule
    without = Browser(desks, second.cookies, reason=None)
    assert "reason_needed" == (await without.ask("GET", approvals)).rule
    assert "reason_needed" == (await without.ask("POST", path)).rule
    assert "1ABC234" in (await second.ask("GET", approvals)).body.decode()
    outcome = recorder.entries[-1].entry
    assert isinstance(outcome, Outcome)
    assert 1 == len(outcome.subjects)
    assert 200 == (await second.ask("POST", path)).status


async def test_no_administrator_alone_moves_a_person_to_another_service(desks: Desks) -> None:
    """What is covert for the person would change: neither by changing the account, nor by removing it and adding it again. A new
    account, and any other change, takes one."""
    first, second = await desks.logged_in("first.admin"), await desks.logged_in("second.admin")
    path, moved = f"{PREFIX}/users/bru.desk1", make_user("bru.desk1", service="federal judicial police")
    assert "second_person" == (await first.ask("PUT", path, moved)).rule
    assert 204 == (await first.ask("PUT", path, make_user("bru.desk1", name="Zone C. Dispatcher"))).status
    approval = await allowed_by(second, first, "users.move", "bru.desk1", moved)
    assert 204 == (await first.ask("PUT", path, moved, headers=approval)).status
    assert 204 == (await first.ask("DELETE", path)).status
    assert "second_person" == (await first.ask("PUT", path, make_user("bru.desk1", service="zone 5342"))).rule
    assert 204 == (await first.ask("PUT", f"{PREFIX}/users/new.person", make_user("new.person"))).status


async def test_nobody_says_that_another_approved_what_he_did_not(desks: Desks, recorder: MemoryRecorder) -> None:
    """An approval of one thing named for another that needs none: it is refused, nothing is written, and the approval still serves.
    Where no approval can be asked for, none is noted."""
    await desks.writer.put(ZONES, [make_zone(ZONE)])
    first, second = await desks.logged_in("first.admin"), await desks.logged_in("second.admin")
    moved = make_user("bru.desk1", service="federal judicial police")
    approval = await allowed_by(second, first, "users.move", "bru.desk1", moved)
    other = f"{PREFIX}/users/ivo"
    renamed = make_user("ivo", name="Another Name")
    assert (403, "second_person") == asked_with(await first.ask("PUT", other, renamed, headers=approval))
    assert "Another Name" != (await first.ask("GET", other)).json["name"]
    inge = await desks.logged_in("inge")
    now_ms = platform_now_ms()
    watch = make_watch(
        "1ABC*", zone=ZONE, requested_by="inge", valid_from_ms=now_ms, valid_until_ms=now_ms + DAY_MS // 2
    )
    named = await inge.ask("PUT", f"{PREFIX}/watches/W-1", watch, headers=approval)
    assert (403, "second_person") == asked_with(named)
    assert 204 == (await first.ask("POST", f"{PREFIX}/sessions/end", {"user_id": "carl"}, headers=approval)).status
    assert recorder.entries[-2].entry.approver is None  # type: ignore[union-attr]  # an intent
    assert 204 == (await first.ask("PUT", f"{PREFIX}/users/bru.desk1", moved, headers=approval)).status


async def test_the_word_of_whoever_was_disabled_meanwhile_counts_no_more(desks: Desks) -> None:
    """Who took over a session and approved with it has gained nothing once its owner is disabled."""
    first, second = await desks.logged_in("first.admin"), await desks.logged_in("second.admin")
    moved = make_user("bru.desk1", service="federal judicial police")
    approval = await allowed_by(second, first, "users.move", "bru.desk1", moved)
    await desks.writer.put(USERS, [make_user("second.admin", disabled=True)])
    while (await second.ask("GET", f"{PREFIX}/session")).status != 401:  # noqa: ASYNC110 - the desks hear of it by themselves
        await asyncio.sleep(0.05)
    assert (403, "second_person") == asked_with(
        await first.ask("PUT", f"{PREFIX}/users/bru.desk1", moved, headers=approval)
    )


def asked_with(answer: Reply) -> tuple[int, str | None]:
    """Status, and the rule of a refusal."""
    return answer.status, answer.rule


async def test_a_zones_extent_is_changed_by_two_persons(desks: Desks) -> None:
    """Its manager asks, and whoever may grant designations, or manages zones himself, approves exactly this."""
    await desks.writer.put(ZONES, [make_zone(ZONE)])
    carl, admin = await desks.logged_in("carl"), await desks.logged_in("first.admin")
    path, wide = f"{PREFIX}/zones/{ZONE}", make_zone(ZONE, cameras=("CAM-1", "CAM-2"))
    assert "second_person" == (await carl.ask("PUT", path, wide)).rule
    assert "second_person" == (await carl.ask("DELETE", path)).rule
    approval = await allowed_by(admin, carl, "zones.change", ZONE, make_zone(ZONE, cameras=("CAM-1",)))
    assert "second_person" == (await carl.ask("PUT", path, wide, headers=dict(approval))).rule
    approval = await allowed_by(admin, carl, "zones.change", ZONE, wide)
    assert 204 == (await carl.ask("PUT", path, wide, headers=dict(approval))).status
    assert ("CAM-1", "CAM-2") == found(await desks.writer.get(ZONES, ZONE)).cameras
